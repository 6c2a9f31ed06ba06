"""Many at once: never a job shared, none lost, and each in exactly one place at the end."""

import random
import threading
import time

from conftest import DEFAULT_TENANT, SqlError, wait_until
from test_engine import DONE, Engine, check_whole

CLIENTS = 8
AGAIN = {"40001", "40P01"}  # serialization failure, deadlock: nothing was done


def together(*functions):
    """Runs them at once and passes on the first failure."""
    failures = []

    def guard(function):
        try:
            function()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guard, args=(f,)) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def fill(sql, n, types=3):
    sql.ask(
        f"SELECT dispatch_jobs('{DEFAULT_TENANT}', array_agg('t' || g % {types}),"
        f" array_agg('{{}}'::jsonb)) FROM generate_series(1, {n}) g"
    )


def test_eight_claimers_never_share_a_job(db, sql):
    fill(sql, 2000)
    claimed = [[] for _ in range(CLIENTS)]

    def work(n):
        worker = Engine(db.connect(), f"w{n}")
        chance = random.Random(n)
        while True:
            jobs = worker.claim(chance.randint(1, 60))[1]
            if not jobs:
                return
            claimed[n] += [job["id"] for job in jobs]
            assert set(worker.finish(jobs, DONE).strip("{}").split(",")) == {"2"}

    together(*(lambda n=n: work(n) for n in range(CLIENTS)))
    every = [job for part in claimed for job in part]
    assert len(every) == len(set(every)) == 2000
    check_whole(sql)


CLASSIC = (
    "UPDATE job_queue SET status='processing', worker_id='c{}' WHERE id=(SELECT id FROM job_queue"
    " WHERE status='pending' ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id"
)


def test_eight_clients_with_the_classic_statement_never_share_a_job(db, sql):
    fill(sql, 160)
    claimed = [[] for _ in range(CLIENTS)]

    def work(n):
        session = db.connect()
        while True:
            rows = session.ask(CLASSIC.format(n))
            if (
                not rows
                and session.one("SELECT count(*) FROM job_queue WHERE status = 'pending'") == "0"
            ):
                return
            claimed[n] += [row[0] for row in rows]

    together(*(lambda n=n: work(n) for n in range(CLIENTS)))
    every = [job for part in claimed for job in part]
    assert len(every) == len(set(every)) == 160
    assert sql.one("SELECT count(*) FROM job_queue WHERE status = 'processing'") == "160"
    check_whole(sql)


def test_the_classic_statement_and_the_engine_never_share_a_job(db, sql):
    fill(sql, 200)
    claimed = [[] for _ in range(4)]

    def by_hand(n):
        session = db.connect()
        for _ in range(40):
            claimed[n] += [row[0] for row in session.ask(CLASSIC.format(n))]

    def by_engine(n):
        worker = Engine(db.connect(), f"w{n}")
        for _ in range(40):
            claimed[n] += worker.ids(2)

    together(lambda: by_hand(0), lambda: by_hand(1), lambda: by_engine(2), lambda: by_engine(3))
    every = [job for part in claimed for job in part]
    assert len(every) == len(set(every))
    assert sql.one("SELECT count(*) FROM job_queue WHERE status = 'processing'") == str(len(every))
    check_whole(sql)


def test_a_key_is_given_to_one_of_many_that_ask_at_once(db, sql):
    got = []

    def ask(n):
        session = db.connect()
        for key in range(30):
            got.append(
                (
                    key,
                    session.one(
                        f"SELECT dispatch_job('{DEFAULT_TENANT}', 'a'," f" unique_key => 'k{key}')"
                    ),
                )
            )

    together(*(lambda n=n: ask(n) for n in range(4)))
    assert len(got) == 120 and len(set(got)) == 30
    assert sql.one("SELECT count(*) FROM job") == "30"


def test_bulk_dispatches_with_the_same_keys_in_any_order_do_not_deadlock(db, sql):
    def ask(n):
        session = db.connect()
        chance = random.Random(n)
        for _ in range(15):
            keys = [f"k{k}" for k in range(40)]
            chance.shuffle(keys)
            session.ask(
                f"SELECT count(*) FROM dispatch_jobs('{DEFAULT_TENANT}',"
                " array_fill('a'::text, '{40}'), array_fill('{}'::jsonb, '{40}'),"
                f" unique_keys => '{{{','.join(keys)}}}')"
            )

    together(*(lambda n=n: ask(n) for n in range(4)))
    assert sql.one("SELECT count(*) FROM job") == "40"


def test_a_sleeping_worker_is_notified_and_a_busy_one_is_not(db, sql):
    sleeper = db.connect()
    sleeper.ask("LISTEN millhand_new_job")
    fill(sql, 10)
    assert "Asynchronous" not in str(sleeper.ask("SELECT 1"))
    assert sleeper.one("SELECT mh_sleep()") == "t"
    fill(sql, 10)
    assert str(sleeper.ask("SELECT 1")).count("Asynchronous") == 1
    sleeper.ask("SELECT mh_awake()")
    fill(sql, 10)
    assert "Asynchronous" not in str(sleeper.ask("SELECT 1"))


def test_one_who_falls_asleep_is_told_of_a_dispatch_under_way(db, sql):
    sleeper = db.connect()
    fill(sql, 3)
    sql.ask("BEGIN")
    fill(sql, 3)
    assert sleeper.one("SELECT mh_sleep()") == "f"
    sql.ask("COMMIT")
    assert sleeper.one("SELECT mh_sleep()") == "t"
    sleeper.ask("SELECT mh_awake()")
    assert (
        sleeper.one(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid ="
            " pg_backend_pid()"
        )
        == "0"
    )


def test_ends_are_notified_while_somebody_follows(db, sql):
    follower = db.connect()
    follower.ask("LISTEN millhand_job_status")
    worker = Engine(sql)
    fill(sql, 2)
    worker.finish(worker.claim(1)[1], DONE)
    assert "Asynchronous" not in str(follower.ask("SELECT 1"))
    follower.ask("SELECT mh_follow()")
    worker.finish(worker.claim(1)[1], DONE)
    assert "ended" in str(follower.ask("SELECT 1"))


def test_jobs_are_counted_less_by_those_who_wait_for_each_other(db, sql):
    fill(sql, 6)
    sql.ask("SELECT cancel_job(id) FROM job_queue WHERE type <> 't0'")
    sql.ask("SELECT mh_upkeep()")
    other, pruner = db.connect(), db.connect()
    other.ask("BEGIN")
    other.ask("UPDATE tally SET n = n WHERE status = 'pending'")
    pruner.send("SELECT mh_prune(1, 1, 50)")
    wait_until(
        lambda: sql.one("SELECT count(*) FROM pg_locks WHERE NOT granted") != "0",
        "the pruner waits for the row of a count",
    )
    other.ask("COMMIT")
    assert pruner.receive() == [["4"]]
    check_whole(sql)


# --- everything at once, by chance


class Chaos:
    """Until the time is over: workers that finish in any way or die, producers, and people."""

    SECONDS = 12

    def __init__(self, db):
        self.db = db
        self.end = time.monotonic() + self.SECONDS
        self.claimed = []  # (lease, seq): never twice
        self.again = 0

    def going(self):
        return time.monotonic() < self.end

    def attempt(self, function):
        """One step; a deadlock or a serialization failure undid it."""
        try:
            return function()
        except SqlError as error:
            if error.state not in AGAIN:
                raise
            self.again += 1
            return None

    def work(self, n):
        chance = random.Random(n)
        while self.going():
            worker = Engine(self.db.connect(), f"w{n}", lease_ms=chance.choice([200, 60000]))
            left = []
            for _ in range(chance.randint(1, 20)):
                most = chance.choice([1, 2, 10, chance.randint(1, 50)])
                types = chance.choice([None, ["t0"], ["t1", "t2"]])
                if chance.random() < 0.1:
                    worker.session.ask("BEGIN")
                    self.attempt(lambda: worker.claim(most, types))
                    worker.session.ask("ROLLBACK")
                got = self.attempt(lambda: worker.claim(most, types))
                if got is None:
                    break
                left += got[1]
                self.claimed += [(job["lease"], job["seq"]) for job in got[1]]
                chance.shuffle(left)
                part = left[: chance.randint(0, len(left))]
                if part:
                    self.attempt(
                        lambda: worker.finish(
                            part,
                            [chance.choice([0, 0, 0, 0, 1, 2, 3, 4]) for _ in part],
                            chance.choice([0, 0, 20]),
                        )
                    )
                    left = left[len(part) :]
                if chance.random() < 0.2 and left:
                    self.attempt(lambda: worker.heartbeat(left))
            if chance.random() < 0.5:
                worker.session.send("SELECT pg_sleep(10)")
                worker.session.kill()
            elif chance.random() < 0.5:
                self.attempt(lambda: worker.session.ask(f"SELECT mh_leave({worker.number})"))

    def produce(self, n):
        chance = random.Random(100 + n)
        session = self.db.connect()
        while self.going():

            def step():
                n = chance.choice([1, 20, 150])
                keys = [
                    f"k{chance.randint(0, 50)}" if chance.random() < 0.3 else "NULL"
                    for _ in range(n)
                ]
                keyed = "'{" + ",".join(keys) + "}'" if chance.random() < 0.5 else "NULL"
                delay = f"array_fill({chance.choice([0, 50])}::bigint, '{{{n}}}')"
                session.ask("BEGIN")
                session.ask(
                    f"SELECT count(*) FROM mh_dispatch(ARRAY(SELECT gen_random_uuid()"
                    f" FROM generate_series(1, {n})), array_fill('{DEFAULT_TENANT}'::uuid,"
                    f" '{{{n}}}'), ARRAY(SELECT 't' || g % {chance.randint(1, 3)}"
                    f" FROM generate_series(1, {n}) g), array_fill('{{}}'::jsonb, '{{{n}}}'), NULL,"
                    f" NULL, {chance.choice(['NULL', delay])}, NULL, {keyed}, NULL, NULL)"
                )
                time.sleep(chance.choice([0, 0, 0.05]))
                session.ask(chance.choice(["COMMIT", "COMMIT", "COMMIT", "ROLLBACK"]))

            try:
                self.attempt(step)
            finally:
                session.ask("ROLLBACK")

    def meddle(self, n):
        chance = random.Random(200 + n)
        session = self.db.connect()
        while self.going():
            ids = [r[0] for r in session.ask("SELECT id FROM job ORDER BY random() LIMIT 5")]
            if not ids:
                continue
            some = '{' + ','.join(ids) + '}'
            step = chance.choice(
                [
                    f"SELECT count(*) FROM mh_act({chance.randint(0, 2)}::smallint, '{some}')",
                    f"UPDATE job_queue SET priority = {chance.randint(0, 2)} WHERE id = "
                    f"'{ids[0]}' AND"
                    " status = 'pending'",
                    CLASSIC.format(n),
                    f"SELECT complete_job('{ids[0]}')",
                    f"SELECT fail_job('{ids[0]}', 'x')",
                ]
            )
            self.attempt(lambda: session.ask(step))

    def keep(self):
        session = self.db.connect()
        while self.going():
            for step in (
                "SELECT mh_reclaim(50)",
                "SELECT mh_upkeep()",
                "SELECT mh_prune(500, 500, 50)",
            ):
                self.attempt(lambda: session.ask(step))
            time.sleep(0.05)


def test_whatever_happens_each_job_ends_in_exactly_one_place(db, sql):
    chaos = Chaos(db)
    together(
        *(lambda n=n: chaos.work(n) for n in range(4)),
        lambda: chaos.produce(1),
        lambda: chaos.produce(2),
        lambda: chaos.meddle(1),
        chaos.keep,
    )
    assert len(chaos.claimed) == len(set(chaos.claimed)) > 100
    assert (
        sql.ask(
            "SELECT a.seq, lease FROM attempt a, mh_end_of(a.seq) d WHERE d.status = 'completed'"
            " AND d.started_at = a.started_at AND d.worker = a.worker"
        )
        == []
    )
    check_whole(sql)
    sql.ask("SELECT mh_upkeep()")
    check_whole(sql)
    last = Engine(sql, "last")
    sql.ask(
        "UPDATE lease SET claimed_at = '2000-01-01'; UPDATE worker SET beat_at = '2000-01-01'"
        " WHERE name <> 'last'"
    )
    sql.ask("SELECT mh_reclaim(1000000)")
    sql.ask("SELECT mh_type_pause('none', false)")
    sql.ask("UPDATE scheduled SET run_at = now()")
    while True:
        jobs = last.claim(500)[1]
        if not jobs:
            break
        last.finish(jobs, DONE)
    assert int(sql.one("SELECT max(n) FROM done")) > 1
    assert (
        sql.ask("SELECT DISTINCT status FROM job_queue WHERE status IN ('pending', 'processing')")
        == []
    )
    check_whole(sql)
