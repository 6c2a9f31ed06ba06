/* W1 and W2: dispatching. */
#include "base/clock.h"
#include "cli/bench/bench.h"
#include "store/ceiling.h"
#include "store/store.h"
#include "store/sync.h"

#define FLIGHT   4
#define BODY_MAX 1048576

int mh_bench_bulk(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                  struct mh_err *err)
{
    struct millhand *mh;
    int r = mh_bench_open(bench, &mh, err);
    if (r < 0) return r;
    int64_t since_us = mh_clock_mono_us();
    r = mh_bench_fill(mh, bench->jobs, err);
    ret_sample->values[0] = mh_bench_rate(bench->jobs, since_us);
    millhand_close(mh);
    return r;
}

int mh_bench_single(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                    struct mh_err *err)
{
    const struct millhand_job_spec spec = {.type = MH_BENCH_TYPE, .payload = MH_BENCH_PAYLOAD};
    struct millhand_error said;
    struct millhand *mh;
    int r = mh_bench_open(bench, &mh, err);
    if (r < 0) return r;
    int64_t since_us = mh_clock_mono_us();
    for (int64_t i = 0; r == 0 && i < bench->jobs; i++)
        r = mh_bench_check(millhand_dispatch(mh, &spec, NULL, &said), &said, err);
    ret_sample->values[0] = mh_bench_rate(bench->jobs, since_us);
    millhand_close(mh);
    return r;
}

/* --- several calls under way at once, as a server has them */

struct flight {
    struct mh_store *store;
    int64_t left; /* to ask for */
    int under_way;
    int code;
    struct mh_err *err;
};

static void on_dispatched(void *arg, const struct mh_reply *reply);

static void ask(struct flight *flight)
{
    const struct mh_dispatch job = {
        .id = mh_uuid_new(),
        .type = MH_BENCH_TYPE,
        .payload = MH_BENCH_PAYLOAD,
        .payload_len = sizeof MH_BENCH_PAYLOAD - 1,
        .priority = -1,
    };
    if (flight->left == 0 || flight->code < 0) return;
    flight->left--;
    int r = mh_store_dispatch(flight->store, &job, 1, on_dispatched, flight, flight->err);
    if (r < 0)
        flight->code = r;
    else
        flight->under_way++;
}

static void on_dispatched(void *arg, const struct mh_reply *reply)
{
    struct flight *flight = arg;
    flight->under_way--;
    if (reply->code < 0) {
        flight->code = reply->code;
        *flight->err = reply->err;
    }
    ask(flight);
}

int mh_bench_flight(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                    struct mh_err *err)
{
    const struct mh_store_options options = {.url = bench->url,
                                             .max_payload_bytes = BODY_MAX,
                                             .max_result_bytes = BODY_MAX,
                                             .synchronous_full = bench->synchronous_full};
    struct mh_sync sync = {0};
    struct flight flight = {.left = bench->jobs, .err = err};
    int r = mh_sync_open(&sync, &options, err);
    if (r == 0) {
        flight.store = sync.store;
        int64_t since_us = mh_clock_mono_us();
        for (int i = 0; i < FLIGHT; i++)
            ask(&flight);
        while (flight.under_way > 0)
            (void)uv_run(&sync.loop, UV_RUN_ONCE); /* says only whether handles are left */
        ret_sample->values[0] = mh_bench_rate(bench->jobs, since_us);
        r = flight.code;
    }
    mh_sync_close(&sync);
    return r;
}

/* --- ceilings */

static int add_all(const struct mh_bench *bench, size_t batch, struct mh_bench_sample *ret_sample,
                   struct mh_err *err)
{
    struct mh_ceiling *ceiling;
    int r = mh_ceiling_open(bench->url, bench->synchronous_full, &ceiling, err);
    if (r < 0) return r;
    int64_t since_us = mh_clock_mono_us();
    for (int64_t left = bench->jobs; r == 0 && left > 0; left -= (int64_t)batch)
        r = mh_ceiling_add(ceiling, MH_BENCH_PAYLOAD, left < (int64_t)batch ? (size_t)left : batch,
                           err);
    ret_sample->values[0] = mh_bench_rate(bench->jobs, since_us);
    mh_ceiling_close(ceiling);
    return r;
}

int mh_bench_ceiling_bulk(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                          struct mh_err *err)
{
    return add_all(bench, MH_BENCH_BULK, ret_sample, err);
}

int mh_bench_ceiling_single(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                            struct mh_err *err)
{
    return add_all(bench, 1, ret_sample, err);
}
