/* Spans: neighbours whose state is written once for all of them, see migration 0001.
 *
 * A job that was due when it was dispatched begins in one, is claimed in it the first time, and
 * completes in it; claims and ends cut it to the jobs they are about. Anything else that happens to
 * a job settles it: its state comes into its own row, and it is in no span any more. */
#ifndef MH_SQLITE_SPAN_H
#define MH_SQLITE_SPAN_H

#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "store/sqlite/work.h"

struct mh_span {
    int64_t first, last; /* seqs; 0: none */
    enum mh_status status;
    int64_t lease; /* 0: none */
};

/* 1 and the span that this job is in, 0: it is in none. */
int mh_span_find(struct mh_work *work, int64_t seq, struct mh_span *ret_span,
                 struct mh_err *err) MH_MUST_CHECK;

/* New jobs of one lane, which follow all others, begin to wait in a span. */
int mh_span_add(struct mh_work *work, int64_t first, int64_t last, int64_t lane,
                struct mh_err *err) MH_MUST_CHECK;

/* The jobs with these seqs, which all wait in spans, are processing. */
int mh_span_claim(struct mh_work *work, int64_t first, int64_t last, int64_t lease,
                  const char *worker_id, struct mh_err *err) MH_MUST_CHECK;

/* The jobs with these seqs, which all are processing in spans, are completed. */
int mh_span_complete(struct mh_work *work, int64_t first, int64_t last,
                     struct mh_err *err) MH_MUST_CHECK;

/* The job has its state in its own row from now on, if it was in a span: one that has not ended. */
int mh_span_settle(struct mh_work *work, int64_t seq, struct mh_err *err) MH_MUST_CHECK;

/* The same for all of a type that have not ended. */
int mh_span_settle_type(struct mh_work *work, int64_t type, struct mh_arena *arena,
                        struct mh_err *err) MH_MUST_CHECK;

/* Those of these jobs that are in a span leave it: they go, or their rows are about to say all. */
int mh_span_leave(struct mh_work *work, int64_t first, int64_t last,
                  struct mh_err *err) MH_MUST_CHECK;

/* The same for all of a tenant, whose jobs are all in owned. */
int mh_span_leave_tenant(struct mh_work *work, int64_t tenant, struct mh_err *err) MH_MUST_CHECK;

#endif
