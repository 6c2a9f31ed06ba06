/* Dispatching: the way into the store. */
#include "base/arena.h"
#include "mh_sqlite_sql.h"
#include "store/sqlite/event.h"
#include "store/sqlite/owned.h"
#include "store/sqlite/place.h"
#include "store/sqlite/row.h"
#include "store/sqlite/work.h"

/* 1 and the id of the unfinished job that holds the key, 0: none does. */
static int find_holder(struct mh_work *work, int64_t tenant, const char *key,
                       struct mh_uuid *ret_id, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_key_holder);
    mh_sql_int(&sql, tenant);
    mh_sql_text(&sql, key);
    int r = mh_sql_step(&sql, err);
    if (r > 0) *ret_id = mh_sql_get_uuid(&sql, 1);
    mh_sql_end(&sql);
    return r;
}

/* What is on its way into the store: jobs whose rows are not written yet. Sixteen rows in one
 * statement cost half of what they cost one by one. */
#define ROWS 16 /* as job_add_16.sql has */

struct row {
    const struct mh_dispatch *job;
    int64_t tenant, lane;
    bool gated;
};

struct intake {
    struct mh_work *work;
    struct mh_place place;
    size_t count;
    struct row rows[ROWS];
    int64_t first, last, lane; /* added and in no span yet: neighbours of a lane; 0: none */
};

static bool has_far_payload(const struct row *row)
{
    return row->job->payload_len > MH_PAYLOAD_NEAR;
}

static int64_t run_at(const struct mh_work *work, const struct mh_dispatch *job)
{
    return job->run_at != 0 ? job->run_at : work->now + job->delay_ms;
}

/* The index of unique keys and the gates need to know what becomes of each job. */
static bool goes_into_span(const struct mh_work *work, const struct row *row)
{
    return run_at(work, row->job) <= work->now && row->job->unique_key == NULL && !row->gated;
}

/* A job that is to run in the past becomes due now, behind those that wait already. */
static void bind_state(struct mh_sql *sql, const struct mh_work *work, const struct row *row)
{
    int64_t at = run_at(work, row->job);
    if (goes_into_span(work, row)) {
        mh_sql_null(sql);
        mh_sql_null(sql);
    } else {
        mh_sql_int(sql, MH_STATUS_PENDING);
        mh_sql_int(sql, at > work->now ? at : work->now);
    }
}

static void bind_row(struct mh_sql *sql, const struct mh_work *work, const struct row *row)
{
    const struct mh_dispatch *job = row->job;
    mh_sql_uuid(sql, &job->id);
    mh_sql_int(sql, row->tenant);
    mh_sql_int(sql, row->lane);
    bind_state(sql, work, row);
    mh_sql_int(sql, job->max_attempts);
    mh_sql_int(sql, run_at(work, job));
    mh_sql_int(sql, work->now);
    mh_sql_text(sql, job->unique_key);
    mh_sql_text(sql, job->correlation_id);
    mh_sql_text(sql, job->traceparent);
    mh_sql_textn(sql, has_far_payload(row) ? NULL : job->payload, job->payload_len);
}

static int add_payload(struct mh_work *work, int64_t seq, const struct row *row, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_payload_add);
    mh_sql_int(&sql, seq);
    mh_sql_textn(&sql, row->job->payload, row->job->payload_len);
    return mh_sql_run(&sql, err);
}

static int write_span(struct intake *intake, struct mh_err *err)
{
    if (intake->first == 0) return 0;
    int r = mh_span_add(intake->work, intake->first, intake->last, intake->lane, err);
    intake->first = 0;
    return r;
}

static int add_to_span(struct intake *intake, int64_t seq, int64_t lane, struct mh_err *err)
{
    bool follows = intake->first != 0 && intake->lane == lane && intake->last + 1 == seq;
    int r = follows ? 0 : write_span(intake, err);
    if (!follows) intake->first = seq;
    intake->last = seq;
    intake->lane = lane;
    return r;
}

/* One row or ROWS, which then have numbers in sequence. */
static int add_rows(struct intake *intake, const struct row *rows, size_t count, struct mh_err *err)
{
    struct mh_work *work = intake->work;
    struct mh_sql sql =
        mh_sql(work->db, count > 1 ? mh_sqlite_sql_job_add_16 : mh_sqlite_sql_job_add);
    for (size_t i = 0; i < count; i++)
        bind_row(&sql, work, &rows[i]);
    int r = mh_sql_run(&sql, err);
    if (r < 0) return r;
    int64_t first = mh_db_last_id(work->db) - (int64_t)count + 1;
    mh_owned_added(work, first, first + (int64_t)count - 1);
    for (size_t i = 0; r == 0 && i < count; i++) {
        int64_t seq = first + (int64_t)i;
        if (has_far_payload(&rows[i])) r = add_payload(work, seq, &rows[i], err);
        if (r == 0 && goes_into_span(work, &rows[i]))
            r = add_to_span(intake, seq, rows[i].lane, err);
        if (r == 0 && rows[i].gated) r = mh_row_group(work, seq, err);
        if (r == 0) r = mh_event_write_kind(work, seq, MH_EVENT_DISPATCHED, MH_BY_NOBODY, err);
    }
    return r;
}

static int add_one_by_one(struct intake *intake, struct mh_err *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < intake->count; i++) {
        r = add_rows(intake, &intake->rows[i], 1, err);
        if (r != MH_EEXIST) continue;
        char text[MH_UUID_TEXT];
        mh_uuid_format(&intake->rows[i].job->id, text);
        return mh_err_set(err, r, "unable to dispatch job %s: the id is in use", text);
    }
    return r;
}

/* A statement that fails has added nothing, and which of its ids is in use is found one by one. */
static int write_rows(struct intake *intake, struct mh_err *err)
{
    bool full = intake->count == ROWS;
    int r = full ? add_rows(intake, intake->rows, ROWS, err) : 0;
    if (!full || r == MH_EEXIST) r = add_one_by_one(intake, err);
    intake->count = 0;
    return r;
}

static int take_in(struct intake *intake, const struct mh_dispatch *job, struct mh_err *err)
{
    struct mh_place *place = &intake->place;
    int priority = job->priority >= 0 ? job->priority : place->plan_priority;
    int r = mh_place_lane(intake->work, place, job->type, priority, err);
    if (r == 0) r = mh_tally_new(intake->work, place->tenant, place->lane, err);
    if (r < 0) return r;
    intake->work->news |= MH_NEWS_DUE;
    intake->rows[intake->count++] = (struct row){
        .job = job, .tenant = place->tenant, .lane = place->lane, .gated = place->gated};
    return intake->count == ROWS ? write_rows(intake, err) : 0;
}

static int dispatch_one(struct intake *intake, const struct mh_dispatch *job,
                        struct mh_dispatched *ret_dispatched, struct mh_err *err)
{
    struct mh_place *place = &intake->place;
    int r = mh_place_tenant(intake->work, place, &job->tenant_id, err);
    if (r < 0) return r;
    *ret_dispatched = (struct mh_dispatched){.id = job->id};
    if (job->unique_key != NULL) {
        r = write_rows(intake, err); /* one of them may hold it */
        if (r < 0) return r;
        r = find_holder(intake->work, place->tenant, job->unique_key, &ret_dispatched->id, err);
        ret_dispatched->standing = r > 0;
        if (r != 0) return r < 0 ? r : 0;
    }
    return take_in(intake, job, err);
}

int mh_sqlite_dispatch_jobs(struct mh_work *work, const struct mh_dispatch *jobs, size_t count,
                            struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    struct mh_dispatched *ids = mh_arena_array(&request->arena, count, sizeof *ids);
    if (ids == NULL) return mh_err_set(err, MH_ENOMEM, "unable to dispatch: out of memory");
    struct intake intake = {.work = work};
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = dispatch_one(&intake, &jobs[i], &ids[i], err);
    if (r == 0) r = write_rows(&intake, err);
    if (r == 0) r = write_span(&intake, err);
    if (r < 0) return r;
    request->reply.dispatched = ids;
    request->reply.count = count;
    return 0;
}

int mh_sqlite_dispatch(struct mh_work *work, struct mh_request *request)
{
    return mh_sqlite_dispatch_jobs(work, request->in.dispatch.jobs, request->in.dispatch.count,
                                   request);
}
