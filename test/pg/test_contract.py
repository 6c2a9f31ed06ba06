"""The contract's functions and the view, as a client in any language uses them."""

import pytest

from conftest import DEFAULT_TENANT


def dispatch(sql, type="mail", more=""):
    return sql.one(f"SELECT dispatch_job('{DEFAULT_TENANT}', '{type}'{more})")


def field(sql, job, name):
    return sql.one(f"SELECT {name} FROM job_queue WHERE id = '{job}'")


def status(sql, job):
    return field(sql, job, "status")


FIELDS = [
    "id",
    "tenant_id",
    "type",
    "status",
    "priority",
    "payload",
    "result",
    "error",
    "progress",
    "worker_id",
    "attempts",
    "max_attempts",
    "run_at",
    "next_retry_at",
    "unique_key",
    "correlation_id",
    "created_at",
    "started_at",
    "completed_at",
    "traceparent",
]
TYPES = [
    "uuid",
    "uuid",
    "text",
    "job_status",
    "integer",
    "jsonb",
    "jsonb",
    "text",
    "real",
    "text",
    "integer",
    "integer",
    "timestamp with time zone",
    "timestamp with time zone",
    "text",
    "text",
    "timestamp with time zone",
    "timestamp with time zone",
    "timestamp with time zone",
    "text",
]


def test_the_view_has_the_fields_of_the_record_in_order(sql):
    rows = sql.ask(
        "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
        " WHERE attrelid = 'job_queue'::regclass AND attnum > 0 ORDER BY attnum"
    )
    assert [r[0] for r in rows] == FIELDS
    assert [r[1] for r in rows] == TYPES


@pytest.mark.parametrize(
    "signature, returns",
    [
        (
            "dispatch_job(tenant_id uuid, type text, payload jsonb, priority integer,"
            " run_at timestamp with time zone, max_attempts integer, unique_key text, "
            "correlation_id text, traceparent text)",
            "uuid",
        ),
        ("claim_job(worker_id text, lease interval)", "SETOF job_queue"),
        (
            "claim_jobs(worker_id text, max_jobs integer, types text[], lease interval)",
            "SETOF job_queue",
        ),
        ("claim_next_job()", "SETOF job_queue"),
        ("heartbeat(worker_id text)", "integer"),
        ("complete_job(job_id uuid, result jsonb, worker_id text)", "boolean"),
        ("fail_job(job_id uuid, error_msg text, worker_id text)", "boolean"),
        ("release_job(job_id uuid, worker_id text)", "boolean"),
        ("cancel_job(job_id uuid)", "boolean"),
        ("retry_job(job_id uuid)", "boolean"),
        ("reclaim_expired_jobs()", "integer"),
    ],
)
def test_functions_have_the_signatures_of_the_contract(sql, signature, returns):
    name = signature.partition("(")[0]
    rows = sql.ask(
        "SELECT proname || '(' || pg_get_function_identity_arguments(oid) || ')',"
        f" pg_get_function_result(oid) FROM pg_proc WHERE proname = '{name}'"
    )
    assert rows == [[signature, returns]]


def test_dispatch_jobs_gives_ids_in_the_order_given(sql):
    ids = sql.ask(
        f"SELECT * FROM dispatch_jobs('{DEFAULT_TENANT}', ARRAY['x','y'],"
        " ARRAY['{\"n\":1}','{\"n\":2}']::jsonb[])"
    )
    assert [field(sql, i[0], "payload->>'n'") for i in ids] == ["1", "2"]
    assert [field(sql, i[0], "type") for i in ids] == ["x", "y"]
    assert [i[0][14] for i in ids] == ["7", "7"]  # UUIDv7


def test_a_job_begins_with_the_contracts_defaults(sql):
    job = dispatch(sql)
    assert sql.ask(
        f"SELECT status, priority, payload, attempts, max_attempts, run_at = created_at,"
        f" correlation_id = id::text, result, error, progress, worker_id, started_at"
        f" FROM job_queue WHERE id = '{job}'"
    ) == [["pending", "0", "{}", "0", "3", "t", "t", None, None, None, None, None]]


TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_traceparent_is_kept_and_claimed(sql):
    later = "cc" + TRACEPARENT[2:] + "-more"
    ids = [
        dispatch(sql, more=f", traceparent => '{TRACEPARENT}'"),
        sql.one(
            f"SELECT * FROM dispatch_jobs('{DEFAULT_TENANT}', '{{a}}', '{{\"{{}}\"}}',"
            f" traceparents => '{{{later}}}')"
        ),
        sql.one(
            f"INSERT INTO job_queue (tenant_id, type, traceparent) VALUES ('{DEFAULT_TENANT}',"
            f" 'a', '{TRACEPARENT}') RETURNING id"
        ),
        dispatch(sql),
    ]
    want = [TRACEPARENT, later, TRACEPARENT, None]
    assert [field(sql, job, "traceparent") for job in ids] == want
    assert [row[0] for row in sql.ask("SELECT traceparent FROM claim_jobs('w', 9)")] == want
    assert sql.fails(f"UPDATE job_queue SET traceparent = NULL WHERE id = '{ids[0]}'") == "0A000"


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "x",
        TRACEPARENT + "-x",
        TRACEPARENT + "\n",
        TRACEPARENT.upper(),
        TRACEPARENT[:-1] + "G",
        "ff" + TRACEPARENT[2:],
        "00-" + "0" * 32 + TRACEPARENT[35:],
        TRACEPARENT[:36] + "0" * 16 + "-01",
        "cc" + TRACEPARENT[2:] + "x",
        "cc" + TRACEPARENT[2:] + "-\u00e4",
        "cc" + TRACEPARENT[2:] + "-" + "x" * 457,
    ],
)
def test_a_wrong_traceparent_is_refused(sql, wrong):
    one = f"SELECT dispatch_job('{DEFAULT_TENANT}', 'a', traceparent => '{wrong}')"
    many = (
        f"SELECT dispatch_jobs('{DEFAULT_TENANT}', '{{a,a}}', '{{\"{{}}\",\"{{}}\"}}',"
        f" traceparents => ARRAY[NULL, '{wrong}'])"
    )
    row = f"INSERT INTO job_queue (type, traceparent) VALUES ('a', '{wrong}')"
    assert [sql.fails(text) for text in (one, many, row)] == ["22023"] * 3
    assert sql.one("SELECT count(*) FROM job_queue") == "0"


def test_dispatch_is_part_of_the_callers_transaction(sql):
    sql.ask("BEGIN")
    dispatch(sql)
    sql.ask("ROLLBACK")
    assert sql.one("SELECT count(*) FROM job_queue") == "0"
    assert sql.ask("SELECT * FROM claim_job('w')") == []


def test_claim_job_gives_the_claimed_row(sql):
    job = dispatch(sql)
    rows = sql.ask(
        "SELECT id, status, worker_id, attempts, started_at IS NOT NULL FROM claim_job('w')"
    )
    assert rows == [[job, "processing", "w", "1", "t"]]
    assert sql.ask("SELECT * FROM claim_job('w')") == []


def test_claim_jobs_takes_only_the_types_asked_for(sql):
    a, b = dispatch(sql, "a"), dispatch(sql, "b")
    assert sql.ask("SELECT id FROM claim_jobs('w', 10, ARRAY['b', 'c'])") == [[b]]
    assert sql.ask("SELECT id FROM claim_jobs('w', 10)") == [[a]]
    assert sql.fails("SELECT * FROM claim_jobs('w', 0)") == "22023"


def test_claim_next_job_makes_a_worker_id(sql):
    job = dispatch(sql)
    rows = sql.ask("SELECT id, worker_id LIKE 'sql-%' FROM claim_next_job()")
    assert rows == [[job, "t"]]


def test_complete_job_is_refused_unless_the_worker_holds_it(sql):
    job = dispatch(sql)
    assert sql.one(f"SELECT complete_job('{job}')") == "f"
    sql.ask("SELECT * FROM claim_job('w')")
    assert sql.one(f"SELECT complete_job('{job}', '1', 'other')") == "f"
    assert status(sql, job) == "processing"
    assert sql.one(f"""SELECT complete_job('{job}', '{{"n": 1}}', 'w')""") == "t"
    assert sql.ask(
        f"SELECT status, result, completed_at IS NOT NULL, worker_id FROM job_queue"
        f" WHERE id = '{job}'"
    ) == [["completed", '{"n": 1}', "t", "w"]]
    assert sql.one(f"SELECT complete_job('{job}', '1', 'w')") == "f"


def test_complete_job_without_a_worker_is_an_operators_act(sql):
    job = dispatch(sql)
    sql.ask("SELECT * FROM claim_job('w')")
    assert sql.one(f"SELECT complete_job('{job}')") == "t"
    assert field(sql, job, "result") == "{}"


def test_fail_job_says_whether_it_will_be_retried(sql):
    job = dispatch(sql, more=", max_attempts => 2")
    sql.ask("SELECT * FROM claim_job('w')")
    assert sql.one(f"SELECT fail_job('{job}', 'boom', 'other')") == "f"
    assert sql.one(f"SELECT fail_job('{job}', 'boom', 'w')") == "t"
    assert sql.ask(
        f"SELECT status, error, attempts, next_retry_at = run_at,"
        f" run_at - now() BETWEEN '0.5 s' AND '1.3 s' FROM job_queue WHERE id = '{job}'"
    ) == [["pending", "boom", "1", "t", "t"]]
    assert sql.ask("SELECT * FROM claim_job('w')") == []
    sql.ask(f"UPDATE job_queue SET run_at = now() WHERE id = '{job}'")
    assert len(sql.ask("SELECT * FROM claim_job('w')")) == 1
    assert field(sql, job, "next_retry_at") is None
    assert sql.one(f"SELECT fail_job('{job}', 'again', 'w')") == "f"
    assert sql.ask(
        f"SELECT status, error, attempts, completed_at IS NOT NULL FROM job_queue"
        f" WHERE id = '{job}'"
    ) == [["failed", "again", "2", "t"]]


def test_release_job_does_not_count_the_attempt(sql):
    job = dispatch(sql)
    sql.ask("SELECT * FROM claim_job('w')")
    assert sql.one(f"SELECT release_job('{job}', 'other')") == "f"
    assert sql.one(f"SELECT release_job('{job}', 'w')") == "t"
    assert sql.ask(f"SELECT status, attempts, worker_id FROM job_queue WHERE id = '{job}'") == [
        ["pending", "0", None]
    ]


def test_heartbeat_counts_and_prolongs(sql):
    dispatch(sql)
    dispatch(sql)
    sql.ask("SELECT * FROM claim_jobs('w', 2, lease => '1 hour')")
    assert sql.one("SELECT heartbeat('w')") == "2"
    assert sql.one("SELECT heartbeat('nobody')") == "0"


def test_reclaim_takes_back_what_silent_workers_hold(sql):
    job = dispatch(sql, more=", max_attempts => 2")
    sql.ask("SELECT * FROM claim_job('w', '1 millisecond')")
    sql.ask("SELECT pg_sleep(0.01)")
    assert sql.one("SELECT reclaim_expired_jobs()") == "1"
    assert sql.ask(f"SELECT status, error, attempts FROM job_queue WHERE id = '{job}'") == [
        ["pending", "lease expired", "1"]
    ]
    assert sql.one(f"SELECT complete_job('{job}', '1', 'w')") == "f"
    sql.ask("SELECT * FROM claim_job('w2', '1 millisecond')")
    sql.ask("SELECT pg_sleep(0.01)")
    assert sql.one("SELECT reclaim_expired_jobs()") == "1"
    assert status(sql, job) == "failed"
    assert sql.one("SELECT reclaim_expired_jobs()") == "0"


def test_stats_count_by_status(sql):
    jobs = [dispatch(sql) for _ in range(6)]
    sql.ask("SELECT * FROM claim_jobs('w', 3)")
    sql.ask(f"SELECT complete_job('{jobs[0]}')")
    sql.ask(f"SELECT mh_finish_by_hand('{jobs[1]}', 2::smallint, NULL, 'x', NULL, NULL)")
    sql.ask(f"SELECT cancel_job('{jobs[5]}')")
    want = [["2", "1", "1", "1", "1"]]
    counts = (
        "SELECT pending_count, processing_count, completed_count, failed_count, cancelled_count"
        " FROM get_queue_stats()"
    )
    assert sql.ask(counts) == want
    sql.ask("SELECT mh_upkeep()")
    assert sql.ask(counts) == want
    assert sql.one("SELECT oldest_pending_age > '0 s' FROM get_queue_stats()") == "t"


# --- the view


def test_insert_dispatches(sql):
    rows = sql.ask(
        f"INSERT INTO job_queue (tenant_id, type, payload, priority, max_attempts)"
        f" VALUES ('{DEFAULT_TENANT}', 'mail', '{{\"a\": 1}}', 7, 5)"
        " RETURNING status, type, payload, priority, attempts, max_attempts"
    )
    assert rows == [["pending", "mail", '{"a": 1}', "7", "0", "5"]]
    assert sql.one("SELECT count(*) FROM claim_job('w')") == "1"


def test_insert_keeps_a_given_id(sql):
    id = "01890000-0000-7000-8000-000000000001"
    insert = (
        f"INSERT INTO job_queue (id, tenant_id, type) VALUES ('{id}', '{DEFAULT_TENANT}', 'mail')"
    )
    sql.ask(insert)
    assert status(sql, id) == "pending"
    assert sql.fails(insert) == "23505"


CLASSIC = (
    "UPDATE job_queue SET status='processing', worker_id='{}' WHERE id=(SELECT id FROM"
    " job_queue WHERE status='pending' ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
    " RETURNING *"
)


def test_the_classic_claim(sql):
    job = dispatch(sql)
    rows = sql.ask(CLASSIC.format("classic"))
    assert [rows[0][0], rows[0][3], rows[0][9], rows[0][10]] == [job, "processing", "classic", "1"]
    assert sql.ask(CLASSIC.format("classic")) == []
    rows = sql.ask(
        f"UPDATE job_queue SET status='completed', result='[1]' WHERE id='{job}'"
        " RETURNING status, result"
    )
    assert rows == [["completed", "[1]"]]


def test_the_view_fails_and_retries(sql):
    job = dispatch(sql)
    sql.ask(CLASSIC.format("w"))
    sql.ask(
        f"UPDATE job_queue SET status='pending', error='boom', next_retry_at=now() + '1 hour'"
        f" WHERE id='{job}'"
    )
    assert sql.ask(
        f"SELECT status, error, attempts, next_retry_at > now() + '59 min' FROM job_queue"
        f" WHERE id='{job}'"
    ) == [["pending", "boom", "1", "t"]]
    sql.ask(f"UPDATE job_queue SET run_at=now() WHERE id='{job}'")
    sql.ask(CLASSIC.format("w"))
    sql.ask(f"UPDATE job_queue SET status='failed', error='bang' WHERE id='{job}'")
    assert sql.ask(f"SELECT status, error, attempts FROM job_queue WHERE id='{job}'") == [
        ["failed", "bang", "2"]
    ]
    sql.ask(f"UPDATE job_queue SET status='pending' WHERE id='{job}'")
    assert sql.ask(f"SELECT status, attempts FROM job_queue WHERE id='{job}'") == [["pending", "0"]]


def test_priority_and_run_at_of_a_pending_job_change(sql):
    first, second = dispatch(sql), dispatch(sql)
    sql.ask(f"UPDATE job_queue SET priority=9 WHERE id='{second}'")
    sql.ask(f"UPDATE job_queue SET run_at=now() + '1 hour' WHERE id='{first}'")
    assert field(sql, second, "priority") == "9"
    assert sql.ask("SELECT id FROM claim_jobs('w', 2)") == [[second]]


@pytest.mark.parametrize(
    "change, state",
    [
        ("type = 'x'", "0A000"),
        ("payload = '[]'", "0A000"),
        ("status = 'completed'", "55000"),
        ("status = 'processing'", "23502"),
        ("priority = 101", "22023"),
        ("max_attempts = 9", "0A000"),
    ],
)
def test_changes_that_a_pending_job_does_not_know_are_errors(sql, change, state):
    dispatch(sql)
    assert sql.fails(f"UPDATE job_queue SET {change}") == state


def test_delete_removes_but_never_what_is_processing(sql):
    job = dispatch(sql)
    sql.ask("SELECT * FROM claim_job('w')")
    assert sql.fails(f"DELETE FROM job_queue WHERE id='{job}'") == "55000"
    sql.ask(f"SELECT complete_job('{job}')")
    assert sql.ask(f"DELETE FROM job_queue WHERE id='{job}' RETURNING id") == [[job]]
    assert sql.one("SELECT count(*) FROM job_queue") == "0"
    assert sql.one("SELECT completed_count FROM get_queue_stats()") == "0"


# --- wrong input


@pytest.mark.parametrize(
    "arguments, state",
    [
        (f"'{DEFAULT_TENANT}', 'no blanks'", "22023"),
        (f"'{DEFAULT_TENANT}', ''", "22023"),
        (f"'{DEFAULT_TENANT}', NULL", "22023"),
        (f"'{DEFAULT_TENANT}', 'a', '[]'", "22023"),
        (f"'{DEFAULT_TENANT}', 'a', NULL", "22023"),
        (f"'{DEFAULT_TENANT}', 'a', '1'", "22023"),
        (f"'{DEFAULT_TENANT}', 'a', priority => 101", "22023"),
        (f"'{DEFAULT_TENANT}', 'a', priority => -1", "22023"),
        (f"'{DEFAULT_TENANT}', 'a', max_attempts => 0", "22023"),
        (f"'{DEFAULT_TENANT}', 'a', max_attempts => 1001", "22023"),
        (f"'{DEFAULT_TENANT}', 'a', unique_key => ''", "22023"),
        (f"'{DEFAULT_TENANT}', 'a', unique_key => repeat('x', 201)", "22023"),
        (f"'{DEFAULT_TENANT}', 'a', correlation_id => E'a\\nb'", "22023"),
        (f"'{DEFAULT_TENANT}', 'a', jsonb_build_object('k', repeat('x', 1048576))", "54000"),
        ("'11111111-1111-1111-1111-111111111111', 'a'", "23503"),
        ("NULL, 'a'", "23503"),
    ],
)
def test_what_is_not_a_job_is_refused(sql, arguments, state):
    assert sql.fails(f"SELECT dispatch_job({arguments})") == state
    assert sql.one("SELECT count(*) FROM job_queue") == "0"


def test_a_payload_of_the_limit_is_taken(sql):
    job = dispatch(sql, more=", jsonb_build_object('k', repeat('x', 1048576 - 9))")
    assert field(sql, job, "octet_length(payload::text)") == "1048576"


def test_an_error_never_shows_the_payload(db, sql):
    sql.fails(f"SELECT dispatch_job('{DEFAULT_TENANT}', 'bad type', '{{\"k\": \"secret-7\"}}')")
    sql.fails(f"SELECT dispatch_job('{DEFAULT_TENANT}', 'a', '[\"secret-7\"]')")
    sql.fails(f"SELECT complete_job('{dispatch(sql)}', '\"secret-7\"', repeat('w', 300), 1)")
    log = (db.server.dir / "log").read_text()
    errors = [line for line in log.splitlines() if "STATEMENT" not in line]
    assert not any("secret-7" in line for line in errors if "dispatch_job" not in line)


def test_the_thousand_and_first_type_is_refused(sql):
    sql.ask(
        f"SELECT dispatch_jobs('{DEFAULT_TENANT}', array_agg('t' || g), array_agg('{{}}'::jsonb))"
        " FROM generate_series(1, 1000) g"
    )
    assert sql.fails(f"SELECT dispatch_job('{DEFAULT_TENANT}', 'one-more')") == "54000"
    sql.ask("DELETE FROM job_queue WHERE type = 't500'")
    dispatch(sql, "one-more")
    assert sql.fails(f"SELECT dispatch_job('{DEFAULT_TENANT}', 'and-another')") == "54000"


# --- plans


@pytest.mark.parametrize(
    "plan, priority", [("free", "0"), ("starter", "5"), ("pro", "10"), ("enterprise", "10")]
)
def test_priority_comes_from_the_plan(sql, plan, priority):
    tenant = "11111111-1111-1111-1111-111111111111"
    sql.ask(f"INSERT INTO tenants (id, name, plan) VALUES ('{tenant}', 'acme', '{plan}')")
    job = sql.one(f"SELECT dispatch_job('{tenant}', 'a')")
    many = sql.one(f"SELECT dispatch_jobs('{tenant}', ARRAY['a'], ARRAY['{{}}']::jsonb[])")
    assert [field(sql, j, "priority") for j in (job, many)] == [priority] * 2
    assert (
        field(sql, sql.one(f"SELECT dispatch_job('{tenant}', 'a', priority => 3)"), "priority")
        == "3"
    )
