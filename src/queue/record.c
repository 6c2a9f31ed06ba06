#include "queue/record.h"

#include <string.h>

#include "base/json.h"

static void put_str(struct mh_buf *out, const char *name, const char *text)
{
    mh_json_key(out, name);
    mh_json_str(out, text);
}

static void put_int(struct mh_buf *out, const char *name, int64_t value)
{
    mh_json_key(out, name);
    mh_json_int(out, value);
}

/* No limit is null. */
static void put_limit(struct mh_buf *out, const char *name, int64_t limit)
{
    mh_json_key(out, name);
    if (limit == 0)
        mh_json_null(out);
    else
        mh_json_int(out, limit);
}

static void put_bool(struct mh_buf *out, const char *name, bool value)
{
    mh_json_key(out, name);
    mh_json_bool(out, value);
}

static void put_time(struct mh_buf *out, const char *name, int64_t time_ms)
{
    mh_json_key(out, name);
    mh_json_time(out, time_ms);
}

static void put_id(struct mh_buf *out, const char *name, const struct mh_uuid *id)
{
    char text[MH_UUID_TEXT];
    mh_uuid_format(id, text);
    put_str(out, name, text);
}

static void put_json(struct mh_buf *out, const char *name, const char *json, size_t len)
{
    mh_json_key(out, name);
    if (json == NULL)
        mh_json_null(out);
    else
        mh_record_json(out, json, len);
}

static void put_fields(struct mh_buf *out, const struct mh_job *job)
{
    put_id(out, "id", &job->id);
    put_id(out, "tenant_id", &job->tenant_id);
    put_str(out, "type", job->type);
    put_str(out, "status", mh_status_name(job->status));
    put_int(out, "priority", job->priority);
    put_json(out, "payload", job->payload, job->payload_len);
    put_json(out, "result", job->result, job->result_len);
    put_str(out, "error", job->error);
    mh_json_key(out, "progress");
    if (job->progress < 0)
        mh_json_null(out);
    else
        mh_json_real(out, job->progress);
    put_str(out, "worker_id", job->worker_id);
    put_int(out, "attempts", job->attempts);
    put_int(out, "max_attempts", job->max_attempts);
    put_time(out, "run_at", job->run_at);
    put_time(out, "next_retry_at", job->next_retry_at);
    put_str(out, "unique_key", job->unique_key);
    put_str(out, "correlation_id", job->correlation_id);
    put_time(out, "created_at", job->created_at);
    put_time(out, "started_at", job->started_at);
    put_time(out, "completed_at", job->completed_at);
}

void mh_record_json(struct mh_buf *out, const char *json, size_t len)
{
    mh_json_raw(out, json, len);
    /* Inside a JSON string a line break is always escaped: these stand between tokens. */
    for (size_t i = out->len - (mh_buf_failed(out) ? 0 : len); i < out->len; i++)
        if (out->data[i] == '\n' || out->data[i] == '\r') out->data[i] = ' ';
}

void mh_record_job(struct mh_buf *out, const struct mh_job *job)
{
    mh_json_begin(out, '{');
    put_fields(out, job);
    mh_json_end(out, '}');
}

void mh_record_history(struct mh_buf *out, const struct mh_job *job,
                       const struct mh_attempt *attempts, size_t count)
{
    mh_json_begin(out, '{');
    put_fields(out, job);
    mh_json_key(out, "history");
    mh_json_begin(out, '[');
    for (size_t i = 0; i < count; i++)
        mh_record_attempt(out, &attempts[i]);
    mh_json_end(out, ']');
    mh_json_end(out, '}');
}

void mh_record_attempt(struct mh_buf *out, const struct mh_attempt *attempt)
{
    mh_json_begin(out, '{');
    put_int(out, "number", attempt->number);
    put_str(out, "worker_id", attempt->worker_id);
    put_time(out, "started_at", attempt->started_at);
    put_time(out, "ended_at", attempt->ended_at);
    put_str(out, "outcome", attempt->outcome);
    put_str(out, "error", attempt->error);
    put_str(out, "log", attempt->log);
    mh_json_end(out, '}');
}

void mh_record_tenant(struct mh_buf *out, const struct mh_tenant *tenant)
{
    mh_json_begin(out, '{');
    put_id(out, "id", &tenant->id);
    put_str(out, "name", tenant->name);
    put_str(out, "plan", mh_plan_name(tenant->plan));
    put_time(out, "created_at", tenant->created_at);
    mh_json_end(out, '}');
}

void mh_record_type(struct mh_buf *out, const struct mh_type *type)
{
    mh_json_begin(out, '{');
    put_str(out, "name", type->name);
    put_bool(out, "paused", type->paused);
    put_int(out, "pending", type->pending);
    put_int(out, "processing", type->processing);
    put_int(out, "workers", type->workers);
    mh_json_key(out, "limits");
    mh_json_begin(out, '{');
    put_limit(out, "max", type->limits.max);
    put_limit(out, "per_tenant", type->limits.per_tenant);
    put_limit(out, "per_key", type->limits.per_key);
    put_str(out, "key", type->limits.key);
    mh_json_end(out, '}');
    mh_json_end(out, '}');
}

void mh_record_worker(struct mh_buf *out, const struct mh_worker_row *worker)
{
    mh_json_begin(out, '{');
    put_str(out, "id", worker->id);
    put_time(out, "started_at", worker->started_at);
    put_time(out, "beat_at", worker->beat_at);
    put_int(out, "lease_ms", worker->lease_ms);
    put_int(out, "processing", worker->processing);
    mh_json_key(out, "types");
    if (worker->types == NULL)
        mh_json_null(out);
    else
        mh_record_json(out, worker->types, strlen(worker->types));
    mh_json_end(out, '}');
}

static void put_schedule(struct mh_buf *out, const struct mh_schedule *schedule)
{
    put_str(out, "name", schedule->name);
    put_id(out, "tenant_id", &schedule->tenant_id);
    put_str(out, "type", schedule->type);
    put_str(out, "cron", schedule->cron);
    put_str(out, "tz", schedule->tz);
    put_json(out, "payload", schedule->payload, schedule->payload_len);
    mh_json_key(out, "priority");
    if (schedule->priority < 0)
        mh_json_null(out);
    else
        mh_json_int(out, schedule->priority);
    put_int(out, "max_attempts", schedule->max_attempts);
    put_str(out, "missed", mh_missed_name(schedule->missed));
    put_str(out, "overlap", schedule->overlap ? "allow" : "skip");
    put_bool(out, "paused", schedule->paused);
    put_time(out, "next_at", schedule->next_at);
    put_time(out, "last_at", schedule->last_at);
    put_time(out, "created_at", schedule->created_at);
    put_time(out, "updated_at", schedule->updated_at);
}

void mh_record_schedule(struct mh_buf *out, const struct mh_schedule *schedule)
{
    mh_json_begin(out, '{');
    put_schedule(out, schedule);
    mh_json_end(out, '}');
}

void mh_record_upcoming(struct mh_buf *out, const struct mh_schedule *schedule,
                        const int64_t *slots, size_t count)
{
    mh_json_begin(out, '{');
    put_schedule(out, schedule);
    mh_json_key(out, "upcoming");
    mh_json_begin(out, '[');
    for (size_t i = 0; i < count; i++)
        mh_json_time(out, slots[i]);
    mh_json_end(out, ']');
    mh_json_end(out, '}');
}

void mh_record_stats(struct mh_buf *out, const struct mh_stats *stats)
{
    mh_json_begin(out, '{');
    put_int(out, "pending_count", stats->count[MH_STATUS_PENDING]);
    put_int(out, "processing_count", stats->count[MH_STATUS_PROCESSING]);
    put_int(out, "completed_count", stats->count[MH_STATUS_COMPLETED]);
    put_int(out, "failed_count", stats->count[MH_STATUS_FAILED]);
    put_int(out, "cancelled_count", stats->count[MH_STATUS_CANCELLED]);
    mh_json_key(out, "oldest_pending_ms");
    if (stats->oldest_pending_ms < 0)
        mh_json_null(out);
    else
        mh_json_int(out, stats->oldest_pending_ms);
    put_int(out, "workers", stats->workers);
    mh_json_end(out, '}');
}
