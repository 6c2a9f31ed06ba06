/* W9: dispatching and running behind a backlog of many tenants, types and jobs that are not due. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/uuid.h"
#include "cli/bench/bench.h"
#include "store/sync.h"

#define AT_ONCE     16
#define TYPES       100
#define TENANTS_MIN 10
#define TENANTS_MAX 1000
#define DAY_MS      86400000

struct crowd {
    char types[TYPES][16];
    char tenants[TENANTS_MAX][MILLHAND_ID_SIZE];
    size_t tenant_count;
    struct millhand_handler handlers[TYPES];
    atomic_llong done;
};

static int count_one(struct millhand_run *run, void *arg)
{
    (void)run;
    (void)atomic_fetch_add((atomic_llong *)arg, 1);
    return MILLHAND_RUN_DONE;
}

/* --- who is there */

static int add_tenant(struct mh_sync *sync, char ret_id[MILLHAND_ID_SIZE], struct mh_err *err)
{
    struct mh_call call = {0};
    const struct mh_uuid id = mh_uuid_new();
    mh_uuid_format(&id, ret_id);
    const struct mh_tenant tenant = {.id = id, .name = ret_id};
    return mh_sync_await(sync, mh_store_tenant_add(sync->store, &tenant, mh_call_done, &call, err),
                         &call, err);
}

static int add_tenants(const struct mh_bench *bench, struct crowd *crowd, struct mh_err *err)
{
    const struct mh_store_options options = mh_bench_options(bench);
    struct mh_sync sync = {0};
    int r = mh_sync_open(&sync, &options, err);
    for (size_t i = 0; r == 0 && i < crowd->tenant_count && !mh_bench_interrupted(); i++)
        r = add_tenant(&sync, crowd->tenants[i], err);
    mh_sync_close(&sync);
    return r;
}

static int gather(const struct mh_bench *bench, struct crowd *crowd, struct mh_err *err)
{
    int64_t tenants = bench->backlog / 1000;
    if (tenants < TENANTS_MIN) tenants = TENANTS_MIN;
    crowd->tenant_count = tenants > TENANTS_MAX ? TENANTS_MAX : (size_t)tenants;
    for (int i = 0; i < TYPES; i++) {
        (void)snprintf(crowd->types[i], sizeof crowd->types[i], "bench-%d", i); /* fits */
        crowd->handlers[i] = (struct millhand_handler){
            .type = crowd->types[i], .fn = count_one, .arg = &crowd->done};
    }
    return add_tenants(bench, crowd, err);
}

/* --- what they have to do */

/* Every second job is for tomorrow, with `later`. */
static int dispatch(struct millhand *mh, const struct crowd *crowd, int64_t jobs, bool later,
                    struct mh_err *err)
{
    struct millhand_job_spec specs[MH_BENCH_BULK];
    struct millhand_error said;
    int r = 0;
    for (int64_t sent = 0; r == 0 && sent < jobs && !mh_bench_interrupted();) {
        size_t count = 0;
        for (; count < MH_BENCH_BULK && sent < jobs; count++, sent++)
            specs[count] = (struct millhand_job_spec){
                .type = crowd->types[sent / 2 % TYPES],
                .tenant_id = crowd->tenants[(size_t)sent % crowd->tenant_count],
                .payload = MH_BENCH_PAYLOAD,
                .delay_ms = later && sent % 2 == 1 ? DAY_MS : 0,
            };
        r = mh_bench_check(millhand_dispatch_many(mh, specs, count, NULL, &said), &said, err);
    }
    return r;
}

static int run_some(struct millhand *mh, const struct mh_bench *bench, struct crowd *crowd,
                    double *ret_rate, struct mh_err *err)
{
    const struct millhand_worker_options options = {
        .handlers = crowd->handlers, .handler_count = TYPES, .concurrency = AT_ONCE};
    struct mh_bench_aside aside;
    struct mh_err ending;
    int64_t since_us = mh_clock_mono_us();
    int r = mh_bench_aside_start(mh, &options, &aside, err);
    if (r < 0) return r;
    r = mh_bench_wait(&crowd->done, bench->jobs, err);
    *ret_rate = mh_bench_rate(atomic_load(&crowd->done), since_us);
    int ended = mh_bench_aside_stop(&aside, &ending);
    if (r == 0 && ended < 0) *err = ending;
    return r < 0 ? r : ended;
}

static int measure(struct millhand *mh, const struct mh_bench *bench, struct crowd *crowd,
                   int64_t backlog, struct mh_bench_sample *ret_sample, struct mh_err *err)
{
    /* Also where nothing is to be in the way: the first ones pay for what is made only once. */
    int64_t first = backlog > MH_BENCH_BULK ? backlog : MH_BENCH_BULK;
    int r = gather(bench, crowd, err);
    if (r == 0) r = dispatch(mh, crowd, first, true, err);
    int64_t since_us = mh_clock_mono_us();
    if (r == 0) r = dispatch(mh, crowd, bench->jobs, false, err);
    ret_sample->values[0] = mh_bench_rate(bench->jobs, since_us);
    return r == 0 ? run_some(mh, bench, crowd, &ret_sample->values[1], err) : r;
}

static int behind(const struct mh_bench *bench, int64_t backlog, struct mh_bench_sample *ret_sample,
                  struct mh_err *err)
{
    struct crowd *crowd = calloc(1, sizeof *crowd);
    if (crowd == NULL) return mh_err_set(err, MH_ENOMEM, "unable to measure: out of memory");
    struct millhand *mh;
    int r = mh_bench_open(bench, &mh, err);
    if (r == 0) {
        r = measure(mh, bench, crowd, backlog, ret_sample, err);
        millhand_close(mh);
    }
    free(crowd);
    return r;
}

int mh_bench_backlog(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                     struct mh_err *err)
{
    return behind(bench, bench->backlog, ret_sample, err);
}

int mh_bench_empty(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                   struct mh_err *err)
{
    return behind(bench, 0, ret_sample, err);
}
