/* Schedules: kept for people, and moved on from slot to slot. */
#include "base/arena.h"
#include "mh_sqlite_sql.h"
#include "store/columns.h"
#include "store/sqlite/place.h"
#include "store/sqlite/work.h"

static int read_schedule(const struct mh_sql *sql, struct mh_arena *arena, void *ret_item,
                         struct mh_err *err)
{
    struct mh_schedule *schedule = ret_item;
    *schedule = (struct mh_schedule){
        .id = mh_sql_get_int(sql, MH_SCHEDULE_COL_ID),
        .revision = mh_sql_get_int(sql, MH_SCHEDULE_COL_REVISION),
        .tenant_id = mh_sql_get_uuid(sql, MH_SCHEDULE_COL_TENANT_ID),
        .priority = (int)mh_sql_get_real(sql, MH_SCHEDULE_COL_PRIORITY, -1),
        .max_attempts = (int)mh_sql_get_int(sql, MH_SCHEDULE_COL_MAX_ATTEMPTS),
        .missed = (enum mh_missed)mh_sql_get_int(sql, MH_SCHEDULE_COL_MISSED),
        .overlap = mh_sql_get_int(sql, MH_SCHEDULE_COL_OVERLAP) != 0,
        .paused = mh_sql_get_int(sql, MH_SCHEDULE_COL_PAUSED) != 0,
        .next_at = mh_sql_get_int(sql, MH_SCHEDULE_COL_NEXT_AT),
        .last_at = mh_sql_get_int(sql, MH_SCHEDULE_COL_LAST_AT),
        .created_at = mh_sql_get_int(sql, MH_SCHEDULE_COL_CREATED_AT),
        .updated_at = mh_sql_get_int(sql, MH_SCHEDULE_COL_UPDATED_AT),
    };
    int r = mh_sql_get_text(sql, MH_SCHEDULE_COL_NAME, arena, &schedule->name, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, MH_SCHEDULE_COL_TYPE, arena, &schedule->type, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, MH_SCHEDULE_COL_CRON, arena, &schedule->cron, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, MH_SCHEDULE_COL_TZ, arena, &schedule->tz, NULL, err);
    if (r == 0)
        r = mh_sql_get_text(sql, MH_SCHEDULE_COL_PAYLOAD, arena, &schedule->payload,
                            &schedule->payload_len, err);
    return r;
}

/* --- for people */

int mh_sqlite_schedule_list(struct mh_work *work, struct mh_request *request)
{
    const struct mh_schedule_filter *filter = &request->in.schedule_list;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_schedule_list);
    if (filter->tenant_id != NULL)
        mh_sql_uuid(&sql, filter->tenant_id);
    else
        mh_sql_null(&sql);
    mh_sql_text(&sql, filter->name);
    mh_sql_int(&sql, filter->bodies);
    request->reply.now_ms = work->now;
    return mh_sql_collect(&sql, &request->arena, sizeof(struct mh_schedule), read_schedule,
                          &request->reply.schedules, &request->reply.count, &request->reply.err);
}

static int check_room(struct mh_work *work, struct mh_err *err)
{
    int64_t count = 0;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_schedule_count);
    int r = mh_sql_number(&sql, &count, err);
    if (r < 0 || count < MH_SCHEDULES_MAX) return r < 0 ? r : 0;
    return mh_err_set(err, MH_ELIMIT, "there are %d schedules already, the most a store may have",
                      MH_SCHEDULES_MAX);
}

/* What schedule_add.sql and schedule_change.sql have in common, from type on. */
static void bind_rest(struct mh_sql *sql, const struct mh_schedule *schedule, int64_t now)
{
    mh_sql_text(sql, schedule->type);
    mh_sql_text(sql, schedule->cron);
    mh_sql_text(sql, schedule->tz);
    if (schedule->priority >= 0)
        mh_sql_int(sql, schedule->priority);
    else
        mh_sql_null(sql);
    mh_sql_int(sql, schedule->max_attempts);
    mh_sql_int(sql, schedule->missed);
    mh_sql_int(sql, schedule->overlap);
    mh_sql_int(sql, schedule->paused);
    mh_sql_time(sql, schedule->next_at);
    mh_sql_int(sql, now);
    mh_sql_textn(sql, schedule->payload, schedule->payload_len);
}

int mh_sqlite_schedule_add(struct mh_work *work, struct mh_request *request)
{
    const struct mh_schedule *schedule = &request->in.schedule;
    struct mh_err *err = &request->reply.err;
    struct mh_place place = {0};
    int r = check_room(work, err);
    if (r == 0) r = mh_place_tenant(work, &place, &schedule->tenant_id, err);
    if (r < 0) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_schedule_add);
    mh_sql_int(&sql, place.tenant);
    mh_sql_text(&sql, schedule->name);
    bind_rest(&sql, schedule, work->now);
    r = mh_sql_run(&sql, err);
    if (r == MH_EEXIST)
        return mh_err_set(err, r, "unable to add schedule %s: there is one of this name",
                          schedule->name);
    work->news |= MH_NEWS_SCHEDULE;
    return r;
}

int mh_sqlite_schedule_change(struct mh_work *work, struct mh_request *request)
{
    const struct mh_schedule *schedule = &request->in.schedule;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_schedule_change);
    mh_sql_int(&sql, schedule->id);
    mh_sql_int(&sql, schedule->revision);
    bind_rest(&sql, schedule, work->now);
    if (work->tenant >= 0)
        mh_sql_int(&sql, work->tenant);
    else
        mh_sql_null(&sql);
    int r = mh_sql_run(&sql, &request->reply.err);
    if (r == 0) request->reply.count = (size_t)mh_db_changes(work->db);
    work->news |= MH_NEWS_SCHEDULE;
    return r;
}

int mh_sqlite_schedule_remove(struct mh_work *work, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    struct mh_place place = {0};
    int r = mh_place_tenant(work, &place, &request->in.schedule_remove.tenant_id, err);
    if (r < 0) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_schedule_remove);
    mh_sql_int(&sql, place.tenant);
    mh_sql_text(&sql, request->in.schedule_remove.name);
    r = mh_sql_run(&sql, err);
    if (r == 0) request->reply.count = (size_t)mh_db_changes(work->db);
    return r;
}

/* --- for workers */

int mh_sqlite_schedule_due(struct mh_work *work, struct mh_request *request)
{
    struct mh_reply *reply = &request->reply;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_schedule_due);
    mh_sql_int(&sql, work->now);
    mh_sql_int(&sql, (int64_t)request->in.schedule_due.limit);
    mh_sql_int(&sql, (int64_t)request->in.schedule_due.passed);
    int r = mh_sql_collect(&sql, &request->arena, sizeof(struct mh_schedule), read_schedule,
                           &reply->schedules, &reply->count, &reply->err);
    if (r < 0) return r;
    int64_t next_at = 0;
    sql = mh_sql(work->db, mh_sqlite_sql_schedule_next);
    mh_sql_int(&sql, work->now);
    r = mh_sql_number(&sql, &next_at, &reply->err);
    reply->now_ms = work->now;
    reply->next_due_ms = r > 0 ? next_at - work->now : -1;
    return r < 0 ? r : 0;
}

/* 1 and what its jobs have in common, once the schedule has moved on; 0: it is elsewhere. */
static int move_on(struct mh_work *work, const struct mh_firing *firing, struct mh_arena *arena,
                   struct mh_dispatch *ret_job, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_schedule_fire);
    mh_sql_int(&sql, firing->id);
    mh_sql_int(&sql, firing->revision);
    mh_sql_int(&sql, firing->slot);
    mh_sql_int(&sql, firing->last_at);
    mh_sql_time(&sql, firing->next_at);
    int r = mh_sql_step(&sql, err);
    if (r > 0) {
        *ret_job = (struct mh_dispatch){
            .tenant_id = mh_sql_get_uuid(&sql, 0),
            .priority = (int)mh_sql_get_real(&sql, 2, -1),
            .max_attempts = (int)mh_sql_get_int(&sql, 3),
            .unique_key = firing->unique_key,
        };
        int got = mh_sql_get_text(&sql, 1, arena, &ret_job->type, NULL, err);
        if (got == 0)
            got = mh_sql_get_text(&sql, 4, arena, &ret_job->payload, &ret_job->payload_len, err);
        if (got < 0) r = got;
    }
    mh_sql_end(&sql);
    return r;
}

int mh_sqlite_schedule_fire(struct mh_work *work, struct mh_request *request)
{
    const struct mh_firing *firing = &request->in.schedule_fire;
    struct mh_err *err = &request->reply.err;
    struct mh_dispatch common;
    int r = move_on(work, firing, &request->arena, &common, err);
    if (r <= 0) return r;
    struct mh_dispatch *jobs = mh_arena_array(&request->arena, firing->count, sizeof *jobs);
    if (jobs == NULL) return mh_err_set(err, MH_ENOMEM, "unable to dispatch: out of memory");
    for (size_t i = 0; i < firing->count; i++) {
        jobs[i] = common;
        jobs[i].id = firing->jobs[i].id;
        jobs[i].run_at = firing->jobs[i].slot;
        jobs[i].correlation_id = firing->jobs[i].correlation_id;
    }
    return mh_sqlite_dispatch_jobs(work, jobs, firing->count, request);
}
