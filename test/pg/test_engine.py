"""What the program's client relies on: the functions of ENGINE.md, by the words of store.h."""

import pytest

from conftest import DEFAULT_TENANT, wait_until

DONE, RETRY, FAILED, RELEASED, LATER = range(5)


class Engine:
    """A worker, as the client is one: it keeps the cursor and the seqs."""

    def __init__(self, session, name="w", lease_ms=30000):
        self.session = session
        self.number = session.one(f"SELECT mh_join('{name}', {lease_ms}, NULL)")
        self.cursor = None

    def claim(self, most=10, types=None, by="mh_claim"):
        """The head {lease, next_due_ms, running} and the jobs {id, seq, …}; None: not known."""
        want = "NULL" if types is None else "ARRAY[%s]::text[]" % ",".join(f"'{t}'" for t in types)
        cursor = "NULL" if self.cursor is None else f"'{self.cursor}'"
        rows = self.session.ask(
            "SELECT lease, next_cursor, next_due_ms, running, seq, id, type, priority, attempts, "
            "error,"
            f" unique_key, run_at FROM {by}({self.number}, {most}, {want}, {cursor})"
        )
        if not rows:
            return None
        self.cursor = rows[0][1]
        head = dict(zip(("lease", "cursor", "next_due_ms", "running"), rows[0]))
        names = ("seq", "id", "type", "priority", "attempts", "error", "unique_key", "run_at")
        return head, [dict(zip(names, row[4:]), lease=head["lease"]) for row in rows[1:]]

    def ids(self, most=10, types=None):
        return [job["id"] for job in self.claim(most, types)[1]]

    def finish(self, jobs, outcomes, delay_ms=0, error="boom"):
        """The result of each is its seq, which check_whole looks for."""
        if isinstance(outcomes, int):
            outcomes = [outcomes] * len(jobs)
        arrays = [",".join(str(j[n]) for j in jobs) for n in ("lease", "seq")]
        return self.session.one(
            "SELECT mh_finish('{%s}', '{%s}', '{%s}', '{%s}',"
            " array_fill('%s'::text, ARRAY[%d]), array_fill('log'::text, ARRAY[%d]),"
            " array_fill(%d::bigint, ARRAY[%d]))"
            % (
                *arrays,
                ",".join(map(str, outcomes)),
                arrays[1],
                error,
                len(jobs),
                len(jobs),
                delay_ms,
                len(jobs),
            )
        )

    def heartbeat(self, jobs):
        arrays = [",".join(str(j[n]) for j in jobs) for n in ("lease", "seq")]
        return self.session.one("SELECT mh_heartbeat(%s, '{%s}', '{%s}')" % (self.number, *arrays))


@pytest.fixture
def worker(sql):
    return Engine(sql)


def dispatch(sql, n=1, type="a", more=""):
    return [sql.one(f"SELECT dispatch_job('{DEFAULT_TENANT}', '{type}'{more})") for _ in range(n)]


def field(sql, job, name):
    return sql.one(f"SELECT {name} FROM job_queue WHERE id = '{job}'")


def act(sql, act, *ids):
    return sql.ask(
        f"SELECT * FROM mh_act({act}::smallint, ARRAY[{','.join(repr(i) for i in ids)}]::uuid[])"
    )


# --- dispatch


def bulk(sql, ids, keys=None, delays=None, types=None, tenants=None, priorities=None):
    def array(values, kind):
        if values is None:
            return "NULL"
        return "ARRAY[%s]::%s[]" % (
            ",".join("NULL" if v is None else f"'{v}'" for v in values),
            kind,
        )

    n = len(ids)
    return sql.ask(
        "SELECT ordinal, id FROM mh_dispatch(%s, %s, %s, %s, %s, NULL, %s, NULL, %s, NULL, NULL)"
        % (
            array(ids, "uuid"),
            array(tenants or [DEFAULT_TENANT] * n, "uuid"),
            array(types or ["a"] * n, "text"),
            array(["{}"] * n, "jsonb"),
            array(priorities, "int"),
            array(delays, "bigint"),
            array(keys, "text"),
        )
    )


def uuid(n):
    return f"01890000-0000-7000-8000-{n:012d}"


def test_a_tenant_or_type_that_all_have_is_given_once(sql, worker):
    ids = [uuid(n) for n in range(4)]
    bulk(sql, ids, tenants=[DEFAULT_TENANT], types=["a"], priorities=[3, None, 1, 2])
    bulk(sql, [uuid(9)], tenants=[DEFAULT_TENANT], keys=["k"])
    assert bulk(
        sql, [uuid(7), uuid(8)], tenants=[DEFAULT_TENANT], types=["a"], keys=[None, "k"]
    ) == [["2", uuid(9)]]
    assert worker.ids(9) == [ids[0], ids[3], ids[2], ids[1], uuid(9), uuid(7)]
    for wrong in ({"tenants": [DEFAULT_TENANT] * 2}, {"types": ["a"] * 2}, {"priorities": [1]}):
        with pytest.raises(Exception, match="one length"):
            bulk(sql, [uuid(n) for n in (4, 5, 6)], keys=["x", "y", "z"], **wrong)
    check_whole(sql)


def test_dispatch_keeps_the_order_given(sql, worker):
    ids = [uuid(n) for n in range(50)]
    assert bulk(sql, ids, types=["a", "b"] * 25) == []
    assert worker.ids(50) == ids


def test_dispatch_is_all_or_none(sql):
    assert bulk(sql, [uuid(1)]) == []
    try:
        bulk(sql, [uuid(2), uuid(1)])
        raise AssertionError("an id twice")
    except Exception as error:
        assert error.state == "23505"
    assert sql.one("SELECT count(*) FROM job") == "1"


def test_a_standing_job_is_given_in_place_of_a_new_one(sql, worker):
    assert bulk(sql, [uuid(1), uuid(2), uuid(3)], keys=["k", None, "l"]) == []
    assert bulk(sql, [uuid(4), uuid(5), uuid(6)], keys=["l", "m", "m"]) == [
        ["1", uuid(3)],
        ["3", uuid(5)],
    ]
    assert sorted(worker.ids()) == [uuid(1), uuid(2), uuid(3), uuid(5)]


def test_the_key_of_another_tenant_is_another_key(sql):
    sql.ask(f"INSERT INTO tenants (id, name) VALUES ('{uuid(9)}', 'x')")
    assert bulk(sql, [uuid(1), uuid(2)], keys=["k", "k"], tenants=[DEFAULT_TENANT, uuid(9)]) == []


@pytest.mark.parametrize("end", [DONE, FAILED, "cancelled", "removed"])
def test_a_key_is_free_when_its_job_has_ended(sql, worker, end):
    bulk(sql, [uuid(1)], keys=["k"])
    if end == "removed":
        act(sql, 2, uuid(1))
    elif end == "cancelled":
        act(sql, 0, uuid(1))
    else:
        worker.finish(worker.claim()[1], end)
    assert bulk(sql, [uuid(2)], keys=["k"]) == []
    assert sql.one("SELECT count(*) FROM open_key") == "1"


@pytest.mark.parametrize("outcome", [RETRY, RELEASED, LATER])
def test_a_key_is_held_while_its_job_is_to_come_back(sql, worker, outcome):
    bulk(sql, [uuid(1)], keys=["k"])
    worker.finish(worker.claim()[1], outcome)
    assert bulk(sql, [uuid(2)], keys=["k"]) == [["1", uuid(1)]]


def test_a_delayed_job_is_claimed_when_it_is_due(sql, worker):
    bulk(sql, [uuid(1), uuid(2)], delays=[150, None])
    head, jobs = worker.claim()
    assert [j["id"] for j in jobs] == [uuid(2)]
    assert 0 < int(head["next_due_ms"]) <= 150
    sql.ask("SELECT pg_sleep(0.16)")
    head, jobs = worker.claim()
    assert [j["id"] for j in jobs] == [uuid(1)]
    assert head["next_due_ms"] == "-1"


# --- claim


def test_claim_goes_by_priority_then_by_becoming_due(sql, worker):
    low, high = dispatch(sql, 3), dispatch(sql, 3, more=", priority => 9")
    other = dispatch(sql, 2, "b", ", priority => 9")
    assert worker.ids(20) == high + other + low


def test_lanes_of_one_priority_are_merged_in_order_whatever_the_limit(sql, worker):
    ids = []
    for n in range(60):
        ids += dispatch(sql, type=f"t{n * n % 7}")
    got = []
    for most in (1, 2, 3, 5, 8, 13, 21, 34):
        got += worker.ids(most)
    assert got == ids


def test_claim_takes_only_the_types_named_and_none_for_an_empty_list(sql, worker):
    a, b = dispatch(sql, type="a") + dispatch(sql, type="b")
    assert worker.ids(types=[]) == []
    assert worker.ids(types=["b", "nobody", "b"]) == [b]
    assert worker.ids() == [a]


def test_a_paused_type_is_not_claimed(sql, worker):
    ids = dispatch(sql, 2)
    sql.ask("SELECT mh_type_pause('a', true)")
    assert worker.ids() == []
    sql.ask("SELECT mh_type_pause('a', false)")
    assert worker.ids() == ids
    sql.ask("SELECT mh_type_pause('new', true)")
    dispatch(sql, type="new")
    assert worker.ids() == []


def test_an_empty_claim_says_what_runs(sql, worker):
    dispatch(sql, 3)
    dispatch(sql, 2, "b")
    assert worker.claim(2, ["a"])[0]["running"] is None
    assert worker.claim(2, ["a"])[0]["running"] is None
    assert worker.claim(2, ["a"])[0]["running"] == "3"
    assert worker.claim(9)[0]["running"] is None
    assert worker.claim(9)[0]["running"] == "5"
    assert worker.claim(9, ["b"])[0]["running"] == "2"


def test_an_unknown_worker_claims_nothing_and_beats_nothing(sql, worker):
    dispatch(sql)
    sql.ask(f"SELECT mh_leave({worker.number})")
    assert worker.claim() is None
    assert sql.one(f"SELECT mh_heartbeat({worker.number}, '{{}}', '{{}}')") is None
    assert len(Engine(sql).ids()) == 1


def test_a_claim_finds_a_job_whose_transaction_commits_late(db, sql, worker):
    dispatch(sql)  # the first of its lane would be waited for
    worker.claim()
    slow = db.connect()
    slow.ask("BEGIN")
    late = dispatch(slow)
    ids = dispatch(sql, 100)  # with few each claim looks back
    assert worker.ids(3) == ids[:3]
    sql.ask("SELECT pg_sleep(0.26)")  # the time after which a busy worker looks back
    assert worker.ids(3) == ids[3:6]
    slow.ask("COMMIT")
    assert worker.ids(3) == ids[6:9]
    sql.ask("SELECT pg_sleep(0.26)")
    assert worker.ids(1) == late


def test_while_few_were_dispatched_a_claim_finds_a_late_job_at_once(db, sql, worker):
    dispatch(sql)  # the first of its lane would be waited for
    worker.claim()
    slow = db.connect()
    slow.ask("BEGIN")
    late = dispatch(slow)
    ids = dispatch(sql, 10)
    assert worker.ids(3) == ids[:3]
    slow.ask("COMMIT")
    assert worker.ids(1) == late
    assert worker.ids(8) == ids[3:]


def test_an_empty_claim_finds_a_late_job_at_once(db, sql, worker):
    dispatch(sql)  # the first of its lane would be waited for
    worker.claim()
    slow = db.connect()
    slow.ask("BEGIN")
    late = dispatch(slow)
    ids = dispatch(sql, 2)
    assert worker.ids() == ids
    sql.ask("SELECT pg_sleep(0.26)")
    assert worker.ids() == []  # it looks back here, too early
    slow.ask("COMMIT")
    assert worker.ids() == late


def test_a_claim_rolled_back_leaves_its_jobs_to_others(db, sql, worker):
    ids = dispatch(sql, 4)
    other = Engine(db.connect(), "other")
    other.session.ask("BEGIN")
    assert other.ids(2) == ids[:2]
    assert worker.ids(2) == ids[2:]
    other.session.ask("ROLLBACK")
    assert worker.ids() == ids[:2]


def test_jobs_that_came_back_are_claimed_in_their_new_order(sql, worker):
    ids = dispatch(sql, 12)
    jobs = worker.claim(12)[1]
    order = [0, 2, 1, *range(3, 12)]
    for i in order:
        worker.finish([jobs[i]], RELEASED)
    again = worker.claim(12)[1]
    assert [job["id"] for job in again] == [ids[i] for i in order]
    assert [job["seq"] for job in again] == [jobs[i]["seq"] for i in order]


def test_claims_leave_behind_what_a_held_snapshot_keeps(db, sql, worker):
    """Also while nothing is dispatched any more: each begins near the end of the one before."""
    holder = db.connect()
    types, payloads = "array_fill('a'::text, ARRAY[3000])", "array_fill('{}'::jsonb, ARRAY[3000])"
    sql.ask(f"SELECT count(*) FROM dispatch_jobs('{DEFAULT_TENANT}', {types}, {payloads})")
    holder.ask("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM ready")
    for _ in range(20):
        assert len(worker.ids(100)) == 100

    def entries_read():
        sql.ask("SELECT pg_stat_force_next_flush()")
        return int(
            sql.one(
                "SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = 'ready_pkey'"
            )
        )

    before = entries_read()
    for _ in range(5):
        assert len(worker.ids(100)) == 100
    assert entries_read() - before < 5 * 1000


# --- chunks: a row of `ready` that stands for many jobs


def rows_of_ready(sql):
    return int(sql.one("SELECT count(*) FROM ready"))


def test_a_chunk_is_of_one_block_also_where_others_took_positions_between(sql):
    bulk(sql, [uuid(0)])  # the lane
    bulk(sql, [uuid(n) for n in range(1, 150)])
    blocks = sql.ask(
        "SELECT count(DISTINCT u.seq & -64), min(u.seq) = r.pos AND r.pos = r.seq, count(*)"
        " FROM ready r, unnest(r.seq || r.more) u (seq) GROUP BY r.pos, r.seq ORDER BY r.pos"
    )
    assert all(block[:2] == ["1", "t"] for block in blocks)
    assert sum(int(block[2]) for block in blocks) == 150
    check_whole(sql)
    sql.ask("SELECT mh_make_ready('{1000,1002,1087,1088}', 1, true, 64)")
    assert sql.ask("SELECT seq, more FROM ready WHERE pos >= 1000 AND special ORDER BY pos") == [
        ["1000", "{1002}"],
        ["1087", None],
        ["1088", None],
    ]


def test_claims_of_any_size_take_a_chunk_apart_in_order(sql, worker):
    ids = [uuid(n) for n in range(300)]
    bulk(sql, ids)
    assert rows_of_ready(sql) <= 6
    got = []
    for most in (1, 2, 70, 64, 5, 1, 100, 200):
        got += worker.ids(most)
        check_whole(sql)
    assert got == ids


def test_chunks_of_several_lanes_are_merged_in_order(sql, worker):
    ids = [uuid(n) for n in range(300)]
    bulk(sql, ids, types=[f"t{n * n % 7}" for n in range(300)])
    got = []
    for most in (1, 2, 70, 5, 1, 100, 200):
        got += worker.ids(most)
        check_whole(sql)
    assert got == ids


def test_what_is_left_of_a_chunk_lies_ready_for_claims_of_that_size(sql, worker):
    bulk(sql, [uuid(n) for n in range(200)])
    worker.ids(7)
    sizes = sql.ask("SELECT 1 + coalesce(cardinality(more), 0) FROM ready ORDER BY pos")
    assert sizes[0] == ["7"]


@pytest.mark.parametrize("place", [0, 30, 63])
def test_an_act_on_a_job_inside_a_chunk_leaves_the_others(sql, worker, place):
    ids = [uuid(n) for n in range(130)]
    bulk(sql, ids)
    assert act(sql, 0, ids[place]) == [["0", "0"]]
    assert act(sql, 2, ids[place + 1]) == [["0", "0"]]
    sql.ask(f"UPDATE job_queue SET priority = 9 WHERE id = '{ids[place + 2]}'")
    check_whole(sql)
    others = [i for i in ids if i not in ids[place : place + 3]]
    assert worker.ids(130) == ids[place + 2 : place + 3] + others


def test_due_jobs_come_between_those_of_a_chunk(sql, worker):
    early, late = [uuid(n) for n in range(100)], [uuid(n) for n in range(200, 300)]
    bulk(sql, early)
    bulk(sql, [uuid(900)], delays=[1])
    sql.ask("SELECT pg_sleep(0.005)")
    bulk(sql, late)
    assert worker.ids(40) == early[:40]
    check_whole(sql)
    assert worker.ids(200) == early[40:] + [uuid(900)] + late


def test_a_claim_waits_for_no_transaction_but_knows_of_its_jobs(db, sql, worker):
    ids = [uuid(n) for n in range(10)]
    bulk(sql, ids)
    other = Engine(db.connect(), "other")
    other.session.ask("BEGIN")
    assert other.ids(2) == ids[:2]
    head, jobs = worker.claim(3)
    assert jobs == [] and 0 < int(head["next_due_ms"]) <= 50
    other.session.ask("ROLLBACK")
    assert worker.ids(3) == ids[:3]


def test_a_claim_is_short_where_payloads_are_large(sql, worker):
    sql.ask(
        f"SELECT dispatch_job('{DEFAULT_TENANT}', 'a', jsonb_build_object('n', g, 'x',"
        " CASE WHEN g = 10 THEN repeat('x', 70000) END)) FROM generate_series(1, 70) g"
    )
    head, jobs = worker.claim(1000)
    assert (len(jobs), head["next_due_ms"]) == (64, "0")
    head, jobs = worker.claim(1000)
    assert (len(jobs), head["next_due_ms"]) == (6, "-1")


# --- finish


def test_finish_answers_in_the_order_given_over_several_leases(sql, worker):
    dispatch(sql, 6)
    first, second = worker.claim(3)[1], worker.claim(3)[1]
    jobs = [second[2], first[0], first[2], second[0], first[1], second[1]]
    outcomes = [DONE, RETRY, FAILED, RELEASED, LATER, DONE]
    assert worker.finish(jobs, outcomes, delay_ms=60000) == "{2,0,3,0,0,2}"
    assert [field(sql, j["id"], "status") for j in jobs] == [
        "completed",
        "pending",
        "failed",
        "pending",
        "pending",
        "completed",
    ]
    assert sql.one("SELECT count(*) FROM lease") == "0"
    assert worker.finish(jobs, DONE) == "{-1,-1,-1,-1,-1,-1}"


def test_a_finish_that_names_a_job_twice_counts_it_once(sql, worker):
    dispatch(sql)
    job = worker.claim()[1][0]
    assert worker.finish([job, job], [FAILED, DONE]) == "{3,-1}"


def test_part_of_a_lease_may_finish(sql, worker):
    ids = dispatch(sql, 4)
    jobs = worker.claim()[1]
    assert worker.finish([jobs[2], jobs[0]], DONE) == "{2,2}"
    assert worker.heartbeat(jobs) == "{-1,1,-1,1}"
    assert worker.finish([jobs[3], jobs[1]], DONE) == "{2,2}"
    assert sql.one(f"SELECT count(*) FROM job_queue WHERE status = 'completed'") == str(len(ids))


def test_the_first_jobs_of_leases_may_finish(sql, worker):
    """What is left of a lease stays as it was; of one whose first job is missing any may finish."""
    for type in "abab":
        dispatch(sql, 2, type)
    first, second = worker.claim(4)[1], worker.claim(4)[1]
    assert worker.finish(first[:2], DONE) == "{2,2}"
    assert worker.heartbeat(first) == "{-1,-1,1,1}"
    assert worker.finish([second[0], *first[2:], second[2]], DONE) == "{2,2,2,2}"
    assert worker.finish(first + second, DONE) == "{-1,-1,-1,-1,-1,2,-1,2}"
    done = sql.ask("SELECT type, attempts, worker_id, status FROM job_queue")
    assert sorted(done) == [[t, "1", "w", "completed"] for t in "aaaabbbb"]
    check_whole(sql)
    assert sql.one("SELECT count(*) FROM lease") == "0"


def test_the_number_of_another_lease_finishes_nothing(sql, worker):
    dispatch(sql, 2)
    a, b = worker.claim(1)[1][0], worker.claim(1)[1][0]
    assert worker.finish([dict(a, lease=b["lease"])], DONE) == "{-1}"
    assert field(sql, a["id"], "status") == "processing"


def test_a_retry_without_an_attempt_left_fails(sql, worker):
    job = dispatch(sql, more=", max_attempts => 2")[0]
    assert worker.finish(worker.claim()[1], RETRY) == "{0}"
    assert sql.ask(
        f"SELECT attempts, error, next_retry_at = run_at FROM job_queue WHERE id = '{job}'"
    ) == [["1", "boom", "t"]]
    claimed = worker.claim()[1]
    assert [claimed[0]["attempts"], claimed[0]["error"]] == ["2", "boom"]
    assert field(sql, job, "next_retry_at") is None
    assert worker.finish(claimed, RETRY, error="bang") == "{3}"
    assert sql.ask(f"SELECT number, outcome, error, log FROM mh_attempts('{job}')") == [
        ["1", "failed", "boom", "log"],
        ["2", "failed", "bang", "log"],
    ]


@pytest.mark.parametrize("outcome", [RELEASED, LATER])
def test_an_attempt_handed_back_does_not_count(sql, worker, outcome):
    first, second = dispatch(sql, 2)
    assert worker.finish(worker.claim(1)[1], outcome) == "{0}"
    assert field(sql, first, "attempts") == "0"
    assert field(sql, first, "next_retry_at") is None
    assert sql.ask(f"SELECT * FROM mh_attempts('{first}')") == []
    assert worker.ids() == [second, first]  # behind its equals


def test_progress_is_kept_for_those_in_their_lease(sql, worker):
    job = dispatch(sql)[0]
    claimed = worker.claim()[1][0]
    note = "SELECT accepted FROM mh_note('{%s}', '{%s}', '{0.5}', NULL, NULL)" % (
        claimed["lease"],
        claimed["seq"],
    )
    assert sql.one(note) == "1"
    assert field(sql, job, "progress") == "0.5"
    worker.finish([claimed], RETRY)
    assert field(sql, job, "progress") is None
    assert sql.one(note) == "0"


# --- runs: a row of `done` that stands for many jobs


def run(sql, worker, n):
    """Jobs that were claimed and completed together."""
    bulk(sql, [uuid(i) for i in range(n)])
    jobs = worker.claim(n)[1]
    worker.finish(jobs, DONE)
    return jobs


def runs(sql):
    return [int(row[0]) for row in sql.ask("SELECT n FROM done ORDER BY seq")]


def test_jobs_that_complete_together_are_few_rows_and_read_as_many(sql, worker):
    jobs = run(sql, worker, 100)
    assert runs(sql) == [64, 36]
    check_whole(sql)
    pages, cursor = [], "NULL"
    while cursor is not None:
        (cursor, *_), *rows = sql.ask(
            f"SELECT cursor, seq, result, attempts, worker_id, started_at <= completed_at"
            f" FROM mh_list('2', NULL, NULL, NULL, {cursor}, 30, true)"
        )
        pages.append([row[1:] for row in rows])
    assert [len(page) for page in pages] == [30, 30, 30, 10]
    assert sum(pages, []) == [[j["seq"], j["seq"], "1", "w", "t"] for j in reversed(jobs)]
    assert sql.ask("SELECT count(*) FROM mh_list('0', NULL, NULL, NULL, NULL, 30, true)") == [["1"]]


@pytest.mark.parametrize(
    "jobs, outcomes, sizes",
    [
        ([0, 1, 2, 3, 4, 5], [DONE] * 6, [6]),
        ([4, 0, 2, 3, 5, 1], [DONE] * 6, [6]),
        ([0, 1, 2], [DONE] * 3, [3]),
        ([0, 1, 3, 4, 5], [DONE] * 5, [2, 3]),
        ([0, 1, 2, 3, 4, 5], [DONE, DONE, FAILED, FAILED, DONE, DONE], [2, 1, 1, 2]),
    ],
)
def test_only_jobs_that_follow_each_other_are_a_run(sql, worker, jobs, outcomes, sizes):
    bulk(sql, [uuid(i) for i in range(6)])
    claimed = worker.claim(6)[1]
    worker.finish([claimed[i] for i in jobs], outcomes)
    assert runs(sql) == sizes
    check_whole(sql)


@pytest.mark.parametrize("again, sizes", [(0, [4, 4]), (2, [1] * 8)])
def test_a_run_ends_where_a_job_is_missing_and_has_jobs_of_one_attempt(sql, worker, again, sizes):
    bulk(sql, [uuid(i) for i in range(9)])
    act(sql, 2, uuid(4))
    if again > 0:
        worker.finish(worker.claim(again)[1], RETRY)
    sql.ask("UPDATE scheduled SET run_at = now() - interval '1 hour'")
    worker.finish(worker.claim(9)[1], DONE)
    assert runs(sql) == sizes
    check_whole(sql)


def test_large_results_are_rows_of_their_own(sql, worker):
    bulk(sql, [uuid(i) for i in range(4)])
    jobs = worker.claim(4)[1]
    sql.ask(
        "SELECT mh_finish('{%s}', '{%s}', '{0,0,0,0}', array_fill(to_jsonb(repeat('x', 5000)),"
        " '{4}'), NULL, NULL, NULL)"
        % tuple(",".join(j[name] for j in jobs) for name in ("lease", "seq"))
    )
    assert runs(sql) == [1, 1, 1, 1]
    assert sql.one("SELECT min(length(result::text)) FROM job_queue") == "5002"


@pytest.mark.parametrize(
    "gone, left", [([0], [9]), ([9], [9]), ([4], [4, 5]), ([2, 3, 7], [2, 3, 2])]
)
@pytest.mark.parametrize("by_hand", [False, True])
def test_a_job_is_removed_out_of_a_run(sql, worker, gone, left, by_hand):
    run(sql, worker, 10)
    sql.ask("SELECT mh_upkeep()")
    ids = [uuid(i) for i in gone]
    if by_hand:
        sql.ask(f"DELETE FROM job_queue WHERE id IN ({','.join(map(repr, ids))})")
    else:
        assert act(sql, 2, *ids) == [["0", "2"]] * len(ids)
    assert runs(sql) == left
    assert sql.one("SELECT count(*) FROM job_queue WHERE status = 'completed'") == str(sum(left))
    check_whole(sql)


def test_two_remove_jobs_out_of_one_run_at_once(db, sql, worker):
    run(sql, worker, 10)
    other = db.connect()
    sql.ask("BEGIN")
    assert act(sql, 2, uuid(3)) == [["0", "2"]]
    other.send(f"SELECT * FROM mh_act(2::smallint, '{{{uuid(6)}}}')")
    watcher = db.connect()
    wait_until(
        lambda: watcher.one("SELECT count(*) FROM pg_locks WHERE NOT granted") != "0",
        "the other waits",
    )
    sql.ask("COMMIT")
    assert other.receive() == [["0", "2"]]
    assert runs(sql) == [3, 2, 3]
    check_whole(sql)


def test_a_completed_job_of_a_run_is_neither_cancelled_nor_retried(sql, worker):
    run(sql, worker, 3)
    for n in range(3):
        assert act(sql, 0, uuid(n)) == [["2", "2"]]
        assert act(sql, 1, uuid(n)) == [["2", "2"]]
    assert runs(sql) == [3]


def test_prune_takes_no_more_of_a_run_than_was_asked_for(sql, worker):
    run(sql, worker, 10)
    sql.ask("SELECT pg_sleep(0.01)")
    assert sql.one("SELECT mh_prune(1, 1, 3)") == "3"
    check_whole(sql)
    assert runs(sql) == [7]
    assert sql.one("SELECT mh_prune(1, 1, 100)") == "7"
    assert runs(sql) == []
    check_whole(sql)


# --- leases that end


def test_reclaim_gives_back_at_most_so_many_behind_their_equals(sql):
    ids = dispatch(sql, 5)
    dying = Engine(sql, "dying", lease_ms=1)
    jobs = dying.claim(3)[1]
    sql.ask("SELECT pg_sleep(0.01)")
    assert sql.one("SELECT mh_reclaim(2)") == "2"
    assert sql.one("SELECT mh_reclaim(9)") == "1"
    assert sql.one("SELECT mh_reclaim(9)") == "0"
    assert dying.finish(jobs, DONE) == "{-1,-1,-1}"
    assert dying.claim() is None  # silent, and holds nothing
    assert Engine(sql).ids() == ids[3:] + ids[:3]
    assert sql.ask(f"SELECT outcome, error FROM mh_attempts('{ids[0]}')") == [
        ["lease expired", "lease expired"]
    ]


def test_a_heartbeat_prolongs_the_lease(sql):
    dispatch(sql)
    worker = Engine(sql, lease_ms=300)
    jobs = worker.claim()[1]
    sql.ask("SELECT pg_sleep(0.2)")
    assert worker.heartbeat(jobs) == "{1}"
    sql.ask("SELECT pg_sleep(0.2)")
    assert sql.one("SELECT mh_reclaim(9)") == "0"


def test_leaving_gives_back_uncounted(sql, worker):
    ids = dispatch(sql, 2)
    worker.claim()
    assert sql.one(f"SELECT mh_leave({worker.number})") == "2"
    assert [field(sql, i, "attempts") for i in ids] == ["0", "0"]
    assert sql.ask("SELECT * FROM mh_workers()") == []


def test_leases_that_the_worker_does_not_know_are_given_back_uncounted(sql, worker):
    ids = dispatch(sql, 4)
    other = Engine(sql, "other")
    worker.claim(1)  # the answer to this one was lost
    known, theirs = worker.claim(2)[1], other.claim(1)[1]
    lease, gone = int(known[0]["lease"]), 4711
    disown = f"SELECT * FROM mh_disown({worker.number}, '{{{lease},{theirs[0]['lease']},{gone}}}')"
    assert sql.ask(disown) == [["1", None], [None, str(lease)]]
    assert sql.ask(disown) == [["0", None], [None, str(lease)]]
    assert [field(sql, ids[0], name) for name in ("status", "attempts")] == ["pending", "0"]
    assert worker.heartbeat(known) == "{1,1}"
    assert other.heartbeat(theirs) == "{1}"
    assert worker.ids() == ids[:1]
    assert sql.ask(f"SELECT * FROM mh_disown({worker.number}, NULL)") == [["3", None]]
    assert worker.finish(known, DONE) == "{-1,-1}"
    sql.ask(f"SELECT mh_leave({worker.number})")
    assert sql.ask(disown) == []
    check_whole(sql)


# --- acts

CANCEL, REMOVE = 0, 2
STATES = ["fresh", "came back", "scheduled", "processing", "completed", "failed", "cancelled"]
NUMBER = {
    "fresh": 0,
    "came back": 0,
    "scheduled": 0,
    "processing": 1,
    "completed": 2,
    "failed": 3,
    "cancelled": 4,
}


def in_state(sql, worker, state):
    job = dispatch(sql, more=", run_at => now() + '1 hour'" if state == "scheduled" else "")[0]
    if state in ("came back", "processing", "completed", "failed"):
        claimed = worker.claim()[1]
        outcome = {"came back": RELEASED, "completed": DONE, "failed": FAILED}.get(state)
        if outcome is not None:
            worker.finish(claimed, outcome)
    if state == "cancelled":
        act(sql, 0, job)
    return job


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(
    "what, allowed, after",
    [
        (0, {"fresh", "came back", "scheduled", "processing"}, "cancelled"),
        (1, {"failed", "cancelled"}, "pending"),
        (2, set(STATES) - {"processing"}, None),
    ],
    ids=["cancel", "retry", "remove"],
)
def test_an_act_in_each_state(sql, worker, state, what, allowed, after):
    job = in_state(sql, worker, state)
    before = field(sql, job, "status")
    assert act(sql, what, job) == [["0" if state in allowed else "2", str(NUMBER[state])]]
    assert field(sql, job, "status") == (after if state in allowed else before)
    check_whole(sql)


def test_acts_answer_in_the_order_given(sql, worker):
    a, b = dispatch(sql, 2)
    assert act(sql, 0, b, uuid(7), a, b) == [["0", "0"], ["1", "-1"], ["0", "0"], ["2", "4"]]


def test_a_cancelled_job_is_told_by_the_heartbeat_and_lost_to_the_finish(db, sql, worker):
    dispatch(sql, 2)
    listener = db.connect()
    listener.ask("LISTEN millhand_job_status")
    jobs = worker.claim()[1]
    assert act(sql, 0, jobs[0]["id"]) == [["0", "1"]]
    assert worker.heartbeat(jobs) == "{4,1}"
    assert worker.finish(jobs, DONE) == "{-1,2}"
    assert any("cancelled" in str(row) for row in listener.ask("SELECT 1"))
    assert sql.ask(f"SELECT outcome FROM mh_attempts('{jobs[0]['id']}')") == [["cancelled"]]


def test_a_retried_job_has_all_its_attempts_and_its_history(sql, worker):
    job = dispatch(sql, more=", max_attempts => 1")[0]
    worker.finish(worker.claim()[1], RETRY)
    assert act(sql, 1, job) == [["0", "3"]]
    claimed = worker.claim()[1]
    assert [claimed[0]["attempts"], claimed[0]["error"]] == ["1", "boom"]
    assert len(sql.ask(f"SELECT * FROM mh_attempts('{job}')")) == 1


def test_retry_is_refused_while_the_key_is_taken(sql):
    bulk(sql, [uuid(1)], keys=["k"])
    act(sql, 0, uuid(1))
    bulk(sql, [uuid(2)], keys=["k"])
    assert act(sql, 1, uuid(1)) == [["3", "4"]]
    act(sql, 0, uuid(2))
    assert act(sql, 1, uuid(1)) == [["0", "4"]]


# --- retention, tenants


def test_prune_takes_what_is_old_enough_and_leaves_the_counts_right(sql, worker):
    dispatch(sql, 6)
    jobs = worker.claim()[1]
    worker.finish(jobs[:4], [DONE, DONE, FAILED, FAILED])
    sql.ask("SELECT pg_sleep(0.02)")
    assert sql.one("SELECT mh_prune(0, 0, 100)") == "0"
    assert sql.one("SELECT mh_prune(3600000, 3600000, 100)") == "0"
    assert sql.one("SELECT mh_prune(10, 0, 1)") == "1"
    assert sql.one("SELECT mh_prune(10, 0, 100)") == "1"
    assert sql.ask("SELECT completed, failed, processing FROM mh_stats(NULL)") == [["0", "2", "2"]]
    assert sql.one("SELECT mh_prune(0, 10, 100)") == "2"
    check_whole(sql)


def test_prune_walks_a_bounded_part_and_goes_on_from_there(sql, worker):
    """Dead letters that are kept stand before those that may go, more than one walk sees."""
    sql.ask(
        f"SELECT count(*) FROM dispatch_jobs('{DEFAULT_TENANT}',"
        " array_fill('a'::text, ARRAY[5200]), array_fill('{}'::jsonb, ARRAY[5200]))"
    )
    jobs = sorted(worker.claim(5200)[1], key=lambda job: int(job["seq"]))
    worker.finish(jobs[:5100], FAILED)
    worker.finish(jobs[5100:], DONE)
    sql.ask("SELECT pg_sleep(0.02)")
    assert sql.one("SELECT mh_prune(10, 0, 1000)") == "0"
    assert sql.one("SELECT mh_prune(10, 0, 60)") == "60"
    assert sql.one("SELECT mh_prune(10, 0, 60)") == "40"
    assert sql.one("SELECT mh_prune(10, 10, 9000)") == "5000"
    assert sql.one("SELECT mh_prune(10, 10, 9000)") == "100"
    check_whole(sql)


def test_removing_a_tenant_takes_its_jobs_wherever_they_are(sql, worker):
    tenant = sql.one(f"SELECT id FROM mh_tenant_add('{uuid(5)}', 'acme', 'free')")
    own = [sql.one(f"SELECT dispatch_job('{tenant}', 'a', unique_key => 'k{n}')") for n in range(8)]
    kept = dispatch(sql, 2)
    sql.ask(f"UPDATE job_queue SET run_at = now() + '1 hour' WHERE id = '{own[7]}'")
    jobs = worker.claim(5)[1]
    worker.finish(jobs[:4], [DONE, FAILED, RETRY, RELEASED], delay_ms=60000)
    assert sql.one(f"SELECT mh_tenant_remove('{tenant}')") == "8"
    assert sorted(r[0] for r in sql.ask("SELECT id FROM job_queue")) == sorted(kept)
    assert worker.heartbeat(jobs[4:]) == "{-1}"
    assert sql.fails(f"SELECT mh_tenant_remove('{tenant}')") == "P0002"
    assert sql.fails(f"SELECT mh_tenant_remove('{DEFAULT_TENANT}')") == "55000"
    check_whole(sql)


# --- listing


def test_pages_are_newest_first_and_lead_on(sql):
    ids = dispatch(sql, 7)
    seen, before = [], "NULL"
    while before:
        rows = sql.ask(
            f"SELECT cursor, id FROM mh_list(NULL, NULL, NULL, NULL, {before}, 3, false)"
        )
        seen += [r[1] for r in rows[1:]]
        before = rows[0][0]
    assert seen == ids[::-1]


def test_pages_of_pending_jobs_lead_on_through_chunks(sql):
    ids = [uuid(n) for n in range(150)]
    bulk(sql, ids, types=["a", "a", "b"] * 50)
    seen, before = [], "NULL"
    while before:
        rows = sql.ask(f"SELECT cursor, id FROM mh_list('0', NULL, NULL, NULL, {before}, 7, false)")
        seen += [r[1] for r in rows[1:]]
        before = rows[0][0]
    assert seen == ids[::-1]


def test_a_page_by_every_filter_is_what_the_view_has(sql, worker):
    sql.ask(f"INSERT INTO tenants (id, name) VALUES ('{uuid(9)}', 'x')")
    for n in range(40):
        tenant = DEFAULT_TENANT if n % 3 else uuid(9)
        sql.ask(
            f"SELECT dispatch_job('{tenant}', 't{n % 2}', run_at => now() +"
            f" {n % 5 // 4} * interval '1 hour')"
        )
    for tenant in (DEFAULT_TENANT, uuid(9)):
        bulk(
            sql,
            [uuid(100 * int(tenant[-1]) + n) for n in range(20)],
            tenants=[tenant] * 20,
            types=["t0", "t0", "t0", "t1"] * 5,
        )
    jobs = worker.claim(24)[1]
    worker.finish(jobs[:20], [DONE, RETRY, FAILED, RELEASED, LATER] * 4, delay_ms=3600000)
    act(sql, 0, *[j["id"] for j in jobs[20:22]])
    names = ["pending", "processing", "completed", "failed", "cancelled"]
    for status in [None, 0, 1, 2, 3, 4]:
        for type in [None, "t0", "t1", "t9"]:
            for tenant in [None, DEFAULT_TENANT, uuid(9)]:
                where = ["true"]
                where += [f"status = '{names[status]}'"] if status is not None else []
                where += [f"type = '{type}'"] if type else []
                where += [f"tenant_id = '{tenant}'"] if tenant else []
                arguments = ", ".join(
                    "NULL" if v is None else f"'{v}'" for v in (status, type, tenant)
                )
                fields = (
                    "id, tenant_id, type, priority, payload, result, error, progress, worker_id,"
                    " attempts, max_attempts, run_at, next_retry_at, unique_key, correlation_id,"
                    " created_at, started_at, completed_at, traceparent"
                )
                got = sql.ask(f"SELECT {fields} FROM mh_list({arguments}, NULL, NULL, 100, true)")
                want = sql.ask(
                    f"SELECT {fields} FROM job_queue JOIN (SELECT seq, id AS i FROM job) s"
                    f" ON s.i = id WHERE {' AND '.join(where)} ORDER BY seq DESC"
                )
                assert got[1:] == want, (status, type, tenant)


def test_types_and_workers_are_listed_with_their_counts(sql, worker):
    sql.ask("SELECT mh_join('b-only', 30000, ARRAY['b'])")
    dispatch(sql, 3)
    dispatch(sql, 1, "b", ", run_at => now() + '1 hour'")
    worker.claim(2)
    assert sql.ask("SELECT * FROM mh_types()") == [
        ["a", "f", "1", "2", "1"],
        ["b", "f", "1", "0", "2"],
    ]
    assert sql.ask("SELECT worker_id, lease_ms, processing, types FROM mh_workers()") == [
        ["w", "30000", "2", None],
        ["b-only", "30000", "0", '["b"]'],
    ]


# --- what must always hold


def check_whole(sql):
    """Each job in exactly one place, and every count, key and flag as the places have it."""
    assert (
        sql.ask(
            """
        WITH place AS (
            SELECT unnest(seq || more) AS seq FROM ready UNION ALL SELECT seq FROM scheduled
            UNION ALL SELECT generate_series(seq, seq + n - 1) FROM done
            UNION ALL SELECT unnest(seqs) FROM lease)
        SELECT j.seq, count(p.seq) FROM job j LEFT JOIN place p ON p.seq = j.seq
        GROUP BY j.seq HAVING count(p.seq) <> 1
        UNION ALL SELECT p.seq, -1 FROM place p WHERE NOT EXISTS (SELECT FROM job j WHERE j.seq =
        p.seq)
        """
        )
        == []
    )
    assert (
        sql.ask(
            """
        WITH summed AS (
            SELECT status, sum(n) AS n FROM (
                SELECT status, n FROM tally
                UNION ALL SELECT status, n * cardinality(seqs) FROM uncounted) c GROUP BY status),
        real AS (SELECT status, sum(n) AS n FROM done GROUP BY status
                 UNION ALL SELECT 'pending', count(*) FROM job
                 WHERE seq <= (SELECT upto FROM counted))
        SELECT * FROM summed c FULL JOIN real r USING (status)
        WHERE coalesce(c.n, 0) <> coalesce(r.n, 0)"""
        )
        == []
    )
    assert (
        sql.ask(
            """
        SELECT j.seq FROM job j LEFT JOIN open_key k ON k.seq = j.seq
        WHERE (j.unique_key IS NOT NULL AND NOT EXISTS (SELECT FROM mh_end_of(j.seq)))
            <> (k.seq IS NOT NULL)"""
        )
        == []
    )
    assert (
        sql.ask(
            """
        SELECT j.seq FROM job j WHERE j.unique_key IS NOT NULL AND (
            EXISTS (SELECT FROM ready r WHERE j.seq = ANY (r.seq || r.more) AND NOT r.special)
            OR EXISTS (SELECT FROM scheduled s WHERE s.seq = j.seq AND NOT s.special)
            OR EXISTS (SELECT FROM lease l WHERE j.seq = ANY (l.seqs) AND NOT l.special))"""
        )
        == []
    )
    assert (
        sql.ask("SELECT r.seq FROM ready r JOIN lane l ON l.id = r.lane WHERE r.pos <= l.low") == []
    )
    assert (
        sql.ask(
            """
        SELECT p.seq FROM progress p WHERE NOT EXISTS (SELECT FROM lease l WHERE p.seq = ANY
        (l.seqs))
            AND NOT EXISTS (SELECT FROM mh_end_of(p.seq))"""
        )
        == []
    )
    assert (
        sql.ask(
            """
        SELECT j.seq FROM job j, mh_end_of(j.seq) d WHERE d.attempts > j.max_attempts"""
        )
        == []
    )
    assert (
        sql.ask(
            """
        SELECT j.seq, q.result FROM job_queue q JOIN job j ON j.id = q.id
        WHERE jsonb_typeof(q.result) = 'number' AND q.result <> to_jsonb(j.seq)
        UNION ALL SELECT d.seq, to_jsonb(d.n) FROM done d
        WHERE d.n NOT BETWEEN 1 AND CASE WHEN d.status = 'completed' THEN 64 ELSE 1 END
            OR d.n <> cardinality(d.results)"""
        )
        == []
    )
