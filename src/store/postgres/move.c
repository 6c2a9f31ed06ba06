/* Moving jobs to and from another store. */
#include "base/arena.h"
#include "base/json.h"
#include "store/postgres/work.h"

/* Of the jobs that one call holds, as text. */
#define PARCELS_MAX ((size_t)256 << 20)

static void put_move(struct mh_params *params, const struct mh_move *move)
{
    mh_param_uuid(params, &move->peer);
    mh_param_uuid(params, &move->run);
}

static void put_ids(struct mh_params *params, const struct mh_uuid *ids, size_t count)
{
    mh_param_array(params, MH_OID_UUID, count);
    for (size_t i = 0; i < count; i++)
        mh_item_uuid(params, &ids[i]);
}

/* The one column of each row. */
int mh_pg_move_ids_read(struct mh_pg_work *work, const struct mh_rows *rows,
                        struct mh_request *request)
{
    struct mh_uuid *ids = mh_pg_array(request, rows->count, sizeof *ids);
    if (ids == NULL) return MH_ENOMEM;
    for (int row = 0; row < rows->count; row++)
        ids[row] = mh_row_uuid(rows, row, 0);
    request->reply.ids = ids;
    request->reply.count = (size_t)rows->count;
    return 0;
}

/* --- what takes nothing but the move, and a limit or ids */

void mh_pg_move_begin_write(struct mh_pg_work *work, const struct mh_request *request,
                            struct mh_params *params)
{
    put_move(params, &request->in.move.move);
}

void mh_pg_move_limit_write(struct mh_pg_work *work, const struct mh_request *request,
                            struct mh_params *params)
{
    put_move(params, &request->in.move.move);
    mh_param_int4(params, (int64_t)request->in.move.limit);
}

void mh_pg_move_ids_write(struct mh_pg_work *work, const struct mh_request *request,
                          struct mh_params *params)
{
    put_move(params, &request->in.move.move);
    put_ids(params, request->in.move.ids, request->in.move.count);
}

/* --- leaving */

void mh_pg_move_export_write(struct mh_pg_work *work, const struct mh_request *request,
                             struct mh_params *params)
{
    const struct mh_export *export = &request->in.move_export;
    mh_param_bool(params, export->ended);
    mh_param_uuid(params, export->tenant_id);
    mh_param_int8(params, export->cursor);
    mh_param_int4(params, (int64_t) export->limit);
}

int mh_pg_move_export_read(struct mh_pg_work *work, const struct mh_rows *rows,
                           struct mh_request *request)
{
    struct mh_leaving *leaving = mh_pg_array(request, rows->count, sizeof *leaving);
    if (leaving == NULL) return MH_ENOMEM;
    for (int row = 0; row < rows->count; row++)
        leaving[row] = (struct mh_leaving){
            .id = mh_row_uuid(rows, row, 1),
            .stamp = mh_row_text(rows, row, 2, NULL),
            .has_history = mh_row_bool(rows, row, 3),
        };
    request->reply.leaving = leaving;
    request->reply.count = (size_t)rows->count;
    if (request->reply.count == request->in.move_export.limit)
        request->reply.cursor = mh_row_int(rows, rows->count - 1, 0, 0);
    return 0;
}

void mh_pg_move_erase_write(struct mh_pg_work *work, const struct mh_request *request,
                            struct mh_params *params)
{
    const struct mh_leaving *leaving = request->in.move_erase.leaving;
    size_t count = request->in.move_erase.count;
    put_move(params, &request->in.move_erase.move);
    mh_param_array(params, MH_OID_UUID, count);
    for (size_t i = 0; i < count; i++)
        mh_item_uuid(params, &leaving[i].id);
    mh_param_array(params, MH_OID_TEXT, count);
    for (size_t i = 0; i < count; i++)
        mh_item_text(params, leaving[i].stamp);
}

/* --- arriving */

static void put_time(struct mh_buf *json, const char *name, int64_t time_ms)
{
    if (time_ms != 0) mh_json_put_int(json, name, time_ms);
}

static void put_body(struct mh_buf *json, const char *name, const char *body, size_t len)
{
    if (body != NULL) mh_json_put_raw(json, name, body, len);
}

static void put_attempt(struct mh_buf *json, const struct mh_attempt *attempt)
{
    mh_json_begin(json, '{');
    mh_json_put_int(json, "number", attempt->number);
    mh_json_put_str(json, "worker_id", attempt->worker_id);
    put_time(json, "started_at", attempt->started_at);
    put_time(json, "ended_at", attempt->ended_at);
    mh_json_put_str(json, "outcome", attempt->outcome);
    mh_json_put_str(json, "error", attempt->error);
    mh_json_put_str(json, "log", attempt->log);
    mh_json_end(json, '}');
}

static void put_fields(struct mh_buf *json, const struct mh_job *job)
{
    mh_json_put_uuid(json, "id", &job->id);
    mh_json_put_uuid(json, "tenant_id", &job->tenant_id);
    mh_json_put_str(json, "type", job->type);
    mh_json_put_str(json, "status", mh_status_name(job->status));
    mh_json_put_int(json, "priority", job->priority);
    put_body(json, "payload", job->payload, job->payload_len);
    put_body(json, "result", job->result, job->result_len);
    if (job->progress >= 0) {
        mh_json_key(json, "progress");
        mh_json_real(json, job->progress);
    }
    mh_json_put_str(json, "worker_id", job->worker_id);
    mh_json_put_int(json, "attempts", job->attempts);
    mh_json_put_int(json, "max_attempts", job->max_attempts);
    put_time(json, "run_at", job->run_at);
    put_time(json, "next_retry_at", job->next_retry_at);
    mh_json_put_str(json, "unique_key", job->unique_key);
    mh_json_put_str(json, "correlation_id", job->correlation_id);
    put_time(json, "created_at", job->created_at);
    put_time(json, "started_at", job->started_at);
    put_time(json, "completed_at", job->completed_at);
    mh_json_put_str(json, "traceparent", job->traceparent);
}

/* Times are milliseconds, and what is null is left out. The error is that of the last attempt. */
static void put_parcel(struct mh_buf *json, const struct mh_parcel *parcel)
{
    mh_json_begin(json, '{');
    put_fields(json, parcel->job);
    mh_json_key(json, "attempt_history");
    mh_json_begin(json, '[');
    for (size_t i = 0; i < parcel->attempt_count; i++)
        put_attempt(json, &parcel->attempts[i]);
    mh_json_end(json, ']');
    mh_json_end(json, '}');
}

void mh_pg_move_hold_write(struct mh_pg_work *work, const struct mh_request *request,
                           struct mh_params *params)
{
    struct mh_buf json;
    mh_buf_init(&json, PARCELS_MAX);
    mh_json_begin(&json, '[');
    for (size_t i = 0; i < request->in.move_hold.count; i++)
        put_parcel(&json, &request->in.move_hold.parcels[i]);
    mh_json_end(&json, ']');
    put_move(params, &request->in.move_hold.move);
    mh_param_json(params, mh_buf_text(&json), json.len);
    if (mh_buf_failed(&json)) params->bytes.failed = true;
    mh_buf_release(&json);
}

int mh_pg_move_hold_read(struct mh_pg_work *work, const struct mh_rows *rows,
                         struct mh_request *request)
{
    struct mh_hold *holds = mh_pg_array(request, rows->count, sizeof *holds);
    if (holds == NULL) return MH_ENOMEM;
    for (int row = 0; row < rows->count; row++) {
        holds[row].what = (int)mh_row_int(rows, row, 0, MH_HOLD_ID_TAKEN);
        holds[row].holder = mh_row_uuid(rows, row, 1);
    }
    request->reply.holds = holds;
    request->reply.count = (size_t)rows->count;
    return 0;
}
