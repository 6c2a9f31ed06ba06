/* One job's row, and the steps of its life: every change of a status is made here, so that the
 * tally, the leases and the news agree with it. */
#ifndef MH_SQLITE_ROW_H
#define MH_SQLITE_ROW_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/uuid.h"
#include "store/sqlite/span.h"
#include "store/sqlite/work.h"

/* The lease that jobs are in while they are held for a move: no claim's, of no worker, without a
 * row of its own, so that nothing ends it but the move and a person. */
#define MH_LEASE_OF_NOBODY INT64_C(-1)

/* A payload of so many bytes or fewer stands in the job's row: there it costs least to write and to
 * find, and not much to rewrite. */
#define MH_PAYLOAD_NEAR 400

struct mh_row {
    int64_t seq;
    int64_t tenant;
    int64_t lane;
    enum mh_status status;
    int attempts;
    int max_attempts;
    int64_t lease; /* 0: none */
    int64_t run_at;
    bool in_span; /* it has its status, its lease and its attempt from there */
    bool gated;   /* its type has limits: what waits may run when this one ends */
};

/* 1 and the row, 0: no such job. */
int mh_row_find(struct mh_work *work, const struct mh_uuid *id, struct mh_row *ret_row,
                struct mh_err *err) MH_MUST_CHECK;

/* Finds rows by their ids, of which most follow each other closely, as those of one claim do: these
 * are walked over instead of searched for, at a fifth of the price. Begins with `work` alone set.
 * Nothing is written before the end. */
#define MH_ROW_NEAR 4

struct mh_row_walk {
    struct mh_work *work;
    struct mh_sql rows;
    bool is_open;
    int64_t last;        /* the seq of the last that was searched for */
    struct mh_span span; /* that the last of those that are in one is in */
};

int mh_row_walk_find(struct mh_row_walk *walk, const struct mh_uuid *id, struct mh_row *ret_row,
                     struct mh_err *err) MH_MUST_CHECK;
void mh_row_walk_end(struct mh_row_walk *walk);

/* The row of a seq that is known to be there. */
int mh_row_get(struct mh_work *work, int64_t seq, struct mh_row *ret_row,
               struct mh_err *err) MH_MUST_CHECK;

/* Where a job stands when it comes back to pending. */
struct mh_back {
    int attempts;
    int64_t due_at;
    int64_t run_at;
    int64_t next_retry_at; /* 0: it does not wait for a next try */
};

/* The row becomes pending. The attempt that ends with it did not count. */
int mh_row_release(struct mh_work *work, const struct mh_row *row, const struct mh_back *back,
                   struct mh_err *err) MH_MUST_CHECK;

/* The rows with these seqs, which are all there and in no span, become completed, which frees their
 * unique keys. Then mh_row_completed is due for each, as it is after mh_span_complete. */
int mh_row_complete(struct mh_work *work, int64_t first, int64_t last,
                    struct mh_err *err) MH_MUST_CHECK;
int mh_row_completed(struct mh_work *work, const struct mh_row *row,
                     struct mh_err *err) MH_MUST_CHECK;

/* The row becomes cancelled, which frees its unique key. What was its error stays. */
int mh_row_cancel(struct mh_work *work, const struct mh_row *row, struct mh_err *err) MH_MUST_CHECK;

struct mh_failure {
    const char *outcome; /* as in struct mh_attempt */
    const char *error;   /* or NULL */
    const char *log;     /* or NULL */
};

/* Appends the attempt under way to the history. Call before the row changes. */
int mh_row_note_attempt(struct mh_work *work, const struct mh_row *row,
                        const struct mh_failure *failure, struct mh_err *err) MH_MUST_CHECK;

/* The attempt under way failed: the row becomes pending as `back` says, or failed where `back` is
 * NULL or no attempt is left. Gives the status it has now. */
int mh_row_fail(struct mh_work *work, const struct mh_row *row, const struct mh_failure *failure,
                const struct mh_back *back, enum mh_status *ret_status,
                struct mh_err *err) MH_MUST_CHECK;

/* Finds the row's place among those that a limit of its type counts together. For a row that
 * becomes pending and had none. */
int mh_row_group(struct mh_work *work, int64_t seq, struct mh_err *err) MH_MUST_CHECK;

/* A row that was held becomes pending, or ended as it was where it came from. */
int mh_row_admit(struct mh_work *work, const struct mh_row *row, enum mh_status status,
                 struct mh_err *err) MH_MUST_CHECK;

/* A failed or cancelled row becomes pending, as new. */
int mh_row_revive(struct mh_work *work, const struct mh_row *row, struct mh_err *err) MH_MUST_CHECK;

/* The row, which is processing, has come as far as this. */
int mh_row_progress(struct mh_work *work, const struct mh_row *row, double progress,
                    struct mh_err *err) MH_MUST_CHECK;

/* The job and all that belongs to it goes; not one that is processing. */
int mh_row_remove(struct mh_work *work, const struct mh_row *row, struct mh_err *err) MH_MUST_CHECK;

/* The same for completed jobs of one span. */
int mh_row_remove_span(struct mh_work *work, int64_t first, int64_t last,
                       struct mh_err *err) MH_MUST_CHECK;

/* The lease goes if no job is in it any more. */
int mh_lease_close(struct mh_work *work, int64_t lease, struct mh_err *err) MH_MUST_CHECK;

/* Counts a job that was added. */
int mh_tally_new(struct mh_work *work, int64_t tenant, int64_t lane,
                 struct mh_err *err) MH_MUST_CHECK;

/* Writes what the steps above counted. After the last of them in an operation. */
int mh_tally_write(struct mh_work *work, struct mh_err *err) MH_MUST_CHECK;

#endif
