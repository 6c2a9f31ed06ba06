/* Events of jobs, written while somebody follows. */
#ifndef MH_SQLITE_EVENT_H
#define MH_SQLITE_EVENT_H

#include <stdbool.h>

#include "base/compiler.h"
#include "store/sqlite/work.h"

enum mh_doer {
    MH_BY_NOBODY, /* no attempt was under way */
    MH_BY_WORKER, /* the job's worker_id */
};

struct mh_event_row {
    enum mh_event_kind kind;
    enum mh_doer doer;
    bool has_progress;
    double progress;
    const char *text; /* or NULL */
    size_t text_len;
    int64_t next_retry_at; /* 0: none */
};

/* 1: somebody follows, 0: nobody. Looked up once in an operation. */
int mh_event_followed(struct mh_work *work, struct mh_err *err) MH_MUST_CHECK;

/* Writes an event of this job, as it is now, if somebody follows. After the row has changed. */
int mh_event_write(struct mh_work *work, int64_t seq, const struct mh_event_row *event,
                   struct mh_err *err) MH_MUST_CHECK;

/* The same for one that needs no more than this. */
int mh_event_write_kind(struct mh_work *work, int64_t seq, enum mh_event_kind kind,
                        enum mh_doer doer, struct mh_err *err) MH_MUST_CHECK;

#endif
