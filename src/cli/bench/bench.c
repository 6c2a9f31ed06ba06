#include "cli/bench/bench.h"

#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/store.h"

#define BODY_MAX 1048576

static volatile sig_atomic_t interrupted; /* the number of the signal */

static void on_signal(int number)
{
    interrupted = number;
}

void mh_bench_catch_signals(void)
{
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    (void)sigaction(SIGINT, &action, NULL); /* neither fails for a signal that there is */
    (void)sigaction(SIGTERM, &action, NULL);
}

int mh_bench_interrupted(void)
{
    return interrupted;
}

int mh_bench_check(int r, const struct millhand_error *said, struct mh_err *err)
{
    return r < 0 ? mh_err_set(err, r, "%s", said->message) : r;
}

int mh_bench_open(const struct mh_bench *bench, struct millhand **ret_mh, struct mh_err *err)
{
    struct millhand_error said;
    const struct millhand_options options = {.schema = bench->schema,
                                             .synchronous_full = bench->synchronous_full};
    return mh_bench_check(millhand_open(bench->url, &options, ret_mh, &said), &said, err);
}

struct mh_store_options mh_bench_options(const struct mh_bench *bench)
{
    return (struct mh_store_options){
        .url = bench->url,
        .schema = bench->schema,
        .max_payload_bytes = BODY_MAX,
        .max_result_bytes = BODY_MAX,
        .synchronous_full = bench->synchronous_full,
    };
}

int mh_bench_bare(const struct mh_bench *bench, struct mh_bare **ret_bare, struct mh_err *err)
{
    const struct mh_bare_place place = {bench->url, bench->schema, bench->synchronous_full};
    struct mh_bare *bare;
    int r = mh_bare_open(&place, &bare, err);
    if (r < 0) return r;
    r = mh_bare_make(bare, err);
    if (r < 0)
        mh_bare_close(bare);
    else
        *ret_bare = bare;
    return r;
}

/* A batch, or what is left of all. */
static size_t part_of(int64_t left, size_t batch)
{
    return left < (int64_t)batch ? (size_t)left : batch;
}

int mh_bench_bare_fill(struct mh_bare *bare, int64_t jobs, size_t batch, struct mh_err *err)
{
    int r = 0;
    for (int64_t left = jobs; r == 0 && left > 0 && !interrupted; left -= (int64_t)batch)
        r = mh_bare_add(bare, MH_BENCH_PAYLOAD, part_of(left, batch), err);
    return r;
}

int mh_bench_fill(struct millhand *mh, int64_t jobs, struct mh_err *err)
{
    struct millhand_job_spec specs[MH_BENCH_BULK];
    struct millhand_error said;
    int r = 0;
    for (size_t i = 0; i < MH_BENCH_BULK; i++)
        specs[i] = (struct millhand_job_spec){.type = MH_BENCH_TYPE, .payload = MH_BENCH_PAYLOAD};
    for (int64_t left = jobs; r == 0 && left > 0 && !interrupted; left -= MH_BENCH_BULK)
        r = mh_bench_check(
            millhand_dispatch_many(mh, specs, part_of(left, MH_BENCH_BULK), NULL, &said), &said,
            err);
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
