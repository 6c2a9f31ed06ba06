#include "worker/slots.h"

#include "worker/handler.h"

/* Of lines in one call, or a little more; the rest goes with the next. */
#define NOTES_BYTES ((size_t)4 << 20)

void mh_slots_init(struct mh_slots *slots, size_t size)
{
    *slots = (struct mh_slots){.size = size};
    TAILQ_INIT(&slots->waiting);
    TAILQ_INIT(&slots->running);
}

static void free_runs(struct mh_run_list *list)
{
    struct mh_run *run;
    while ((run = TAILQ_FIRST(list)) != NULL) {
        TAILQ_REMOVE(list, run, link);
        mh_run_free(run);
    }
}

void mh_slots_release(struct mh_slots *slots)
{
    free_runs(&slots->waiting);
    free_runs(&slots->running);
}

void mh_slots_add(struct mh_slots *slots, struct mh_run *run)
{
    TAILQ_INSERT_TAIL(&slots->waiting, run, link);
    slots->waiting_count++;
    if (run->handler != NULL) run->handler->waiting++;
}

static void remove_waiting(struct mh_slots *slots, struct mh_run *run)
{
    TAILQ_REMOVE(&slots->waiting, run, link);
    slots->waiting_count--;
    if (run->handler != NULL) run->handler->waiting--;
}

void mh_slots_remove(struct mh_slots *slots, struct mh_run *run)
{
    if (run->started_us == 0) {
        remove_waiting(slots, run);
        return;
    }
    TAILQ_REMOVE(&slots->running, run, link);
    slots->running_count--;
}

void mh_slots_start(struct mh_slots *slots, uv_loop_t *loop)
{
    struct mh_run *run, *next;
    for (run = TAILQ_FIRST(&slots->waiting); run != NULL && slots->running_count < slots->size;
         run = next) {
        next = TAILQ_NEXT(run, link);
        if (!mh_handler_ready(run->handler)) continue;
        remove_waiting(slots, run);
        TAILQ_INSERT_TAIL(&slots->running, run, link);
        slots->running_count++;
        mh_run_start(run, loop);
    }
}

void mh_slots_stop_waiting(struct mh_slots *slots, enum mh_run_stop reason)
{
    struct mh_run *run;
    while ((run = TAILQ_FIRST(&slots->waiting)) != NULL)
        mh_run_stop(run, reason, 0);
}

void mh_slots_stop_running(struct mh_slots *slots, enum mh_run_stop reason, int64_t grace_ms)
{
    struct mh_run *run, *next;
    for (run = TAILQ_FIRST(&slots->running); run != NULL; run = next) {
        next = TAILQ_NEXT(run, link);
        mh_run_stop(run, reason, grace_ms);
    }
}

static struct mh_run *find(const struct mh_run_list *list, const struct mh_held *held)
{
    struct mh_run *run;
    TAILQ_FOREACH(run, list, link)
    if (run->lease == held->lease && mh_uuid_equal(&run->job.id, &held->id)) return run;
    return NULL;
}

struct mh_run *mh_slots_find(const struct mh_slots *slots, const struct mh_held *held)
{
    struct mh_run *run = find(&slots->running, held);
    return run != NULL ? run : find(&slots->waiting, held);
}

static size_t list_held(const struct mh_run_list *list, struct mh_held *held, size_t count,
                        size_t max)
{
    struct mh_run *run;
    TAILQ_FOREACH(run, list, link)
    if (count < max && run->stop == MH_RUN_STOP_NONE)
        held[count++] = (struct mh_held){run->lease, run->job.id};
    return count;
}

size_t mh_slots_held(const struct mh_slots *slots, struct mh_held *held, size_t max)
{
    size_t count = list_held(&slots->running, held, 0, max);
    return list_held(&slots->waiting, held, count, max);
}

size_t mh_slots_notes(struct mh_slots *slots, struct mh_note *notes, size_t max)
{
    struct mh_run *run;
    size_t count = 0, bytes = 0;
    TAILQ_FOREACH(run, &slots->running, link)
    {
        if (count == max || bytes >= NOTES_BYTES) break;
        if (!mh_run_take_note(run, &notes[count])) continue;
        bytes += notes[count++].log_len;
    }
    return count;
}
