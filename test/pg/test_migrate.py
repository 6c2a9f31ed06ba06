"""Migrating by hand, as ENGINE.md says: any schema, any role that may, the application's own
tenants."""

import itertools

import pytest

from conftest import DEFAULT_TENANT, Database

_numbers = itertools.count(1)


@pytest.fixture
def empty(server, template):
    """A database without a schema of ours."""
    name = f"empty{next(_numbers)}"
    server.create(name)
    it = Database(server, name)
    yield it
    it.close_all()
    server.psql("postgres", "-c", f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("schema", ["public", "Odd name", 'quo"ted', "select"])
def test_any_schema_name_will_do(server, empty, schema):
    quoted = schema.replace('"', '""')
    server.migrate(empty.name, schema=schema)
    server.migrate(empty.name, schema=schema, folder="optional/roles")
    session = empty.connect(schema=quoted)
    job = session.one(f"SELECT dispatch_job('{DEFAULT_TENANT}', 'a')")
    assert session.one("SELECT id FROM claim_job('w')") == job
    # Nothing depends on the caller's path.
    session.ask("SET search_path = pg_catalog")
    assert session.one(f"""SELECT "{quoted}".complete_job('{job}')""") == "t"


def test_two_schemas_in_one_database_keep_apart(server, empty):
    for schema in ("one", "two"):
        server.migrate(empty.name, schema=schema)
    one, two = empty.connect(schema="one"), empty.connect(schema="two")
    one.one(f"SELECT dispatch_job('{DEFAULT_TENANT}', 'a')")
    assert two.ask("SELECT * FROM claim_job('w')") == []
    assert len(one.ask("SELECT id FROM claim_job('w')")) == 1


# From 16 on CREATEROLE is not enough for roles that somebody else made.
ADMIN = """
DO $$
DECLARE role name;
BEGIN
    FOR role IN SELECT rolname FROM pg_roles WHERE rolname IN ('millhand_owner', 'millhand_view')
            AND current_setting('server_version_num')::int >= 160000 LOOP
        EXECUTE format('GRANT %I TO plain WITH ADMIN OPTION', role);
    END LOOP;
END
$$
"""


def test_a_role_that_is_no_superuser_can_migrate(server, empty):
    server.psql(
        "postgres",
        "-c",
        "DROP ROLE IF EXISTS plain",
        "-c",
        "CREATE ROLE plain LOGIN CREATEROLE",
        "-c",
        f"GRANT CREATE ON DATABASE {empty.name} TO plain",
        "-c",
        ADMIN,
    )
    server.migrate(empty.name, user="plain")
    plain = empty.connect(user="plain")
    job = plain.one(f"SELECT dispatch_job('{DEFAULT_TENANT}', 'a')")
    server.migrate(empty.name, folder="optional/roles", user="plain")
    worker = empty.connect(role="millhand_worker")
    assert worker.one("SELECT id FROM claim_job('w')") == job
    assert worker.one(f"SELECT complete_job('{job}', '1', 'w')") == "t"
    api = empty.connect(role="millhand_api", claims=f'{{"tenant_id": "{DEFAULT_TENANT}"}}')
    assert api.one("SELECT count(*) FROM job_queue") == "1"
    api.claim("{}")
    assert api.one("SELECT count(*) FROM job_queue") == "0"
    plain.close()
    empty.sessions.remove(plain)
    server.psql(
        empty.name,
        "-c",
        "DROP SCHEMA millhand CASCADE",
        "-c",
        "DROP OWNED BY plain",
        "-c",
        "REASSIGN OWNED BY plain TO postgres",
    )


def test_rights_granted_by_default_are_taken_back(server, empty):
    # What Supabase does to the schema public.
    server.psql(
        empty.name,
        "-c",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO anon," " authenticated",
        "-c",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON FUNCTIONS"
        " TO anon, authenticated",
        "-c",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON"
        " SEQUENCES TO anon, authenticated",
    )
    server.migrate(empty.name, schema="public")
    server.migrate(empty.name, schema="public", folder="optional/roles")
    sql = empty.connect(schema="public")
    assert (
        sql.ask(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind"
            " IN ('r', 'v', 'S') AND relacl::text ~ 'anon='"
        )
        == []
    )
    assert sql.ask(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind"
        " IN ('r', 'v', 'S') AND relacl::text ~ 'authenticated='"
    ) == [["job_queue"]]
    assert (
        sql.ask(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND"
            " has_function_privilege('anon', oid, 'EXECUTE')"
        )
        == []
    )
    assert (
        sql.one("SELECT has_function_privilege('authenticated', 'mh_claim'::regproc, 'EXECUTE')")
        == "f"
    )


def test_the_applications_own_tenants(server, empty):
    server.psql(
        empty.name,
        "-c",
        "CREATE TABLE public.accounts (id uuid PRIMARY KEY, plan text)",
        "-c",
        f"INSERT INTO public.accounts VALUES ('{DEFAULT_TENANT}', 'pro')",
    )
    server.migrate(empty.name)
    sql = empty.connect()
    assert sql.one("SELECT mh_adopt_tenants('public.accounts')") == ""
    job = sql.one(f"SELECT dispatch_job('{DEFAULT_TENANT}', 'a')")
    assert sql.one(f"SELECT priority FROM job_queue WHERE id = '{job}'") == "10"
    assert sql.fails("SELECT dispatch_job(gen_random_uuid(), 'a')") == "23503"
    sql.ask("DELETE FROM public.accounts")
    assert sql.one("SELECT count(*) FROM job_queue") == "0"
    assert sql.fails(f"SELECT dispatch_job('{DEFAULT_TENANT}', 'a')") == "23503"


def test_a_table_named_tenants_that_is_there_already_is_adopted(server, empty):
    server.psql(
        empty.name,
        "-c",
        "CREATE TABLE public.tenants (id uuid PRIMARY KEY, name text)",
        "-c",
        f"INSERT INTO public.tenants VALUES ('{DEFAULT_TENANT}', 'mine')",
    )
    server.migrate(empty.name, schema="public")
    sql = empty.connect(schema="public")
    assert sql.ask("SELECT name, plan FROM mh_tenants()") == [["mine", "free"]]
    assert sql.one(f"SELECT dispatch_job('{DEFAULT_TENANT}', 'a')") is not None
