/* The heartbeat: one row per worker, prolonged three times a lease, and what running jobs tell.
 *
 * Each beat also asks after the jobs the worker holds and tells of those that were cancelled or
 * whose lease was lost. A beat out of turn follows news of a cancel. Progress, messages and lines
 * are passed on at most four times a second, texts only while somebody follows events. While the
 * store is out of reach the beat is tried again soon. One thread: the loop's. */
#ifndef MH_HEARTBEAT_H
#define MH_HEARTBEAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/compiler.h"
#include "store/store.h"

struct mh_heartbeat;

struct mh_heartbeat_events {
    /* Fills `held` (room for `max`) with the jobs in the worker's hands; returns how many. */
    size_t (*held)(void *arg, struct mh_held *held, size_t max);
    /* The same for what is to be passed on, which then counts as told. */
    size_t (*notes)(void *arg, struct mh_note *notes, size_t max);
    void (*gone)(void *arg, const struct mh_held *held,
                 enum mh_status status); /* CANCELLED or NONE */
    void (*beat)(void *arg);             /* the store answered */
    void (*failed)(void *arg, const struct mh_err *err);
};

int mh_heartbeat_new(uv_loop_t *loop, struct mh_store *store, int64_t lease_ms,
                     const struct mh_heartbeat_events *events, void *arg,
                     struct mh_heartbeat **ret_heartbeat, struct mh_err *err) MH_MUST_CHECK;
void mh_heartbeat_free(struct mh_heartbeat *heartbeat);

/* Beats for worker number `worker` from now on; 0: no more. */
void mh_heartbeat_begin(struct mh_heartbeat *heartbeat, int64_t worker);

void mh_heartbeat_now(struct mh_heartbeat *heartbeat);

/* True when the store has answered no beat for two thirds of the lease: the jobs are about to be
 * lost. */
bool mh_heartbeat_late(const struct mh_heartbeat *heartbeat);

/* Some run has something to tell. */
void mh_heartbeat_note(struct mh_heartbeat *heartbeat);

/* Passes these on at once, as those of runs that have ended must be, ahead of their end. Changes
 * the array; texts are copied. */
void mh_heartbeat_send(struct mh_heartbeat *heartbeat, struct mh_note *notes, size_t count);

#endif
