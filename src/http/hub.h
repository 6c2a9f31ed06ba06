/* The hub: brings what happens to jobs to whoever follows over HTTP.
 *
 * It reads the store once for all followers of a tenant, four times a second, and not at all where
 * nobody follows. A follower goes on from a place of its own (queue/place.h): what happened after
 * that comes from the store, then what all get (http/feed.h). It is told every event once, in the
 * order of the places unless transactions overlapped; one that goes on after a cut may be told a
 * few again, none is missed. Whoever does not read is hung up on once MH_RING_BYTES wait for it.
 *
 * While a hub is open, the store writes events, and goes on for a day. One loop, one thread. */
#ifndef MH_HUB_H
#define MH_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "http/request.h"
#include "queue/place.h"
#include "store/store.h"

#define MH_HUB_FOLLOWERS 500 /* at once … */
#define MH_HUB_OF_TENANT 400 /* … and of one tenant */

struct mh_hub;

/* Borrows the store. */
int mh_hub_open(uv_loop_t *loop, struct mh_store *store, struct mh_hub **ret_hub,
                struct mh_err *err) MH_MUST_CHECK;

/* After the server, before the store; the loop does not run between. Accepts NULL. */
void mh_hub_close(struct mh_hub *hub);

size_t mh_hub_followers(const struct mh_hub *hub);

/* How far a job's story was told before following it: an event that belongs to that is passed over,
 * until one comes that does not. */
struct mh_told {
    bool any;
    int claimed;  /* the last attempt whose claim … */
    int ended;    /* … and the last whose failure was told */
    int64_t upto; /* what happened up to this position is told, but for lines and progress of the
                     attempt `claimed` */
};

/* What somebody wants to follow. */
struct mh_follow {
    const struct mh_uuid *tenant_id; /* NULL: all tenants */
    const struct mh_uuid *job_id;    /* NULL: any job; else it ends with the job */
    const char *type;                /* NULL: any */
    unsigned kinds;                  /* bits of enum mh_event_kind; 0: any */
    bool resumes;                    /* from `after`, else from now on */
    struct mh_place after;
    struct mh_told told;
    int64_t until; /* it may follow no longer; 0: for ever */
};

/* Answers the request with a stream, or with an error where too many follow. `opening`, which it
 * takes, goes first. */
void mh_hub_follow(struct mh_hub *hub, struct mh_http_request *request,
                   const struct mh_follow *follow, struct mh_buf *opening);

#endif
