/* Drives the PostgreSQL engine and the ceiling beside it: what the server could do if it kept no
 * promises. One connection, statements prepared, everything binary, as the program's own client
 * does. `run` says what it is for and reads the lines it prints.
 *
 *     bench CONNINFO engine|ceiling init
 *     bench CONNINFO engine|ceiling fill JOBS BATCH TYPE
 *     bench CONNINFO engine|ceiling drain BATCH TYPE [SECONDS]
 *     bench CONNINFO engine flow SECONDS BATCH
 *
 * The engine is expected in the search path; the ceiling makes its own schema. */
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

#define PAYLOAD_LEN 200
#define RESULT_LEN  48
#define TENANTS     100
#define BACKLOG     20000
#define WARM_TURNS  3

enum {
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_INT8 = 20,
    OID_UUID = 2950,
    OID_JSONB = 3802
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(1);
}

static double now_s(void)
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

struct array {
    char *bytes;
    size_t len, cap;
    int32_t count;
};

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

static void run(PGconn *conn, const char *text)
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

static int64_t ask(PGconn *conn, const char *text)
{
    PGresult *result = PQexec(conn, text);
    check(conn, result, text);
    int64_t value = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    return value;
}

static int64_t wal_position(PGconn *conn)
{
    return ask(conn, "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint");
}

/* Processor time of the server's process for this connection, which other work on the machine does
 * not change; 0 where it runs elsewhere. */
static double server_cpu_s(PGconn *conn)
{
    char path[64];
    unsigned long long ns = 0;
    snprintf(path, sizeof path, "/proc/%d/schedstat", PQbackendPID(conn));
    FILE *file = fopen(path, "r");
    if (file == NULL) return 0;
    if (fscanf(file, "%llu", &ns) != 1) ns = 0;
    fclose(file);
    return (double)ns / 1e9;
}

/* --- the two designs */

static const char ceiling_schema[] =
    "DROP SCHEMA IF EXISTS ceiling CASCADE; CREATE SCHEMA ceiling;"
    "CREATE TABLE ceiling.job (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " id uuid NOT NULL, tenant_id uuid NOT NULL, type text NOT NULL, priority int NOT NULL,"
    " max_attempts int NOT NULL DEFAULT 3, run_at timestamptz,"
    " created_at timestamptz NOT NULL DEFAULT clock_timestamp(), payload jsonb NOT NULL);"
    "CREATE TABLE ceiling.done (seq bigint, completed_at timestamptz NOT NULL DEFAULT now(),"
    " attempts int, worker text, failed boolean NOT NULL DEFAULT false, result jsonb, error text)";

static const char engine_tenants[] = "INSERT INTO tenants (id, name)"
                                     " SELECT ('00000000-0000-4000-8000-0000000000' || "
                                     "lpad(to_hex(g), 2, '0'))::uuid, 'tenant ' || g"
                                     " FROM generate_series(0, 99) g";

struct design {
    bool engine;
    const char *dispatch, *claim, *finish;
};

static const struct design designs[] = {
    {false,
     "INSERT INTO ceiling.job (id, tenant_id, type, payload, priority)"
     " SELECT i, t, y, b, p FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[], $5::int[])"
     " u (i, t, y, b, p)",
     "SELECT seq, id, payload FROM ceiling.job WHERE seq > $1::bigint ORDER BY seq LIMIT $2::int",
     "INSERT INTO ceiling.done (seq, attempts, result) SELECT u.seq, 1, u.r"
     " FROM unnest($1::bigint[], $2::jsonb[]) u (seq, r)"},
    {true, "SELECT * FROM mh_dispatch($1, $2, $3, $4, $5, NULL, NULL, NULL, NULL, NULL)",
     "SELECT * FROM mh_claim($1, $2, $3, $4)",
     "SELECT mh_finish($1, $2, $3, $4, NULL, NULL, NULL)"},
};

struct bench {
    const struct design *design;
    PGconn *conn;
    int32_t worker;      /* as it goes over the wire */
    struct array cursor; /* of the engine: opaque */
    uint64_t last;       /* of the ceiling: the last seq, as it goes over the wire */
    PGresult *held;      /* the claim whose jobs are to be finished next */
    struct array a[5];   /* dispatch */
    struct array f[4];   /* finish */
    struct array types;
};

static void connect_to(struct bench *bench, const char *conninfo)
{
    bench->conn = PQconnectdb(conninfo);
    if (PQstatus(bench->conn) != CONNECTION_OK) die("connect", PQerrorMessage(bench->conn));
    run(bench->conn, "SET client_min_messages = warning; SET plan_cache_mode = force_generic_plan;"
                     "SET jit = off");
}

static void prepare_all(struct bench *bench)
{
    prepare(bench->conn, "dispatch", bench->design->dispatch);
    prepare(bench->conn, "claim", bench->design->claim);
    prepare(bench->conn, "finish", bench->design->finish);
    if (bench->design->engine)
        bench->worker =
            (int32_t)htonl((uint32_t)ask(bench->conn, "SELECT mh_join('bench', 30000, NULL)"));
    else
        bench->last =
            htobe64((uint64_t)ask(bench->conn, "SELECT coalesce(max(seq), 0) FROM ceiling.done"));
}

/* --- dispatching */

static void add_uuid_v7(struct array *array)
{
    static uint32_t counter;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    uint64_t ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
    uint64_t words[2] = {htobe64(ms << 16 | 0x7000U | (counter++ & 0xfffU)),
                         htobe64((chance() & 0x3fffffffffffffffU) | 0x8000000000000000U)};
    array_add(array, words, sizeof words);
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

static void dispatch(struct bench *bench, int batch, const char *type)
{
    static const uint32_t kinds[5] = {OID_UUID, OID_UUID, OID_TEXT, OID_JSONB, OID_INT4};
    struct array *a = bench->a;
    uint32_t priority = htonl(0);
    for (int i = 0; i < 5; i++)
        array_begin(&a[i], kinds[i]);
    for (int i = 0; i < batch; i++) {
        unsigned char tenant[16] = {[6] = 0x40, [8] = 0x80};
        tenant[15] = (unsigned char)(chance() % TENANTS);
        add_uuid_v7(&a[0]);
        array_add(&a[1], tenant, sizeof tenant);
        array_add(&a[2], type, strlen(type));
        add_json(&a[3], PAYLOAD_LEN);
        array_add(&a[4], &priority, sizeof priority);
    }
    struct params params = {.count = 0};
    for (int i = 0; i < 5; i++)
        param_array(&params, &a[i]);
    PGresult *result = PQexecPrepared(bench->conn, "dispatch", params.count, params.value,
                                      params.len, params.format, 1);
    check(bench->conn, result, "dispatch");
    PQclear(result);
}

/* --- working */

/* The first of the rows is no job but the head of the claim, in the engine's answer. */
static int head_rows(const struct bench *bench)
{
    return bench->design->engine ? 1 : 0;
}

static int held_count(const struct bench *bench)
{
    return bench->held == NULL ? 0 : PQntuples(bench->held) - head_rows(bench);
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
    submit(bench->conn, "claim", &params);
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

/* Results of the last claim and the next claim in one commit. Returns how many were finished. */
static int turn(struct bench *bench, int batch, const char *type)
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

/* --- commands */

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* What a stretch of work cost: opened by meter_begin, printed by meter_print. */
struct meter {
    int64_t wal;
    double cpu, begin;
};

static struct meter meter_begin(PGconn *conn)
{
    struct meter meter = {.wal = wal_position(conn), .cpu = server_cpu_s(conn)};
    meter.begin = now_s();
    return meter;
}

/* Processor time is read before the position, which costs some. */
static void meter_print(const struct meter *meter, PGconn *conn, int jobs, double seconds)
{
    double cpu = server_cpu_s(conn) - meter->cpu, n = jobs > 0 ? jobs : 1;
    printf("rate=%.0f cpu_us=%.2f wal=%.1f jobs=%d", jobs / seconds, cpu * 1e6 / n,
           (double)(wal_position(conn) - meter->wal) / n, jobs);
}

/* A program's connection lives for days; so what is planned once a session is not measured. */
static void fill(struct bench *bench, int jobs, int batch, const char *type)
{
    for (int done = 0; done < jobs && done < WARM_TURNS * batch; done += batch)
        dispatch(bench, batch, type);
    struct meter meter = meter_begin(bench->conn);
    int done = 0;
    for (; done < jobs - WARM_TURNS * batch; done += batch)
        dispatch(bench, batch, type);
    meter_print(&meter, bench->conn, done, now_s() - meter.begin);
    putchar('\n');
}

static void drain(struct bench *bench, int batch, const char *type, double limit_s)
{
    static double calls[1000000];
    size_t count = 0;
    int jobs = 0, empty = 0;
    PQenterPipelineMode(bench->conn);
    for (int i = 0; i < WARM_TURNS; i++)
        (void)turn(bench, batch, type);
    PQexitPipelineMode(bench->conn);
    struct meter meter = meter_begin(bench->conn);
    PQenterPipelineMode(bench->conn);
    double end = meter.begin;
    while (empty < 2 && (limit_s <= 0 || end - meter.begin < limit_s)) {
        double start = now_s();
        jobs += turn(bench, batch, type);
        end = now_s();
        if (count < sizeof calls / sizeof *calls) calls[count++] = end - start;
        empty = bench->held == NULL ? empty + 1 : 0;
    }
    PQexitPipelineMode(bench->conn);
    meter_print(&meter, bench->conn, jobs, end - meter.begin);
    qsort(calls, count, sizeof *calls, compare);
    printf(" p50_us=%.0f p99_us=%.0f\n", count > 0 ? calls[count / 2] * 1e6 : 0,
           count > 0 ? calls[count * 99 / 100] * 1e6 : 0);
}

/* Dispatches and drains at full speed with a steady backlog; one line a second. */
static void flow(struct bench *bench, double seconds, int batch, const char *conninfo)
{
    struct bench producer = {.design = bench->design};
    connect_to(&producer, conninfo);
    prepare_all(&producer);
    PQenterPipelineMode(bench->conn);
    long waiting = 0;
    double begin = now_s(), next_upkeep = begin + 5;
    for (int second = 0; second < (int)seconds; second++) {
        long jobs = 0;
        while (now_s() - begin < second + 1) {
            while (waiting < BACKLOG) {
                dispatch(&producer, 200, "bench");
                waiting += 200;
            }
            int finished = turn(bench, batch, "bench");
            jobs += finished;
            waiting -= finished;
            if (now_s() > next_upkeep) {
                run(producer.conn, "SELECT mh_upkeep()");
                next_upkeep += 5;
            }
        }
        printf("second=%d rate=%ld\n", second, jobs);
        fflush(stdout);
    }
    PQexitPipelineMode(bench->conn);
    PQfinish(producer.conn);
}

int main(int argc, char **argv)
{
    if (argc < 4) die("usage", "see the top of bench.c");
    struct bench bench = {.design = &designs[strcmp(argv[2], "engine") == 0]};
    connect_to(&bench, argv[1]);
    const char *command = argv[3];
    if (strcmp(command, "init") == 0) {
        run(bench.conn, bench.design->engine ? engine_tenants : ceiling_schema);
    } else {
        /* An empty array: the cursor is null. */
        prepare_all(&bench);
        if (strcmp(command, "fill") == 0 && argc == 7)
            fill(&bench, (int)strtol(argv[4], NULL, 10), (int)strtol(argv[5], NULL, 10), argv[6]);
        else if (strcmp(command, "drain") == 0 && argc >= 6)
            drain(&bench, (int)strtol(argv[4], NULL, 10), argv[5],
                  argc > 6 ? strtod(argv[6], NULL) : 0);
        else if (strcmp(command, "flow") == 0 && argc == 6)
            flow(&bench, strtod(argv[4], NULL), (int)strtol(argv[5], NULL, 10), argv[1]);
        else
            die("usage", "see the top of bench.c");
    }
    PQclear(bench.held);
    PQfinish(bench.conn);
    return 0;
}
