"""Limits, where many hands claim: engine, functions and view, in transactions of any length."""

import pytest

from conftest import DEFAULT_TENANT, wait_until
from test_engine import DONE, Engine, check_whole, dispatch, field
from test_plans import Watch, check
from test_together import CLASSIC, CLIENTS, together

RUNNING = "SELECT count(*) FROM lease l, unnest(l.lanes) u (lane)"


def limit(sql, type, most=-1, per_tenant=-1, per_key=-1, key=None):
    name = "NULL" if key is None else f"'{key}'"
    sql.ask(f"SELECT mh_type_limit('{type}', {most}, {per_tenant}, {per_key}, {name})")


def fill(sql, type, n, tenant=DEFAULT_TENANT):
    sql.ask(
        f"SELECT dispatch_jobs('{tenant}', array_fill('{type}'::text, ARRAY[{n}]),"
        f" array_fill('{{}}'::jsonb, ARRAY[{n}]))"
    )


def tenants(sql, n):
    sql.ask(
        "INSERT INTO tenants (id, name)"
        f" SELECT gen_random_uuid(), 't' || i FROM generate_series(1, {n}) i"
    )
    return [row[0] for row in sql.ask(f"SELECT id FROM tenants WHERE id <> '{DEFAULT_TENANT}'")]


def test_eight_claimers_keep_to_a_limit(db, sql):
    limit(sql, "a", 3)
    fill(sql, "a", 200)
    seen, done = [], []

    def work(n):
        worker = Engine(db.connect(), f"w{n}")
        while len(done) < 200:
            jobs = worker.claim(n % 3 + 1)[1]
            seen.append(int(worker.session.one(RUNNING)))
            worker.finish(jobs, DONE) if jobs else worker.session.ask("SELECT pg_sleep(0.001)")
            done.extend(jobs)

    together(*(lambda n=n: work(n) for n in range(CLIENTS)))
    assert len(done) == len({job["id"] for job in done}) == 200
    assert max(seen) == 3
    check_whole(sql)


def test_a_claim_goes_on_without_a_type_whose_gate_another_has(db, sql):
    limit(sql, "a", 2)
    fill(sql, "a", 3)
    dispatch(sql, 1, "b")
    other = db.connect()
    other.ask("BEGIN")
    assert len(other.ask("SELECT id FROM claim_jobs('other', 1, '{a}')")) == 1
    worker = Engine(sql)
    head, jobs = worker.claim(5)
    assert [job["type"] for job in jobs] == ["b"]
    assert 0 < int(head["next_due_ms"]) <= 50
    dispatch(sql, 1, "a")  # who dispatches waits for nobody either
    other.ask("COMMIT")
    assert [job["type"] for job in worker.claim(5)[1]] == ["a"]


def test_functions_and_the_view_keep_to_a_limit(sql):
    limit(sql, "a", 2)
    jobs = dispatch(sql, 4)
    assert sql.one("SELECT id FROM claim_job('w')") == jobs[0]
    assert sql.one(CLASSIC.format(1)) == jobs[1]
    assert sql.one(CLASSIC.format(1)) is None
    assert sql.one("SELECT id FROM claim_next_job()") is None
    assert sql.one(f"SELECT complete_job('{jobs[1]}')") == "t"
    assert sql.one(CLASSIC.format(1)) == jobs[2]
    check_whole(sql)


def test_the_view_keeps_to_limits_of_groups(sql):
    limit(sql, "a", per_key=1, key="k")
    jobs = [dispatch(sql, 1, "a", f""", '{{"k": {k}}}'""")[0] for k in (1, 1, 2)]

    def take(job):
        return sql.one(
            f"UPDATE job_queue SET status = 'processing', worker_id = 'w' WHERE id = '{job}'"
            " RETURNING id"
        )

    assert [take(job) for job in jobs] == [jobs[0], None, jobs[2]]
    assert field(sql, jobs[1], "status") == "pending"


def test_a_paused_type_is_not_claimed_through_the_view(sql):
    jobs = dispatch(sql, 1)
    sql.ask("SELECT mh_type_pause('a', true)")
    assert sql.one(CLASSIC.format(1)) is None
    sql.ask("SELECT mh_type_pause('a', false)")
    assert sql.one(CLASSIC.format(1)) == jobs[0]


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_transaction_that_sees_an_old_state_takes_none(db, sql, level):
    limit(sql, "a", 1)
    dispatch(sql, 2)
    old = db.connect()
    old.ask(f"BEGIN ISOLATION LEVEL {level}")
    old.ask("SELECT 1")
    assert sql.one("SELECT id FROM claim_job('w')") is not None
    assert old.one("SELECT id FROM claim_job('old')") is None
    assert old.one(CLASSIC.format(1)) is None
    old.ask("COMMIT")


def test_who_sleeps_is_told_of_a_place_by_a_commit_that_it_did_not_see(db, sql):
    """A finish that is under way keeps those from sleeping who could not see what it frees."""
    limit(sql, "a", 1)
    dispatch(sql, 2)
    job = sql.one("SELECT id FROM claim_job('w')")
    sleeper = db.connect()
    assert sleeper.one("SELECT id FROM claim_job('s')") is None
    sql.ask("BEGIN")
    sql.ask(f"SELECT complete_job('{job}')")
    assert sleeper.one("SELECT mh_sleep()") == "f"
    sql.ask("COMMIT")
    assert sleeper.one("SELECT mh_sleep()") == "t"
    sleeper.ask("LISTEN millhand_new_job")
    job = sql.one("SELECT id FROM claim_job('w')")
    sql.ask(f"SELECT complete_job('{job}')")
    wait_until(
        lambda: any("millhand_new_job" in str(row) for row in sleeper.ask("SELECT 1")),
        "a notification",
    )


def test_many_at_a_tenant_that_is_full_are_not_walked(db, sql):
    """A claim reads a few rows of the table where they stand, whatever their number."""
    full, free = tenants(sql, 2)
    limit(sql, "a", per_tenant=1)

    def rows_read():
        sql.ask("SELECT pg_stat_force_next_flush()")
        return int(
            sql.one(
                "SELECT sum(idx_tup_read) + (SELECT seq_tup_read FROM pg_stat_user_tables"
                " WHERE relname = 'scheduled') FROM pg_stat_user_indexes"
                " WHERE relname = 'scheduled'"
            )
        )

    def cost_of_a_claim(waiting):
        fill(sql, "a", waiting, full)
        worker = Engine(sql)
        while worker.claim(1)[0]["next_due_ms"] == "0":
            pass  # until the tenant is full, and all that waits stands at the gate
        fill(sql, "a", 1, free)
        sql.ask("VACUUM ANALYZE scheduled")
        before = rows_read()
        jobs = worker.claim(1)[1]
        cost = rows_read() - before
        assert field(sql, jobs[0]["id"], "tenant_id") == free
        worker.finish(jobs, DONE)
        return cost

    assert cost_of_a_claim(20) > 0
    assert cost_of_a_claim(20000) < 100


def test_the_plans_of_a_gate(db, sql):
    for tenant in tenants(sql, 5):
        fill(sql, "a", 20, tenant)
    limit(sql, "a", 9, 1, 1, "k")
    sql.ask("VACUUM ANALYZE")
    worker = Engine(sql)
    fill(sql, "a", 20)
    plans = Watch(db.connect()).plans(f"SELECT * FROM mh_claim({worker.number}, 10, NULL, NULL)")
    check(plans, "using scheduled_grouped", "Delete on ready", "using gate_")
    assert "(ROW(tenant_id, grp) > ROW(" in plans


def test_types_without_limits_do_not_pass_a_gate(db, sql):
    worker = Engine(sql)
    dispatch(sql, 1)
    plans = Watch(db.connect()).plans(f"SELECT * FROM mh_claim({worker.number}, 10, NULL, NULL)")
    assert "mh_pass" not in plans and "on gate" not in plans


def test_what_is_set_while_much_waits_is_in_order(sql):
    """More than one claim puts at the gate at once, and limits that come and go."""
    fill(sql, "a", 300)
    for _ in range(300):
        dispatch(sql, 1)
    worker = Engine(sql)
    order = [row[0] for row in sql.ask("SELECT id FROM job_queue ORDER BY created_at, id")]
    first = worker.claim(10)[1]
    limit(sql, "a", 15)
    second = worker.claim(10)[1]
    assert len(second) == 5
    limit(sql, "a", 0)
    rest = []
    while jobs := worker.claim(100)[1]:
        rest += jobs
    got = [job["id"] for job in first + second + rest]
    assert len(got) == 600 and sorted(got) == sorted(order)
    assert got[-300:] == order[-300:]
    check_whole(sql)


def test_a_claim_that_comes_late_to_a_gate_sees_it_as_it_is(db, sql):
    """Held up at the gate of a, while the limit of b is taken away."""
    limit(sql, "a", 1)
    limit(sql, "b", 1)
    held_up = dispatch(sql, 1)[0]
    dispatch(sql, 2, "b")
    other, late = db.connect(), db.connect()
    other.ask("BEGIN")
    other.ask(
        f"INSERT INTO scheduled (seq, run_at, lane) SELECT seq, now(), lane FROM job"
        f" WHERE id = '{held_up}'"
    )
    late.send("SELECT type FROM claim_jobs('late', 1, '{a,b}')")
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    wait_until(lambda: sql.one(waiting) == "1", "the claim to be held up")
    limit(sql, "b", 0)
    other.ask("ROLLBACK")
    assert late.receive() == [["a"]]
    assert [job["type"] for job in Engine(sql).claim(5)[1]] == ["b", "b"]
