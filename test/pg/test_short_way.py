"""The short way of a claim on an idle queue, and the first claim of a session, give what the long
way gives, which a claim without a cursor takes, and leave to it what is out of the ordinary."""

import pytest

from test_engine import DONE, RELEASED, RETRY, Engine, bulk, dispatch, uuid

TYPES = ["a", "b"]
LONG = "mh_served(text[], bigint[], boolean, boolean, bigint)"


def nothing(sql, other):
    pass


def one(sql, other):
    dispatch(sql)


def one_with_a_key(sql, other):
    dispatch(sql, more=", unique_key => 'k'")


def one_of_each(sql, other):
    dispatch(sql, more=", priority => 1")
    dispatch(sql, type="b", more=", priority => 2")


def three_merged(sql, other):
    dispatch(sql, type="b")
    dispatch(sql, 2)


def one_handed_back(sql, other):
    dispatch(sql)
    other.finish(other.claim(1)[1], RELEASED)


def one_that_failed(sql, other):
    dispatch(sql)
    other.claim(1)
    sql.ask("UPDATE lease SET claimed_at = '2000-01-01', lease_ms = 1")
    sql.ask("UPDATE worker SET beat_at = '2000-01-01' WHERE name = 'other'")
    assert sql.one("SELECT mh_reclaim(9)") == "1"


def one_soon(sql, other):
    dispatch(sql, more=", run_at => now() + interval '1 hour'")


def one_and_one_soon(sql, other):
    one_soon(sql, other)
    dispatch(sql)


def chunk(sql, other):
    bulk(sql, [uuid(n) for n in range(3)])


def due(sql, other):
    one_soon(sql, other)
    sql.ask("UPDATE scheduled SET run_at = '2000-01-01'")
    dispatch(sql)


def paused(sql, other):
    dispatch(sql)
    sql.ask("SELECT mh_type_pause('a', true)")


def limited(sql, other):
    dispatch(sql, 2)
    sql.ask("SELECT mh_type_limit('a', 1, -1, -1, NULL)")


def followed(sql, other):
    dispatch(sql)
    sql.ask("SELECT mh_follow_events()")


def gone(sql, other):
    dispatch(sql)
    sql.ask("SELECT mh_leave(number) FROM worker WHERE name = 'w'")


def later(sql, other):
    dispatch(sql, 70, "other")
    dispatch(sql)


# What is there, how many are wanted, and whether the short way is for it, and the first claim.
CASES = [
    (nothing, 1, True, False),
    (nothing, 9, True, False),
    (one, 1, True, True),
    (one, 9, True, True),
    (one_with_a_key, 1, True, True),
    (one_of_each, 1, True, True),
    (one_of_each, 9, False, False),
    (three_merged, 1, True, True),
    (three_merged, 2, False, False),
    (one_handed_back, 9, True, True),
    (one_that_failed, 9, True, False),
    (one_soon, 9, True, False),
    (one_and_one_soon, 9, True, True),
    (chunk, 1, False, False),
    (due, 1, False, False),
    (paused, 9, False, False),
    (limited, 9, False, False),
    (later, 9, False, True),
    (followed, 9, False, False),  # from here on: a sequence is not rolled back
    (gone, 9, False, False),
    (one, 0, False, False),
]


def calls(sql):
    """How often a claim of this session went the long way since functions are tracked."""
    return sql.one(f"SELECT pg_stat_get_xact_function_calls('{LONG}'::regprocedure)")


def claim(worker, most, cursor, by="mh_claim"):
    """A claim that is undone: what it says, its jobs, what it told and its lease, all but for the
    time; and whether it went the long way."""
    sql = worker.session
    before = calls(sql)
    sql.ask("SAVEPOINT claim")
    worker.cursor = cursor
    found = worker.claim(most, TYPES, by)
    told = sql.one("SELECT count(*) FROM event WHERE kind = 1")
    leases = sql.ask("SELECT worker, special, gated, seqs, lanes, attempts FROM lease ORDER BY id")
    sql.ask("ROLLBACK TO claim")
    long = calls(sql) != before
    if found is None:
        return None, long
    head, jobs = found
    for job in jobs:
        del job["lease"]
    soon = len(jobs) < most and round(int(head["next_due_ms"]) / 60000)
    return (head["running"], soon, jobs, told, leases), long


def make_idle(worker):
    """The cursor of a worker that has found nothing."""
    worker.finish(jobs, DONE) if (jobs := worker.claim(99)[1]) else None
    assert worker.claim(99, TYPES)[1] == []
    return worker.cursor


def test_both_ways_give_the_same(sql):
    for type in TYPES:
        dispatch(sql, type=type)
    worker, other = Engine(sql), Engine(sql, "other")
    for there, most, short, first in CASES:
        case = f"{there.__name__}, {most}"
        idle = make_idle(worker)
        sql.ask("SET track_functions = 'all'; BEGIN")
        there(sql, other)
        by_short, went_long = claim(worker, most, idle)
        assert went_long == (not short and there is not gone), case
        by_long, went_long = claim(worker, most, None)
        assert went_long == (there is not gone), case
        assert by_short == by_long, case
        by_first, went_long = claim(worker, most, None, "mh_claim_first")
        assert went_long == (not first and there is not gone), case
        if first:  # it does not look for what becomes due: it is followed by another
            assert by_first[1] == 0
            by_first = by_first[:1] + by_long[1:2] + by_first[2:]
        assert by_first == by_long, case
        sql.ask("ROLLBACK")


@pytest.mark.parametrize("most", [1, 9])
def test_the_short_way_passes_over_what_another_has(db, sql, most):
    for type in TYPES:
        dispatch(sql, type=type)
    worker, other = Engine(sql), Engine(db.connect(), "other")
    make_idle(worker)
    ids = dispatch(sql, 2)
    other.session.ask("BEGIN")
    assert other.ids(1, TYPES) == ids[:1]
    assert worker.ids(most, TYPES) == ids[1:]
    assert worker.claim(most, TYPES)[0]["next_due_ms"] == "50"
    assert worker.claim(most, TYPES, "mh_claim_first")[0]["next_due_ms"] == "50"
    other.session.ask("ROLLBACK")
    assert worker.ids(most, TYPES) == ids[:1]


def test_the_short_way_leads_on_until_there_is_more(sql):
    worker = Engine(sql)
    dispatch(sql)
    assert len(worker.ids(9, TYPES)) == 1
    sql.ask("SET track_functions = 'all'; BEGIN")
    for n in range(3):
        assert worker.ids(9, TYPES) == []
        ids = dispatch(sql)
        assert worker.ids(9, TYPES) == ids
    assert calls(sql) is None
    ids = dispatch(sql, 3)
    assert worker.ids(2, TYPES) == ids[:2]
    assert worker.ids(2, TYPES) == ids[2:]
    assert calls(sql) == "2"
    sql.ask("COMMIT")
