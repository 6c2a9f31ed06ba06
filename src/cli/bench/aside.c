/* A worker in this process, on a thread of its own. */
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "cli/bench/bench.h"

#define STALL_US 30000000 /* a worker that ends nothing for so long is stuck */

static void *work(void *arg)
{
    struct mh_bench_aside *aside = arg;
    aside->code = millhand_worker_run(aside->worker, &aside->said);
    return NULL;
}

int mh_bench_aside_start(struct millhand *mh, const struct millhand_worker_options *options,
                         struct mh_bench_aside *aside, struct mh_err *err)
{
    int r = mh_bench_check(millhand_worker_new(mh, options, &aside->worker, &aside->said),
                           &aside->said, err);
    if (r < 0) return r;
    int failed = pthread_create(&aside->thread, NULL, work, aside);
    if (failed == 0) return 0;
    millhand_worker_free(aside->worker);
    return mh_err_sys(err, failed, "unable to start a thread");
}

int mh_bench_aside_stop(struct mh_bench_aside *aside, struct mh_err *err)
{
    millhand_worker_stop(aside->worker);
    (void)pthread_join(aside->thread, NULL); /* joinable, and not this one */
    millhand_worker_free(aside->worker);
    return mh_bench_check(aside->code, &aside->said, err);
}

void mh_bench_nap(int64_t us)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL); /* shorter does no harm */
}

int mh_bench_wait(const atomic_llong *done, int64_t count, struct mh_err *err)
{
    int64_t seen = -1, since_us = 0;
    while (atomic_load(done) < count && !mh_bench_interrupted()) {
        int64_t now_us = mh_clock_mono_us();
        if (atomic_load(done) != seen) {
            seen = atomic_load(done);
            since_us = now_us;
        }
        if (now_us - since_us > STALL_US)
            return mh_err_set(err, MH_ETIMEOUT, "the worker is stuck behind %lld jobs",
                              (long long)seen);
        mh_bench_nap(500);
    }
    return 0;
}
