/* W7 and W8: a worker as a process of its own, what it costs and how soon it works. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/spawn.h"
#include "cli/bench/bench.h"

#define AT_ONCE     "16"
#define START_MS    20000
#define STOP_MS     10000
#define SETTINGS    9
#define SERVERS_MAX 8

/* --- the process */

struct child {
    struct mh_process process;
    int log; /* its standard error */
};

static int write_conf(const struct mh_bench *bench, const char *conf, struct mh_err *err)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/millhand.conf", bench->folder); /* fits: see place.c */
    FILE *file = fopen(path, "we");
    if (file == NULL) return mh_err_sys(err, errno, "unable to write %s", path);
    int written = fprintf(file, "[handler." MH_BENCH_TYPE "]\n%s", conf);
    if (fclose(file) == 0 && written > 0) return 0;
    return mh_err_sys(err, errno, "unable to write %s", path);
}

/* Whether `setting`, "NAME=value", is of one of these names. */
static bool is_among(const char *setting, const char *const names[SETTINGS])
{
    size_t len = strcspn(setting, "=");
    for (size_t i = 0; i < SETTINGS; i++)
        if (strlen(names[i]) == len && strncmp(setting, names[i], len) == 0) return true;
    return false;
}

/* What it is told, and what this program was told besides. The server knows it by its schema. */
static const char **environment(const struct mh_bench *bench, const char *level,
                                char texts[SETTINGS][PATH_MAX + 64])
{
    const char *const names[SETTINGS] = {
        "DATABASE_URL",       "MILLHAND_SCHEMA",   "MILLHAND_HANDLERS",
        "MILLHAND_CONFIG",    "HEALTH_CHECK_PORT", "MAX_CONCURRENT_JOBS",
        "SQLITE_SYNCHRONOUS", "LOG_LEVEL",         "PGAPPNAME"};
    const char *const values[SETTINGS] = {bench->url,
                                          bench->schema,
                                          bench->folder,
                                          bench->folder,
                                          "0",
                                          AT_ONCE,
                                          bench->synchronous_full ? "full" : "normal",
                                          level,
                                          bench->schema};
    size_t inherited = 0;
    while (environ[inherited] != NULL)
        inherited++;
    const char **env = calloc(SETTINGS + inherited + 1, sizeof *env);
    for (size_t i = 0; env != NULL && i < SETTINGS; i++) {
        const char *file = strcmp(names[i], "MILLHAND_CONFIG") == 0     ? "/millhand.conf"
                           : strcmp(names[i], "MILLHAND_HANDLERS") == 0 ? "/none"
                                                                        : "";
        (void)snprintf(texts[i], sizeof texts[i], "%s=%s%s", names[i], values[i], file);
        env[i] = texts[i];
    }
    size_t count = SETTINGS;
    for (size_t i = 0; env != NULL && i < inherited; i++)
        if (!is_among(environ[i], names)) env[count++] = environ[i];
    return env;
}

static int start(const struct mh_bench *bench, const char *conf, const char *level,
                 struct child *child, struct mh_err *err)
{
    char self[64], texts[SETTINGS][PATH_MAX + 64];
    int pipe[2];
    int r = write_conf(bench, conf, err);
    if (r == 0) r = mh_pipe(0, pipe, err);
    if (r < 0) return r;
    const char **env = environment(bench, level, texts);
    (void)snprintf(self, sizeof self, "/proc/%d/exe", (int)getpid()); /* fits */
    const char *const argv[] = {self, "worker", NULL};
    const struct mh_spawn spawn = {.argv = argv, .env = env, .fds = {-1, -1, pipe[1], -1}};
    r = env != NULL ? mh_spawn(&spawn, &child->process, err)
                    : mh_err_set(err, MH_ENOMEM, "unable to measure: out of memory");
    free(env);
    (void)close(pipe[1]); /* nothing was written to it here */
    child->log = pipe[0];
    if (r < 0) (void)close(pipe[0]); /* nothing is lost */
    return r;
}

static void stop(struct child *child)
{
    int status;
    mh_process_signal(&child->process, SIGTERM);
    if (!mh_process_ends(&child->process, STOP_MS)) mh_process_signal(&child->process, SIGKILL);
    (void)mh_process_ends(&child->process, STOP_MS);
    struct mh_err err;
    if (mh_process_reap(&child->process, &status, &err) < 0) status = 0; /* its end matters alone */
    (void)close(child->process.pidfd); /* nothing is lost, as below */
    (void)close(child->log);
}

/* --- W8: from the start of the program to its first claim */

static int wait_for_claim(const struct child *child, struct mh_err *err)
{
    char log[16384];
    size_t len = 0;
    struct pollfd waiting = {.fd = child->log, .events = POLLIN};
    while (len < sizeof log - 1 && poll(&waiting, 1, START_MS) > 0) {
        ssize_t got = read(child->log, log + len, sizeof log - 1 - len);
        if (got <= 0) break;
        len += (size_t)got;
        log[len] = '\0';
        if (strstr(log, "job claimed") != NULL) return 0;
    }
    return mh_err_set(err, MH_ETIMEOUT, "the worker claimed nothing");
}

static int start_once(const struct mh_bench *bench, struct millhand *mh, double *ret_ms,
                      struct mh_err *err)
{
    struct child child;
    int r = mh_bench_fill(mh, 1, err);
    if (r < 0) return r;
    int64_t since_us = mh_clock_mono_us();
    r = start(bench, "command=/bin/true\n", "info", &child, err);
    if (r < 0) return r;
    r = wait_for_claim(&child, err);
    *ret_ms = (double)(mh_clock_mono_us() - since_us) / 1000;
    stop(&child);
    return r;
}

int mh_bench_start(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                   struct mh_err *err)
{
    double *values = calloc((size_t)bench->jobs, sizeof *values);
    if (values == NULL) return mh_err_set(err, MH_ENOMEM, "unable to measure: out of memory");
    struct millhand *mh;
    int r = mh_bench_open(bench, &mh, err);
    if (r == 0) {
        for (int64_t i = 0; r == 0 && i < bench->jobs && !mh_bench_interrupted(); i++)
            r = start_once(bench, mh, &values[i], err);
        millhand_close(mh);
    }
    ret_sample->values[0] = mh_bench_quantile(values, (size_t)bench->jobs, 0.5);
    free(values);
    return r;
}

/* --- W7: memory and processor time */

/* The worker is the first; the server's processes for it follow. */
struct group {
    pid_t pids[1 + SERVERS_MAX];
    int count;
};

struct cost {
    double mb, cpu_ms; /* MH_BENCH_NONE: not to be had */
};

static double memory_mb(pid_t pid)
{
    char path[64], line[256];
    long kb = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid); /* fits */
    FILE *file = fopen(path, "re");
    if (file == NULL) return MH_BENCH_NONE;
    while (kb == 0 && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "Pss:", 4) == 0) kb = strtol(line + 4, NULL, 10);
    (void)fclose(file); /* it was only read */
    return kb > 0 ? (double)kb / 1024 : MH_BENCH_NONE;
}

static double cpu_ms(pid_t pid)
{
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) < 0)
        return MH_BENCH_NONE;
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static struct cost cost_of(const struct group *group, int from, int to)
{
    struct cost cost = {from < to ? 0 : MH_BENCH_NONE, from < to ? 0 : MH_BENCH_NONE};
    for (int i = from; i < to; i++) {
        double mb = memory_mb(group->pids[i]), ms = cpu_ms(group->pids[i]);
        cost.mb = mb < 0 || cost.mb < 0 ? MH_BENCH_NONE : cost.mb + mb;
        cost.cpu_ms = ms < 0 || cost.cpu_ms < 0 ? MH_BENCH_NONE : cost.cpu_ms + ms;
    }
    return cost;
}

/* The difference, times `by`. */
static double spent(struct cost before, struct cost after, double by)
{
    bool known = before.cpu_ms >= 0 && after.cpu_ms >= before.cpu_ms;
    return known ? (after.cpu_ms - before.cpu_ms) * by : MH_BENCH_NONE;
}

static int wait_for_end(struct millhand *mh, int64_t jobs, struct mh_err *err)
{
    struct millhand_stats stats = {0};
    struct millhand_error said;
    int64_t until_us = mh_clock_mono_us() + START_MS * INT64_C(1000) + jobs * 10000;
    int r = 0;
    while (r == 0 && stats.completed < jobs && !mh_bench_interrupted()) {
        mh_bench_nap(50000);
        r = mh_bench_check(millhand_stats(mh, NULL, &stats, &said), &said, err);
        if (r == 0 && mh_clock_mono_us() > until_us)
            r = mh_err_set(err, MH_ETIMEOUT, "the worker did not come to an end");
    }
    return r;
}

static int find_group(const struct mh_bench *bench, const struct child *child,
                      struct group *ret_group, struct mh_err *err)
{
    const struct mh_bare_place place = {bench->url, bench->schema, bench->synchronous_full};
    struct mh_bare *bare;
    int r = mh_bare_open(&place, &bare, err);
    if (r < 0) return r;
    ret_group->pids[0] = child->process.pid;
    r = mh_bare_servers(bare, bench->schema, ret_group->pids + 1, SERVERS_MAX, err);
    mh_bare_close(bare);
    if (r >= 0) ret_group->count = 1 + r;
    return r < 0 ? r : 0;
}

/* Idle for a millisecond a job, then all the jobs. */
static int weigh(const struct mh_bench *bench, struct millhand *mh, const struct group *group,
                 struct mh_bench_sample *ret_sample, struct mh_err *err)
{
    struct cost worker[3], server[3];
    double *values = ret_sample->values, a_min = 60000 / (double)bench->jobs;
    int r = 0;
    for (int step = 0; r == 0 && step < 3; step++) {
        if (step == 1)
            for (int64_t ms = 0; ms < bench->jobs && !mh_bench_interrupted(); ms += 100)
                mh_bench_nap(100000);
        if (step == 2) r = mh_bench_fill(mh, bench->jobs, err);
        if (step == 2 && r == 0) r = wait_for_end(mh, 1 + bench->jobs, err);
        worker[step] = cost_of(group, 0, 1);
        server[step] = cost_of(group, 1, group->count);
    }
    if (r < 0) return r;
    values[0] = worker[1].mb;
    values[1] = server[1].mb;
    values[2] = spent(worker[0], worker[1], a_min);
    values[3] = spent(server[0], server[1], a_min);
    values[4] = worker[2].mb;
    values[5] = server[2].mb;
    values[6] = spent(worker[1], worker[2], 1e3 / (double)bench->jobs);
    values[7] = spent(server[1], server[2], 1e3 / (double)bench->jobs);
    return 0;
}

static int with_worker(const struct mh_bench *bench, struct millhand *mh,
                       struct mh_bench_sample *ret_sample, struct mh_err *err)
{
    char conf[MH_BENCH_CONF];
    struct child child;
    struct group group;
    mh_bench_persistent_conf(bench, conf);
    int r = mh_bench_fill(mh, 1, err);
    if (r == 0) r = start(bench, conf, "error", &child, err);
    if (r < 0) return r;
    r = wait_for_end(mh, 1, err);
    if (r == 0) r = find_group(bench, &child, &group, err);
    if (r == 0) r = weigh(bench, mh, &group, ret_sample, err);
    stop(&child);
    return r;
}

int mh_bench_weight(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                    struct mh_err *err)
{
    struct millhand *mh;
    int r = mh_bench_open(bench, &mh, err);
    if (r < 0) return r;
    r = with_worker(bench, mh, ret_sample, err);
    millhand_close(mh);
    return r;
}
