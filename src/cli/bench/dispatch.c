/* W1 and W2: dispatching. */
#include <pthread.h>

#include "base/clock.h"
#include "cli/bench/bench.h"
#include "store/store.h"
#include "store/sync.h"

#define FLIGHT 4

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
    for (int64_t i = 0; r == 0 && i < bench->jobs && !mh_bench_interrupted(); i++)
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
    if (flight->left == 0 || flight->code < 0 || mh_bench_interrupted()) return;
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
    const struct mh_store_options options = mh_bench_options(bench);
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
    struct mh_bare *bare;
    int r = mh_bench_bare(bench, &bare, err);
    if (r < 0) return r;
    int64_t since_us = mh_clock_mono_us();
    r = mh_bench_bare_fill(bare, bench->jobs, batch, err);
    ret_sample->values[0] = mh_bench_rate(bench->jobs, since_us);
    mh_bare_close(bare);
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

/* --- the ceiling of several under way: each has a session */

struct session {
    struct mh_bare *bare;
    pthread_t thread;
    int64_t jobs;
    bool started;
    int code;
    struct mh_err err;
};

static void *add_mine(void *arg)
{
    struct session *session = arg;
    session->code = mh_bench_bare_fill(session->bare, session->jobs, 1, &session->err);
    return NULL;
}

static int run_sessions(struct session *sessions, size_t count, struct mh_err *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++) {
        int failed = pthread_create(&sessions[i].thread, NULL, add_mine, &sessions[i]);
        sessions[i].started = failed == 0;
        if (failed != 0) r = mh_err_sys(err, failed, "unable to start a thread");
    }
    for (size_t i = 0; i < count; i++) {
        if (!sessions[i].started) continue;
        (void)pthread_join(sessions[i].thread, NULL); /* joinable, and not this one */
        if (r == 0 && sessions[i].code < 0) {
            r = sessions[i].code;
            *err = sessions[i].err;
        }
    }
    return r;
}

static int add_by_sessions(const struct mh_bench *bench, struct mh_bare *first,
                           struct mh_bench_sample *ret_sample, struct mh_err *err)
{
    const struct mh_bare_place place = {bench->url, bench->schema, bench->synchronous_full};
    struct session sessions[FLIGHT] = {{.bare = first}};
    size_t count = mh_bare_one_writer(first) ? 1 : FLIGHT;
    int r = 0;
    for (size_t i = 1; r == 0 && i < count; i++)
        r = mh_bare_open(&place, &sessions[i].bare, err);
    for (size_t i = 0; i < count; i++)
        sessions[i].jobs = bench->jobs / (int64_t)count;
    int64_t since_us = mh_clock_mono_us();
    if (r == 0) r = run_sessions(sessions, count, err);
    ret_sample->values[0] = mh_bench_rate(bench->jobs / (int64_t)count * (int64_t)count, since_us);
    for (size_t i = 1; i < count; i++)
        mh_bare_close(sessions[i].bare);
    return r;
}

int mh_bench_ceiling_flight(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                            struct mh_err *err)
{
    struct mh_bare *bare;
    int r = mh_bench_bare(bench, &bare, err);
    if (r < 0) return r;
    r = add_by_sessions(bench, bare, ret_sample, err);
    mh_bare_close(bare);
    return r;
}
