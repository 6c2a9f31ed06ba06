/* Dispatching: the way into the store. */
#include "base/arena.h"
#include "mh_sqlite_sql.h"
#include "store/sqlite/event.h"
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

static int add_payload(struct mh_work *work, int64_t seq, const struct mh_dispatch *job,
                       struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_payload_add);
    mh_sql_int(&sql, seq);
    mh_sql_textn(&sql, job->payload, job->payload_len);
    return mh_sql_run(&sql, err);
}

/* A job that is to run in the past becomes due now, behind those that wait already. */
static int add_job(struct mh_work *work, const struct mh_place *place,
                   const struct mh_dispatch *job, struct mh_err *err)
{
    int64_t run_at = job->run_at != 0 ? job->run_at : work->now + job->delay_ms;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_job_add);
    mh_sql_uuid(&sql, &job->id);
    mh_sql_int(&sql, place->tenant);
    mh_sql_int(&sql, place->lane);
    mh_sql_int(&sql, job->max_attempts);
    mh_sql_int(&sql, run_at > work->now ? run_at : work->now);
    mh_sql_int(&sql, run_at);
    mh_sql_int(&sql, work->now);
    mh_sql_text(&sql, job->unique_key);
    mh_sql_text(&sql, job->correlation_id);
    mh_sql_text(&sql, job->traceparent);
    int r = mh_sql_run(&sql, err);
    if (r == MH_EEXIST) {
        char text[MH_UUID_TEXT];
        mh_uuid_format(&job->id, text);
        return mh_err_set(err, r, "unable to dispatch job %s: the id is in use", text);
    }
    if (r < 0) return r;
    work->news |= MH_NEWS_DUE;
    int64_t seq = mh_db_last_id(work->db);
    r = mh_tally_new(work, place->tenant, place->lane, err);
    if (r == 0) r = add_payload(work, seq, job, err);
    if (r == 0 && place->gated) r = mh_row_group(work, seq, err);
    return r < 0 ? r : mh_event_write_kind(work, seq, MH_EVENT_DISPATCHED, MH_BY_NOBODY, err);
}

static int dispatch_one(struct mh_work *work, struct mh_place *place, const struct mh_dispatch *job,
                        struct mh_dispatched *ret_dispatched, struct mh_err *err)
{
    int r = mh_place_tenant(work, place, &job->tenant_id, err);
    if (r < 0) return r;
    *ret_dispatched = (struct mh_dispatched){.id = job->id};
    if (job->unique_key != NULL) {
        r = find_holder(work, place->tenant, job->unique_key, &ret_dispatched->id, err);
        ret_dispatched->standing = r > 0;
        if (r != 0) return r < 0 ? r : 0;
    }
    int priority = job->priority >= 0 ? job->priority : place->plan_priority;
    r = mh_place_lane(work, place, job->type, priority, err);
    return r < 0 ? r : add_job(work, place, job, err);
}

int mh_sqlite_dispatch_jobs(struct mh_work *work, const struct mh_dispatch *jobs, size_t count,
                            struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    struct mh_dispatched *ids = mh_arena_array(&request->arena, count, sizeof *ids);
    if (ids == NULL) return mh_err_set(err, MH_ENOMEM, "unable to dispatch: out of memory");
    struct mh_place place = {0};
    for (size_t i = 0; i < count; i++) {
        int r = dispatch_one(work, &place, &jobs[i], &ids[i], err);
        if (r < 0) return r;
    }
    request->reply.dispatched = ids;
    request->reply.count = count;
    return 0;
}

int mh_sqlite_dispatch(struct mh_work *work, struct mh_request *request)
{
    return mh_sqlite_dispatch_jobs(work, request->in.dispatch.jobs, request->in.dispatch.count,
                                   request);
}
