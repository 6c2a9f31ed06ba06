/* The way out: what happens when, from the signal to the exit.
 *
 * The time allowed is shared: handlers that run may finish at first, then comes TERM, then KILL,
 * and the last part is the store's, to write what became of them. A hurry goes to KILL at once.
 * Nothing ever moves the end further away. One thread: the loop's. */
#ifndef MH_STOPPING_H
#define MH_STOPPING_H

#include <stdint.h>
#include <uv.h>

#include "base/compiler.h"
#include "base/err.h"

struct mh_stopping;

struct mh_stopping_events {
    void (*term)(void *arg,
                 int64_t grace_ms); /* running handlers are told to end, KILL after grace_ms */
    void (*kill)(void *arg);        /* whatever still runs */
    void (*over)(void *arg);        /* the time is over */
};

int mh_stopping_new(uv_loop_t *loop, const struct mh_stopping_events *events, void *arg,
                    struct mh_stopping **ret_stopping, struct mh_err *err) MH_MUST_CHECK;
void mh_stopping_free(struct mh_stopping *stopping);

/* Starts the clock. */
void mh_stopping_begin(struct mh_stopping *stopping, int64_t timeout_ms);

/* Calls `kill` now; one second is left, unless less was. */
void mh_stopping_hurry(struct mh_stopping *stopping);

/* Nothing is called any more. */
void mh_stopping_end(struct mh_stopping *stopping);

/* What a child that has nothing to finish is given between TERM and KILL. */
int64_t mh_stopping_idle_grace_ms(int64_t timeout_ms);

#endif
