#include "worker/worker.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "worker/chores.h"
#include "worker/claimer.h"
#include "worker/crew.h"
#include "worker/finisher.h"
#include "worker/heartbeat.h"
#include "worker/intake.h"
#include "worker/measures.h"
#include "worker/scheduler.h"
#include "worker/slots.h"
#include "worker/stopping.h"

#define NEWS (MH_NEWS_DUE | MH_NEWS_CANCELLED | MH_NEWS_SCHEDULE)

#define JOIN_AGAIN_MS 1000

/* With --drain, the next look for jobs that other workers run now: soon, and then later each time.
 */
#define DRAIN_FIRST_MS 10
#define DRAIN_MOST_MS  500

/* If you add a state, also say in mh_worker_unhealthy what it means to the outside. */
enum worker_state {
    WORKER_JOINING, /* waits for its number; nothing is claimed */
    WORKER_WORKING,
    WORKER_STOPPING, /* claims nothing; runs end, are handed back, are written */
    WORKER_LEAVING,  /* every run is written; the store is told good-bye */
    WORKER_LEFT,     /* the last children go */
    WORKER_STOPPED,
};

struct mh_worker {
    struct mh_worker_options options;
    enum worker_state state;
    int64_t number; /* the store's, 0: not joined */
    bool joining;   /* its answer is awaited */
    struct mh_crew crew;
    struct mh_slots slots;
    struct mh_intake intake;
    bool room_grew; /* since the last claim was thought of */
    struct mh_claimer *claimer;
    struct mh_finisher *finisher;
    struct mh_heartbeat *heartbeat;
    struct mh_chores *chores;
    struct mh_scheduler *scheduler;
    struct mh_stopping *stopping;
    struct mh_measures measures;
    struct mh_soon *pump;
    struct mh_timer *join_timer;
    struct mh_timer *drain_timer;
    int64_t drain_ms;      /* how long that waited last */
    bool drain_waits;      /* for the scheduler */
    struct mh_err trouble; /* with the store; code 0 while all is well */
};

/* --- trouble with the store ---- */

static void store_failed(struct mh_worker *worker, const struct mh_err *err)
{
    mh_measures_count(&worker->measures, MH_MEASURE_STORE_ERRORS, 1);
    if (worker->trouble.code == 0)
        mh_log(MH_LOG_ERROR, "store failed, trying again", MH_FIELDS(mh_f_str("error", err->text)));
    worker->trouble = *err;
    if (err->code == MH_ENOENT && worker->state == WORKER_WORKING) {
        /* The store has forgotten us: we were silent for too long, and our leases are lost. */
        worker->state = WORKER_JOINING;
        mh_claimer_begin(worker->claimer, 0);
        mh_heartbeat_begin(worker->heartbeat, 0);
        mh_slots_stop_waiting(&worker->slots, MH_RUN_STOP_LOST);
        mh_slots_stop_running(&worker->slots, MH_RUN_STOP_LOST, MH_RUN_GRACE_MS);
        mh_timer_start(worker->join_timer, 0, 0);
    }
}

static void store_works(struct mh_worker *worker)
{
    if (worker->trouble.code == 0) return;
    worker->trouble.code = 0;
    mh_log(MH_LOG_INFO, "store is back", NULL);
}

static void on_store_failed(void *arg, const struct mh_err *err)
{
    store_failed(arg, err);
}

/* Jobs that are not written yet. */
static size_t in_hand(const struct mh_worker *worker)
{
    return worker->slots.waiting_count + worker->slots.running_count +
           mh_finisher_pending(worker->finisher);
}

/* --- leaving ---- */

static void finish_stop(struct mh_worker *worker)
{
    bool clean = in_hand(worker) == 0 && !mh_claimer_busy(worker->claimer);
    worker->state = WORKER_STOPPED;
    mh_stopping_end(worker->stopping);
    if (!clean)
        mh_log(MH_LOG_ERROR, "not every job could be handed back in time",
               MH_FIELDS(mh_f_int("jobs", (int64_t)in_hand(worker))));
    worker->options.stopped(worker->options.arg, clean);
}

static void finish_when_alone(struct mh_worker *worker)
{
    if (worker->state == WORKER_LEFT && mh_crew_children(&worker->crew) == 0) finish_stop(worker);
}

static void on_left(void *arg, const struct mh_reply *reply)
{
    struct mh_worker *worker = arg;
    if (worker->state != WORKER_LEAVING) return;
    if (reply->code < 0)
        store_failed(worker, &reply->err); /* nothing is in hand: the row runs out */
    worker->state = WORKER_LEFT;
    finish_when_alone(worker);
}

static void leave(struct mh_worker *worker)
{
    struct mh_err err = {0};
    worker->state = WORKER_LEAVING;
    mh_heartbeat_begin(worker->heartbeat, 0);
    if (worker->number != 0 &&
        mh_store_leave(worker->options.store, worker->number, on_left, worker, &err) == 0)
        return;
    worker->state = WORKER_LEFT;
}

/* The next step of the way out that can be taken. */
static void go_on_stopping(struct mh_worker *worker)
{
    bool settled = in_hand(worker) == 0 && !mh_claimer_busy(worker->claimer) && !worker->joining;
    if (worker->state == WORKER_STOPPING && settled) leave(worker);
    finish_when_alone(worker);
}

static void on_stop_term(void *arg, int64_t grace_ms)
{
    struct mh_worker *worker = arg;
    if (worker->slots.running_count == 0) return;
    mh_log(MH_LOG_WARN, "running jobs are ended to be handed back",
           MH_FIELDS(mh_f_int("jobs", (int64_t)worker->slots.running_count)));
    mh_slots_stop_running(&worker->slots, MH_RUN_STOP_WORKER, grace_ms);
}

static void on_stop_kill(void *arg)
{
    struct mh_worker *worker = arg;
    mh_slots_stop_running(&worker->slots, MH_RUN_STOP_WORKER, 0);
    mh_crew_shut(&worker->crew, 0);
}

static void on_stop_over(void *arg)
{
    struct mh_worker *worker = arg;
    if (worker->state != WORKER_STOPPED) finish_stop(worker);
}

static const struct mh_stopping_events stopping_events = {on_stop_term, on_stop_kill, on_stop_over};

static void begin_stop(struct mh_worker *worker)
{
    int64_t timeout_ms = worker->options.settings->shutdown_timeout_ms;
    worker->state = WORKER_STOPPING;
    mh_claimer_stop(worker->claimer);
    mh_chores_stop(worker->chores);
    mh_scheduler_stop(worker->scheduler);
    mh_timer_stop(worker->join_timer);
    mh_timer_stop(worker->drain_timer);
    mh_slots_stop_waiting(&worker->slots, MH_RUN_STOP_WORKER);
    mh_crew_shut(&worker->crew, mh_stopping_idle_grace_ms(timeout_ms));
    mh_stopping_begin(worker->stopping, timeout_ms);
    mh_soon_ask(worker->pump);
}

void mh_worker_stop(struct mh_worker *worker)
{
    if (worker->state < WORKER_STOPPING)
        begin_stop(worker);
    else
        mh_stopping_hurry(worker->stopping);
}

/* --- runs ---- */

/* With --drain the end of the last run is the time for another look. */
static void look_again_when_drained(struct mh_worker *worker)
{
    if (worker->options.drain && in_hand(worker) == 0) mh_claimer_wake(worker->claimer);
}

static void on_run_ended(void *arg, struct mh_run *run)
{
    struct mh_worker *worker = arg;
    mh_slots_remove(&worker->slots, run);
    if (run->handler != NULL) mh_rate_count(&run->handler->ends);
    worker->room_grew = true;
    mh_soon_ask(worker->pump);
    if (run->stop == MH_RUN_STOP_CANCELLED || run->stop == MH_RUN_STOP_LOST) {
        mh_measures_end(&worker->measures, run,
                        run->stop == MH_RUN_STOP_LOST ? MH_STATUS_NONE : MH_STATUS_CANCELLED);
        mh_run_free(run);
        look_again_when_drained(worker);
        return;
    }
    mh_finisher_add(worker->finisher, run);
}

static void on_run_told(void *arg, struct mh_run *run)
{
    struct mh_worker *worker = arg;
    (void)run;
    mh_heartbeat_note(worker->heartbeat);
}

static const struct mh_run_events run_events = {on_run_ended, on_run_told};

static void on_last_notes(void *arg, struct mh_note *notes, size_t count)
{
    struct mh_worker *worker = arg;
    mh_heartbeat_send(worker->heartbeat, notes, count);
}

static void on_finished(void *arg, struct mh_run *run, enum mh_status status)
{
    struct mh_worker *worker = arg;
    mh_run_say_end(run, status);
    mh_measures_end(&worker->measures, run, status);
    mh_run_free(run);
}

static void on_flushed(void *arg)
{
    struct mh_worker *worker = arg;
    store_works(worker);
    look_again_when_drained(worker);
    mh_soon_ask(worker->pump);
}

static const struct mh_finisher_events finisher_events = {on_last_notes, on_finished, on_flushed,
                                                          on_store_failed};

/* --- claims ---- */

static struct mh_claimer_want want(void *arg)
{
    const struct mh_worker *worker = arg;
    if (worker->state != WORKER_WORKING) return (struct mh_claimer_want){0};
    return mh_intake_want(&worker->intake, mh_claimer_took_s(worker->claimer));
}

static void look_later(struct mh_worker *worker)
{
    int64_t doubled = worker->drain_ms * 2;
    worker->drain_ms = doubled < DRAIN_FIRST_MS ? DRAIN_FIRST_MS : doubled;
    if (worker->drain_ms > DRAIN_MOST_MS) worker->drain_ms = DRAIN_MOST_MS;
    mh_timer_start(worker->drain_timer, worker->drain_ms, 0);
}

/* What --drain and --once wait for. */
static void stop_when_drained(struct mh_worker *worker, const struct mh_reply *reply, bool partial)
{
    if (reply->count > 0) worker->drain_ms = 0;
    if (worker->state != WORKER_WORKING || reply->count > 0) return;
    worker->drain_waits = mh_scheduler_busy(worker->scheduler);
    if (worker->drain_waits) return;
    if (worker->options.once && worker->intake.taken == 0) mh_worker_stop(worker);
    if (!worker->options.drain) return;
    if (in_hand(worker) == 0 && reply->running == 0 && !partial)
        mh_worker_stop(worker);
    else
        look_later(worker);
}

static void on_took(void *arg, const struct mh_reply *reply, bool partial)
{
    struct mh_worker *worker = arg;
    store_works(worker);
    mh_intake_take(&worker->intake, reply);
    if (worker->state != WORKER_WORKING) mh_slots_stop_waiting(&worker->slots, MH_RUN_STOP_WORKER);
    stop_when_drained(worker, reply, partial);
    mh_soon_ask(worker->pump);
}

static void on_hungry(void *arg)
{
    struct mh_worker *worker = arg;
    mh_soon_ask(worker->pump);
}

static const struct mh_claimer_events claimer_events = {want, on_took, on_store_failed, on_hungry};

static void on_handler_changed(void *arg)
{
    struct mh_worker *worker = arg;
    worker->room_grew = true;
    mh_soon_ask(worker->pump);
}

/* All that happened in one round of the loop, together: what ended is written and what is wanted
 * next is claimed in one commit. */
static void pump(void *arg)
{
    struct mh_worker *worker = arg;
    if (worker->state < WORKER_STOPPING) mh_slots_start(&worker->slots, worker->options.loop);
    mh_finisher_go(worker->finisher);
    if (worker->room_grew) mh_claimer_room(worker->claimer);
    worker->room_grew = false;
    mh_claimer_go(worker->claimer);
    if (worker->options.once && worker->intake.taken > 0 && in_hand(worker) == 0 &&
        worker->state == WORKER_WORKING)
        mh_worker_stop(worker);
    go_on_stopping(worker);
}

static void on_drain_timer(void *arg)
{
    struct mh_worker *worker = arg;
    mh_claimer_wake(worker->claimer);
}

/* --- the heartbeat's questions ---- */

static size_t on_held(void *arg, struct mh_held *held, size_t max)
{
    struct mh_worker *worker = arg;
    return mh_slots_held(&worker->slots, held, max);
}

static size_t on_notes(void *arg, struct mh_note *notes, size_t max)
{
    struct mh_worker *worker = arg;
    return mh_slots_notes(&worker->slots, notes, max);
}

static void on_gone(void *arg, const struct mh_held *held, enum mh_status status)
{
    struct mh_worker *worker = arg;
    struct mh_run *run = mh_slots_find(&worker->slots, held);
    if (run == NULL || run->stop != MH_RUN_STOP_NONE) return; /* it has ended meanwhile */
    bool cancelled = status == MH_STATUS_CANCELLED;
    mh_run_stop(run, cancelled ? MH_RUN_STOP_CANCELLED : MH_RUN_STOP_LOST, MH_RUN_GRACE_MS);
}

static void on_beat(void *arg)
{
    store_works(arg);
}

static const struct mh_heartbeat_events heartbeat_events = {on_held, on_notes, on_gone, on_beat,
                                                            on_store_failed};

/* --- chores and news ---- */

static void on_reclaimed(void *arg, int64_t count)
{
    struct mh_worker *worker = arg;
    mh_measures_count(&worker->measures, MH_MEASURE_RECLAIMED, count);
    mh_log(MH_LOG_WARN, "jobs reclaimed", MH_FIELDS(mh_f_int("count", count)));
    mh_claimer_wake(worker->claimer);
}

static void on_stats(void *arg, const struct mh_stats *stats)
{
    struct mh_worker *worker = arg;
    mh_measures_stats(&worker->measures, stats);
    mh_log(MH_LOG_INFO, "queue statistics",
           MH_FIELDS(mh_f_int("pending", stats->count[MH_STATUS_PENDING]),
                     mh_f_int("processing", stats->count[MH_STATUS_PROCESSING]),
                     mh_f_int("completed", stats->count[MH_STATUS_COMPLETED]),
                     mh_f_int("failed", stats->count[MH_STATUS_FAILED]),
                     mh_f_int("cancelled", stats->count[MH_STATUS_CANCELLED]),
                     mh_f_int("oldestPendingMs", stats->oldest_pending_ms),
                     mh_f_int("workers", stats->workers)));
}

static const struct mh_chores_events chores_events = {on_reclaimed, on_stats, on_store_failed};

/* What it fired is there to be claimed: with --drain and --once the end may wait for that. */
static void on_rested(void *arg)
{
    struct mh_worker *worker = arg;
    if (!worker->drain_waits) return;
    worker->drain_waits = false;
    mh_claimer_wake(worker->claimer);
}

static const struct mh_scheduler_events scheduler_events = {on_store_failed, on_rested};

static void on_news(void *arg, int news)
{
    struct mh_worker *worker = arg;
    if ((news & MH_NEWS_DUE) != 0) mh_claimer_wake(worker->claimer);
    if ((news & MH_NEWS_CANCELLED) != 0) mh_heartbeat_now(worker->heartbeat);
    if ((news & MH_NEWS_SCHEDULE) != 0) mh_scheduler_wake(worker->scheduler);
}

/* --- starting ---- */

static void on_joined(void *arg, const struct mh_reply *reply)
{
    struct mh_worker *worker = arg;
    worker->joining = false;
    mh_soon_ask(worker->pump);
    if (reply->code < 0) {
        store_failed(worker, &reply->err);
        if (worker->state == WORKER_JOINING) mh_timer_start(worker->join_timer, JOIN_AGAIN_MS, 0);
        return;
    }
    worker->number = reply->lease;
    store_works(worker);
    if (worker->state != WORKER_JOINING) return; /* stopped meanwhile */
    worker->state = WORKER_WORKING;
    mh_heartbeat_begin(worker->heartbeat, worker->number);
    mh_claimer_begin(worker->claimer, worker->number);
    mh_scheduler_wake(worker->scheduler);
}

static void join(void *arg)
{
    struct mh_worker *worker = arg;
    struct mh_err err = {0};
    struct mh_join join = {.worker_id = worker->options.worker_id,
                           .lease_ms = worker->options.settings->lease_ms};
    if (worker->options.settings->unknown_types != MH_UNKNOWN_FAIL) {
        join.type_count = mh_crew_types(&worker->crew);
        join.types = worker->crew.types;
    }
    worker->joining = mh_store_join(worker->options.store, &join, on_joined, worker, &err) == 0;
    if (worker->joining) return;
    store_failed(worker, &err);
    mh_timer_start(worker->join_timer, JOIN_AGAIN_MS, 0);
}

static int64_t poll_ms(const struct mh_worker *worker)
{
    int64_t set = worker->options.settings->poll_interval_ms;
    const struct mh_store_info *info = mh_store_info(worker->options.store);
    if (set > 0) return set;
    return info->notifies ? 10000 : 1000;
}

static int make_timers(struct mh_worker *worker, struct mh_err *err)
{
    uv_loop_t *loop = worker->options.loop;
    int r = mh_soon_new(loop, pump, worker, &worker->pump, err);
    if (r == 0) r = mh_timer_new(loop, join, worker, &worker->join_timer, err);
    if (r == 0) r = mh_timer_new(loop, on_drain_timer, worker, &worker->drain_timer, err);
    return r;
}

static int make_parts(struct mh_worker *worker, struct mh_err *err)
{
    uv_loop_t *loop = worker->options.loop;
    struct mh_store *store = worker->options.store;
    const struct mh_settings *settings = worker->options.settings;
    int r = mh_measures_init(&worker->measures, loop, err);
    if (r == 0) r = make_timers(worker, err);
    if (r == 0) r = mh_store_watch(store, NEWS, on_news, worker, err);
    if (r == 0)
        r = mh_claimer_new(loop, store, poll_ms(worker), &claimer_events, worker, &worker->claimer,
                           err);
    if (r == 0) r = mh_finisher_new(loop, store, &finisher_events, worker, &worker->finisher, err);
    if (r == 0)
        r = mh_heartbeat_new(loop, store, settings->lease_ms, &heartbeat_events, worker,
                             &worker->heartbeat, err);
    if (r == 0)
        r = mh_chores_new(loop, store, settings, &chores_events, worker, &worker->chores, err);
    if (r == 0)
        r = mh_scheduler_new(loop, store, &scheduler_events, worker, &worker->scheduler, err);
    if (r == 0) r = mh_stopping_new(loop, &stopping_events, worker, &worker->stopping, err);
    if (r == 0)
        r = mh_crew_open(&worker->crew, worker->options.registry, settings, loop,
                         on_handler_changed, worker, err);
    return r;
}

int mh_worker_start(const struct mh_worker_options *options, struct mh_worker **ret_worker,
                    struct mh_err *err)
{
    struct mh_worker *worker = calloc(1, sizeof *worker);
    if (worker == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to start the worker: out of memory");
    worker->options = *options;
    worker->state = WORKER_JOINING;
    mh_slots_init(&worker->slots, (size_t)options->settings->max_concurrent_jobs);
    worker->intake = (struct mh_intake){
        .store = options->store,
        .settings = options->settings,
        .crew = &worker->crew,
        .slots = &worker->slots,
        .measures = &worker->measures,
        .once = options->once,
        .events = &run_events,
        .failed = on_store_failed,
        .arg = worker,
    };
    int r = make_parts(worker, err);
    if (r < 0) {
        mh_worker_free(worker);
        return r;
    }
    join(worker);
    *ret_worker = worker;
    return 0;
}

void mh_worker_free(struct mh_worker *worker)
{
    if (worker == NULL) return;
    mh_crew_close(&worker->crew);
    mh_slots_release(&worker->slots);
    mh_claimer_free(worker->claimer);
    mh_finisher_free(worker->finisher);
    mh_heartbeat_free(worker->heartbeat);
    mh_chores_free(worker->chores);
    mh_scheduler_free(worker->scheduler);
    mh_stopping_free(worker->stopping);
    mh_measures_release(&worker->measures);
    mh_soon_drop(worker->pump);
    mh_timer_drop(worker->join_timer);
    mh_timer_drop(worker->drain_timer);
    free(worker);
}

const char *mh_worker_unhealthy(const struct mh_worker *worker)
{
    if (worker->state >= WORKER_STOPPING) return "the worker is stopping";
    if (worker->trouble.code != 0) return worker->trouble.text;
    if (worker->state == WORKER_JOINING) return "the store has not answered yet";
    return mh_heartbeat_late(worker->heartbeat) ? "the store does not answer" : NULL;
}

void mh_worker_metrics(struct mh_worker *worker, struct mh_buf *out)
{
    mh_measures_write(&worker->measures, &worker->slots, &worker->crew,
                      mh_worker_unhealthy(worker) == NULL, out);
}
