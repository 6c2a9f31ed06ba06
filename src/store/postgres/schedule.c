/* Schedules. */
#include "base/arena.h"
#include "store/columns.h"
#include "store/postgres/work.h"

/* Columns of mh_schedules and mh_schedules_due. The first two stand in the first row alone, which
 * has none of a schedule's. */
enum { MOMENT, NEXT_DUE_MS, FIRST };

static void read_schedule(const struct mh_rows *rows, int row, struct mh_schedule *ret_schedule)
{
    struct mh_schedule *schedule = ret_schedule;
    schedule->id = mh_row_int(rows, row, FIRST + MH_SCHEDULE_COL_ID, 0);
    schedule->revision = mh_row_int(rows, row, FIRST + MH_SCHEDULE_COL_REVISION, 0);
    schedule->tenant_id = mh_row_uuid(rows, row, FIRST + MH_SCHEDULE_COL_TENANT_ID);
    schedule->name = mh_row_text(rows, row, FIRST + MH_SCHEDULE_COL_NAME, NULL);
    schedule->type = mh_row_text(rows, row, FIRST + MH_SCHEDULE_COL_TYPE, NULL);
    schedule->cron = mh_row_text(rows, row, FIRST + MH_SCHEDULE_COL_CRON, NULL);
    schedule->tz = mh_row_text(rows, row, FIRST + MH_SCHEDULE_COL_TZ, NULL);
    schedule->priority = (int)mh_row_int(rows, row, FIRST + MH_SCHEDULE_COL_PRIORITY, -1);
    schedule->max_attempts = (int)mh_row_int(rows, row, FIRST + MH_SCHEDULE_COL_MAX_ATTEMPTS, 0);
    schedule->missed = (enum mh_missed)mh_row_int(rows, row, FIRST + MH_SCHEDULE_COL_MISSED, 0);
    schedule->overlap = mh_row_bool(rows, row, FIRST + MH_SCHEDULE_COL_OVERLAP);
    schedule->paused = mh_row_bool(rows, row, FIRST + MH_SCHEDULE_COL_PAUSED);
    schedule->next_at = mh_row_time(rows, row, FIRST + MH_SCHEDULE_COL_NEXT_AT);
    schedule->last_at = mh_row_time(rows, row, FIRST + MH_SCHEDULE_COL_LAST_AT);
    schedule->created_at = mh_row_time(rows, row, FIRST + MH_SCHEDULE_COL_CREATED_AT);
    schedule->updated_at = mh_row_time(rows, row, FIRST + MH_SCHEDULE_COL_UPDATED_AT);
    schedule->payload =
        mh_row_json(rows, row, FIRST + MH_SCHEDULE_COL_PAYLOAD, &schedule->payload_len);
}

int mh_pg_schedules_read(struct mh_pg_work *work, const struct mh_rows *rows,
                         struct mh_request *request)
{
    struct mh_schedule *schedules = mh_pg_array(request, rows->count, sizeof *schedules);
    if (schedules == NULL) return MH_ENOMEM;
    for (int row = 1; row < rows->count; row++)
        read_schedule(rows, row, &schedules[row - 1]);
    request->reply.now_ms = mh_row_time(rows, 0, MOMENT);
    request->reply.next_due_ms = mh_row_int(rows, 0, NEXT_DUE_MS, -1);
    request->reply.schedules = schedules;
    request->reply.count = (size_t)rows->count - 1;
    return 0;
}

/* --- for people */

void mh_pg_schedule_list_write(struct mh_pg_work *work, const struct mh_request *request,
                               struct mh_params *params)
{
    mh_param_uuid(params, request->in.schedule_list.tenant_id);
    mh_param_text(params, request->in.schedule_list.name);
    mh_param_bool(params, request->in.schedule_list.bodies);
}

/* What adding and changing have in common, from the type on. */
static void write_rest(const struct mh_schedule *schedule, struct mh_params *params)
{
    mh_param_text(params, schedule->type);
    mh_param_text(params, schedule->cron);
    mh_param_text(params, schedule->tz);
    if (schedule->priority >= 0)
        mh_param_int4(params, schedule->priority);
    else
        mh_param_null(params);
    mh_param_int4(params, schedule->max_attempts);
    mh_param_int2(params, schedule->missed);
    mh_param_bool(params, schedule->overlap);
    mh_param_bool(params, schedule->paused);
    mh_param_time(params, schedule->next_at);
    mh_param_json(params, schedule->payload, schedule->payload_len);
}

void mh_pg_schedule_add_write(struct mh_pg_work *work, const struct mh_request *request,
                              struct mh_params *params)
{
    mh_param_uuid(params, &request->in.schedule.tenant_id);
    mh_param_text(params, request->in.schedule.name);
    write_rest(&request->in.schedule, params);
}

void mh_pg_schedule_change_write(struct mh_pg_work *work, const struct mh_request *request,
                                 struct mh_params *params)
{
    mh_param_int8(params, request->in.schedule.id);
    mh_param_int8(params, request->in.schedule.revision);
    write_rest(&request->in.schedule, params);
}

void mh_pg_schedule_remove_write(struct mh_pg_work *work, const struct mh_request *request,
                                 struct mh_params *params)
{
    mh_param_uuid(params, &request->in.schedule_remove.tenant_id);
    mh_param_text(params, request->in.schedule_remove.name);
}

/* --- for workers */

void mh_pg_schedule_due_write(struct mh_pg_work *work, const struct mh_request *request,
                              struct mh_params *params)
{
    mh_param_int4(params, (int64_t)request->in.schedule_due.limit);
    mh_param_int4(params, (int64_t)request->in.schedule_due.passed);
}

void mh_pg_schedule_fire_write(struct mh_pg_work *work, const struct mh_request *request,
                               struct mh_params *params)
{
    const struct mh_firing *firing = &request->in.schedule_fire;
    mh_param_int8(params, firing->id);
    mh_param_int8(params, firing->revision);
    mh_param_time(params, firing->slot);
    mh_param_time(params, firing->last_at);
    mh_param_time(params, firing->next_at);
    mh_param_array(params, MH_OID_UUID, firing->count);
    for (size_t i = 0; i < firing->count; i++)
        mh_item_uuid(params, &firing->jobs[i].id);
    mh_param_array(params, MH_OID_TIMESTAMPTZ, firing->count);
    for (size_t i = 0; i < firing->count; i++)
        mh_item_time(params, firing->jobs[i].slot);
    mh_param_array(params, MH_OID_TEXT, firing->count);
    for (size_t i = 0; i < firing->count; i++)
        mh_item_text(params, firing->jobs[i].correlation_id);
    mh_param_text(params, firing->unique_key);
}

int mh_pg_schedule_fire_read(struct mh_pg_work *work, const struct mh_rows *rows,
                             struct mh_request *request)
{
    const struct mh_firing *firing = &request->in.schedule_fire;
    if (rows->count == 0) return 0; /* it was elsewhere */
    struct mh_dispatched *ids = mh_pg_array(request, (int)firing->count, sizeof *ids);
    if (ids == NULL) return MH_ENOMEM;
    for (size_t i = 0; i < firing->count; i++)
        ids[i].id = firing->jobs[i].id;
    for (int row = 1; row < rows->count; row++) {
        size_t ordinal = (size_t)mh_row_int(rows, row, 0, 0);
        if (ordinal < 1 || ordinal > firing->count) continue;
        ids[ordinal - 1] =
            (struct mh_dispatched){.id = mh_row_uuid(rows, row, 1), .standing = true};
    }
    request->reply.dispatched = ids;
    request->reply.count = firing->count;
    return 0;
}
