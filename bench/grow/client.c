/* What bench/grow measures with: client URL dispatch JOBS TYPES BYTES [TENANTS FILE], or
 * client URL drain JOBS TYPES WORKERS. Prints JSON: microseconds a job, and those of them that were
 * processor time of this process. FILE has ids of tenants, one a line, of which the first are used.
 */
#define _GNU_SOURCE
#include <millhand.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BULK        1000
#define BULK_BYTES  (8 << 20)
#define AT_ONCE     16
#define TYPES_MAX   1000
#define WORKERS_MAX 64
#define TENANTS_MAX 100000

static struct millhand *store;
static char types[TYPES_MAX][24];
static char (*tenants)[MILLHAND_ID_SIZE];
static long type_count, tenant_count;
static atomic_long done;

static void check(int r, const struct millhand_error *error)
{
    if (r >= 0) return;
    (void)fprintf(stderr, "client: %s\n", error->message);
    exit(1);
}

static void require(const void *made)
{
    if (made != NULL) return;
    (void)fprintf(stderr, "client: out of memory, no such file, or too many types\n");
    exit(1);
}

static double seconds(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void print_cost(long jobs, double since, double cpu_since)
{
    double wall = seconds(CLOCK_MONOTONIC) - since;
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_since;
    printf("{\"jobs\":%ld,\"us\":%f,\"cpu_us\":%f}\n", jobs, wall * 1e6 / (double)jobs,
           cpu * 1e6 / (double)jobs);
}

/* --- dispatching */

static void read_tenants(const char *path)
{
    FILE *file = fopen(path, "re");
    require(file);
    tenants = calloc(TENANTS_MAX, sizeof *tenants);
    require(tenants);
    for (long i = 0; i < tenant_count; i++) {
        char line[64];
        if (fgets(line, sizeof line, file) == NULL) break;
        memcpy(tenants[i], line, MILLHAND_ID_SIZE - 1);
    }
    (void)fclose(file);
}

/* {"pad":"xxx…"} of so many bytes. */
static char *make_payload(size_t bytes)
{
    static const char before[] = "{\"pad\":\"", after[] = "\"}";
    size_t least = sizeof before + sizeof after - 2;
    size_t pad = bytes > least ? bytes - least : 0;
    char *payload = malloc(least + pad + 1);
    require(payload);
    memcpy(payload, before, sizeof before - 1);
    memset(payload + sizeof before - 1, 'x', pad);
    memcpy(payload + sizeof before - 1 + pad, after, sizeof after);
    return payload;
}

static void dispatch(long jobs, size_t bytes)
{
    struct millhand_job_spec specs[BULK];
    struct millhand_error error;
    const char *payload = make_payload(bytes);
    long bulk = (long)(BULK_BYTES / (bytes + 1)) + 1;
    if (bulk > BULK) bulk = BULK;
    double since = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (long sent = 0; sent < jobs;) {
        long count = 0;
        for (; count < bulk && sent < jobs; count++, sent++)
            specs[count] = (struct millhand_job_spec){
                .type = types[sent % type_count],
                .tenant_id = tenants != NULL ? tenants[sent % tenant_count] : NULL,
                .payload = payload};
        check(millhand_dispatch_many(store, specs, (size_t)count, NULL, &error), &error);
    }
    print_cost(jobs, since, cpu);
}

/* --- draining */

static int count_one(struct millhand_run *run, void *arg)
{
    (void)run;
    (void)arg;
    (void)atomic_fetch_add(&done, 1);
    return MILLHAND_RUN_DONE;
}

static void *work(void *worker)
{
    struct millhand_error error;
    check(millhand_worker_run(worker, &error), &error);
    return NULL;
}

static void drain(long jobs, int workers)
{
    static struct millhand_handler handlers[TYPES_MAX];
    struct millhand_worker *made[WORKERS_MAX];
    struct millhand_error error;
    pthread_t threads[WORKERS_MAX];
    for (long i = 0; i < type_count; i++)
        handlers[i] = (struct millhand_handler){.type = types[i], .fn = count_one};
    const struct millhand_worker_options options = {
        .handlers = handlers, .handler_count = (size_t)type_count, .concurrency = AT_ONCE};
    for (int i = 0; i < workers; i++)
        check(millhand_worker_new(store, &options, &made[i], &error), &error);
    double since = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < workers; i++)
        if (pthread_create(&threads[i], NULL, work, made[i]) != 0) require(NULL);
    while (atomic_load(&done) < jobs)
        (void)nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    print_cost(atomic_load(&done), since, cpu);
    for (int i = 0; i < workers; i++)
        millhand_worker_stop(made[i]);
    for (int i = 0; i < workers; i++) {
        (void)pthread_join(threads[i], NULL);
        millhand_worker_free(made[i]);
    }
}

int main(int argc, char **argv)
{
    struct millhand_error error;
    if (argc < 6) {
        (void)fprintf(stderr, "usage: client URL dispatch|drain …\n");
        return 2;
    }
    long jobs = strtol(argv[3], NULL, 10), last = strtol(argv[5], NULL, 10);
    type_count = strtol(argv[4], NULL, 10);
    if (type_count < 1 || type_count > TYPES_MAX) require(NULL);
    for (long i = 0; i < type_count; i++)
        (void)snprintf(types[i], sizeof types[i], "grow-%d", (int)i);
    if (argc > 7) {
        tenant_count = strtol(argv[6], NULL, 10);
        read_tenants(argv[7]);
    }
    check(millhand_open(argv[1], NULL, &store, &error), &error);
    if (strcmp(argv[2], "dispatch") == 0)
        dispatch(jobs, (size_t)last);
    else
        drain(jobs, (int)last);
    millhand_close(store);
    return 0;
}
