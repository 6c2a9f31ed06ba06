/* W5: executables, and the worker in this process that runs them. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/settings.h"
#include "cli/bench/bench.h"
#include "store/sync.h"
#include "worker/name.h"
#include "worker/worker.h"

#define NOTHING "/bin/true"
#define FLIGHT  4

/* --- a worker */

struct working {
    struct mh_sync sync;
    struct mh_settings settings;
    struct mh_registry registry;
    struct mh_worker *worker;
    bool stopped;
    bool clean;
};

static void on_stopped(void *arg, bool clean)
{
    struct working *working = arg;
    working->stopped = true;
    working->clean = clean;
    uv_stop(&working->sync.loop);
}

static int write_conf(const char *path, const char *conf, struct mh_err *err)
{
    FILE *file = fopen(path, "we");
    if (file == NULL) return mh_err_sys(err, errno, "unable to write %s", path);
    int written = fprintf(file, "[handler." MH_BENCH_TYPE "]\n%s", conf);
    if (fclose(file) == 0 && written > 0) return 0;
    return mh_err_sys(err, errno, "unable to write %s", path);
}

static int load(struct working *working, const struct mh_bench *bench, const char *conf,
                struct mh_err *err)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/millhand.conf", bench->folder); /* fits: see place.c */
    int r = write_conf(path, conf, err);
    if (r < 0) return r;
    const struct mh_registry_options options = {
        .folder = bench->folder, .config = path, .config_required = true, .environment = environ};
    return mh_registry_load(&options, &working->registry, err);
}

static int work(struct working *working, int64_t *ret_took_us, struct mh_err *err)
{
    char name[128];
    mh_name_worker(name, sizeof name);
    const struct mh_worker_options options = {
        .loop = &working->sync.loop,
        .store = working->sync.store,
        .settings = &working->settings,
        .registry = &working->registry,
        .worker_id = name,
        .drain = true,
        .stopped = on_stopped,
        .arg = working,
    };
    int64_t since_us = mh_clock_mono_us();
    int r = mh_worker_start(&options, &working->worker, err);
    while (r == 0 && !working->stopped)
        (void)uv_run(&working->sync.loop, UV_RUN_DEFAULT); /* says only whether handles are left */
    *ret_took_us = mh_clock_mono_us() - since_us;
    mh_worker_free(working->worker);
    if (r == 0 && !working->clean) r = mh_err_set(err, MH_ETIMEOUT, "jobs were left behind");
    return r;
}

int mh_bench_work(const struct mh_bench *bench, const char *conf, int concurrency,
                  int64_t *ret_took_us, struct mh_err *err)
{
    struct working working = {0};
    int r = mh_settings_init(&working.settings);
    if (r < 0) return mh_err_set(err, r, "unable to measure: out of memory");
    working.settings.max_concurrent_jobs = concurrency;
    working.settings.monitor_interval_ms = 0;
    const struct mh_store_options options = mh_bench_options(bench);
    r = load(&working, bench, conf, err);
    if (r == 0) r = mh_sync_open(&working.sync, &options, err);
    if (r == 0) r = work(&working, ret_took_us, err);
    mh_sync_close(&working.sync);
    mh_registry_release(&working.registry);
    mh_settings_release(&working.settings);
    return r;
}

int mh_bench_oneshot(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                     struct mh_err *err)
{
    int64_t took_us = 1;
    struct millhand *mh;
    int r = mh_bench_open(bench, &mh, err);
    if (r < 0) return r;
    r = mh_bench_fill(mh, bench->jobs, err);
    if (r == 0) r = mh_bench_work(bench, "command=" NOTHING "\n", FLIGHT, &took_us, err);
    if (r == 0) r = mh_bench_check_done(mh, bench->jobs, err);
    ret_sample->values[0] = (double)bench->jobs * 1e6 / (double)took_us;
    millhand_close(mh);
    return r;
}

/* --- the ceiling: the same program, as many at once, and nothing else */

static int spawn_one(struct mh_err *err)
{
    char program[] = NOTHING;
    char *const argv[] = {program, NULL};
    pid_t pid;
    int failed = posix_spawn(&pid, program, NULL, NULL, argv, environ);
    return failed != 0 ? mh_err_sys(err, failed, "unable to run %s", program) : 0;
}

int mh_bench_ceiling_spawn(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                           struct mh_err *err)
{
    int64_t left = bench->jobs;
    int under_way = 0, r = 0;
    int64_t since_us = mh_clock_mono_us();
    while ((r == 0 && left > 0) || under_way > 0) {
        if (r == 0 && left > 0 && under_way < FLIGHT) {
            r = spawn_one(err);
            under_way += r == 0;
            left--;
        } else if (waitpid(-1, NULL, 0) > 0) { /* this process has no other children now */
            under_way--;
        }
    }
    ret_sample->values[0] = mh_bench_rate(bench->jobs, since_us);
    return r;
}
