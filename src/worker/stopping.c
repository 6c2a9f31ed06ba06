#include "worker/stopping.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/loop.h"
#include "worker/run.h"

#define STORE_SHARE_MS 1000
#define IDLE_GRACE_MS  500
#define HURRY_MS       1000

enum stage { STAGE_NONE, STAGE_FINISHING, STAGE_TERM, STAGE_KILL, STAGE_OVER };

struct mh_stopping {
    const struct mh_stopping_events *events;
    void *arg;
    struct mh_timer *timer; /* to the next stage */
    enum stage stage;
    int64_t term_ms, kill_ms, over_ms; /* monotonic times of the stages */
};

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t now_ms(void)
{
    return mh_clock_mono_us() / 1000;
}

static int64_t store_share(int64_t timeout_ms)
{
    return least(STORE_SHARE_MS, timeout_ms / 4);
}

static int64_t handler_share(int64_t timeout_ms)
{
    return least(MH_RUN_GRACE_MS, (timeout_ms - store_share(timeout_ms)) / 2);
}

int64_t mh_stopping_idle_grace_ms(int64_t timeout_ms)
{
    return least(IDLE_GRACE_MS, handler_share(timeout_ms));
}

static void wait_until(struct mh_stopping *stopping, int64_t at_ms)
{
    int64_t left = at_ms - now_ms();
    mh_timer_start(stopping->timer, left > 0 ? left : 0, 0);
}

static void kill_now(struct mh_stopping *stopping)
{
    stopping->stage = STAGE_KILL;
    wait_until(stopping, stopping->over_ms);
    stopping->events->kill(stopping->arg);
}

static void on_timer(void *arg)
{
    struct mh_stopping *stopping = arg;
    if (stopping->stage == STAGE_FINISHING) {
        stopping->stage = STAGE_TERM;
        wait_until(stopping, stopping->kill_ms);
        stopping->events->term(stopping->arg, stopping->kill_ms - stopping->term_ms);
    } else if (stopping->stage == STAGE_TERM) {
        kill_now(stopping);
    } else {
        stopping->stage = STAGE_OVER;
        stopping->events->over(stopping->arg);
    }
}

int mh_stopping_new(uv_loop_t *loop, const struct mh_stopping_events *events, void *arg,
                    struct mh_stopping **ret_stopping, struct mh_err *err)
{
    struct mh_stopping *stopping = calloc(1, sizeof *stopping);
    if (stopping == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to start the worker: out of memory");
    stopping->events = events;
    stopping->arg = arg;
    int r = mh_timer_new(loop, on_timer, stopping, &stopping->timer, err);
    if (r < 0) {
        free(stopping);
        return r;
    }
    *ret_stopping = stopping;
    return 0;
}

void mh_stopping_free(struct mh_stopping *stopping)
{
    if (stopping == NULL) return;
    mh_timer_drop(stopping->timer);
    free(stopping);
}

void mh_stopping_begin(struct mh_stopping *stopping, int64_t timeout_ms)
{
    int64_t end_ms = now_ms() + timeout_ms;
    stopping->stage = STAGE_FINISHING;
    stopping->over_ms = end_ms - store_share(timeout_ms) / 4;
    stopping->kill_ms = end_ms - store_share(timeout_ms);
    stopping->term_ms = stopping->kill_ms - handler_share(timeout_ms);
    wait_until(stopping, stopping->term_ms);
}

void mh_stopping_hurry(struct mh_stopping *stopping)
{
    if (stopping->stage >= STAGE_KILL) return;
    stopping->over_ms = least(stopping->over_ms, now_ms() + HURRY_MS);
    kill_now(stopping);
}

void mh_stopping_end(struct mh_stopping *stopping)
{
    mh_timer_stop(stopping->timer);
}
