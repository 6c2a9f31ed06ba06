/* The slots: the jobs in a worker's hands, waiting for a handler or running.
 *
 * A fixed number run at once; what was claimed ahead waits, in the order of the claim, until there
 * is a slot and its handler is ready. The slots hold runs and do not own the moment they end: the
 * owner takes each out with mh_slots_remove when the run says so. One thread: the loop's. */
#ifndef MH_SLOTS_H
#define MH_SLOTS_H

#include <stddef.h>
#include <uv.h>

#include "worker/run.h"

struct mh_slots {
    struct mh_run_list waiting;
    struct mh_run_list running;
    size_t waiting_count;
    size_t running_count;
    size_t size; /* runs at once */
};

void mh_slots_init(struct mh_slots *slots, size_t size);

/* Frees the runs that are left; their handlers must be closed. */
void mh_slots_release(struct mh_slots *slots);

/* Takes a waiting run. */
void mh_slots_add(struct mh_slots *slots, struct mh_run *run);

/* Gives back a run that has ended. */
void mh_slots_remove(struct mh_slots *slots, struct mh_run *run);

/* Starts what can start. */
void mh_slots_start(struct mh_slots *slots, uv_loop_t *loop);

/* mh_run_stop for every run of the kind; those that wait end at once. */
void mh_slots_stop_waiting(struct mh_slots *slots, enum mh_run_stop reason);
void mh_slots_stop_running(struct mh_slots *slots, enum mh_run_stop reason, int64_t grace_ms);

/* NULL where it has ended meanwhile. */
struct mh_run *mh_slots_find(const struct mh_slots *slots, const struct mh_held *held);

/* Lists the jobs still wanted; returns how many. */
size_t mh_slots_held(const struct mh_slots *slots, struct mh_held *held, size_t max);

/* Lists what is to be passed on, which then counts as told; its texts are borrowed until the next
 * word of a handler. */
size_t mh_slots_notes(struct mh_slots *slots, struct mh_note *notes, size_t max);

#endif
