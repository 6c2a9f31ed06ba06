"""Who may do what: every role x every table, view and function x own, other and no tenant.

The objects come from the catalogue and the rights expected from the lists here, so a new object
that nobody thought of is expected to be out of everybody's reach, and a new function that
somebody may execute must have its cells here.
"""

import json

import pytest

from conftest import DEFAULT_TENANT

OWN = "aaaaaaaa-0000-4000-8000-000000000001"
OTHER = "bbbbbbbb-0000-4000-8000-000000000002"

ASKING = {
    "mh_version",
    "mh_sees_all",
    "mh_my_tenant",
    "mh_status_now",
    "mh_list",
    "mh_attempts",
    "mh_stats",
    "get_queue_stats",
    "mh_tenants",
    "mh_follow",
    "mh_unfollow",
    "mh_schedules",
    "mh_events",
    "mh_credentials",
    "mh_projects",
    "mh_index_get",
    "mh_index_files",
    "mh_index_symbols",
    "mh_index_imports",
    "mh_index_search",
    "mh_blueprints",
}
WORKING = {
    "mh_join",
    "mh_leave",
    "mh_disown",
    "mh_claim",
    "mh_claim_first",
    "mh_finish",
    "mh_heartbeat",
    "mh_note",
    "mh_reclaim",
    "mh_prune",
    "mh_upkeep",
    "mh_sleep",
    "mh_awake",
    "mh_count",
    "mh_workers",
    "mh_types",
    "mh_overdue",
    "mh_limits",
    "claim_job",
    "claim_jobs",
    "claim_next_job",
    "heartbeat",
    "complete_job",
    "fail_job",
    "release_job",
    "reclaim_expired_jobs",
    "mh_schedules_due",
    "mh_schedule_fire",
    "mh_follow_events",
    "mh_credential_use",
    "mh_project_mark",
    "mh_project_sweep",
    "mh_index_begin",
    "mh_index_add",
    "mh_index_drop",
    "mh_index_publish",
    "mh_index_sweep",
    "mh_blueprint_add",
}
ACTING = {
    "mh_dispatch",
    "mh_dispatch_single",
    "mh_act",
    "mh_workers",
    "mh_types",
    "mh_limits",
    "mh_type_pause",
    "mh_type_limit",
    "mh_tenant_add",
    "mh_tenant_remove",
    "dispatch_job",
    "dispatch_jobs",
    "cancel_job",
    "retry_job",
    "mh_schedule_add",
    "mh_schedule_change",
    "mh_schedule_remove",
    "mh_credential_add",
    "mh_credential_change",
    "mh_credential_remove",
    "mh_project_add",
    "mh_project_remove",
}
MAY_EXECUTE = {
    "anon": set(),
    "nobody": set(),
    "millhand_view": set(),
    "millhand_worker": ASKING | WORKING | {"mh_speak"},
    "millhand_api": ASKING | ACTING | {"mh_speak", "mh_follow_events"},
    "authenticated": ASKING | ACTING,
    "service_role": ASKING | WORKING | ACTING,
    "millhand_observer": {
        "mh_version",
        "mh_count",
        "mh_stats",
        "mh_workers",
        "mh_types",
        "mh_overdue",
        "mh_limits",
        "get_queue_stats",
    },
}
ALL = {"SELECT", "INSERT", "UPDATE", "DELETE"}
ON_VIEW = {
    "millhand_worker": {"SELECT", "UPDATE"},
    "millhand_api": ALL,
    "authenticated": ALL,
    "service_role": ALL,
}
ON_TABLE = {("millhand_view", "job"): {"SELECT", "UPDATE"}} | {
    ("millhand_view", table): {"SELECT"}
    for table in ("done", "ready", "scheduled", "lease", "attempt", "progress", "worker", "lane")
}
ADD_SCHEDULE = (
    "SELECT mh_schedule_add('{tenant}', '{name}', 't', '* * * * *', 'UTC', NULL, 3, 0::smallint,"
    " true, false, now() - interval '1 minute', '{{}}')"
)
ADD_CREDENTIAL = "SELECT mh_credential_add('{tenant}', '{name}', 'u', 'h.org', 'k', 'sealed')"
ADD_PROJECT = (
    "SELECT mh_project_add(gen_random_uuid(), '{tenant}', '{name}', 'https://h.org/a', NULL, 'c')"
)
ADD_INDEX = (
    "INSERT INTO project_index (project, building)"
    " SELECT p.number, 1 FROM project p WHERE p.tenant_id = '{tenant}' RETURNING number"
)
INDEXED = json.dumps(
    [
        {
            **{name: 1 for name in ("size", "mtime_us", "lines", "code", "comments", "blanks")},
            "path": "a.c",
            "symbols": [{"line": 1, "name": "f", "kind": "function", "words": "WORDS"}],
            "imports": [{"line": 1, "target": "b.h"}],
        }
    ]
)
ADD_BLUEPRINT = (
    "INSERT INTO blueprint (project, version, tokens, markdown, json)"
    " SELECT p.number, 1, 0, '#', '{{}}' FROM project p WHERE p.tenant_id = '{tenant}'"
)
READ_INDEX = "SELECT count(*) FROM mh_index_{}('{{tenant}}', '{{project}}'{})"
APIS = ["millhand_api", "authenticated"]
WORKERS = ["millhand_worker", "service_role"]


@pytest.fixture
def nobody(sql):
    """A role with no rights but PUBLIC's."""
    if sql.one("SELECT count(*) FROM pg_roles WHERE rolname = 'nobody'") == "0":
        sql.ask("CREATE ROLE nobody")


@pytest.fixture
def jobs(sql):
    """A pending and a failed job, a schedule, a credential and a project of each tenant."""
    made = {}
    sql.ask("SELECT mh_follow_events()")
    for tenant, name in ((OWN, "own"), (OTHER, "other")):
        sql.ask(f"INSERT INTO tenants (id, name) VALUES ('{tenant}', '{name}')")
        made[name, "failed"] = sql.one(
            f"SELECT dispatch_job('{tenant}', 'f', '{{\"of\": \"{name}\"}}')"
        )
    sql.ask("SELECT count(*) FROM claim_jobs('w', 2)")
    for name in ("own", "other"):
        sql.ask(
            f"SELECT mh_finish_by_hand('{made[name, 'failed']}', 2::smallint, NULL, 'e', 0, NULL)"
        )
    for tenant, name in ((OWN, "own"), (OTHER, "other")):
        made[name, "pending"] = sql.one(f"SELECT dispatch_job('{tenant}', 'p')")
        sql.ask(ADD_SCHEDULE.format(tenant=tenant, name="s"))
        made[name, "schedule"] = sql.one(f"SELECT id FROM schedule WHERE tenant_id = '{tenant}'")
        sql.ask(ADD_CREDENTIAL.format(tenant=tenant, name="c"))
        sql.ask(ADD_PROJECT.format(tenant=tenant, name="x"))
        made[name, "credential"] = sql.one(
            f"SELECT id FROM credential WHERE tenant_id = '{tenant}'"
        )
        made[name, "project"] = sql.one(f"SELECT id FROM project WHERE tenant_id = '{tenant}'")
        made[name, "index"] = sql.one(ADD_INDEX.format(tenant=tenant))
        sql.ask(ADD_BLUEPRINT.format(tenant=tenant))
        index = made[name, "index"]
        words = INDEXED.replace("WORDS", f"{index}xf {index}yf ")
        sql.ask(f"SELECT mh_index_add({made[name, 'index']}, 1, '{words}')")
        sql.ask(f"SELECT mh_index_publish({made[name, 'index']}, 1, NULL, '{{}}')")
    return made


def claims(tenant=OWN, **more):
    return json.dumps({"tenant_id": tenant, **more})


def functions(sql):
    return sql.ask(
        "SELECT p.proname, p.oid::regprocedure, p.prosecdef, p.proconfig::text"
        " FROM pg_proc p WHERE p.pronamespace = 'millhand'::regnamespace"
    )


# --- rights, from the catalogue


@pytest.mark.parametrize("role", sorted(MAY_EXECUTE))
def test_a_role_may_execute_exactly_its_functions(sql, nobody, role):
    may = {
        name
        for name, oid, _, _ in functions(sql)
        if sql.one(f"SELECT has_function_privilege('{role}', '{oid}', 'EXECUTE')") == "t"
    }
    assert may == MAY_EXECUTE[role]


def test_public_may_execute_nothing(sql):
    assert (
        sql.ask(
            "SELECT p.proname FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', "
            "p.proowner))) a"
            " WHERE p.pronamespace = 'millhand'::regnamespace AND a.grantee = 0"
        )
        == []
    )


@pytest.mark.parametrize("role", sorted(MAY_EXECUTE))
def test_a_role_has_exactly_its_rights_on_relations(sql, nobody, role):
    for relation, kind in sql.ask(
        "SELECT relname, relkind FROM pg_class WHERE relnamespace ="
        " 'millhand'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')"
    ):
        if relation == "job_queue" and role == "millhand_view":
            continue  # the owner
        rights = (
            ["USAGE", "SELECT", "UPDATE"]
            if kind == "S"
            else ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]
        )
        test = "has_sequence_privilege" if kind == "S" else "has_table_privilege"
        has = {r for r in rights if sql.one(f"SELECT {test}('{role}', '{relation}', '{r}')") == "t"}
        want = (
            ON_VIEW.get(role, set())
            if relation == "job_queue"
            else ON_TABLE.get((role, relation), set())
        )
        assert has == want, relation


def test_row_level_security_is_enabled_and_forced_on_every_table(sql):
    assert (
        sql.ask(
            "SELECT relname FROM pg_class WHERE relnamespace = 'millhand'::regnamespace"
            " AND relkind IN ('r', 'p') AND NOT (relrowsecurity AND relforcerowsecurity)"
        )
        == []
    )


def test_everything_belongs_to_the_owner(sql):
    assert sql.ask(
        "SELECT relname FROM pg_class WHERE relnamespace = 'millhand'::regnamespace"
        " AND relkind IN ('r', 'v', 'S') AND relowner <> 'millhand_owner'::regrole"
    ) == [["job_queue"]]
    assert (
        sql.ask(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'millhand'::regnamespace"
            " AND proowner <> 'millhand_owner'::regrole"
        )
        == []
    )
    assert (
        sql.one("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = 'millhand_owner'")
        == "f"
    )


def test_functions_in_reach_run_as_the_owner_with_a_pinned_path(sql):
    reachable = set().union(*MAY_EXECUTE.values()) - {"mh_speak"}  # becomes somebody, as its caller
    for name, _, definer, config in functions(sql):
        if name in reachable:
            assert definer == "t", name
        if definer == "t":
            assert config and "search_path=millhand, pg_temp" in config, name


# --- what the rights come to, for those who speak for a tenant

# name -> (statement, answer for own, for other, with no tenant). The answer is the first field of
# the
# first row, or the SQLSTATE in a list; {tenant}, {pending}, {failed} are those of own or other.
DENIED = ["42501"]
ID = object()
API_CELLS = {
    "mh_version": ("SELECT mh_version() IS NULL", "t", "t", "t"),
    "mh_sees_all": ("SELECT mh_sees_all()", "f", "f", "f"),
    "mh_my_tenant": ("SELECT mh_my_tenant()", OWN, OWN, None),
    "mh_status_now": ("SELECT mh_status_now(0)", None, None, None),
    "mh_list": (
        "SELECT count(id) FROM mh_list(NULL, NULL, '{tenant}', NULL, NULL, 10, true)",
        "2",
        "0",
        "0",
    ),
    "mh_attempts": ("SELECT count(*) FROM mh_attempts('{failed}')", "1", "0", "0"),
    "mh_stats": ("SELECT failed FROM mh_stats('{tenant}')", "1", DENIED, DENIED),
    "get_queue_stats": ("SELECT failed_count FROM get_queue_stats()", "1", "1", DENIED),
    "mh_tenants": ("SELECT count(*) FROM mh_tenants() WHERE id = '{tenant}'", "1", "0", "0"),
    "mh_events": (
        "SELECT count(*) FROM mh_events(0, 0, NULL, 10) WHERE tenant_id = '{tenant}'",
        "4",
        "0",
        "0",
    ),
    "mh_follow": ("SELECT mh_follow()", "", "", ""),
    "mh_unfollow": ("SELECT mh_unfollow()", "", "", ""),
    "mh_dispatch": (
        "SELECT count(*) FROM mh_dispatch(ARRAY[gen_random_uuid()], ARRAY['{tenant}'::uuid],"
        " ARRAY['a'], ARRAY['{{}}'::jsonb], NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
        "0",
        DENIED,
        DENIED,
    ),
    "mh_dispatch_single": (
        "SELECT mh_dispatch_single(gen_random_uuid(), '{tenant}', 'a', '{{}}', NULL, NULL, NULL,"
        " NULL, NULL, NULL, NULL) IS NOT NULL",
        "t",
        DENIED,
        DENIED,
    ),
    "dispatch_job": ("SELECT dispatch_job('{tenant}', 'a') IS NOT NULL", "t", DENIED, DENIED),
    "dispatch_jobs": (
        "SELECT count(*) FROM dispatch_jobs('{tenant}', ARRAY['a'], ARRAY['{{}}'::jsonb])",
        "1",
        DENIED,
        DENIED,
    ),
    "mh_act": ("SELECT what FROM mh_act(0::smallint, ARRAY['{pending}'::uuid])", "0", "1", "1"),
    "cancel_job": ("SELECT cancel_job('{pending}')", "t", "f", "f"),
    "retry_job": ("SELECT retry_job('{failed}')", "t", "f", "f"),
    "mh_workers": ("SELECT count(*) FROM mh_workers()", DENIED, DENIED, DENIED),
    "mh_types": ("SELECT count(*) FROM mh_types()", DENIED, DENIED, DENIED),
    "mh_limits": ("SELECT count(*) FROM mh_limits()", DENIED, DENIED, DENIED),
    "mh_type_pause": ("SELECT mh_type_pause('p', true)", DENIED, DENIED, DENIED),
    "mh_type_limit": (
        "SELECT mh_type_limit('p', 1, -1, -1, NULL)",
        DENIED,
        DENIED,
        DENIED,
    ),
    "mh_tenant_add": (
        "SELECT name FROM mh_tenant_add(gen_random_uuid(), 'new', 'free')",
        DENIED,
        DENIED,
        DENIED,
    ),
    "mh_tenant_remove": ("SELECT mh_tenant_remove('{tenant}')", DENIED, DENIED, DENIED),
    "mh_schedules": (
        "SELECT count(*) FROM mh_schedules('{tenant}', NULL, true) WHERE name = 's'",
        "1",
        "0",
        "0",
    ),
    "mh_schedule_add": (ADD_SCHEDULE.replace("{name}", "new"), "", DENIED, DENIED),
    "mh_schedule_change": (
        "SELECT mh_schedule_change({schedule}, 1, 't', '* * * * *', 'UTC', NULL, 3, 0::smallint,"
        " true, true, NULL, '{{}}')",
        "1",
        "0",
        "0",
    ),
    "mh_schedule_remove": ("SELECT mh_schedule_remove('{tenant}', 's')", "1", "0", "0"),
    "mh_credentials": (
        "SELECT count(*) FROM mh_credentials('{tenant}', 'c', false)",
        "1",
        "0",
        "0",
    ),
    "mh_credential_add": (ADD_CREDENTIAL.replace("{name}", "new"), "", DENIED, DENIED),
    "mh_credential_change": (
        "SELECT mh_credential_change({credential}, 1, 'u', NULL, 'k', 'other')",
        "1",
        "0",
        "0",
    ),
    "mh_credential_remove": ("SELECT mh_credential_remove('{tenant}', 'c')", "1", "0", "0"),
    "mh_projects": ("SELECT count(*) FROM mh_projects('{tenant}', NULL, NULL)", "1", "0", "0"),
    "mh_project_add": (ADD_PROJECT.replace("{name}", "new"), "", DENIED, DENIED),
    "mh_project_remove": ("SELECT mh_project_remove('{tenant}', '{project}')", "1", "0", "0"),
    "mh_index_get": (READ_INDEX.format("get", ""), "1", "0", "0"),
    "mh_index_files": (READ_INDEX.format("files", ", NULL, '', true, 9"), "1", "0", "0"),
    "mh_index_symbols": (READ_INDEX.format("symbols", ", NULL, 0, 9"), "1", "0", "0"),
    "mh_index_imports": (READ_INDEX.format("imports", ", NULL, 0, 9"), "1", "0", "0"),
    "mh_blueprints": (
        "SELECT count(*) FROM mh_blueprints('{tenant}', '{project}', 0, 3, 9)",
        "1",
        "0",
        "0",
    ),
    "mh_index_search": (READ_INDEX.format("search", ", '{{f}}', 'f', 'f', 3, 9, 9"), "1", "0", "0"),
}
VIEW_CELLS = {
    "select": ("SELECT count(*) FROM job_queue WHERE tenant_id = '{tenant}'", "2", "0", "0"),
    "select by id": ("SELECT count(*) FROM job_queue WHERE id = '{pending}'", "1", "0", "0"),
    "lock": (
        "SELECT count(*) FROM (SELECT FROM job_queue WHERE id = '{pending}' FOR UPDATE) q",
        "1",
        "0",
        "0",
    ),
    "insert": (
        "INSERT INTO job_queue (tenant_id, type) VALUES ('{tenant}', 'a') RETURNING status",
        "pending",
        DENIED,
        DENIED,
    ),
    "cancel": (
        "UPDATE job_queue SET status = 'cancelled' WHERE id = '{pending}' RETURNING status",
        "cancelled",
        None,
        None,
    ),
    "retry": (
        "UPDATE job_queue SET status = 'pending' WHERE id = '{failed}' RETURNING status",
        "pending",
        None,
        None,
    ),
    "priority": (
        "UPDATE job_queue SET priority = 7 WHERE id = '{pending}' RETURNING priority",
        "7",
        None,
        None,
    ),
    "delete": (
        "DELETE FROM job_queue WHERE id = '{failed}' RETURNING status",
        "failed",
        None,
        None,
    ),
    "claim": (
        "UPDATE job_queue SET status = 'processing', worker_id = 'w' WHERE id = '{pending}'"
        " RETURNING status",
        DENIED,
        None,
        None,
    ),
}


def answer(session, statement):
    from conftest import SqlError

    try:
        rows = session.ask(statement)
    except SqlError as error:
        return [error.state]
    return rows[0][0] if rows else None


def cells(session, jobs, statement, own, other, none, claim):
    """Asks as own, for other, and with no tenant, each rolled back."""
    for who, want, given in (
        ("own", own, claim),
        ("other", other, claim),
        ("own", none, ""),
        ("own", none, "{}"),
    ):
        text = statement.format(
            tenant={"own": OWN, "other": OTHER}[who],
            pending=jobs[who, "pending"],
            failed=jobs[who, "failed"],
            schedule=jobs[who, "schedule"],
            credential=jobs[who, "credential"],
            project=jobs[who, "project"],
        )
        session.claim(given)
        session.ask("BEGIN")
        got = answer(session, text)
        session.ask("ROLLBACK")
        assert got == want, (who, given, text)


def test_every_function_of_the_api_has_its_cells():
    assert set(API_CELLS) == ASKING | ACTING


@pytest.mark.parametrize("role", APIS)
@pytest.mark.parametrize(
    "claim",
    [claims(), json.dumps({"app_metadata": {"tenant_id": OWN}})],
    ids=["tenant_id", "app_metadata"],
)
def test_the_api_acts_for_its_tenant_only(db, jobs, role, claim):
    session = db.connect(role=role)
    for statement, own, other, none in (API_CELLS | VIEW_CELLS).values():
        cells(session, jobs, statement, own, other, none, claim)


@pytest.mark.parametrize("role", APIS)
def test_a_super_admin_acts_for_every_tenant(db, jobs, role):
    session = db.connect(role=role)
    claim = json.dumps({"app_metadata": {"role": "super_admin"}})
    for name, (statement, own, _, _) in (API_CELLS | VIEW_CELLS).items():
        if own == DENIED and name == "claim":
            want = DENIED
        elif name in ("mh_sees_all",):
            want = "t"
        elif name in ("mh_my_tenant",):
            want = None
        elif name == "get_queue_stats":
            want = "2"
        else:
            want = own
        for who in ("own", "other"):
            text = statement.format(
                tenant={"own": OWN, "other": OTHER}[who],
                pending=jobs[who, "pending"],
                failed=jobs[who, "failed"],
                schedule=jobs[who, "schedule"],
                credential=jobs[who, "credential"],
                project=jobs[who, "project"],
            )
            session.claim(claim)
            session.ask("BEGIN")
            got = answer(session, text)
            session.ask("ROLLBACK")
            if want == DENIED and name != "claim":
                assert got != DENIED, text
            else:
                assert got == want, text


def test_the_role_of_a_claim_outside_app_metadata_means_nothing(db, jobs):
    session = db.connect(role="authenticated", claims=claims(role="super_admin"))
    assert session.one("SELECT count(*) FROM job_queue") == "2"


@pytest.mark.parametrize("claim", ['{"tenant_id": "no uuid"}', "no json"])
def test_claims_that_cannot_be_read_see_nothing(db, jobs, claim):
    session = db.connect(role="authenticated", claims=claim)
    assert session.fails("SELECT count(*) FROM job_queue") == "22P02"
    assert session.fails(f"SELECT dispatch_job('{OWN}', 'a')") == "22P02"


def test_a_function_that_leaks_its_arguments_gets_only_own_rows(db, sql, jobs):
    sql.ask("CREATE SCHEMA IF NOT EXISTS leak; GRANT USAGE, CREATE ON SCHEMA leak TO authenticated")
    session = db.connect(role="authenticated", claims=claims())
    session.ask(
        "CREATE OR REPLACE FUNCTION leak.leak(jsonb) RETURNS boolean LANGUAGE plpgsql COST"
        " 0.0000001 AS $$BEGIN RAISE NOTICE 'seen %', $1; RETURN true; END$$"
    )
    session.ask("SET client_min_messages = notice")
    seen = session.ask("SELECT 'row' FROM job_queue WHERE leak.leak(payload)")
    session.ask("RESET client_min_messages")
    sql.ask("DROP SCHEMA leak CASCADE")
    text = " ".join(str(row) for row in seen)
    assert '"own"' in text and '"other"' not in text


# --- workers and the rest


@pytest.mark.parametrize("role", WORKERS)
def test_workers_fire_the_schedules_of_every_tenant(db, jobs, role):
    session = db.connect(role=role)
    due = session.ask(
        "SELECT id, revision, next_at FROM mh_schedules_due(10, 0) WHERE id IS NOT NULL"
    )
    assert len(due) == 2
    for id_, revision, slot in due:
        fire = (
            f"SELECT count(*) FROM mh_schedule_fire({id_}, {revision}, '{slot}', '{slot}', NULL,"
            f" ARRAY[gen_random_uuid()], ARRAY['{slot}'::timestamptz], NULL, NULL)"
        )
        assert session.one(fire) == "1"
        assert session.one(fire) == "0"
    assert session.one("SELECT count(*) FROM job_queue WHERE type = 't'") == "2"


def test_sealed_bytes_are_for_the_owner_alone(db, sql, jobs):
    statement = "SELECT sealed FROM mh_credentials(NULL, NULL, true)"
    assert sql.ask(statement) == [["\\x7365616c6564"]] * 2
    for role in APIS + WORKERS:
        session = db.connect(role=role)
        for claim in ("", json.dumps({"app_metadata": {"role": "super_admin"}})):
            session.claim(claim)
            assert session.fails(statement) == "42501"
            assert session.fails("SELECT sealed FROM credential") == "42501"


def test_a_running_job_uses_its_tenants_credentials_and_projects(db, sql, jobs):
    session = db.connect(role="millhand_worker")
    sql.ask(f"DELETE FROM credential WHERE tenant_id = '{OTHER}'")
    use = "SELECT convert_from(sealed, 'UTF8') FROM mh_credential_use('{}', 'c')"
    mark = "SELECT mh_project_mark('{}', '{}', 1::smallint, '/x', NULL, false)"
    own, other = jobs["own", "pending"], jobs["other", "pending"]
    assert session.fails(use.format(own)) == "55000"
    assert session.one(mark.format(own, jobs["own", "project"])) == "0"
    session.ask("SELECT count(*) FROM claim_jobs('w2', 2)")
    assert session.one(use.format(own)) == "sealed"
    assert session.fails(use.format(other)) == "P0002"
    assert session.one(mark.format(own, jobs["own", "project"])) == "1"
    assert session.one(mark.format(other, jobs["own", "project"])) == "0"
    assert session.one("SELECT mh_project_sweep()") == "0"
    assert session.one(f"SELECT complete_job('{own}', '1', 'w2')") == "t"
    assert session.one("SELECT mh_project_sweep()") == "1"


def test_a_running_job_indexes_projects_of_its_tenant(db, sql, jobs):
    session = db.connect(role="millhand_worker")
    begin = "SELECT building FROM mh_index_begin('{}', '{}')"
    own, other = jobs["own", "pending"], jobs["other", "pending"]
    assert session.fails(begin.format(own, jobs["own", "project"])) == "55000"
    session.ask("SELECT count(*) FROM claim_jobs('w2', 2)")
    assert session.one(begin.format(own, jobs["own", "project"])) == "2"
    assert session.fails(begin.format(other, jobs["own", "project"])) == "P0002"
    session.claim(claims(OTHER))
    assert session.fails(f"SELECT mh_index_add({jobs['own', 'index']}, 2, '[]')") == "42501"
    assert session.fails(f"SELECT mh_index_sweep({jobs['own', 'index']}, 9)") == "42501"
    session.claim(claims(OWN))
    assert session.one(f"SELECT mh_index_add({jobs['own', 'index']}, 2, '[]')") == ""
    assert session.fails(f"SELECT mh_index_add({jobs['own', 'index']}, 1, '[]')") == "55000"


def test_a_running_job_keeps_blueprints_of_projects_of_its_tenant(db, jobs):
    session = db.connect(role="millhand_worker")
    add = "SELECT mh_blueprint_add('{}', '{}', NULL, 0, '#', '{{}}', 2)"
    own, other = jobs["own", "pending"], jobs["other", "pending"]
    assert session.fails(add.format(own, jobs["own", "project"])) == "55000"
    session.ask("SELECT count(*) FROM claim_jobs('w2', 2)")
    assert session.one(add.format(own, jobs["own", "project"])) == "2"
    assert session.fails(add.format(other, jobs["own", "project"])) == "P0002"
    session.claim(claims(OTHER))
    assert session.fails(add.format(own, jobs["own", "project"])) == "42501"


def test_a_tenant_sends_a_credential_to_its_host_alone(db, jobs):
    session = db.connect(role="authenticated", claims=claims())
    add = "SELECT mh_project_add(gen_random_uuid(), '{}', 'p', '{}', NULL, 'c')"
    for url in ("https://evil.org/h.org", "ssh://git@h.org/a", "ext::sh", "https://h.org.evil/"):
        assert session.fails(add.format(OWN, url)) == "42501", url
    assert session.one(add.format(OWN, "https://H.org/b")) == ""


@pytest.mark.parametrize("role", WORKERS)
def test_workers_work_for_every_tenant(db, jobs, role):
    session = db.connect(role=role)
    assert session.one("SELECT count(*) FROM job_queue") == "4"
    claimed = session.ask("SELECT id FROM claim_jobs('w2', 10)")
    assert sorted(c[0] for c in claimed) == sorted(
        [jobs["own", "pending"], jobs["other", "pending"]]
    )
    assert session.one(f"SELECT complete_job('{jobs['own', 'pending']}', '1', 'w2')") == "t"
    assert session.one(f"SELECT fail_job('{jobs['other', 'pending']}', 'no', 'w2')") == "t"


def test_a_worker_can_do_no_more_than_work(db, jobs):
    session = db.connect(
        role="millhand_worker",
        claims=json.dumps({"app_metadata": {"role": "super_admin", "tenant_id": OWN}}),
    )
    for statement in (
        f"UPDATE job_queue SET status = 'cancelled' WHERE id = '{jobs['own', 'pending']}'",
        f"UPDATE job_queue SET priority = 9 WHERE id = '{jobs['own', 'pending']}'",
        f"UPDATE job_queue SET status = 'pending' WHERE id = '{jobs['own', 'failed']}'",
        f"DELETE FROM job_queue WHERE id = '{jobs['own', 'failed']}'",
        f"INSERT INTO job_queue (tenant_id, type) VALUES ('{OWN}', 'a')",
        f"SELECT dispatch_job('{OWN}', 'a')",
        f"SELECT cancel_job('{jobs['own', 'pending']}')",
        "SELECT * FROM tenants",
        "SELECT * FROM job",
        "TRUNCATE ready",
        f"SELECT mh_tenant_remove('{OWN}')",
        "SELECT mh_configure(1, 1)",
    ):
        assert session.fails(statement) == "42501", statement


def test_an_observer_reads_counts_and_nothing_else(db, jobs):
    session = db.connect(role="millhand_observer")
    assert session.ask("SELECT pending_count, failed_count FROM get_queue_stats()") == [["2", "2"]]
    assert session.fails("SELECT * FROM job_queue") == "42501"
    assert session.fails("SELECT * FROM mh_list(NULL, NULL, NULL, NULL, NULL, 10, true)") == "42501"


@pytest.mark.parametrize("role", ["anon", "nobody"])
def test_the_anonymous_get_nothing(db, nobody, jobs, role):
    session = db.connect(role=role, claims=json.dumps({"app_metadata": {"role": "super_admin"}}))
    for statement in (
        "SELECT * FROM millhand.job_queue",
        "SELECT * FROM millhand.claim_job('w')",
        "SELECT * FROM millhand.claim_next_job()",
        f"SELECT millhand.dispatch_job('{OWN}', 'a')",
        "SELECT * FROM millhand.get_queue_stats()",
        "SELECT * FROM millhand.job",
    ):
        assert session.fails(statement) == "42501", statement


def test_deleting_a_tenant_deletes_its_jobs_and_no_others(sql, jobs):
    sql.ask(f"DELETE FROM tenants WHERE id = '{OWN}'")
    assert sql.ask("SELECT DISTINCT tenant_id FROM job_queue") == [[OTHER]]
    for table in ("schedule", "credential", "project"):
        assert sql.ask(f"SELECT tenant_id FROM {table}") == [[OTHER]]
    assert sql.one("SELECT sum(n) FROM tally WHERE status <> 'pending'") == "1"
    assert sql.fails(f"SELECT dispatch_job('{OWN}', 'a')") == "23503"
    assert sql.fails(f"UPDATE tenants SET id = gen_random_uuid() WHERE id = '{OTHER}'") == "23503"
    assert sql.fails("TRUNCATE tenants") == "23503"
    assert sql.one(f"SELECT count(*) FROM tenants WHERE id = '{DEFAULT_TENANT}'") == "1"
