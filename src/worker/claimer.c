#include "worker/claimer.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/random.h"
#include "queue/backoff.h"

#define PAUSE_FIRST_MS 100
#define PAUSE_MAX_MS   5000

/* Polls of many workers shall not fall together. */
#define POLL_JITTER 0.2

struct mh_claimer {
    struct mh_store *store;
    const struct mh_claimer_events *events;
    void *arg;
    int64_t worker; /* 0: not begun, or stopped */
    int64_t poll_ms;
    int failures; /* in a row */
    bool hungry;
    bool busy;
    bool news;    /* came while a claim was under way: its answer may be older */
    bool partial; /* the claim under way, or the last one, left types out */
    size_t limit; /* of the claim under way */
    int64_t asked_us, took_us;
    struct mh_timer *poll;
    struct mh_timer *due;
};

static void on_time(void *arg)
{
    mh_claimer_wake(arg);
}

static void plan_poll(struct mh_claimer *claimer)
{
    double factor = 1 - POLL_JITTER + 2 * POLL_JITTER * mh_random_unit();
    mh_timer_start(claimer->poll, (int64_t)((double)claimer->poll_ms * factor), 0);
}

static void on_failure(struct mh_claimer *claimer, const struct mh_err *err)
{
    int64_t pause_ms =
        mh_backoff_ms(++claimer->failures, PAUSE_FIRST_MS, PAUSE_MAX_MS, mh_random_unit());
    claimer->hungry = false;
    mh_timer_start(claimer->due, pause_ms, 0);
    claimer->events->failed(claimer->arg, err);
}

static void on_short(struct mh_claimer *claimer, const struct mh_reply *reply)
{
    claimer->hungry = claimer->news;
    if (reply->next_due_ms >= 0) mh_timer_start(claimer->due, reply->next_due_ms, 0);
    if (reply->count == 0) mh_log(MH_LOG_DEBUG, "no pending jobs", NULL);
}

static void on_reply(void *arg, const struct mh_reply *reply)
{
    struct mh_claimer *claimer = arg;
    claimer->busy = false;
    claimer->took_us = mh_clock_mono_us() - claimer->asked_us;
    if (reply->code < 0) {
        on_failure(claimer, &reply->err);
        return;
    }
    claimer->failures = 0;
    if (reply->count < claimer->limit) on_short(claimer, reply);
    plan_poll(claimer);
    claimer->events->took(claimer->arg, reply, claimer->partial);
}

int mh_claimer_new(uv_loop_t *loop, struct mh_store *store, int64_t poll_ms,
                   const struct mh_claimer_events *events, void *arg,
                   struct mh_claimer **ret_claimer, struct mh_err *err)
{
    struct mh_claimer *claimer = calloc(1, sizeof *claimer);
    if (claimer == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to start claiming: out of memory");
    claimer->store = store;
    claimer->poll_ms = poll_ms;
    claimer->events = events;
    claimer->arg = arg;
    int r = mh_timer_new(loop, on_time, claimer, &claimer->poll, err);
    if (r == 0) r = mh_timer_new(loop, on_time, claimer, &claimer->due, err);
    if (r < 0) {
        mh_claimer_free(claimer);
        return r;
    }
    *ret_claimer = claimer;
    return 0;
}

void mh_claimer_free(struct mh_claimer *claimer)
{
    if (claimer == NULL) return;
    mh_timer_drop(claimer->poll);
    mh_timer_drop(claimer->due);
    free(claimer);
}

void mh_claimer_begin(struct mh_claimer *claimer, int64_t worker)
{
    claimer->worker = worker;
    mh_claimer_wake(claimer);
}

void mh_claimer_wake(struct mh_claimer *claimer)
{
    claimer->hungry = true;
    claimer->news = true;
    if (claimer->worker != 0) claimer->events->hungry(claimer->arg);
}

void mh_claimer_room(struct mh_claimer *claimer)
{
    if (!claimer->partial) return;
    claimer->hungry = true;
    claimer->news = true; /* the answer under way was asked for with less room */
}

void mh_claimer_go(struct mh_claimer *claimer)
{
    if (claimer->worker == 0 || !claimer->hungry || claimer->busy) return;
    struct mh_claimer_want want = claimer->events->want(claimer->arg);
    claimer->partial = want.partial;
    if (want.limit == 0) return;

    struct mh_err err = {0};
    const struct mh_claim claim = {claimer->worker, want.types, want.type_count, want.limit};
    mh_log(MH_LOG_DEBUG, "polling for jobs", MH_FIELDS(mh_f_int("limit", (int64_t)want.limit)));
    claimer->news = false;
    claimer->limit = want.limit;
    claimer->busy = true;
    claimer->asked_us = mh_clock_mono_us();
    if (mh_store_claim(claimer->store, &claim, on_reply, claimer, &err) < 0) {
        claimer->busy = false;
        on_failure(claimer, &err);
    }
}

void mh_claimer_stop(struct mh_claimer *claimer)
{
    claimer->worker = 0;
    mh_timer_stop(claimer->poll);
    mh_timer_stop(claimer->due);
}

bool mh_claimer_busy(const struct mh_claimer *claimer)
{
    return claimer->busy;
}

double mh_claimer_took_s(const struct mh_claimer *claimer)
{
    return (double)claimer->took_us / 1e6;
}
