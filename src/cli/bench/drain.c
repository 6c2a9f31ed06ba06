/* W3: running what is there, with handlers that do nothing. */
#include <pthread.h>
#include <stdio.h>

#include "base/clock.h"
#include "cli/bench/bench.h"

#define WORKERS_MAX 2

static int do_nothing(struct millhand_run *run, void *arg)
{
    (void)run;
    (void)arg;
    return MILLHAND_RUN_DONE;
}

struct drainer {
    struct millhand_worker *worker;
    pthread_t thread;
    int code;
    struct millhand_error said;
};

static void *work(void *arg)
{
    struct drainer *drainer = arg;
    drainer->code = millhand_worker_run(drainer->worker, &drainer->said);
    return NULL;
}

/* Runs the workers side by side until nothing is left. */
static int run_all(struct drainer *drainers, int count, struct mh_err *err)
{
    int started = 0, r = 0;
    for (; r == 0 && started < count; started++) {
        int failed = pthread_create(&drainers[started].thread, NULL, work, &drainers[started]);
        if (failed != 0) {
            r = mh_err_sys(err, failed, "unable to start a thread");
            break;
        }
    }
    for (int i = 0; i < started; i++) {
        if (r < 0) millhand_worker_stop(drainers[i].worker);
        (void)pthread_join(drainers[i].thread, NULL); /* joinable, and not this one */
        if (r == 0) r = mh_bench_check(drainers[i].code, &drainers[i].said, err);
    }
    return r;
}

static int drain_with(struct millhand *mh, const struct mh_bench *bench, int count,
                      struct mh_bench_sample *ret_sample, struct mh_err *err)
{
    static const struct millhand_handler handler = {.type = MH_BENCH_TYPE, .fn = do_nothing};
    const struct millhand_worker_options options = {
        .handlers = &handler, .handler_count = 1, .concurrency = MH_BENCH_AT_ONCE, .drain = true};
    struct drainer drainers[WORKERS_MAX] = {{0}};
    struct millhand_error said;
    int r = mh_bench_fill(mh, bench->jobs, err);
    for (int i = 0; r == 0 && i < count; i++)
        r = mh_bench_check(millhand_worker_new(mh, &options, &drainers[i].worker, &said), &said,
                           err);
    int64_t since_us = mh_clock_mono_us();
    if (r == 0) r = run_all(drainers, count, err);
    ret_sample->values[0] = mh_bench_rate(bench->jobs, since_us);
    for (int i = 0; i < count; i++)
        millhand_worker_free(drainers[i].worker);
    return r == 0 ? mh_bench_check_done(mh, bench->jobs, err) : r;
}

static int drain(const struct mh_bench *bench, int count, struct mh_bench_sample *ret_sample,
                 struct mh_err *err)
{
    struct millhand *mh;
    int r = mh_bench_open(bench, &mh, err);
    if (r < 0) return r;
    r = drain_with(mh, bench, count, ret_sample, err);
    millhand_close(mh);
    return r;
}

int mh_bench_drain(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                   struct mh_err *err)
{
    return drain(bench, 1, ret_sample, err);
}

int mh_bench_drain_two(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                       struct mh_err *err)
{
    return drain(bench, 2, ret_sample, err);
}

void mh_bench_persistent_conf(const struct mh_bench *bench, char ret_conf[MH_BENCH_CONF])
{
    (void)snprintf(ret_conf, MH_BENCH_CONF, /* fits: see MH_BENCH_CHILD_MAX */
                   "mode=persistent\nprocesses=1\nconcurrency=%d\ncommand=%s\n", MH_BENCH_AT_ONCE,
                   bench->child);
}

int mh_bench_persistent(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                        struct mh_err *err)
{
    char conf[MH_BENCH_CONF];
    int64_t took_us = 1;
    struct millhand *mh;
    mh_bench_persistent_conf(bench, conf);
    int r = mh_bench_open(bench, &mh, err);
    if (r < 0) return r;
    r = mh_bench_fill(mh, bench->jobs, err);
    if (r == 0) r = mh_bench_work(bench, conf, MH_BENCH_AT_ONCE, &took_us, err);
    if (r == 0) r = mh_bench_check_done(mh, bench->jobs, err);
    ret_sample->values[0] = (double)bench->jobs * 1e6 / (double)took_us;
    millhand_close(mh);
    return r;
}

int mh_bench_ceiling_take(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                          struct mh_err *err)
{
    struct mh_bare *bare;
    int r = mh_bench_bare(bench, &bare, err);
    if (r < 0) return r;
    r = mh_bench_bare_fill(bare, bench->jobs, MH_BENCH_BULK, err);
    int64_t since_us = mh_clock_mono_us();
    int taken = r == 0 ? 1 : r;
    while (taken > 0)
        taken = mh_bare_take(bare, MH_BENCH_TAKE, err);
    ret_sample->values[0] = mh_bench_rate(bench->jobs, since_us);
    mh_bare_close(bare);
    return taken;
}
