/* W6: dispatching and running at once, while somebody reads an old state and does not end. */
#include "base/clock.h"
#include "cli/bench/bench.h"

#define AT_ONCE     16
#define BATCH       500
#define BACKLOG_MAX 5000

static int count_one(struct millhand_run *run, void *arg)
{
    (void)run;
    (void)atomic_fetch_add((atomic_llong *)arg, 1);
    return MILLHAND_RUN_DONE;
}

/* Keeps so many jobs waiting until `until` are done. */
static int feed(struct millhand *mh, int64_t backlog, const atomic_llong *done, int64_t until,
                int64_t *dispatched, struct mh_err *err)
{
    int r = 0;
    while (r == 0 && atomic_load(done) < until && !mh_bench_interrupted()) {
        int64_t enough = *dispatched + BATCH - backlog; /* done, for another batch to fit */
        r = mh_bench_wait(done, enough < until ? enough : until, err);
        if (r == 0 && atomic_load(done) >= enough) {
            r = mh_bench_fill(mh, BATCH, err);
            *dispatched += BATCH;
        }
    }
    return r;
}

/* The jobs before the first tenth warm it up. Each tenth is counted from where it was seen to
 * begin, for many may end between two looks. */
static int measure(struct millhand *mh, const struct mh_bench *bench, const atomic_llong *done,
                   struct mh_bench_sample *ret_sample, struct mh_err *err)
{
    const int64_t tenth = bench->jobs / 10;
    const int64_t backlog = tenth < BATCH ? BATCH : tenth < BACKLOG_MAX ? tenth : BACKLOG_MAX;
    const int64_t begins[] = {tenth, bench->jobs};
    int64_t dispatched = 0;
    int r = 0;
    for (size_t i = 0; r == 0 && i < MH_LEN(begins); i++) {
        r = feed(mh, backlog, done, begins[i], &dispatched, err);
        int64_t before = atomic_load(done), since_us = mh_clock_mono_us();
        if (r == 0) r = feed(mh, backlog, done, before + tenth, &dispatched, err);
        int64_t count = atomic_load(done) - before;
        ret_sample->values[i] = mh_bench_rate(count, since_us);
    }
    return r;
}

static int flow(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                struct mh_err *err)
{
    atomic_llong done = 0;
    const struct millhand_handler handler = {.type = MH_BENCH_TYPE, .fn = count_one, .arg = &done};
    const struct millhand_worker_options options = {
        .handlers = &handler, .handler_count = 1, .concurrency = AT_ONCE};
    struct mh_bench_aside aside;
    struct millhand *mh;
    int r = mh_bench_open(bench, &mh, err);
    if (r < 0) return r;
    r = mh_bench_aside_start(mh, &options, &aside, err);
    if (r == 0) {
        struct mh_err ending;
        r = measure(mh, bench, &done, ret_sample, err);
        int ended = mh_bench_aside_stop(&aside, &ending);
        if (r == 0 && ended < 0) *err = ending;
        if (r == 0) r = ended;
    }
    millhand_close(mh);
    return r;
}

int mh_bench_held(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                  struct mh_err *err)
{
    const struct mh_bare_place place = {bench->url, bench->schema, bench->synchronous_full};
    struct mh_bare *holder;
    int r = mh_bare_open(&place, &holder, err);
    if (r < 0) return r;
    r = mh_bare_hold(holder, err);
    if (r == 0) r = flow(bench, ret_sample, err);
    mh_bare_close(holder);
    return r;
}

int mh_bench_free(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                  struct mh_err *err)
{
    return flow(bench, ret_sample, err);
}
