#include "fixture_pg.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define TEXT_MAX 8192

bool fixture_is_pg(const struct fixture *f)
{
    return strncmp(f->url, "postgres", 8) == 0;
}

/* `$` in the text stands for the name of the schema; the clock's is the same with _clock. */
static void run(struct fixture *f, const char *text)
{
    struct mh_buf filled;
    mh_buf_init(&filled, TEXT_MAX);
    for (; *text != '\0'; text++)
        if (*text == '$')
            mh_buf_str(&filled, f->name);
        else
            mh_buf_char(&filled, *text);
    PGresult *result = PQexec(f->pg, mh_buf_text(&filled));
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail_msg("%s", PQerrorMessage(f->pg));
    PQclear(result);
    mh_buf_release(&filled);
}

static void set_clock(struct fixture *f)
{
    char text[200];
    (void)snprintf(text, sizeof text,
                   "UPDATE \"$_clock\".moment SET at = to_timestamp(%lld / 1000.0)",
                   (long long)f->now);
    run(f, text);
}

static void make_clock(struct fixture *f)
{
    run(f, "SET client_min_messages = warning;"
           "CREATE SCHEMA \"$_clock\";"
           "CREATE TABLE \"$_clock\".moment (at timestamptz);"
           "INSERT INTO \"$_clock\".moment VALUES (now());"
           "CREATE FUNCTION \"$_clock\".clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS"
           " 'BEGIN RETURN (SELECT at FROM \"$_clock\".moment); END';"
           "CREATE FUNCTION \"$_clock\".now() RETURNS timestamptz LANGUAGE plpgsql AS"
           " 'BEGIN RETURN (SELECT at FROM \"$_clock\".moment); END'");
    set_clock(f);
    /* Bodies that are kept parsed mean the server's clock for good, so those are made anew. */
    run(f, "DO 'DECLARE f regprocedure; BEGIN FOR f IN SELECT p.oid FROM pg_proc p"
           " WHERE p.pronamespace = ''\"$\"''::regnamespace LOOP"
           " IF (SELECT prosqlbody IS NOT NULL FROM pg_proc WHERE oid = f) THEN"
           " EXECUTE replace(pg_get_functiondef(f), ''statement_timestamp()'',"
           " ''\"$_clock\".now()''); END IF;"
           " EXECUTE format(''ALTER ROUTINE %s SET search_path ="
           " \"$_clock\", pg_catalog, \"$\", pg_temp'', f); END LOOP; END'");
}

/* Copies the rows that migrating leaves behind. */
static void keep_rows(struct fixture *f)
{
    run(f, "CREATE SCHEMA \"$_kept\";"
           "DO 'DECLARE name text; filled boolean; BEGIN FOR name IN SELECT relname FROM pg_class"
           " WHERE relnamespace = ''\"$\"''::regnamespace AND relkind = ''r''"
           " AND relname <> ''migration'' LOOP"
           " EXECUTE format(''SELECT EXISTS (SELECT FROM \"$\".%I)'', name) INTO filled;"
           " IF filled THEN EXECUTE"
           " format(''CREATE TABLE \"$_kept\".%I AS TABLE \"$\".%I'', name, name); END IF;"
           " END LOOP; END'");
}

/* Brings back the rows and sequences that migrating left behind, and no others; nothing fires. */
static void empty(struct fixture *f)
{
    run(f, "SET client_min_messages = warning; SET session_replication_role = replica;"
           "DO 'DECLARE item regclass; BEGIN FOR item IN SELECT oid FROM pg_class"
           " WHERE relnamespace = ''\"$\"''::regnamespace AND relkind = ''r''"
           " AND relname <> ''migration'' AND pg_relation_size(oid) > 0 LOOP"
           " EXECUTE format(''DELETE FROM %s'', item); END LOOP;"
           " FOR item IN SELECT oid FROM pg_class"
           " WHERE relnamespace = ''\"$\"''::regnamespace AND relkind = ''S'' LOOP"
           " EXECUTE format(''ALTER SEQUENCE %s RESTART'', item); END LOOP;"
           " FOR item IN SELECT oid FROM pg_class"
           " WHERE relnamespace = ''\"$_kept\"''::regnamespace AND relkind = ''r'' LOOP EXECUTE"
           " (SELECT format(''INSERT INTO \"$\".%I TABLE \"$_kept\".%I'', relname, relname)"
           " FROM pg_class WHERE oid = item); END LOOP; END';"
           "RESET session_replication_role");
}

static void migrate(struct fixture *f)
{
    const struct mh_store_migrate migrate = {0};
    struct mh_store_options options = fixture_options(f);
    struct mh_err err;
    options.migrate = &migrate;
    struct mh_store *store = fixture_open_with(f, &options, &err);
    if (store == NULL) fail_msg("%s", err.text);
    mh_store_close(store);
}

static void connect_to(struct fixture *f)
{
    f->pg = PQconnectdb(f->url);
    if (PQstatus(f->pg) != CONNECTION_OK) fail_msg("%s", PQerrorMessage(f->pg));
}

/* Of the schema that the tests of this program share; its name is empty until it is made. */
static struct fixture made;

static void drop(void)
{
    connect_to(&made);
    run(&made, "SET client_min_messages = warning;"
               "DROP SCHEMA \"$\", \"$_clock\", \"$_kept\" CASCADE");
    PQfinish(made.pg);
}

static void make_schema(struct fixture *f)
{
    migrate(f);
    connect_to(f);
    make_clock(f);
    keep_rows(f);
    memcpy(made.name, f->name, sizeof made.name);
    memcpy(made.url, f->url, sizeof made.url);
    assert_int_equal(atexit(drop), 0);
}

void fixture_pg_setup(struct fixture *f)
{
    if (made.name[0] == '\0') {
        make_schema(f);
        return;
    }
    memcpy(f->name, made.name, sizeof f->name);
    connect_to(f);
    empty(f);
    set_clock(f);
}

void fixture_pg_set_clock(struct fixture *f)
{
    set_clock(f);
}

void fixture_pg_teardown(struct fixture *f)
{
    PQfinish(f->pg); /* NULL is fine */
}
