"""The hot statements walk the index that their comment names, whatever the planner thinks of the
sizes.

A queue is empty at some moment, and statistics taken then say that it is always empty: the plans
must be right all the same. They are what auto_explain prints of every statement inside the
functions.
"""

import pytest

from conftest import DEFAULT_TENANT
from test_engine import Engine, act, bulk, dispatch, uuid

BIG = ("job", "ready", "done", "scheduled", "attempt", "open_key", "progress")


class Watch:
    """Gives the plans of what a function runs inside."""

    def __init__(self, session):
        self.session = session
        session.ask(
            "LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0;"
            " SET auto_explain.log_nested_statements = on"
        )

    def plans(self, sql):
        self.session.ask("SET client_min_messages = log")
        text = "\n".join("|".join(str(f) for f in row) for row in self.session.ask(sql))
        self.session.ask("SET client_min_messages = error")
        assert "Query Text" in text
        return text


@pytest.fixture
def watch(db, sql):
    sql.ask("VACUUM ANALYZE")
    dispatch(sql, 40)
    dispatch(sql, 40, "b")
    bulk(sql, [uuid(n) for n in range(40)])
    return Watch(db.connect())


def check(plans, *indexes):
    assert "Function Scan on mh_end_of" not in plans, plans
    for table in BIG:
        assert f"Seq Scan on {table}" not in plans, plans
    for index in indexes:
        assert index in plans, plans


def test_claim_of_one_lane(watch, sql):
    worker = Engine(sql)
    check(
        watch.plans(f"SELECT * FROM mh_claim({worker.number}, 10, '{{a}}', NULL)"),
        "Index Scan using ready_pkey",
        "Index Scan using job_pkey",
        "using scheduled_due",
        "using worker_live",
    )


def test_claim_of_several_lanes(watch, sql):
    worker = Engine(sql)
    plans = watch.plans(f"SELECT * FROM mh_claim({worker.number}, 10, NULL, NULL)")
    check(plans, "ready_pkey", "Index Scan using job_pkey")


def test_claim_of_what_was_scheduled(watch, sql):
    dispatch(sql, 5, "a", ", run_at => now() + '1 ms'")
    sql.ask("SELECT pg_sleep(0.01)")
    worker = Engine(sql)
    check(
        watch.plans(f"SELECT * FROM mh_claim({worker.number}, 100, NULL, NULL)"),
        "using scheduled_due",
        "Delete on scheduled",
    )


@pytest.mark.parametrize("outcomes", ["0,0,0", "0,1,2", "3,4,0"])
def test_finish(watch, sql, outcomes):
    jobs = Engine(sql).claim(3)[1]
    check(
        watch.plans(
            "SELECT mh_finish('{%s}', '{%s}', '{%s}', NULL, NULL, NULL, NULL)"
            % (",".join(j["lease"] for j in jobs), ",".join(j["seq"] for j in jobs), outcomes)
        ),
        "Index Scan using lease_pkey",
    )


def test_dispatch(watch):
    check(
        watch.plans(f"SELECT dispatch_job('{DEFAULT_TENANT}', 'a', unique_key => 'k')"),
        "using tenants_pkey",
        "using lane_type_priority_key",
    )
    check(
        watch.plans(f"SELECT dispatch_jobs('{DEFAULT_TENANT}', '{{a,b}}', '{{\"{{}}\",\"{{}}\"}}')")
    )


@pytest.mark.parametrize(
    "look",
    [
        "SELECT * FROM job_queue WHERE id = '{}'",
        "SELECT id FROM job_queue WHERE id = '{}' FOR UPDATE SKIP LOCKED",
        "UPDATE job_queue SET status = 'processing', worker_id = 'w' WHERE id = '{}' RETURNING id",
        "DELETE FROM job_queue WHERE id = '{}'",
        "SELECT * FROM mh_list(NULL, NULL, NULL, '{{{}}}', NULL, 1, true)",
        "SELECT * FROM mh_attempts('{}')",
        "SELECT complete_job('{}')",
        "SELECT fail_job('{}', 'e')",
        "SELECT * FROM mh_events(0, 0, '{}', 9)",
    ],
)
def test_looks_by_id(watch, sql, look):
    """Statements of a client's own are planned by sizes, so these are told not to be small."""
    sql.ask("SELECT mh_follow_events(), mh_tell(0, NULL, '{1}', NULL)")
    watch.session.ask("SET enable_seqscan = off")
    check(watch.plans(look.format(uuid(3))), "job_id_key")


def test_acts(watch, sql):
    ids = dispatch(sql, 2)
    check(
        watch.plans(f"SELECT * FROM mh_act(0::smallint, '{{{ids[0]}}}')"),
        "using job_id_key",
        "using ready_pkey",
    )
    check(watch.plans(f"SELECT * FROM mh_act(1::smallint, '{{{ids[0]}}}')"))
    check(watch.plans(f"SELECT * FROM mh_act(2::smallint, '{{{ids[0]}}}')"), "using ready_moved")


@pytest.mark.parametrize(
    "filter, index",
    [
        ("NULL, NULL, NULL", "using job_pkey"),
        (f"NULL, NULL, '{DEFAULT_TENANT}'", "using job_tenant"),
        ("NULL, 'a', NULL", "using job_pkey"),
        ("'0', NULL, NULL", "using ready_pkey"),
        ("'2', NULL, NULL", "using done_pkey"),
        ("'3', NULL, NULL", "using done_bad"),
        (f"'4', 'a', '{DEFAULT_TENANT}'", "using job_tenant"),
        ("'1', NULL, NULL", "on lease"),
    ],
)
def test_pages(watch, sql, filter, index):
    check(watch.plans(f"SELECT * FROM mh_list({filter}, NULL, NULL, 50, true)"), index)


@pytest.mark.parametrize(
    "step, index",
    [
        ("mh_next_of_type('{1}', 1000)", "using job_tenant"),
        ("mh_next_pending('{1}', 1000, 10)", "using ready_moved"),
        ("mh_next_pending('{1}', 1000, 10)", "using scheduled_pkey"),
        ("mh_passing('{1,2}', '2', '{1}', NULL)", "using done_pkey"),
        ("mh_take_ends('{1,2}')", "using done_pkey"),
        (f"mh_oldest_pending_of('{DEFAULT_TENANT}')", "using ready_pkey"),
        ("mh_counts(NULL)", "using job_pkey"),
    ],
)
def test_what_pages_and_counts_are_made_of(watch, step, index):
    check(watch.plans(f"SELECT * FROM {step}"), index)


def test_prune(watch, sql):
    act(sql, 0, *dispatch(sql, 3))
    check(watch.plans("SELECT mh_prune(1, 1, 10)"), "done_pkey", "job_pkey")
