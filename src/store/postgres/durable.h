/* Makes claims durable that were committed without waiting for the disk.
 *
 * A claim that travels alone is answered as soon as it is committed and seen by all, so that its
 * jobs begin a flush earlier. Commits are flushed in their order, so the jobs' ends make the claim
 * durable too, where they come soon; where they do not, something is asked for that is flushed.
 * Never asked of a claim that shares its transaction, for what ends jobs is answered when it is
 * durable; nor behind a pooler, which hides the server's crashes.
 *
 * Were the server to crash before, the claim would be undone, and another worker might run the jobs
 * beside this one. The number of the lease comes from a sequence that would be undone as well: so
 * after a reconnect, before anything else, it is asked which leases stand (mh_disown). */
#ifndef MH_PG_DURABLE_H
#define MH_PG_DURABLE_H

#include <uv.h>

#include "base/compiler.h"
#include "store/postgres/group.h"

struct mh_durable;

/* `submit` takes a request, whose answer nobody waits for. */
typedef void mh_durable_submit_fn(void *arg, struct mh_request *request);

int mh_durable_new(uv_loop_t *loop, mh_durable_submit_fn *submit, void *arg,
                   struct mh_durable **ret_durable, struct mh_err *err) MH_MUST_CHECK;

/* Accepts NULL. */
void mh_durable_drop(struct mh_durable *durable);

/* The flight is committed, and its reply read. */
void mh_durable_committed(struct mh_durable *durable, const struct mh_flight *flight);

#endif
