/* W4: from the call that dispatches a job to the first line of its handler, while nothing else is
 * going on. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/random.h"
#include "cli/bench/bench.h"

#define WAIT_MAX_S 10

/* Jobs before those that count: connections are made and statements planned by them. */
#define WARM_UP 10

/* Between two jobs, so that the worker is asleep and not always at the same point. */
#define IDLE_MIN_US 3000
#define IDLE_US     4000

/* Where a handler, or the ceiling's thread, tells that it has begun. */
struct meeting {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int64_t begun_us; /* monotonic; 0: not yet */
    bool asked;       /* the ceiling's thread: one more */
    bool over;
};

static void tell(struct meeting *meeting)
{
    int64_t now_us = mh_clock_mono_us();
    (void)pthread_mutex_lock(&meeting->mutex); /* cannot fail: no error checks, no owner's death */
    meeting->begun_us = now_us;
    (void)pthread_cond_broadcast(&meeting->changed);
    (void)pthread_mutex_unlock(&meeting->mutex);
}

/* The time at which it began, in milliseconds since `since_us`; negative: never. */
static double hear(struct meeting *meeting, int64_t since_us)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until); /* there is such a clock */
    until.tv_sec += WAIT_MAX_S;
    int failed = 0;
    (void)pthread_mutex_lock(&meeting->mutex);
    while (meeting->begun_us == 0 && failed == 0)
        failed = pthread_cond_timedwait(&meeting->changed, &meeting->mutex, &until);
    double ms = failed == 0 ? (double)(meeting->begun_us - since_us) / 1000 : -1;
    meeting->begun_us = 0;
    (void)pthread_mutex_unlock(&meeting->mutex);
    return ms;
}

static void idle(void)
{
    long us = IDLE_MIN_US + (long)(IDLE_US * mh_random_unit());
    (void)nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL); /* shorter does no harm */
}

/* Measures each job of a kind. */
static int measure(const struct mh_bench *bench, struct meeting *meeting,
                   int (*begin)(void *arg, struct mh_err *err), void *arg,
                   struct mh_bench_sample *ret_sample, struct mh_err *err)
{
    double *values = calloc((size_t)bench->jobs, sizeof *values);
    if (values == NULL) return mh_err_set(err, MH_ENOMEM, "unable to measure: out of memory");
    int r = 0;
    for (int64_t i = -WARM_UP; r == 0 && i < bench->jobs && !mh_bench_interrupted(); i++) {
        idle();
        int64_t since_us = mh_clock_mono_us();
        r = begin(arg, err);
        double ms = r == 0 ? hear(meeting, since_us) : 0;
        if (ms < 0)
            r = mh_err_set(err, MH_ETIMEOUT, "a job was not begun within %d s", WAIT_MAX_S);
        else if (i >= 0)
            values[i] = ms;
    }
    static const double shares[] = {0.5, 0.95, 0.99};
    for (int i = 0; r == 0 && i < (int)MH_LEN(shares); i++)
        ret_sample->values[i] = mh_bench_quantile(values, (size_t)bench->jobs, shares[i]);
    free(values);
    return r;
}

static void open_meeting(struct meeting *meeting)
{
    *meeting = (struct meeting){.over = false};
    (void)pthread_mutex_init(&meeting->mutex, NULL); /* with default attributes neither can fail */
    (void)pthread_cond_init(&meeting->changed, NULL);
}

static void close_meeting(struct meeting *meeting)
{
    (void)pthread_cond_destroy(&meeting->changed);
    (void)pthread_mutex_destroy(&meeting->mutex);
}

/* --- a worker */

static int begin_handler(struct millhand_run *run, void *arg)
{
    (void)run;
    tell(arg);
    return MILLHAND_RUN_DONE;
}

static int dispatch_one(void *arg, struct mh_err *err)
{
    const struct millhand_job_spec spec = {.type = MH_BENCH_TYPE, .payload = MH_BENCH_PAYLOAD};
    struct millhand_error said;
    return mh_bench_check(millhand_dispatch(arg, &spec, NULL, &said), &said, err);
}

static int with_worker(const struct mh_bench *bench, struct millhand *mh, struct meeting *meeting,
                       struct mh_bench_sample *ret_sample, struct mh_err *err)
{
    const struct millhand_handler handler = {
        .type = MH_BENCH_TYPE, .fn = begin_handler, .arg = meeting};
    const struct millhand_worker_options options = {.handlers = &handler, .handler_count = 1};
    struct mh_bench_aside aside;
    struct mh_err ending;
    int r = mh_bench_aside_start(mh, &options, &aside, err);
    if (r < 0) return r;
    r = measure(bench, meeting, dispatch_one, mh, ret_sample, err);
    int ended = mh_bench_aside_stop(&aside, &ending);
    if (r == 0 && ended < 0) *err = ending;
    return r < 0 ? r : ended;
}

int mh_bench_pickup(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                    struct mh_err *err)
{
    struct meeting meeting;
    struct millhand *mh;
    int r = mh_bench_open(bench, &mh, err);
    if (r < 0) return r;
    open_meeting(&meeting);
    r = with_worker(bench, mh, &meeting, ret_sample, err);
    close_meeting(&meeting);
    millhand_close(mh);
    return r;
}

/* --- while the worker has half of what it can do to do */

#define LOAD_TYPE "load"
#define AT_ONCE   16
#define TRIAL     2000 /* jobs by which is found out what it can do */
#define BEATS     100  /* a second */

struct load {
    struct millhand *mh;
    pthread_t thread;
    int64_t beat; /* jobs of each */
    atomic_bool over;
    atomic_llong done;
    int code;
    struct mh_err err;
};

static int count_one(struct millhand_run *run, void *arg)
{
    (void)run;
    (void)atomic_fetch_add((atomic_llong *)arg, 1);
    return MILLHAND_RUN_DONE;
}

static int dispatch_load(struct millhand *mh, int64_t jobs, struct mh_err *err)
{
    struct millhand_job_spec specs[TRIAL];
    struct millhand_error said;
    size_t count = jobs < TRIAL ? (size_t)jobs : TRIAL;
    for (size_t i = 0; i < count; i++)
        specs[i] = (struct millhand_job_spec){.type = LOAD_TYPE, .payload = MH_BENCH_PAYLOAD};
    return mh_bench_check(millhand_dispatch_many(mh, specs, count, NULL, &said), &said, err);
}

/* A beat that comes late is followed at once by the next. */
static void *load_it(void *arg)
{
    struct load *load = arg;
    int64_t next_us = mh_clock_mono_us();
    while (load->code == 0 && !atomic_load(&load->over)) {
        load->code = dispatch_load(load->mh, load->beat, &load->err);
        next_us += 1000000 / BEATS;
        int64_t left_us = next_us - mh_clock_mono_us();
        if (left_us > 0) mh_bench_nap(left_us);
    }
    return NULL;
}

/* What it can do is to take in and to run at once. */
static int find_beat(struct load *load, struct mh_err *err)
{
    int64_t since_us = mh_clock_mono_us();
    int r = dispatch_load(load->mh, TRIAL, err);
    if (r == 0) r = mh_bench_wait(&load->done, TRIAL, err);
    load->beat = (int64_t)(mh_bench_rate(TRIAL, since_us) / 2 / BEATS);
    if (load->beat < 1) load->beat = 1;
    return r;
}

static int measure_loaded(const struct mh_bench *bench, struct millhand *mh, struct load *load,
                          struct meeting *meeting, struct mh_bench_sample *ret_sample,
                          struct mh_err *err)
{
    int r = find_beat(load, err);
    if (r < 0) return r;
    int failed = pthread_create(&load->thread, NULL, load_it, load);
    if (failed != 0) return mh_err_sys(err, failed, "unable to start a thread");
    r = measure(bench, meeting, dispatch_one, mh, ret_sample, err);
    atomic_store(&load->over, true);
    (void)pthread_join(load->thread, NULL); /* joinable, and not this one */
    if (r == 0 && load->code < 0) *err = load->err;
    return r < 0 ? r : load->code;
}

static int with_load(const struct mh_bench *bench, struct millhand *mh, struct load *load,
                     struct meeting *meeting, struct mh_bench_sample *ret_sample,
                     struct mh_err *err)
{
    const struct millhand_handler handlers[] = {
        {.type = MH_BENCH_TYPE, .fn = begin_handler, .arg = meeting},
        {.type = LOAD_TYPE, .fn = count_one, .arg = &load->done},
    };
    const struct millhand_worker_options options = {
        .handlers = handlers, .handler_count = MH_LEN(handlers), .concurrency = AT_ONCE};
    struct mh_bench_aside aside;
    struct mh_err ending;
    int r = mh_bench_aside_start(mh, &options, &aside, err);
    if (r < 0) return r;
    r = measure_loaded(bench, mh, load, meeting, ret_sample, err);
    int ended = mh_bench_aside_stop(&aside, &ending);
    if (r == 0 && ended < 0) *err = ending;
    return r < 0 ? r : ended;
}

int mh_bench_pickup_half(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                         struct mh_err *err)
{
    struct load load = {.code = 0};
    struct meeting meeting;
    struct millhand *mh;
    int r = mh_bench_open(bench, &mh, err);
    if (r < 0) return r;
    r = mh_bench_open(bench, &load.mh, err);
    if (r == 0) {
        open_meeting(&meeting);
        r = with_load(bench, mh, &load, &meeting, ret_sample, err);
        close_meeting(&meeting);
        millhand_close(load.mh);
    }
    millhand_close(mh);
    return r;
}

/* --- the ceiling: one row committed, one thread woken */

struct bare {
    struct mh_bare *bare;
    struct meeting *meeting;
};

static int add_one(void *arg, struct mh_err *err)
{
    struct bare *bare = arg;
    int r = mh_bare_add(bare->bare, MH_BENCH_PAYLOAD, 1, err);
    (void)pthread_mutex_lock(&bare->meeting->mutex);
    bare->meeting->asked = true;
    (void)pthread_cond_broadcast(&bare->meeting->changed);
    (void)pthread_mutex_unlock(&bare->meeting->mutex);
    return r;
}

static void *answer(void *arg)
{
    struct meeting *meeting = arg;
    for (;;) {
        (void)pthread_mutex_lock(&meeting->mutex);
        while (!meeting->asked && !meeting->over)
            (void)pthread_cond_wait(&meeting->changed, &meeting->mutex);
        bool over = meeting->over;
        meeting->asked = false;
        (void)pthread_mutex_unlock(&meeting->mutex);
        if (over) return NULL;
        tell(meeting);
    }
}

static void end_thread(struct meeting *meeting, pthread_t thread)
{
    (void)pthread_mutex_lock(&meeting->mutex);
    meeting->over = true;
    (void)pthread_cond_broadcast(&meeting->changed);
    (void)pthread_mutex_unlock(&meeting->mutex);
    (void)pthread_join(thread, NULL); /* joinable, and not this one */
}

int mh_bench_ceiling_pickup(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                            struct mh_err *err)
{
    struct meeting meeting;
    struct bare bare = {.meeting = &meeting};
    pthread_t thread;
    int r = mh_bench_bare(bench, &bare.bare, err);
    if (r < 0) return r;
    open_meeting(&meeting);
    int failed = pthread_create(&thread, NULL, answer, &meeting);
    if (failed == 0) {
        r = measure(bench, &meeting, add_one, &bare, ret_sample, err);
        end_thread(&meeting, thread);
    } else {
        r = mh_err_sys(err, failed, "unable to start a thread");
    }
    close_meeting(&meeting);
    mh_bare_close(bare.bare);
    return r;
}
