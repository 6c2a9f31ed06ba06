#include "worker/finisher.h"

#include <stdlib.h>

#include "base/loop.h"
#include "base/random.h"
#include "queue/backoff.h"

/* Past this a larger commit gains nothing and keeps others waiting, even where commits are slow. */
#define FLUSH_MAX   1024
#define FLUSH_BYTES ((size_t)32 << 20)

#define PAUSE_FIRST_MS 100
#define PAUSE_MAX_MS   5000

struct mh_finisher {
    struct mh_store *store;
    const struct mh_finisher_events *events;
    void *arg;
    struct mh_run_list waiting;
    struct mh_run_list writing; /* the flush under way */
    size_t pending;             /* in both */
    int failures;               /* in a row */
    bool pausing;
    struct mh_timer *pause;
    struct mh_finish finishes[FLUSH_MAX]; /* what a flush says, while it is put together */
    struct mh_note notes[FLUSH_MAX];
};

static void move_first(struct mh_run_list *from, struct mh_run_list *to)
{
    struct mh_run *run = TAILQ_FIRST(from);
    TAILQ_REMOVE(from, run, link);
    TAILQ_INSERT_TAIL(to, run, link);
}

static void on_failure(struct mh_finisher *finisher, const struct mh_err *err)
{
    TAILQ_CONCAT(&finisher->writing, &finisher->waiting, link);
    TAILQ_CONCAT(&finisher->waiting, &finisher->writing, link);
    int64_t pause_ms =
        mh_backoff_ms(++finisher->failures, PAUSE_FIRST_MS, PAUSE_MAX_MS, mh_random_unit());
    finisher->pausing = true;
    mh_timer_start(finisher->pause, pause_ms, 0);
    finisher->events->failed(finisher->arg, err);
}

static void on_reply(void *arg, const struct mh_reply *reply)
{
    struct mh_finisher *finisher = arg;
    if (reply->code < 0) {
        on_failure(finisher, &reply->err);
        return;
    }
    finisher->failures = 0;
    for (size_t i = 0; i < reply->count; i++) {
        struct mh_run *run = TAILQ_FIRST(&finisher->writing);
        TAILQ_REMOVE(&finisher->writing, run, link);
        finisher->pending--;
        finisher->events->finished(finisher->arg, run, reply->statuses[i]);
    }
    finisher->events->flushed(finisher->arg);
}

static void on_pause_over(void *arg)
{
    struct mh_finisher *finisher = arg;
    finisher->pausing = false;
    mh_finisher_go(finisher);
}

int mh_finisher_new(uv_loop_t *loop, struct mh_store *store,
                    const struct mh_finisher_events *events, void *arg,
                    struct mh_finisher **ret_finisher, struct mh_err *err)
{
    struct mh_finisher *finisher = calloc(1, sizeof *finisher);
    if (finisher == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to start the worker: out of memory");
    TAILQ_INIT(&finisher->waiting);
    TAILQ_INIT(&finisher->writing);
    finisher->store = store;
    finisher->events = events;
    finisher->arg = arg;
    int r = mh_timer_new(loop, on_pause_over, finisher, &finisher->pause, err);
    if (r < 0) {
        free(finisher);
        return r;
    }
    *ret_finisher = finisher;
    return 0;
}

static void free_runs(struct mh_run_list *list)
{
    struct mh_run *run;
    while ((run = TAILQ_FIRST(list)) != NULL) {
        TAILQ_REMOVE(list, run, link);
        mh_run_free(run);
    }
}

void mh_finisher_free(struct mh_finisher *finisher)
{
    if (finisher == NULL) return;
    mh_timer_drop(finisher->pause);
    free_runs(&finisher->waiting);
    free_runs(&finisher->writing);
    free(finisher);
}

/* Jobs end nearly in the order claimed, so the place is near the end. */
void mh_finisher_add(struct mh_finisher *finisher, struct mh_run *run)
{
    struct mh_run *before = TAILQ_LAST(&finisher->waiting, mh_run_list);
    while (before != NULL && before->number > run->number)
        before = TAILQ_PREV(before, mh_run_list, link);
    if (before != NULL)
        TAILQ_INSERT_AFTER(&finisher->waiting, before, run, link);
    else
        TAILQ_INSERT_HEAD(&finisher->waiting, run, link);
    finisher->pending++;
}

void mh_finisher_go(struct mh_finisher *finisher)
{
    struct mh_finish *finishes = finisher->finishes;
    struct mh_note *notes = finisher->notes;
    struct mh_err err = {0};
    size_t count = 0, note_count = 0, bytes = 0;
    if (finisher->pausing || !TAILQ_EMPTY(&finisher->writing)) return;
    while (count < FLUSH_MAX && bytes < FLUSH_BYTES && !TAILQ_EMPTY(&finisher->waiting)) {
        struct mh_run *run = TAILQ_FIRST(&finisher->waiting);
        if (mh_run_take_note(run, &notes[note_count])) note_count++;
        finishes[count] = run->finish;
        bytes += finishes[count].result_len + finishes[count].log_len;
        count++;
        move_first(&finisher->waiting, &finisher->writing);
    }
    if (count == 0) return;
    if (note_count > 0) finisher->events->notes(finisher->arg, notes, note_count);
    if (mh_store_finish(finisher->store, finishes, count, on_reply, finisher, &err) < 0)
        on_failure(finisher, &err);
}

size_t mh_finisher_pending(const struct mh_finisher *finisher)
{
    return finisher->pending;
}
