/* Job events: what happened to jobs, in order, for whoever follows.
 *
 * They are written only while somebody follows (mh_store_follow), and kept for about a day: news
 * with a memory, not a record. What a job is stands in its record, what became of its attempts in
 * mh_store_attempts. Moving a job to another store (store/move.h) is no event. */
#ifndef MH_EVENT_H
#define MH_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

#define MH_EVENT_TEXT_MAX 4096  /* bytes of a message or a line kept; longer ones are cut */
#define MH_EVENT_LOG_MAX  65536 /* bytes of log in one note; what is more is left out */

enum mh_event_kind {
    MH_EVENT_DISPATCHED,
    MH_EVENT_CLAIMED,
    MH_EVENT_PROGRESS,
    MH_EVENT_LOG, /* a line that the handler wrote */
    MH_EVENT_COMPLETED,
    MH_EVENT_FAILED,   /* for good */
    MH_EVENT_RETRIED,  /* an attempt failed and another is left, or a person had it retried */
    MH_EVENT_RELEASED, /* handed back or put off: the attempt does not count */
    MH_EVENT_CANCELLED,
    MH_EVENT__COUNT,
};

struct mh_event {
    int64_t pos; /* where it stands: the number of its row, never used again … */
    int index;   /* … and its place in the row, from 0 */
    enum mh_event_kind kind;
    int64_t at;
    struct mh_uuid job_id, tenant_id;
    const char *type;
    const char *worker_id; /* whose attempt it is about; NULL: no attempt under way */
    int attempts;          /* as in the record from then on */
    double progress;       /* negative: none */
    const char *text;      /* progress: message; log: the line; failed, retried: error; or NULL */
    int64_t next_retry_at; /* retried, released: when it becomes due again; 0: at once */
};

struct mh_event_filter {
    int64_t after_pos; /* what comes after this place; {0, 0}: from the oldest that is kept; -1: no
                          events, only where the end is now */
    int after_index;   /* INT_MAX: past all of that row */
    const struct mh_uuid *job_id; /* NULL: of any job */
    size_t limit;                 /* 1 to 1,000 */
};

const char *mh_event_name(enum mh_event_kind kind); /* "dispatched" … */

#endif
