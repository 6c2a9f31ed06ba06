/* Removes what jobs that were killed have left of their clones on this machine: at its opening,
 * then each minute, and at its closing. What it removed is told in the log.
 *
 * In between it works in a thread of its own, since a clone may be large. It belongs to the thread
 * of the loop. */
#ifndef MH_JANITOR_H
#define MH_JANITOR_H

#include <uv.h>

#include "base/compiler.h"
#include "base/err.h"

struct mh_janitor;

int mh_janitor_open(uv_loop_t *loop, struct mh_janitor **ret_janitor,
                    struct mh_err *err) MH_MUST_CHECK;

/* Turns the loop until its thread has ended. NULL is allowed. */
void mh_janitor_close(struct mh_janitor *janitor);

#endif
