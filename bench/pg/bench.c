/* Measures the PostgreSQL engine, or the ceiling beside it, in one way; `run` says what for and
 * reads the lines printed.
 *
 *     bench CONNINFO engine|ceiling init
 *     bench CONNINFO engine|ceiling fill JOBS BATCH TYPE
 *     bench CONNINFO engine|ceiling single JOBS TYPE  one at a time on each of 4 connections
 *     bench CONNINFO engine|ceiling drain BATCH TYPE [SECONDS]
 *     bench CONNINFO engine flow BATCH            for each number on stdin, so many seconds
 *     bench CONNINFO engine late TIMES            jobs whose transaction commits late
 *     bench CONNINFO engine pickup TIMES          jobs for a worker that sleeps, the floor, a flush
 *     bench CONNINFO engine sleep                 is notified of each job until it is killed
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"

#define BACKLOG    20000
#define WARM_TURNS 3
#define TIMES_MAX  100000
#define SINGLES    4 /* connections */

#define PICKUP_PAUSE_US 20000
#define PICKUP_WARM     70 /* jobs: by then a claim has raised its mark once, and planned how */

#define FLUSH_BYTES 8192

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

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double at_share(double *values, size_t count, double share)
{
    qsort(values, count, sizeof *values, compare);
    return count > 0 ? values[(size_t)((double)(count - 1) * share)] : 0;
}

static void print_shares(const char *name, double *seconds, size_t count)
{
    printf("%sp50_ms=%.2f %sp99_ms=%.2f ", name, at_share(seconds, count, 0.5) * 1e3, name,
           at_share(seconds, count, 0.99) * 1e3);
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

/* Jobs one at a time, on several connections at once. */
static void single(int jobs, const char *type, const char *conninfo, bool engine)
{
    struct bench benches[SINGLES];
    struct pollfd fds[SINGLES];
    int sent = 0, done = 0;
    for (int i = 0; i < SINGLES; i++) {
        client_open(&benches[i], conninfo, engine);
        client_prepare(&benches[i]);
        for (int k = 0; k < WARM_TURNS; k++)
            dispatch(&benches[i], 1, type);
        fds[i] = (struct pollfd){.fd = PQsocket(benches[i].conn), .events = POLLIN};
    }
    double begin = now_s(), cpu = 0;
    for (int i = 0; i < SINGLES; i++)
        cpu -= server_cpu_s(benches[i].conn);
    for (; sent < SINGLES; sent++)
        send_single(&benches[sent], type);
    while (done < sent) {
        if (poll(fds, SINGLES, 10000) <= 0) die("single", "no answer within 10 s");
        for (int i = 0; i < SINGLES; i++) {
            if (fds[i].revents == 0 || !single_is_done(&benches[i])) continue;
            done++;
            if (sent < jobs) send_single(&benches[i], type);
            sent += sent < jobs;
        }
    }
    double seconds = now_s() - begin;
    for (int i = 0; i < SINGLES; i++)
        cpu += server_cpu_s(benches[i].conn);
    printf("rate=%.0f cpu_us=%.2f\n", done / seconds, cpu * 1e6 / done);
    for (int i = 0; i < SINGLES; i++)
        client_close(&benches[i]);
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

/* --- a queue that is never empty */

/* A worker and a producer that keeps a backlog for it. */
struct flow {
    struct bench *worker, producer;
    long waiting;
    double next_upkeep;
};

static void flow_open(struct flow *flow, struct bench *worker, const char *conninfo)
{
    *flow = (struct flow){.worker = worker, .next_upkeep = now_s() + 5};
    client_open(&flow->producer, conninfo, true);
    client_prepare(&flow->producer);
    PQenterPipelineMode(worker->conn);
}

static int flow_turn(struct flow *flow, int batch)
{
    for (; flow->waiting < BACKLOG; flow->waiting += 200)
        dispatch(&flow->producer, 200, "bench");
    int finished = turn(flow->worker, batch, "bench");
    flow->waiting -= finished;
    if (now_s() > flow->next_upkeep) {
        run(flow->producer.conn, "SELECT mh_upkeep()");
        flow->next_upkeep = now_s() + 5;
    }
    return finished;
}

static void flow(struct bench *bench, int batch, const char *conninfo)
{
    struct flow flow;
    char line[32];
    flow_open(&flow, bench, conninfo);
    while (fgets(line, sizeof line, stdin) != NULL) {
        double begin = now_s(), seconds = strtod(line, NULL);
        long jobs = 0;
        while (now_s() - begin < seconds)
            jobs += flow_turn(&flow, batch);
        printf("rate=%.0f\n", (double)jobs / (now_s() - begin));
        fflush(stdout);
    }
    client_close(&flow.producer);
}

/* From the commit of a transaction that was open for a while to the claim of its job. */
static void late(struct bench *bench, int times, const char *conninfo)
{
    static double waits[TIMES_MAX];
    struct flow flow;
    struct bench slow;
    flow_open(&flow, bench, conninfo);
    client_open(&slow, conninfo, true);
    client_prepare(&slow);
    (void)flow_turn(&flow,
                    100); /* the first dispatch makes the lane, for which others would wait */
    for (int i = 0; i < times; i++) {
        run(slow.conn, "BEGIN");
        dispatch(&slow, 1, "bench");
        for (int passed = 0; passed < BACKLOG + 1000;) /* its turn has come and gone */
            passed += flow_turn(&flow, 100);
        run(slow.conn, "COMMIT");
        double committed = now_s();
        while (!holds(bench, slow.newest) && now_s() - committed < 60)
            (void)flow_turn(&flow, 100);
        waits[i] = now_s() - committed;
    }
    printf("p50_ms=%.1f max_ms=%.1f\n", at_share(waits, (size_t)times, 0.5) * 1e3,
           at_share(waits, (size_t)times, 1) * 1e3);
    client_close(&slow);
    client_close(&flow.producer);
}

/* --- a worker that sleeps */

static void wait_for_news(PGconn *conn)
{
    PGnotify *news;
    while ((news = PQnotifies(conn)) == NULL) {
        struct pollfd fd = {.fd = PQsocket(conn), .events = POLLIN};
        if (poll(&fd, 1, 10000) <= 0) die("pickup", "no notification within 10 s");
        if (PQconsumeInput(conn) == 0) die("pickup", PQerrorMessage(conn));
    }
    for (; news != NULL; news = PQnotifies(conn))
        PQfreemem(news);
}

static void claim_until(struct bench *bench, bool some)
{
    do
        (void)turn(bench, 1, "bench");
    while ((held_count(bench) > 0) != some);
}

/* What committing a job, waking for it and taking it costs at least where each commit is flushed: a
 * row is put and a notification sent by one statement, and taken by one. */
struct floor {
    struct bench producer, listener, taker;
};

static void floor_open(struct floor *floor, const char *conninfo)
{
    client_open(&floor->producer, conninfo, false);
    client_open(&floor->listener, conninfo, false);
    client_open(&floor->taker, conninfo, false);
    run(floor->producer.conn,
        "PREPARE put AS WITH one AS (INSERT INTO ceiling.one (body) VALUES ('{\"to\": 1}'))"
        " SELECT pg_notify('floor', '')");
    run(floor->taker.conn,
        "PREPARE take AS DELETE FROM ceiling.one WHERE id = (SELECT id FROM ceiling.one"
        " ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, body");
    run(floor->listener.conn, "LISTEN floor");
}

static double floor_pickup(struct floor *floor)
{
    usleep(PICKUP_PAUSE_US);
    double begin = now_s();
    run(floor->producer.conn, "EXECUTE put");
    wait_for_news(floor->listener.conn);
    run(floor->taker.conn, "EXECUTE take");
    return now_s() - begin;
}

static void floor_close(struct floor *floor)
{
    client_close(&floor->producer);
    client_close(&floor->listener);
    client_close(&floor->taker);
}

/* From the start of a dispatch to the answer of the claim that has its job, and from the dispatch's
 * own answer on. */
static double engine_pickup(struct bench *bench, struct bench *producer, struct bench *listener,
                            double *ret_woken)
{
    claim_until(bench, false);
    run(listener->conn, "SELECT mh_sleep()");
    claim_until(bench, false);
    usleep(PICKUP_PAUSE_US);
    double begin = now_s();
    dispatch(producer, 1, "bench");
    double dispatched = now_s();
    wait_for_news(listener->conn);
    claim_until(bench, true);
    double end = now_s();
    *ret_woken = end - dispatched;
    run(listener->conn, "SELECT mh_awake()");
    return end - begin;
}

/* A file beside the server's, written once, so that a flush of it has nothing to allocate, as one
 * of the log. It has no name any more. */
static int flush_open(PGconn *conn)
{
    char page[FLUSH_BYTES] = {0};
    PGresult *found = PQexec(conn, "SHOW data_directory");
    if (PQresultStatus(found) != PGRES_TUPLES_OK) die("flush", PQerrorMessage(conn));
    int fd = open(PQgetvalue(found, 0, 0), O_TMPFILE | O_RDWR, 0600);
    PQclear(found);
    if (fd < 0 || write(fd, page, sizeof page) != sizeof page || fsync(fd) < 0)
        die("flush", strerror(errno));
    return fd;
}

static double flush(int fd)
{
    char page[FLUSH_BYTES] = {1};
    usleep(PICKUP_PAUSE_US);
    double begin = now_s();
    if (pwrite(fd, page, sizeof page, 0) != sizeof page || fdatasync(fd) < 0)
        die("flush", strerror(errno));
    return now_s() - begin;
}

/* By turns, with a pause before each. */
static void pickup(struct bench *bench, int times, const char *conninfo)
{
    static double waits[TIMES_MAX], woken[TIMES_MAX], least[TIMES_MAX], flushes[TIMES_MAX];
    struct bench listener, producer;
    struct floor floor;
    client_open(&listener, conninfo, true);
    client_open(&producer, conninfo, true);
    client_prepare(&producer);
    floor_open(&floor, conninfo);
    run(listener.conn, "LISTEN millhand_new_job");
    int fd = flush_open(listener.conn);
    PQenterPipelineMode(bench->conn);
    for (int i = -PICKUP_WARM; i < times; i++) {
        int at = i < 0 ? 0 : i;
        waits[at] = engine_pickup(bench, &producer, &listener, &woken[at]);
        least[at] = floor_pickup(&floor);
        flushes[at] = flush(fd);
    }
    (void)close(fd); /* nothing is to be kept */
    size_t count = (size_t)times;
    print_shares("", waits, count);
    print_shares("woken_", woken, count);
    print_shares("floor_", least, count);
    print_shares("flush_", flushes, count);
    putchar('\n');
    floor_close(&floor);
    client_close(&producer);
    client_close(&listener);
}

static void sleep_on(struct bench *bench)
{
    run(bench->conn, "LISTEN millhand_new_job; SELECT mh_sleep()");
    puts("asleep");
    fflush(stdout);
    for (;;) {
        struct pollfd fd = {.fd = PQsocket(bench->conn), .events = POLLIN};
        if (poll(&fd, 1, -1) < 0 || PQconsumeInput(bench->conn) == 0) return;
        for (PGnotify *news; (news = PQnotifies(bench->conn)) != NULL;)
            PQfreemem(news);
    }
}

/* --- commands */

static int number(const char *text)
{
    long value = strtol(text, NULL, 10);
    if (value < 1 || value > TIMES_MAX * 100L) die("usage", "a number is out of range");
    return (int)value;
}

/* False: there is no such command. */
static bool work(struct bench *bench, int count, char **words, const char *conninfo)
{
    const char *command = words[0];
    client_prepare(bench);
    if (strcmp(command, "fill") == 0 && count == 4)
        fill(bench, number(words[1]), number(words[2]), words[3]);
    else if (strcmp(command, "single") == 0 && count == 3)
        single(number(words[1]), words[2], conninfo, bench->worker != 0);
    else if (strcmp(command, "drain") == 0 && count >= 3)
        drain(bench, number(words[1]), words[2], count > 3 ? strtod(words[3], NULL) : 0);
    else if (strcmp(command, "flow") == 0 && count == 2)
        flow(bench, number(words[1]), conninfo);
    else if (strcmp(command, "late") == 0 && count == 2)
        late(bench, number(words[1]) % TIMES_MAX, conninfo);
    else if (strcmp(command, "pickup") == 0 && count == 2)
        pickup(bench, number(words[1]) % TIMES_MAX, conninfo);
    else if (strcmp(command, "sleep") == 0)
        sleep_on(bench);
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    struct bench bench;
    if (argc < 4) die("usage", "see the top of bench.c");
    client_open(&bench, argv[1], strcmp(argv[2], "engine") == 0);
    if (strcmp(argv[3], "init") == 0)
        client_init(&bench);
    else if (!work(&bench, argc - 3, argv + 3, argv[1]))
        die("usage", "see the top of bench.c");
    client_close(&bench);
    return 0;
}
