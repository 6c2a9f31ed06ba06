/* Looking: pages of jobs, the history of one, counts. */
#include "base/arena.h"
#include "store/postgres/work.h"

/* --- pages */

/* Columns of mh_list. */
enum {
    CURSOR,
    SEQ,
    ID,
    TENANT_ID,
    TYPE,
    STATUS,
    PRIORITY,
    PAYLOAD,
    RESULT,
    ERROR,
    PROGRESS,
    WORKER_ID,
    ATTEMPTS,
    MAX_ATTEMPTS,
    RUN_AT,
    NEXT_RETRY_AT,
    UNIQUE_KEY,
    CORRELATION_ID,
    CREATED_AT,
    STARTED_AT,
    COMPLETED_AT,
    TRACEPARENT,
};

void mh_pg_list_write(struct mh_pg_work *work, const struct mh_request *request,
                      struct mh_params *params)
{
    const struct mh_filter *filter = &request->in.list;
    if (filter->status == MH_STATUS_NONE)
        mh_param_null(params);
    else
        mh_param_int2(params, filter->status);
    mh_param_text(params, filter->type);
    mh_param_uuid(params, filter->tenant_id);
    if (filter->ids == NULL) {
        mh_param_null(params);
    } else {
        mh_param_array(params, MH_OID_UUID, filter->id_count);
        for (size_t i = 0; i < filter->id_count; i++)
            mh_item_uuid(params, &filter->ids[i]);
    }
    if (filter->cursor == 0)
        mh_param_null(params);
    else
        mh_param_int8(params, filter->cursor);
    mh_param_int4(params, (int64_t)filter->limit);
    mh_param_bool(params, filter->bodies);
    mh_param_int4(params, (int64_t)filter->looks);
}

static void read_job(const struct mh_rows *rows, int row, struct mh_job *ret_job)
{
    struct mh_job *job = ret_job;
    job->id = mh_row_uuid(rows, row, ID);
    job->tenant_id = mh_row_uuid(rows, row, TENANT_ID);
    job->type = mh_row_text(rows, row, TYPE, NULL);
    job->status = (enum mh_status)mh_row_int(rows, row, STATUS, MH_STATUS_NONE);
    job->priority = (int)mh_row_int(rows, row, PRIORITY, 0);
    job->payload = mh_row_json(rows, row, PAYLOAD, &job->payload_len);
    job->result = mh_row_json(rows, row, RESULT, &job->result_len);
    job->error = mh_row_text(rows, row, ERROR, NULL);
    job->progress = mh_row_real(rows, row, PROGRESS, -1);
    job->worker_id = mh_row_text(rows, row, WORKER_ID, NULL);
    job->attempts = (int)mh_row_int(rows, row, ATTEMPTS, 0);
    job->max_attempts = (int)mh_row_int(rows, row, MAX_ATTEMPTS, 0);
    job->run_at = mh_row_time(rows, row, RUN_AT);
    job->next_retry_at = mh_row_time(rows, row, NEXT_RETRY_AT);
    job->unique_key = mh_row_text(rows, row, UNIQUE_KEY, NULL);
    job->correlation_id = mh_row_text(rows, row, CORRELATION_ID, NULL);
    job->created_at = mh_row_time(rows, row, CREATED_AT);
    job->started_at = mh_row_time(rows, row, STARTED_AT);
    job->completed_at = mh_row_time(rows, row, COMPLETED_AT);
    job->traceparent = mh_row_text(rows, row, TRACEPARENT, NULL);
}

/* The head is first. */
int mh_pg_list_read(struct mh_pg_work *work, const struct mh_rows *rows, struct mh_request *request)
{
    int count = rows->count > 0 ? rows->count - 1 : 0;
    struct mh_job *jobs = mh_pg_array(request, count, sizeof *jobs);
    if (jobs == NULL) return MH_ENOMEM;
    for (int i = 0; i < count; i++)
        read_job(rows, i + 1, &jobs[i]);
    request->reply.jobs = jobs;
    request->reply.count = (size_t)count;
    request->reply.cursor = rows->count > 0 ? mh_row_int(rows, 0, CURSOR, 0) : 0;
    return 0;
}

/* --- the history of one job */

void mh_pg_attempts_write(struct mh_pg_work *work, const struct mh_request *request,
                          struct mh_params *params)
{
    mh_param_uuid(params, &request->in.attempts.id);
}

int mh_pg_attempts_read(struct mh_pg_work *work, const struct mh_rows *rows,
                        struct mh_request *request)
{
    struct mh_attempt *attempts = mh_pg_array(request, rows->count, sizeof *attempts);
    if (attempts == NULL) return MH_ENOMEM;
    for (int row = 0; row < rows->count; row++)
        attempts[row] = (struct mh_attempt){
            .number = (int)mh_row_int(rows, row, 0, 0),
            .worker_id = mh_row_text(rows, row, 1, NULL),
            .started_at = mh_row_time(rows, row, 2),
            .ended_at = mh_row_time(rows, row, 3),
            .outcome = mh_row_text(rows, row, 4, NULL),
            .error = mh_row_text(rows, row, 5, NULL),
            .log = mh_row_text(rows, row, 6, NULL),
        };
    request->reply.attempts = attempts;
    request->reply.count = (size_t)rows->count;
    return 0;
}

/* --- counts */

void mh_pg_stats_write(struct mh_pg_work *work, const struct mh_request *request,
                       struct mh_params *params)
{
    mh_param_uuid(params, request->in.stats.tenant_id);
}

int mh_pg_stats_read(struct mh_pg_work *work, const struct mh_rows *rows,
                     struct mh_request *request)
{
    struct mh_stats *stats = mh_pg_array(request, 1, sizeof *stats);
    if (stats == NULL) return MH_ENOMEM;
    for (int status = 0; status < MH_STATUS__COUNT; status++)
        stats->count[status] = mh_row_int(rows, 0, status, 0);
    stats->oldest_pending_ms = mh_row_int(rows, 0, MH_STATUS__COUNT, -1);
    stats->workers = mh_row_int(rows, 0, MH_STATUS__COUNT + 1, 0);
    request->reply.stats = stats;
    return 0;
}

int mh_pg_workers_read(struct mh_pg_work *work, const struct mh_rows *rows,
                       struct mh_request *request)
{
    struct mh_worker_row *workers = mh_pg_array(request, rows->count, sizeof *workers);
    if (workers == NULL) return MH_ENOMEM;
    for (int row = 0; row < rows->count; row++)
        workers[row] = (struct mh_worker_row){
            .id = mh_row_text(rows, row, 0, NULL),
            .started_at = mh_row_time(rows, row, 1),
            .beat_at = mh_row_time(rows, row, 2),
            .lease_ms = mh_row_int(rows, row, 3, 0),
            .processing = mh_row_int(rows, row, 4, 0),
            .types = mh_row_text(rows, row, 5, NULL),
            .silent_ms = mh_row_int(rows, row, 6, 0),
        };
    request->reply.workers = workers;
    request->reply.count = (size_t)rows->count;
    return 0;
}

int mh_pg_type_list_read(struct mh_pg_work *work, const struct mh_rows *rows,
                         struct mh_request *request)
{
    struct mh_type *types = mh_pg_array(request, rows->count, sizeof *types);
    if (types == NULL) return MH_ENOMEM;
    for (int row = 0; row < rows->count; row++)
        types[row] = (struct mh_type){
            .name = mh_row_text(rows, row, 0, NULL),
            .paused = mh_row_bool(rows, row, 1),
            .pending = mh_row_int(rows, row, 2, 0),
            .processing = mh_row_int(rows, row, 3, 0),
            .workers = (int)mh_row_int(rows, row, 4, 0),
            .limits = {.max = mh_row_int(rows, row, 5, 0),
                       .per_tenant = mh_row_int(rows, row, 6, 0),
                       .per_key = mh_row_int(rows, row, 7, 0),
                       .key = mh_row_text(rows, row, 8, NULL)},
        };
    request->reply.types = types;
    request->reply.count = (size_t)rows->count;
    return 0;
}
