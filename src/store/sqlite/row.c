#include "store/sqlite/row.h"

#include <assert.h>
#include <string.h>

#include "mh_sqlite_sql.h"
#include "store/sqlite/event.h"

/* --- the tally of ended jobs */

int mh_tally_write(struct mh_work *work, struct mh_err *err)
{
    if (work->tally.n == 0) return 0;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_tally_add);
    mh_sql_int(&sql, work->tally.tenant);
    mh_sql_int(&sql, work->tally.lane);
    mh_sql_int(&sql, work->tally.status);
    mh_sql_int(&sql, work->tally.n);
    work->tally.n = 0;
    return mh_sql_run(&sql, err);
}

static int count(struct mh_work *work, const struct mh_row *row, enum mh_status status, int n,
                 struct mh_err *err)
{
    if (work->tally.tenant != row->tenant || work->tally.lane != row->lane ||
        work->tally.status != status) {
        int r = mh_tally_write(work, err);
        if (r < 0) return r;
        work->tally.tenant = row->tenant;
        work->tally.lane = row->lane;
        work->tally.status = status;
    }
    work->tally.n += n;
    return 0;
}

/* --- finding */

static int read_row(struct mh_sql *sql, struct mh_row *ret_row, struct mh_err *err)
{
    int r = mh_sql_step(sql, err);
    if (r > 0)
        *ret_row = (struct mh_row){
            .seq = mh_sql_get_int(sql, 0),
            .tenant = mh_sql_get_int(sql, 1),
            .lane = mh_sql_get_int(sql, 2),
            .status = (enum mh_status)mh_sql_get_int(sql, 3),
            .attempts = (int)mh_sql_get_int(sql, 4),
            .max_attempts = (int)mh_sql_get_int(sql, 5),
            .lease = mh_sql_get_int(sql, 6),
            .run_at = mh_sql_get_int(sql, 7),
            .gated = mh_sql_get_int(sql, 8) != 0,
        };
    mh_sql_end(sql);
    return r;
}

int mh_row_find(struct mh_work *work, const struct mh_uuid *id, struct mh_row *ret_row,
                struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_row_by_id);
    mh_sql_uuid(&sql, id);
    return read_row(&sql, ret_row, err);
}

int mh_row_get(struct mh_work *work, int64_t seq, struct mh_row *ret_row, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_row_by_seq);
    mh_sql_int(&sql, seq);
    int r = read_row(&sql, ret_row, err);
    assert(r != 0);
    return r < 0 ? r : 0;
}

/* --- steps */

int mh_row_note_attempt(struct mh_work *work, const struct mh_row *row,
                        const struct mh_failure *failure, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_attempt_add);
    mh_sql_int(&sql, row->seq);
    mh_sql_int(&sql, work->now);
    mh_sql_text(&sql, failure->outcome);
    mh_sql_text(&sql, failure->error);
    mh_sql_text(&sql, failure->log);
    return mh_sql_run(&sql, err);
}

int mh_row_release(struct mh_work *work, const struct mh_row *row, const struct mh_back *back,
                   struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_job_release);
    mh_sql_int(&sql, row->seq);
    mh_sql_int(&sql, back->attempts);
    mh_sql_int(&sql, back->due_at);
    mh_sql_int(&sql, back->run_at);
    work->news |= MH_NEWS_DUE;
    int r = mh_sql_run(&sql, err);
    if (r < 0) return r;
    const struct mh_event_row event = {
        .kind = MH_EVENT_RELEASED,
        .doer = MH_BY_WORKER,
        .next_retry_at = back->due_at > work->now ? back->due_at : 0,
    };
    return mh_event_write(work, row->seq, &event, err);
}

static const enum mh_event_kind ends[MH_STATUS__COUNT] = {
    [MH_STATUS_COMPLETED] = MH_EVENT_COMPLETED,
    [MH_STATUS_FAILED] = MH_EVENT_FAILED,
    [MH_STATUS_CANCELLED] = MH_EVENT_CANCELLED,
};

static int write_end(struct mh_work *work, const struct mh_row *row, enum mh_status status,
                     const char *error, struct mh_err *err)
{
    const struct mh_event_row event = {
        .kind = ends[status],
        .doer = row->status == MH_STATUS_PROCESSING ? MH_BY_WORKER : MH_BY_NOBODY,
        .text = error,
        .text_len = error != NULL ? strlen(error) : 0,
    };
    return mh_event_write(work, row->seq, &event, err);
}

/* What goes with every end. */
static int note_end(struct mh_work *work, const struct mh_row *row, enum mh_status status,
                    const char *error, struct mh_err *err)
{
    int r = count(work, row, status, 1, err);
    if (r == 0) r = write_end(work, row, status, error, err);
    work->news |= row->gated ? MH_NEWS_ENDED | MH_NEWS_DUE : MH_NEWS_ENDED;
    return r;
}

int mh_row_complete(struct mh_work *work, int64_t first, int64_t last, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_jobs_complete);
    mh_sql_int(&sql, first);
    mh_sql_int(&sql, last);
    mh_sql_int(&sql, work->now);
    return mh_sql_run(&sql, err);
}

int mh_row_completed(struct mh_work *work, const struct mh_row *row, struct mh_err *err)
{
    return note_end(work, row, MH_STATUS_COMPLETED, NULL, err);
}

int mh_row_cancel(struct mh_work *work, const struct mh_row *row, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_job_cancel);
    mh_sql_int(&sql, row->seq);
    mh_sql_int(&sql, work->now);
    int r = mh_sql_run(&sql, err);
    return r < 0 ? r : note_end(work, row, MH_STATUS_CANCELLED, NULL, err);
}

static int fail_row(struct mh_work *work, const struct mh_row *row, const char *error,
                    struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_job_fail);
    mh_sql_int(&sql, row->seq);
    mh_sql_int(&sql, work->now);
    mh_sql_text(&sql, error);
    int r = mh_sql_run(&sql, err);
    return r < 0 ? r : note_end(work, row, MH_STATUS_FAILED, error, err);
}

static int retry_row(struct mh_work *work, const struct mh_row *row, const char *error,
                     const struct mh_back *back, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_job_retry);
    mh_sql_int(&sql, row->seq);
    mh_sql_int(&sql, back->due_at);
    mh_sql_int(&sql, back->run_at);
    mh_sql_time(&sql, back->next_retry_at);
    mh_sql_text(&sql, error);
    work->news |= MH_NEWS_DUE;
    int r = mh_sql_run(&sql, err);
    if (r < 0) return r;
    const struct mh_event_row event = {
        .kind = MH_EVENT_RETRIED,
        .doer = MH_BY_WORKER,
        .text = error,
        .text_len = error != NULL ? strlen(error) : 0,
        .next_retry_at = back->next_retry_at,
    };
    return mh_event_write(work, row->seq, &event, err);
}

int mh_row_fail(struct mh_work *work, const struct mh_row *row, const struct mh_failure *failure,
                const struct mh_back *back, enum mh_status *ret_status, struct mh_err *err)
{
    int r = mh_row_note_attempt(work, row, failure, err);
    if (r < 0) return r;
    bool again = back != NULL && row->attempts < row->max_attempts;
    if (again)
        r = retry_row(work, row, failure->error, back, err);
    else
        r = fail_row(work, row, failure->error, err);
    if (r == 0) *ret_status = again ? MH_STATUS_PENDING : MH_STATUS_FAILED;
    return r;
}

int mh_row_group(struct mh_work *work, int64_t seq, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_job_group);
    mh_sql_int(&sql, seq);
    return mh_sql_run(&sql, err);
}

int mh_row_revive(struct mh_work *work, const struct mh_row *row, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_job_revive);
    mh_sql_int(&sql, row->seq);
    mh_sql_int(&sql, row->run_at > work->now ? row->run_at : work->now);
    int r = mh_sql_run(&sql, err);
    if (r == 0) r = mh_row_group(work, row->seq, err);
    if (r == 0) r = count(work, row, row->status, -1, err);
    if (r == 0) r = mh_event_write_kind(work, row->seq, MH_EVENT_RETRIED, MH_BY_NOBODY, err);
    work->news |= MH_NEWS_DUE;
    return r;
}

int mh_row_admit(struct mh_work *work, const struct mh_row *row, enum mh_status status,
                 struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_job_admit);
    mh_sql_int(&sql, row->seq);
    mh_sql_int(&sql, status);
    int r = mh_sql_run(&sql, err);
    bool pending = status == MH_STATUS_PENDING;
    if (r == 0) r = pending ? mh_row_group(work, row->seq, err) : count(work, row, status, 1, err);
    work->news |= pending ? MH_NEWS_DUE : MH_NEWS_ENDED;
    return r;
}

int mh_row_remove(struct mh_work *work, const struct mh_row *row, struct mh_err *err)
{
    assert(row->status != MH_STATUS_PROCESSING);
    const char *const texts[] = {mh_sqlite_sql_job_remove, mh_sqlite_sql_payload_remove,
                                 mh_sqlite_sql_result_remove, mh_sqlite_sql_attempts_remove};
    for (size_t i = 0; i < MH_LEN(texts); i++) {
        struct mh_sql sql = mh_sql(work->db, texts[i]);
        mh_sql_int(&sql, row->seq);
        int r = mh_sql_run(&sql, err);
        if (r < 0) return r;
    }
    if (row->status == MH_STATUS_PENDING) return 0;
    return count(work, row, row->status, -1, err);
}

int mh_lease_close(struct mh_work *work, int64_t lease, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_lease_close);
    mh_sql_int(&sql, lease);
    return mh_sql_run(&sql, err);
}
