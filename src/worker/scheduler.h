/* The scheduler: fires the slots of schedules when they come, whatever types its worker serves.
 *
 * It looks which are due, hands each back with its next slot, and sleeps until the next one comes;
 * news of a schedule, and a minute at most, make it look again. Every worker does so, and the store
 * lets one of them fire a slot. A schedule that cannot be fired, because its zone is not on this
 * machine or the store is full of types, is named in the log once a minute (of many a hundred),
 * tried again, and in nobody's way. One thread: the loop's. */
#ifndef MH_SCHEDULER_H
#define MH_SCHEDULER_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/compiler.h"
#include "store/store.h"

struct mh_scheduler;

struct mh_scheduler_events {
    void (*failed)(void *arg, const struct mh_err *err); /* the store; it is asked again */
    void (*rested)(void *arg); /* all that was due is fired, and it waits */
};

int mh_scheduler_new(uv_loop_t *loop, struct mh_store *store,
                     const struct mh_scheduler_events *events, void *arg,
                     struct mh_scheduler **ret_scheduler, struct mh_err *err) MH_MUST_CHECK;

/* Looks now; also to begin. */
void mh_scheduler_wake(struct mh_scheduler *scheduler);

/* True while an answer is awaited or there is more to be looked at: there may be jobs soon. */
bool mh_scheduler_busy(const struct mh_scheduler *scheduler);

/* Fires no more; free it only once the store is closed or its replies have come. */
void mh_scheduler_stop(struct mh_scheduler *scheduler);
void mh_scheduler_free(struct mh_scheduler *scheduler); /* accepts NULL */

#endif
