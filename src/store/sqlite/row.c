#include "store/sqlite/row.h"

#include <assert.h>
#include <string.h>

#include "mh_sqlite_sql.h"
#include "store/sqlite/event.h"
#include "store/sqlite/owned.h"

/* In the tally: the counts of all tenants, and of all jobs that are kept. */
#define TENANT_ALL (-1)
#define KEPT       MH_STATUS_PENDING

/* --- the tally */

static int run_tally(struct mh_work *work, const char *text, const struct mh_tally_slot *slot,
                     int status, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, text);
    mh_sql_int(&sql, slot->tenant);
    mh_sql_int(&sql, slot->lane);
    mh_sql_int(&sql, status);
    mh_sql_int(&sql, slot->n[status]);
    return mh_sql_run(&sql, err);
}

/* Mostly there is such a row, and to insert or update costs twice as much as to update. */
static int add_to_tally(struct mh_work *work, const struct mh_tally_slot *slot, int status,
                        struct mh_err *err)
{
    int r = run_tally(work, mh_sqlite_sql_tally_change, slot, status, err);
    if (r < 0 || mh_db_changes(work->db) > 0) return r;
    return run_tally(work, mh_sqlite_sql_tally_add, slot, status, err);
}

static int write_slot(struct mh_work *work, struct mh_tally *tally, size_t at, struct mh_err *err)
{
    struct mh_tally_slot *slot = &tally->slots[at];
    int r = 0;
    for (int status = 0; r == 0 && status < MH_STATUS__COUNT; status++)
        if (slot->n[status] != 0) r = add_to_tally(work, slot, status, err);
    *slot = (struct mh_tally_slot){0};
    tally->used[at / 64] &= ~(UINT64_C(1) << at % 64);
    return r;
}

static int write_tally(struct mh_work *work, struct mh_tally *tally, struct mh_err *err)
{
    int r = 0;
    for (size_t at = 0; r == 0 && at < MH_TALLY_SLOTS; at++)
        if ((tally->used[at / 64] >> at % 64 & 1) != 0) r = write_slot(work, tally, at, err);
    return r;
}

int mh_tally_write(struct mh_work *work, struct mh_err *err)
{
    int r = write_tally(work, &work->tenants, err);
    return r < 0 ? r : write_tally(work, &work->all, err);
}

static int count_in(struct mh_work *work, struct mh_tally *tally, int64_t tenant, int64_t lane,
                    enum mh_status status, int n, struct mh_err *err)
{
    size_t at = ((uint64_t)tenant * 7 + (uint64_t)lane) % MH_TALLY_SLOTS;
    struct mh_tally_slot *slot = &tally->slots[at];
    int r = 0;
    if (slot->tenant != tenant || slot->lane != lane) r = write_slot(work, tally, at, err);
    slot->tenant = tenant;
    slot->lane = lane;
    slot->n[status] += n;
    tally->used[at / 64] |= UINT64_C(1) << at % 64;
    return r;
}

static int count(struct mh_work *work, int64_t tenant, int64_t lane, enum mh_status status, int n,
                 struct mh_err *err)
{
    int r = count_in(work, &work->tenants, tenant, lane, status, n, err);
    return r < 0 ? r : count_in(work, &work->all, TENANT_ALL, lane, status, n, err);
}

static int count_row(struct mh_work *work, const struct mh_row *row, enum mh_status status, int n,
                     struct mh_err *err)
{
    return count(work, row->tenant, row->lane, status, n, err);
}

int mh_tally_new(struct mh_work *work, int64_t tenant, int64_t lane, struct mh_err *err)
{
    return count(work, tenant, lane, KEPT, 1, err);
}

/* --- finding */

/* The columns of row_by_id.sql, and of what says the same. */
static struct mh_row current_row(const struct mh_sql *sql)
{
    return (struct mh_row){
        .seq = mh_sql_get_int(sql, 0),
        .tenant = mh_sql_get_int(sql, 1),
        .lane = mh_sql_get_int(sql, 2),
        .status = (enum mh_status)mh_sql_get_int(sql, 3),
        .attempts = (int)mh_sql_get_int(sql, 4),
        .max_attempts = (int)mh_sql_get_int(sql, 5),
        .lease = mh_sql_get_int(sql, 6),
        .run_at = mh_sql_get_int(sql, 7),
        .in_span = mh_sql_get_int(sql, 3) < 0,
        .gated = mh_sql_get_int(sql, 8) != 0,
    };
}

/* Completes a row that is in a span, perhaps in the one that was found last. */
static int join_span(struct mh_work *work, struct mh_row *row, struct mh_span *span,
                     struct mh_err *err)
{
    if (!row->in_span) return 1;
    if (row->seq < span->first || row->seq > span->last) {
        int r = mh_span_find(work, row->seq, span, err);
        if (r == 0) r = mh_err_set(err, MH_ESTORE, "the file is damaged: a job has no status");
        if (r < 0) return r;
    }
    row->status = span->status;
    row->lease = span->lease;
    if (span->status != MH_STATUS_PENDING) row->attempts++;
    return 1;
}

static int read_row(struct mh_sql *sql, struct mh_row *ret_row, struct mh_err *err)
{
    int r = mh_sql_step(sql, err);
    if (r > 0) *ret_row = current_row(sql);
    mh_sql_end(sql);
    return r;
}

static int find_row(struct mh_work *work, const struct mh_uuid *id, struct mh_row *ret_row,
                    struct mh_span *span, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_row_by_id);
    mh_sql_uuid(&sql, id);
    int r = read_row(&sql, ret_row, err);
    return r <= 0 ? r : join_span(work, ret_row, span, err);
}

int mh_row_find(struct mh_work *work, const struct mh_uuid *id, struct mh_row *ret_row,
                struct mh_err *err)
{
    struct mh_span span = {0};
    return find_row(work, id, ret_row, &span, err);
}

/* 1 and the row where it is one of the next in the walk. */
static int walk_to(struct mh_row_walk *walk, const struct mh_uuid *id, struct mh_row *ret_row,
                   struct mh_err *err)
{
    int r = 1;
    for (int i = 0; walk->is_open && r > 0 && i < MH_ROW_NEAR; i++) {
        r = mh_sql_step(&walk->rows, err);
        struct mh_uuid here = r > 0 ? mh_sql_get_uuid(&walk->rows, 9) : mh_uuid_zero;
        if (r <= 0 || !mh_uuid_equal(&here, id)) continue;
        *ret_row = current_row(&walk->rows);
        return join_span(walk->work, ret_row, &walk->span, err);
    }
    return r < 0 ? r : 0;
}

static void begin_walk(struct mh_row_walk *walk)
{
    walk->rows = mh_sql(walk->work->db, mh_sqlite_sql_rows_after);
    mh_sql_int(&walk->rows, walk->last);
    walk->is_open = true;
}

int mh_row_walk_find(struct mh_row_walk *walk, const struct mh_uuid *id, struct mh_row *ret_row,
                     struct mh_err *err)
{
    int r = walk_to(walk, id, ret_row, err);
    if (r != 0) return r;
    mh_row_walk_end(walk);
    r = find_row(walk->work, id, ret_row, &walk->span, err);
    if (r <= 0) return r;
    bool near = ret_row->seq > walk->last && ret_row->seq <= walk->last + MH_ROW_NEAR;
    walk->last = ret_row->seq;
    if (near) begin_walk(walk);
    return r;
}

void mh_row_walk_end(struct mh_row_walk *walk)
{
    if (walk->is_open) mh_sql_end(&walk->rows);
    walk->is_open = false;
}

int mh_row_get(struct mh_work *work, int64_t seq, struct mh_row *ret_row, struct mh_err *err)
{
    struct mh_span span = {0};
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_row_by_seq);
    mh_sql_int(&sql, seq);
    int r = read_row(&sql, ret_row, err);
    assert(r != 0);
    if (r > 0) r = join_span(work, ret_row, &span, err);
    return r < 0 ? r : 0;
}

/* --- steps */

/* Before anything happens to a row that its span cannot say; nothing where that was done. */
static int settle(struct mh_work *work, const struct mh_row *row, struct mh_err *err)
{
    return row->in_span ? mh_span_settle(work, row->seq, err) : 0;
}

int mh_row_note_attempt(struct mh_work *work, const struct mh_row *row,
                        const struct mh_failure *failure, struct mh_err *err)
{
    int r = settle(work, row, err);
    if (r < 0) return r;
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
    int r = settle(work, row, err);
    if (r < 0) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_job_release);
    mh_sql_int(&sql, row->seq);
    mh_sql_int(&sql, back->attempts);
    mh_sql_int(&sql, back->due_at);
    mh_sql_int(&sql, back->run_at);
    work->news |= MH_NEWS_DUE;
    r = mh_sql_run(&sql, err);
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
    int r = count_row(work, row, status, 1, err);
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

/* Of an attempt that was noted the row knows already; else there is nothing that it should keep. */
int mh_row_cancel(struct mh_work *work, const struct mh_row *row, struct mh_err *err)
{
    int r = row->in_span ? mh_span_leave(work, row->seq, row->seq, err) : 0;
    if (r < 0) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_job_cancel);
    mh_sql_int(&sql, row->seq);
    mh_sql_int(&sql, work->now);
    r = mh_sql_run(&sql, err);
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

int mh_row_progress(struct mh_work *work, const struct mh_row *row, double progress,
                    struct mh_err *err)
{
    int r = settle(work, row, err);
    if (r < 0) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_job_note);
    mh_sql_int(&sql, row->seq);
    mh_sql_real(&sql, progress);
    return mh_sql_run(&sql, err);
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
    if (r == 0) r = count_row(work, row, row->status, -1, err);
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
    if (r == 0)
        r = pending ? mh_row_group(work, row->seq, err) : count_row(work, row, status, 1, err);
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
    int r = row->in_span ? mh_span_leave(work, row->seq, row->seq, err) : 0;
    if (r == 0) r = mh_owned_remove(work, row->tenant, row->lane, row->seq, err);
    if (r == 0) r = count_row(work, row, KEPT, -1, err);
    return r < 0 || row->status == MH_STATUS_PENDING ? r
                                                     : count_row(work, row, row->status, -1, err);
}

/* The span is cut once, while its rows can still be read. */
int mh_row_remove_span(struct mh_work *work, int64_t first, int64_t last, struct mh_err *err)
{
    int r = mh_span_leave(work, first, last, err);
    for (int64_t seq = first; r == 0 && seq <= last; seq++) {
        struct mh_row row;
        struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_row_by_seq);
        mh_sql_int(&sql, seq);
        r = read_row(&sql, &row, err);
        assert(r != 0);
        if (r < 0) break;
        row.status = MH_STATUS_COMPLETED;
        row.in_span = false;
        r = mh_row_remove(work, &row, err);
    }
    return r;
}

int mh_lease_close(struct mh_work *work, int64_t lease, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_lease_close);
    mh_sql_int(&sql, lease);
    return mh_sql_run(&sql, err);
}
