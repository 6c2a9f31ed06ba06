#include "worker/scheduler.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/random.h"
#include "queue/backoff.h"
#include "queue/schedule.h"

/* Schedules of one look. */
#define LOOK_MAX 100

/* Another look where nothing is to come: clocks are set, and news may be lost. */
#define LOOK_US INT64_C(60000000)

#define COMPLAIN_US    INT64_C(60000000)
#define PAUSE_FIRST_MS 100
#define PAUSE_MAX_MS   5000

/* Jobs of a look with their ids and texts: many schedules that all catch up on all they missed. */
#define ARENA_MAX ((size_t)64 << 20)

/* A firing that is asked for. */
struct fire {
    struct mh_scheduler *scheduler;
    char name[MH_TYPE_MAX + 1];
    int64_t next_us; /* its next slot */
};

struct mh_scheduler {
    struct mh_store *store;
    const struct mh_scheduler_events *events;
    void *arg;
    struct mh_timer *timer;
    struct fire fires[LOOK_MAX];
    size_t under_way; /* of them */
    size_t passed;    /* schedules at the front that are due and cannot be fired */
    bool more;        /* the last look brought all that a look may */
    bool looking;
    bool again; /* asked to look while it was busy */
    bool stopped;
    int failures;          /* in a row */
    int64_t next_us;       /* when to look again */
    int64_t complained_us; /* when a schedule that cannot be fired was last named; 0: never */
    bool complains;        /* this time */
};

static bool is_busy(const struct mh_scheduler *scheduler)
{
    return scheduler->looking || scheduler->under_way > 0;
}

/* The end of a look and of its firings. */
static void rest(struct mh_scheduler *scheduler)
{
    if (is_busy(scheduler) || scheduler->stopped) return;
    bool at_once = scheduler->again || scheduler->more;
    int64_t left_us = at_once ? 0 : scheduler->next_us - mh_clock_mono_us();
    if (!scheduler->more) scheduler->passed = 0;
    mh_timer_start(scheduler->timer, left_us > 0 ? (left_us + 999) / 1000 : 0, 0);
    if (!at_once) scheduler->events->rested(scheduler->arg);
}

static void sooner(struct mh_scheduler *scheduler, int64_t us)
{
    if (us < scheduler->next_us) scheduler->next_us = us;
}

static void store_failed(struct mh_scheduler *scheduler, const struct mh_err *err)
{
    int64_t pause_ms =
        mh_backoff_ms(++scheduler->failures, PAUSE_FIRST_MS, PAUSE_MAX_MS, mh_random_unit());
    sooner(scheduler, mh_clock_mono_us() + pause_ms * 1000);
    scheduler->more = false;
    scheduler->events->failed(scheduler->arg, err);
}

static void complain(struct mh_scheduler *scheduler, const char *name, const struct mh_err *err)
{
    if (!scheduler->complains) return;
    scheduler->complained_us = mh_clock_mono_us();
    mh_log(MH_LOG_ERROR, "schedule cannot be fired",
           MH_FIELDS(mh_f_str("schedule", name), mh_f_str("error", err->text)));
}

static bool is_trouble(int code)
{
    return code == MH_ECONN || code == MH_ESTORE || code == MH_ENOMEM;
}

/* Of several workers that fire a slot the others learn here that they were late. */
static void on_fired(void *arg, const struct mh_reply *reply)
{
    struct fire *fire = arg;
    struct mh_scheduler *scheduler = fire->scheduler;
    int64_t jobs = 0;
    scheduler->under_way--;
    if (is_trouble(reply->code)) {
        store_failed(scheduler, &reply->err);
    } else if (reply->code < 0) {
        complain(scheduler, fire->name, &reply->err);
    } else if (reply->dispatched != NULL) {
        for (size_t i = 0; i < reply->count; i++)
            jobs += !reply->dispatched[i].standing;
        mh_log(MH_LOG_INFO, "schedule fired",
               MH_FIELDS(mh_f_str("schedule", fire->name), mh_f_int("jobs", jobs)));
    }
    if (reply->code == 0) {
        scheduler->passed--;
        sooner(scheduler, fire->next_us);
    }
    rest(scheduler);
}

/* The store's clock showed `now_ms` at `seen_us`. */
static void ask_fire(struct fire *fire, const struct mh_schedule *schedule, int64_t now_ms,
                     int64_t seen_us, struct mh_arena *arena)
{
    struct mh_scheduler *scheduler = fire->scheduler;
    struct mh_firing firing;
    struct mh_err err = {0};
    (void)snprintf(fire->name, sizeof fire->name, "%s", schedule->name); /* it is no longer */
    int r = mh_schedule_firing(schedule, now_ms, arena, &firing, &err);
    if (r == 0) r = mh_store_schedule_fire(scheduler->store, &firing, on_fired, fire, &err);
    if (r < 0) {
        complain(scheduler, fire->name, &err);
        return;
    }
    scheduler->under_way++;
    fire->next_us = firing.next_at != 0 ? seen_us + (firing.next_at - now_ms) * 1000 : INT64_MAX;
}

static void fire_all(struct mh_scheduler *scheduler, const struct mh_reply *due, int64_t seen_us)
{
    struct mh_arena arena;
    mh_arena_init(&arena, ARENA_MAX);
    scheduler->passed += due->count; /* until they are fired */
    scheduler->more = due->count == LOOK_MAX;
    for (size_t i = 0; i < due->count; i++) {
        struct fire *fire = &scheduler->fires[i];
        fire->scheduler = scheduler;
        ask_fire(fire, &due->schedules[i], due->now_ms, seen_us, &arena);
    }
    mh_arena_release(&arena);
}

static void on_due(void *arg, const struct mh_reply *reply)
{
    struct mh_scheduler *scheduler = arg;
    int64_t seen_us = mh_clock_mono_us();
    scheduler->looking = false;
    scheduler->next_us = seen_us + LOOK_US;
    scheduler->complains =
        scheduler->complained_us == 0 || seen_us - scheduler->complained_us >= COMPLAIN_US;
    if (reply->code < 0) {
        store_failed(scheduler, &reply->err);
    } else {
        scheduler->failures = 0;
        if (reply->next_due_ms >= 0) sooner(scheduler, seen_us + reply->next_due_ms * 1000);
        if (!scheduler->stopped) fire_all(scheduler, reply, seen_us);
    }
    rest(scheduler);
}

static void look(void *arg)
{
    struct mh_scheduler *scheduler = arg;
    struct mh_err err = {0};
    if (scheduler->stopped) return;
    if (is_busy(scheduler)) {
        scheduler->again = true;
        return;
    }
    mh_timer_stop(scheduler->timer);
    scheduler->again = false;
    scheduler->looking = true;
    if (mh_store_schedule_due(scheduler->store, scheduler->passed, LOOK_MAX, on_due, scheduler,
                              &err) == 0)
        return;
    scheduler->looking = false;
    scheduler->next_us = INT64_MAX;
    store_failed(scheduler, &err);
    rest(scheduler);
}

int mh_scheduler_new(uv_loop_t *loop, struct mh_store *store,
                     const struct mh_scheduler_events *events, void *arg,
                     struct mh_scheduler **ret_scheduler, struct mh_err *err)
{
    struct mh_scheduler *scheduler = calloc(1, sizeof *scheduler);
    if (scheduler == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to start the scheduler: out of memory");
    scheduler->store = store;
    scheduler->events = events;
    scheduler->arg = arg;
    int r = mh_timer_new(loop, look, scheduler, &scheduler->timer, err);
    if (r < 0) {
        mh_scheduler_free(scheduler);
        return r;
    }
    *ret_scheduler = scheduler;
    return 0;
}

void mh_scheduler_wake(struct mh_scheduler *scheduler)
{
    look(scheduler);
}

bool mh_scheduler_busy(const struct mh_scheduler *scheduler)
{
    return is_busy(scheduler) || scheduler->again || scheduler->more;
}

void mh_scheduler_stop(struct mh_scheduler *scheduler)
{
    scheduler->stopped = true;
    mh_timer_stop(scheduler->timer);
}

void mh_scheduler_free(struct mh_scheduler *scheduler)
{
    if (scheduler == NULL) return;
    mh_timer_drop(scheduler->timer);
    free(scheduler);
}
