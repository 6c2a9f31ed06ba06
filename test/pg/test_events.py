"""Events: what writes them, that none is lost beside late commits, and that old ones leave
nothing behind.
"""

import json

import pytest

from conftest import DEFAULT_TENANT, wait_until

KINDS = "dispatched claimed progress log completed failed retried released cancelled".split()


@pytest.fixture
def followed(sql):
    sql.ask("SELECT mh_follow_events()")
    return sql


def read(session, after=(0, 0), most=1000):
    """The horizon, and [(pos, place, kind, id, worker, text)]."""
    rows = session.ask(
        "SELECT cursor, pos, place, kind, id, worker_id, text"
        f" FROM mh_events({after[0]}, {after[1]}, NULL, {most})"
    )
    events = [(int(r[1]), int(r[2]), KINDS[int(r[3])], *r[4:]) for r in rows[1:]]
    return int(rows[0][0]), events


def kinds(session):
    return [event[2] for event in read(session)[1]]


def test_who_follows_sees_no_claim_that_a_crash_may_undo(followed):
    dispatch(followed)
    followed.ask("SELECT mh_join('w', 60000, NULL)")
    followed.ask("BEGIN")
    followed.ask("SELECT set_config('synchronous_commit', 'off', true)")
    followed.ask("SELECT FROM mh_claim(1, 1, '{t}', NULL)")
    assert followed.one("SHOW synchronous_commit") == "on"
    followed.ask("COMMIT")
    assert kinds(followed) == ["dispatched", "claimed"]


def dispatch(session, n=1):
    """Dispatches n jobs in one call; the id of the first."""
    call = (
        f"dispatch_job('{DEFAULT_TENANT}', 't')"
        if n == 1
        else f"dispatch_jobs('{DEFAULT_TENANT}', array_fill('t'::text, ARRAY[{n}]),"
        f" array_fill('{{}}'::jsonb, ARRAY[{n}]))"
    )
    return session.ask(f"SELECT {call}")[0][0]


def test_what_sql_clients_do_is_told(followed):
    sql = followed
    job = dispatch(sql)
    sql.ask("SELECT claim_job('w')")
    sql.ask(f"SELECT release_job('{job}', 'w')")
    sql.ask("SELECT claim_next_job()")
    sql.ask(f"SELECT fail_job('{job}', 'no luck')")
    sql.ask(f"SELECT cancel_job('{job}')")
    sql.ask(f"SELECT retry_job('{job}')")
    other = dispatch(sql)
    sql.ask("SELECT claim_job('w')")
    sql.ask(f"SELECT complete_job('{other}')")
    events = read(sql)[1]
    assert [e[2] for e in events if e[3] == job] == (
        "dispatched claimed released claimed retried cancelled retried".split()
    )
    assert [e[2] for e in events if e[3] == other] == "dispatched claimed completed".split()
    assert events[4][5] == "no luck"


def test_what_is_written_through_the_view_is_told(followed):
    sql = followed
    job = sql.one(
        "INSERT INTO job_queue (tenant_id, type) VALUES ('%s', 't') RETURNING id" % DEFAULT_TENANT
    )
    update = f"UPDATE job_queue SET %s WHERE id = '{job}'"
    for change in (
        "status = 'processing', worker_id = 'w'",
        "progress = 0.5",
        "status = 'pending'",
        "status = 'processing', worker_id = 'w'",
        "status = 'failed', error = 'bad'",
        "status = 'pending'",
        "status = 'cancelled'",
    ):
        sql.ask(update % change)
    assert kinds(sql) == (
        "dispatched claimed progress released claimed failed retried cancelled".split()
    )
    assert [e[4] for e in read(sql)[1]] == [None, "w", "w", "w", "w", "w", None, None]


def test_a_call_writes_one_row(followed):
    sql = followed
    dispatch(sql, n=1000)
    claimed = sql.ask("SELECT lease, seq FROM mh_claim(mh_join('w', 1000, NULL), 1000, NULL, NULL)")
    seqs = ",".join(row[1] for row in claimed[1:])
    sql.ask(
        f"SELECT mh_finish(array_fill({claimed[0][0]}::bigint, ARRAY[1000]), '{{{seqs}}}',"
        " array_fill(0::smallint, ARRAY[1000]), NULL, NULL, NULL, NULL)"
    )
    assert sql.ask("SELECT kind, n FROM event ORDER BY pos") == [
        ["0", "1000"],
        ["1", "1000"],
        ["4", "1000"],
    ]
    assert len(read(sql)[1]) == 1000


def test_one_that_commits_late_is_not_lost(db, followed):
    """A reader that goes on from what is settled meets it; what is beyond comes at once."""
    late, reader = db.connect(), db.connect()
    early = dispatch(followed)
    late.ask("BEGIN")
    slow = dispatch(late)
    quick = dispatch(followed)
    horizon, events = read(reader)
    assert [e[3] for e in events] == [early, quick]
    assert events[0][0] <= horizon < events[1][0] - 1
    late.ask("COMMIT")
    again, events = read(reader, (horizon, 2147483647))
    assert [e[3] for e in events] == [slow, quick]
    assert again == events[1][0]
    assert read(reader, (again, 2147483647)) == (again, [])


def test_one_under_way_while_the_reader_looks_is_not_lost(db, followed):
    """Writers and a reader at once: in the end each event was given, in the order of positions."""
    writers = [db.connect() for _ in range(3)]
    for writer in writers:
        writer.send(
            "DO $$ BEGIN FOR i IN 1..150 LOOP PERFORM dispatch_job"
            f"('{DEFAULT_TENANT}', 't'); COMMIT; END LOOP; END $$"
        )
    seen, after = set(), (0, 0)

    def all_seen():
        nonlocal after
        horizon, events = read(followed, after)
        settled = [e for e in events if e[0] <= horizon]
        assert all(e[:2] not in seen for e in settled)
        seen.update(e[:2] for e in settled)
        after = (horizon, 2147483647)
        return len(seen) == 450

    wait_until(all_seen, "all events given")
    for writer in writers:
        writer.receive()


def test_reading_goes_on_within_a_row(followed):
    dispatch(followed, n=30)
    after, given = (0, 0), []
    while events := read(followed, after, 7)[1]:
        given += [e[:2] for e in events]
        after = given[-1]
    assert given == [e[:2] for e in read(followed)[1]] and len(given) == 30


def turn(sql):
    """A day and a half goes by, or so it says."""
    sql.ask("UPDATE follow SET turned_at = turned_at - interval '13 hours'")
    sql.ask("SELECT mh_upkeep()")


def test_old_events_go_as_a_whole_also_under_a_held_snapshot(db, followed):
    sql, holder = followed, db.connect()
    holder.ask("BEGIN ISOLATION LEVEL REPEATABLE READ")
    holder.ask("SELECT count(*) FROM done")
    dispatch(sql, n=500)
    first = read(sql)[1][0][0]
    for _ in range(2):
        turn(sql)
        dispatch(sql)
    assert len(read(sql)[1]) == 502
    assert sql.one(f"SELECT gap FROM mh_events({first}, 600, NULL, 1) LIMIT 1") == "f"
    turn(sql)
    assert len(read(sql)[1]) == 2
    assert sql.one(f"SELECT gap FROM mh_events({first - 1}, 0, NULL, 1) LIMIT 1") == "t"
    assert (
        sql.one(
            "SELECT min(pg_table_size(inhrelid)) FROM pg_inherits"
            " WHERE inhparent = 'event'::regclass"
        )
        == "8192"
    )
    holder.ask("COMMIT")


def test_who_stands_on_the_next_part_delays_the_turn_alone(db, followed):
    sql, dump = followed, db.connect()
    dump.ask("BEGIN")
    dump.ask("SELECT count(*) FROM event")
    dispatch(sql, n=3)
    turn(sql)
    dispatch(sql)
    assert sql.one("SELECT count(DISTINCT turn) FROM event") == "1"
    dump.ask("COMMIT")
    sql.ask("SELECT mh_upkeep()")
    dispatch(sql)
    assert sql.one("SELECT count(DISTINCT turn) FROM event") == "2"
    assert len(read(sql)[1]) == 5


def test_a_tenant_reads_its_own_and_may_not_follow(db, followed):
    own = "aaaaaaaa-0000-4000-8000-000000000001"
    followed.ask(f"INSERT INTO tenants (id, name) VALUES ('{own}', 'own')")
    job = followed.one(f"SELECT dispatch_job('{own}', 't')")
    other = dispatch(followed)
    session = db.connect(role="authenticated", claims=json.dumps({"tenant_id": own}))
    assert [e[3] for e in read(session)[1]] == [job]
    assert session.one(f"SELECT count(*) FROM mh_events(0, 0, '{other}', 10)") == "1"
    assert session.fails("SELECT mh_follow_events()") == "42501"


def test_reading_walks_what_it_gives(followed):
    """Ten thousand events behind and before the place: their rows are not looked at."""
    sql = followed
    sql.ask(
        "INSERT INTO event (turn, pos, at, kind, n, seqs)"
        " SELECT mh_event_turn(), nextval('event_pos'), now(), 0, 1, '{0}'"
        " FROM generate_series(1, 10000)"
    )
    dispatch(sql)
    after = read(sql, (-1, 0))[0] - 3
    sql.ask(
        "LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0;"
        " SET auto_explain.log_nested_statements = on; SET auto_explain.log_analyze = on;"
        " SET client_min_messages = log"
    )
    plan = "\n".join(
        row[0] or "" for row in sql.ask(f"SELECT * FROM mh_events({after}, 0, NULL, 9)")
    )
    sql.ask("SET client_min_messages = error; SET auto_explain.log_min_duration = -1")
    assert "event_0_pos_idx" in plan and "Seq Scan on event" not in plan
