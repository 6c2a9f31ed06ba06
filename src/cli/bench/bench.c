#include "cli/bench/bench.h"

#include <stdlib.h>

#include "base/clock.h"

int mh_bench_check(int r, const struct millhand_error *said, struct mh_err *err)
{
    return r < 0 ? mh_err_set(err, r, "%s", said->message) : r;
}

int mh_bench_open(const struct mh_bench *bench, struct millhand **ret_mh, struct mh_err *err)
{
    struct millhand_error said;
    const struct millhand_options options = {.synchronous_full = bench->synchronous_full};
    return mh_bench_check(millhand_open(bench->url, &options, ret_mh, &said), &said, err);
}

int mh_bench_fill(struct millhand *mh, int64_t jobs, struct mh_err *err)
{
    struct millhand_job_spec specs[MH_BENCH_BULK];
    struct millhand_error said;
    int r = 0;
    for (size_t i = 0; i < MH_BENCH_BULK; i++)
        specs[i] = (struct millhand_job_spec){.type = MH_BENCH_TYPE, .payload = MH_BENCH_PAYLOAD};
    for (int64_t left = jobs; r == 0 && left > 0; left -= MH_BENCH_BULK) {
        size_t count = left < MH_BENCH_BULK ? (size_t)left : MH_BENCH_BULK;
        r = mh_bench_check(millhand_dispatch_many(mh, specs, count, NULL, &said), &said, err);
    }
    return r;
}

int mh_bench_check_done(struct millhand *mh, int64_t jobs, struct mh_err *err)
{
    struct millhand_stats stats;
    struct millhand_error said;
    int r = mh_bench_check(millhand_stats(mh, NULL, &stats, &said), &said, err);
    if (r < 0 || stats.completed == jobs) return r;
    return mh_err_set(err, MH_ESTATE, "%lld of %lld jobs were completed",
                      (long long)stats.completed, (long long)jobs);
}

double mh_bench_rate(int64_t count, int64_t since_us)
{
    int64_t took_us = mh_clock_mono_us() - since_us;
    return (double)count * 1e6 / (double)(took_us > 0 ? took_us : 1);
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

double mh_bench_quantile(double *values, size_t count, double share)
{
    if (count == 0) return 0;
    qsort(values, count, sizeof *values, compare);
    size_t at = (size_t)(share * (double)count);
    return values[at < count ? at : count - 1];
}
