/* Whole records, as replies hold them. */
#ifndef MH_SQLITE_RECORD_H
#define MH_SQLITE_RECORD_H

#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "store/sqlite/work.h"

/* The most bytes of payloads and results that one reply carries; it ends early past it. */
#define MH_BODIES_MAX ((size_t)64 << 20)

/* The job with this seq, without payload and result. 1, or 0: it is gone. */
int mh_record_read(struct mh_work *work, int64_t seq, struct mh_arena *arena,
                   struct mh_job *ret_job, struct mh_err *err) MH_MUST_CHECK;

/* What a step of jobs_read.sql came to, with the payload, into a record that has its type and its
 * priority. */
int mh_record_of_pending(const struct mh_sql *sql, struct mh_arena *arena, struct mh_job *job,
                         struct mh_err *err) MH_MUST_CHECK;

int mh_record_read_payload(struct mh_work *work, int64_t seq, struct mh_arena *arena,
                           struct mh_job *job, struct mh_err *err) MH_MUST_CHECK;
int mh_record_read_result(struct mh_work *work, int64_t seq, struct mh_arena *arena,
                          struct mh_job *job, struct mh_err *err) MH_MUST_CHECK;

#endif
