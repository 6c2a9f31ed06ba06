#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client.h"

#define PAYLOAD_LEN 200
#define RESULT_LEN  48
#define TENANTS     100

enum {
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_INT8 = 20,
    OID_UUID = 2950,
    OID_JSONB = 3802
};

void die(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(1);
}

double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- chance, the same in every run */

static uint64_t seed = 88172645463325252U;

static uint64_t chance(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* --- arrays as the server takes them */

static void put(struct array *array, const void *bytes, size_t len)
{
    if (array->len + len > array->cap) {
        array->cap = 2 * (array->len + len);
        array->bytes = realloc(array->bytes, array->cap);
        if (array->bytes == NULL) die("memory", "none left");
    }
    memcpy(array->bytes + array->len, bytes, len);
    array->len += len;
}

static void put_int(struct array *array, uint32_t value)
{
    uint32_t wire = htonl(value);
    put(array, &wire, sizeof wire);
}

/* One dimension from 1, whose length array_end fills in. */
static void array_begin(struct array *array, uint32_t type)
{
    array->len = 0;
    array->count = 0;
    put_int(array, 1);
    put_int(array, 0);
    put_int(array, type);
    put_int(array, 0);
    put_int(array, 1);
}

static void array_add(struct array *array, const void *bytes, size_t len)
{
    put_int(array, (uint32_t)len);
    put(array, bytes, len);
    array->count++;
}

static void array_end(struct array *array)
{
    uint32_t wire = htonl((uint32_t)array->count);
    memcpy(array->bytes + 12, &wire, sizeof wire);
}

/* --- statements */

struct params {
    const char *value[10];
    int len[10], format[10];
    int count;
};

static void param(struct params *params, const void *bytes, size_t len)
{
    params->value[params->count] = bytes;
    params->len[params->count] = (int)len;
    params->format[params->count] = 1;
    params->count++;
}

static void param_array(struct params *params, struct array *array)
{
    array_end(array);
    param(params, array->bytes, array->len);
}

static void check(PGconn *conn, PGresult *result, const char *what)
{
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) die(what, PQerrorMessage(conn));
}

void run(PGconn *conn, const char *text)
{
    PGresult *result = PQexec(conn, text);
    check(conn, result, text);
    PQclear(result);
}

static void prepare(PGconn *conn, const char *name, const char *text)
{
    PGresult *result = PQprepare(conn, name, text, 0, NULL);
    check(conn, result, text);
    PQclear(result);
}

static void submit(PGconn *conn, const char *name, const struct params *params)
{
    if (PQsendQueryPrepared(conn, name, params->count, params->value, params->len, params->format,
                            1) == 0)
        die(name, PQerrorMessage(conn));
}

/* The result of one statement of the pipeline. */
static PGresult *receive(PGconn *conn, const char *name)
{
    PGresult *result = PQgetResult(conn);
    if (result == NULL) die(name, "no result");
    check(conn, result, name);
    PQclear(PQgetResult(conn));
    return result;
}

static void receive_sync(PGconn *conn)
{
    PGresult *result = PQgetResult(conn);
    if (PQresultStatus(result) != PGRES_PIPELINE_SYNC) die("sync", PQerrorMessage(conn));
    PQclear(result);
}

int64_t ask(PGconn *conn, const char *text)
{
    PGresult *result = PQexec(conn, text);
    check(conn, result, text);
    int64_t value = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return value;
}

/* --- the two designs */

static const char ceiling_schema[] =
    "DROP SCHEMA IF EXISTS ceiling CASCADE; CREATE SCHEMA ceiling;"
    "CREATE TABLE ceiling.job (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " id uuid NOT NULL, tenant_id uuid NOT NULL, type text NOT NULL, priority int NOT NULL,"
    " max_attempts int NOT NULL DEFAULT 3, run_at timestamptz,"
    " created_at timestamptz NOT NULL DEFAULT clock_timestamp(), payload jsonb NOT NULL);"
    "CREATE TABLE ceiling.done (seq bigint, completed_at timestamptz NOT NULL DEFAULT now(),"
    " attempts int, worker text, failed boolean NOT NULL DEFAULT false, result jsonb, error text);"
    "CREATE TABLE ceiling.one (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body jsonb)";

static const char engine_tenants[] = "INSERT INTO tenants (id, name)"
                                     " SELECT ('00000000-0000-4000-8000-0000000000' || "
                                     "lpad(to_hex(g), 2, '0'))::uuid, 'tenant ' || g"
                                     " FROM generate_series(0, 99) g";

struct design {
    bool engine;
    const char *dispatch, *single, *claim, *finish;
    const char *alone; /* a claim with nothing to finish */
};

static const struct design designs[] = {
    {false,
     "INSERT INTO ceiling.job (id, tenant_id, type, payload, priority)"
     " SELECT i, t, y, b, p FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[], $5::int[])"
     " u (i, t, y, b, p)",
     "INSERT INTO ceiling.job (id, tenant_id, type, payload, priority) VALUES (($1::uuid[])[1],"
     " ($2::uuid[])[1], ($3::text[])[1], ($4::jsonb[])[1], ($5::int[])[1])",
     "SELECT seq, id, payload FROM ceiling.job WHERE seq > $1::bigint ORDER BY seq LIMIT $2::int",
     "INSERT INTO ceiling.done (seq, attempts, result) SELECT u.seq, 1, u.r"
     " FROM unnest($1::bigint[], $2::jsonb[]) u (seq, r)"},
    {true, "SELECT * FROM mh_dispatch($1, $2, $3, $4, $5, NULL, NULL, NULL, NULL, NULL, NULL)",
     "SELECT mh_dispatch_single(($1::uuid[])[1], ($2::uuid[])[1], ($3::text[])[1],"
     " ($4::jsonb[])[1], ($5::int[])[1], NULL, NULL, NULL, NULL, NULL, NULL)",
     "SELECT * FROM mh_claim($1, $2, $3, $4)", "SELECT mh_finish($1, $2, $3, $4, NULL, NULL, NULL)",
     "SELECT c.* FROM (SELECT set_config('synchronous_commit', 'off', true)) s,"
     " mh_claim($1, $2, $3, $4) c"},
};

void client_open(struct bench *bench, const char *conninfo, bool engine)
{
    *bench = (struct bench){.design = &designs[engine]};
    bench->conn = PQconnectdb(conninfo);
    if (PQstatus(bench->conn) != CONNECTION_OK) die("connect", PQerrorMessage(bench->conn));
    run(bench->conn, "SET client_min_messages = warning; SET plan_cache_mode = force_generic_plan;"
                     "SET jit = off");
}

void client_close(struct bench *bench)
{
    PQclear(bench->held);
    PQfinish(bench->conn);
}

void client_init(struct bench *bench)
{
    run(bench->conn, bench->design->engine ? engine_tenants : ceiling_schema);
}

void client_prepare(struct bench *bench)
{
    prepare(bench->conn, "dispatch", bench->design->dispatch);
    prepare(bench->conn, "single", bench->design->single);
    prepare(bench->conn, "claim", bench->design->claim);
    prepare(bench->conn, "finish", bench->design->finish);
    if (bench->design->engine) {
        prepare(bench->conn, "alone", bench->design->alone);
        bench->worker =
            (int32_t)htonl((uint32_t)ask(bench->conn, "SELECT mh_join('bench', 3600000, NULL)"));
    } else {
        bench->last =
            htobe64((uint64_t)ask(bench->conn, "SELECT coalesce(max(seq), 0) FROM ceiling.done"));
    }
}

/* --- dispatching */

static void make_uuid_v7(unsigned char *id)
{
    static uint32_t counter;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    uint64_t ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
    uint64_t words[2] = {htobe64(ms << 16 | 0x7000U | (counter++ & 0xfffU)),
                         htobe64((chance() & 0x3fffffffffffffffU) | 0x8000000000000000U)};
    memcpy(id, words, sizeof words);
}

static void add_json(struct array *array, size_t len)
{
    char text[512];
    int n = snprintf(text, sizeof text, "\001{\"to\": \"u%08x@example.org\", \"n\": \"",
                     (unsigned)chance());
    size_t at = (size_t)n;
    if (at > len - 2) at = (size_t)snprintf(text, sizeof text, "\001{\"ok\": \"");
    while (at < len - 2)
        text[at++] = (char)('a' + chance() % 26);
    memcpy(text + at, "\"}", 2);
    array_add(array, text, at + 2);
}

static struct params make_jobs(struct bench *bench, int batch, const char *type)
{
    static const uint32_t kinds[5] = {OID_UUID, OID_UUID, OID_TEXT, OID_JSONB, OID_INT4};
    struct array *a = bench->a;
    uint32_t priority = htonl(0);
    for (int i = 0; i < 5; i++)
        array_begin(&a[i], kinds[i]);
    for (int i = 0; i < batch; i++) {
        unsigned char tenant[16] = {[6] = 0x40, [8] = 0x80};
        tenant[15] = (unsigned char)(chance() % TENANTS);
        make_uuid_v7(bench->newest);
        array_add(&a[0], bench->newest, sizeof bench->newest);
        array_add(&a[1], tenant, sizeof tenant);
        array_add(&a[2], type, strlen(type));
        add_json(&a[3], PAYLOAD_LEN);
        array_add(&a[4], &priority, sizeof priority);
    }
    struct params params = {.count = 0};
    for (int i = 0; i < 5; i++)
        param_array(&params, &a[i]);
    return params;
}

void dispatch(struct bench *bench, int batch, const char *type)
{
    struct params params = make_jobs(bench, batch, type);
    PGresult *result = PQexecPrepared(bench->conn, batch == 1 ? "single" : "dispatch", params.count,
                                      params.value, params.len, params.format, 1);
    check(bench->conn, result, "dispatch");
    PQclear(result);
}

void send_single(struct bench *bench, const char *type)
{
    struct params params = make_jobs(bench, 1, type);
    submit(bench->conn, "single", &params);
}

bool single_is_done(struct bench *bench)
{
    PGresult *result;
    if (PQconsumeInput(bench->conn) == 0) die("single", PQerrorMessage(bench->conn));
    if (PQisBusy(bench->conn) != 0) return false;
    while ((result = PQgetResult(bench->conn)) != NULL) {
        check(bench->conn, result, "single");
        PQclear(result);
    }
    return true;
}

/* --- working */

/* The first of the rows is no job but the head of the claim, in the engine's answer. */
static int head_rows(const struct bench *bench)
{
    return bench->design->engine ? 1 : 0;
}

int held_count(const struct bench *bench)
{
    return bench->held == NULL ? 0 : PQntuples(bench->held) - head_rows(bench);
}

bool holds(const struct bench *bench, const unsigned char *id)
{
    for (int i = head_rows(bench); bench->held != NULL && i < PQntuples(bench->held); i++)
        if (memcmp(PQgetvalue(bench->held, i, 6), id, 16) == 0) return true;
    return false;
}

static void send_finish(struct bench *bench)
{
    static const uint32_t kinds[4] = {OID_INT8, OID_INT8, OID_INT2, OID_JSONB};
    bool engine = bench->design->engine;
    uint16_t completed = 0;
    struct params params = {.count = 0};
    for (int i = 0; i < 4; i++)
        array_begin(&bench->f[i], kinds[i]);
    for (int i = head_rows(bench); i < PQntuples(bench->held); i++) {
        if (engine) array_add(&bench->f[0], PQgetvalue(bench->held, 0, 0), 8);
        array_add(&bench->f[1], PQgetvalue(bench->held, i, engine ? 5 : 0), 8);
        array_add(&bench->f[2], &completed, sizeof completed);
        add_json(&bench->f[3], RESULT_LEN);
    }
    if (engine) param_array(&params, &bench->f[0]);
    param_array(&params, &bench->f[1]);
    if (engine) param_array(&params, &bench->f[2]);
    param_array(&params, &bench->f[3]);
    submit(bench->conn, "finish", &params);
}

static void send_claim(struct bench *bench, int batch, const char *type)
{
    uint32_t limit = htonl((uint32_t)batch);
    struct params params = {.count = 0};
    if (!bench->design->engine) {
        param(&params, &bench->last, sizeof bench->last);
        param(&params, &limit, sizeof limit);
        submit(bench->conn, "claim", &params);
        return;
    }
    array_begin(&bench->types, OID_TEXT);
    array_add(&bench->types, type, strlen(type));
    param(&params, &bench->worker, sizeof bench->worker);
    param(&params, &limit, sizeof limit);
    param_array(&params, &bench->types);
    param(&params, bench->cursor.bytes, bench->cursor.len);
    submit(bench->conn, held_count(bench) > 0 ? "claim" : "alone", &params);
}

static void keep_claim(struct bench *bench, PGresult *result)
{
    PQclear(bench->held);
    bench->held = result;
    int rows = PQntuples(result);
    if (bench->design->engine) {
        if (rows == 0) die("claim", "the worker is not known");
        free(bench->cursor.bytes);
        bench->cursor = (struct array){0};
        put(&bench->cursor, PQgetvalue(result, 0, 1), (size_t)PQgetlength(result, 0, 1));
    } else if (rows > 0) {
        memcpy(&bench->last, PQgetvalue(result, rows - 1, 0), sizeof bench->last);
    }
    if (held_count(bench) == 0) {
        PQclear(bench->held);
        bench->held = NULL;
    }
}

int turn(struct bench *bench, int batch, const char *type)
{
    int finished = held_count(bench);
    if (finished > 0) send_finish(bench);
    send_claim(bench, batch, type);
    if (PQpipelineSync(bench->conn) == 0) die("sync", PQerrorMessage(bench->conn));
    if (finished > 0) PQclear(receive(bench->conn, "finish"));
    PGresult *claimed = receive(bench->conn, "claim");
    receive_sync(bench->conn);
    keep_claim(bench, claimed);
    return finished;
}
