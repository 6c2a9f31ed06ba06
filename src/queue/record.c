#include "queue/record.h"

#include <string.h>

#include "base/json.h"

/* No limit is null. */
static void put_limit(struct mh_buf *out, const char *name, int64_t limit)
{
    mh_json_key(out, name);
    if (limit == 0)
        mh_json_null(out);
    else
        mh_json_int(out, limit);
}

static void put_fields(struct mh_buf *out, const struct mh_job *job)
{
    mh_json_put_uuid(out, "id", &job->id);
    mh_json_put_uuid(out, "tenant_id", &job->tenant_id);
    mh_json_put_str(out, "type", job->type);
    mh_json_put_str(out, "status", mh_status_name(job->status));
    mh_json_put_int(out, "priority", job->priority);
    mh_json_put_raw(out, "payload", job->payload, job->payload_len);
    mh_json_put_raw(out, "result", job->result, job->result_len);
    mh_json_put_str(out, "error", job->error);
    mh_json_key(out, "progress");
    if (job->progress < 0)
        mh_json_null(out);
    else
        mh_json_real(out, job->progress);
    mh_json_put_str(out, "worker_id", job->worker_id);
    mh_json_put_int(out, "attempts", job->attempts);
    mh_json_put_int(out, "max_attempts", job->max_attempts);
    mh_json_put_time(out, "run_at", job->run_at);
    mh_json_put_time(out, "next_retry_at", job->next_retry_at);
    mh_json_put_str(out, "unique_key", job->unique_key);
    mh_json_put_str(out, "correlation_id", job->correlation_id);
    mh_json_put_time(out, "created_at", job->created_at);
    mh_json_put_time(out, "started_at", job->started_at);
    mh_json_put_time(out, "completed_at", job->completed_at);
    mh_json_put_str(out, "traceparent", job->traceparent);
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
    mh_json_put_int(out, "number", attempt->number);
    mh_json_put_str(out, "worker_id", attempt->worker_id);
    mh_json_put_time(out, "started_at", attempt->started_at);
    mh_json_put_time(out, "ended_at", attempt->ended_at);
    mh_json_put_str(out, "outcome", attempt->outcome);
    mh_json_put_str(out, "error", attempt->error);
    mh_json_put_str(out, "log", attempt->log);
    mh_json_end(out, '}');
}

/* The text of an event, by what it is. */
static const char *text_name(enum mh_event_kind kind)
{
    if (kind == MH_EVENT_PROGRESS) return "message";
    return kind == MH_EVENT_LOG ? "line" : "error";
}

void mh_record_event(struct mh_buf *out, const struct mh_event *event)
{
    mh_json_begin(out, '{');
    mh_json_put_str(out, "event", mh_event_name(event->kind));
    mh_json_put_time(out, "time", event->at);
    mh_json_put_uuid(out, "job_id", &event->job_id);
    mh_json_put_uuid(out, "tenant_id", &event->tenant_id);
    mh_json_put_str(out, "type", event->type);
    if (event->worker_id != NULL) mh_json_put_str(out, "worker_id", event->worker_id);
    mh_json_put_int(out, "attempts", event->attempts);
    if (event->progress >= 0) {
        mh_json_key(out, "progress");
        mh_json_real(out, event->progress);
    }
    if (event->text != NULL) mh_json_put_str(out, text_name(event->kind), event->text);
    if (event->next_retry_at != 0) mh_json_put_time(out, "next_retry_at", event->next_retry_at);
    mh_json_end(out, '}');
}

void mh_record_tenant(struct mh_buf *out, const struct mh_tenant *tenant)
{
    mh_json_begin(out, '{');
    mh_json_put_uuid(out, "id", &tenant->id);
    mh_json_put_str(out, "name", tenant->name);
    mh_json_put_str(out, "plan", mh_plan_name(tenant->plan));
    mh_json_put_time(out, "created_at", tenant->created_at);
    mh_json_end(out, '}');
}

void mh_record_type(struct mh_buf *out, const struct mh_type *type)
{
    mh_json_begin(out, '{');
    mh_json_put_str(out, "name", type->name);
    mh_json_put_bool(out, "paused", type->paused);
    mh_json_put_int(out, "pending", type->pending);
    mh_json_put_int(out, "processing", type->processing);
    mh_json_put_int(out, "workers", type->workers);
    mh_json_key(out, "limits");
    mh_json_begin(out, '{');
    put_limit(out, "max", type->limits.max);
    put_limit(out, "per_tenant", type->limits.per_tenant);
    put_limit(out, "per_key", type->limits.per_key);
    mh_json_put_str(out, "key", type->limits.key);
    mh_json_end(out, '}');
    mh_json_end(out, '}');
}

void mh_record_worker(struct mh_buf *out, const struct mh_worker_row *worker)
{
    mh_json_begin(out, '{');
    mh_json_put_str(out, "id", worker->id);
    mh_json_put_time(out, "started_at", worker->started_at);
    mh_json_put_time(out, "beat_at", worker->beat_at);
    mh_json_put_int(out, "silent_ms", worker->silent_ms);
    mh_json_put_int(out, "lease_ms", worker->lease_ms);
    mh_json_put_int(out, "processing", worker->processing);
    mh_json_put_raw(out, "types", worker->types, worker->types == NULL ? 0 : strlen(worker->types));
    mh_json_end(out, '}');
}

static void put_schedule(struct mh_buf *out, const struct mh_schedule *schedule)
{
    mh_json_put_str(out, "name", schedule->name);
    mh_json_put_uuid(out, "tenant_id", &schedule->tenant_id);
    mh_json_put_str(out, "type", schedule->type);
    mh_json_put_str(out, "cron", schedule->cron);
    mh_json_put_str(out, "tz", schedule->tz);
    mh_json_put_raw(out, "payload", schedule->payload, schedule->payload_len);
    mh_json_key(out, "priority");
    if (schedule->priority < 0)
        mh_json_null(out);
    else
        mh_json_int(out, schedule->priority);
    mh_json_put_int(out, "max_attempts", schedule->max_attempts);
    mh_json_put_str(out, "missed", mh_missed_name(schedule->missed));
    mh_json_put_str(out, "overlap", mh_overlap_name(schedule->overlap));
    mh_json_put_bool(out, "paused", schedule->paused);
    mh_json_put_time(out, "next_at", schedule->next_at);
    mh_json_put_time(out, "last_at", schedule->last_at);
    mh_json_put_time(out, "created_at", schedule->created_at);
    mh_json_put_time(out, "updated_at", schedule->updated_at);
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

static void put_known_id(struct mh_buf *out, const char *name, const struct mh_uuid *id)
{
    if (mh_uuid_equal(id, &mh_uuid_zero))
        mh_json_put_str(out, name, NULL);
    else
        mh_json_put_uuid(out, name, id);
}

void mh_record_project(struct mh_buf *out, const struct mh_project *project)
{
    mh_json_begin(out, '{');
    mh_json_put_uuid(out, "id", &project->id);
    mh_json_put_uuid(out, "tenant_id", &project->tenant_id);
    mh_json_put_str(out, "name", project->name);
    mh_json_put_str(out, "url", project->url);
    mh_json_put_str(out, "ref", project->ref);
    mh_json_put_str(out, "credential", project->credential);
    mh_json_put_str(out, "state", mh_project_state_name(project->state));
    mh_json_put_str(out, "path", project->path);
    mh_json_put_str(out, "commit", project->commit);
    put_known_id(out, "job_id", &project->job_id);
    mh_json_put_time(out, "indexed_at", project->indexed_at);
    mh_json_put_time(out, "created_at", project->created_at);
    mh_json_put_time(out, "updated_at", project->updated_at);
    mh_json_end(out, '}');
}

void mh_record_blueprint(struct mh_buf *out, const struct mh_blueprint *blueprint)
{
    mh_json_begin(out, '{');
    mh_json_put_int(out, "version", blueprint->version);
    mh_json_put_str(out, "commit", blueprint->commit);
    mh_json_put_int(out, "tokens", blueprint->tokens);
    mh_json_put_time(out, "created_at", blueprint->created_at);
    mh_json_end(out, '}');
}

/* `text` is a symbol's name, or a line, which has no kind. */
void mh_record_hit(struct mh_buf *out, const struct mh_hit *hit)
{
    mh_json_begin(out, '{');
    mh_json_put_str(out, "path", hit->path);
    mh_json_put_int(out, "line", hit->line);
    mh_json_put_str(out, "kind", hit->kind);
    mh_json_put_str(out, "text", hit->text);
    mh_json_put_str(out, "scope", hit->scope);
    mh_json_put_str(out, "signature", hit->signature);
    mh_json_end(out, '}');
}

void mh_record_index_file(struct mh_buf *out, const struct mh_index_file *file)
{
    mh_json_begin(out, '{');
    mh_json_put_str(out, "path", file->path);
    mh_json_put_str(out, "language", file->language);
    mh_json_put_int(out, "size", file->size);
    mh_json_put_int(out, "lines", file->lines);
    mh_json_put_int(out, "code", file->code);
    mh_json_put_int(out, "comments", file->comments);
    mh_json_put_int(out, "blanks", file->blanks);
    mh_json_put_int(out, "symbols", (int64_t)file->symbol_count);
    mh_json_end(out, '}');
}

void mh_record_index_symbol(struct mh_buf *out, const struct mh_index_symbol *symbol)
{
    mh_json_begin(out, '{');
    mh_json_put_str(out, "name", symbol->name);
    mh_json_put_str(out, "kind", symbol->kind);
    mh_json_put_int(out, "line", symbol->line);
    mh_json_put_str(out, "scope", symbol->scope);
    mh_json_put_str(out, "signature", symbol->signature);
    mh_json_end(out, '}');
}

void mh_record_credential(struct mh_buf *out, const struct mh_credential *credential)
{
    mh_json_begin(out, '{');
    mh_json_put_uuid(out, "tenant_id", &credential->tenant_id);
    mh_json_put_str(out, "name", credential->name);
    mh_json_put_str(out, "username", credential->username);
    mh_json_put_str(out, "host", credential->host);
    mh_json_put_str(out, "key_id", credential->key_id);
    mh_json_put_time(out, "used_at", credential->used_at);
    mh_json_put_time(out, "created_at", credential->created_at);
    mh_json_put_time(out, "updated_at", credential->updated_at);
    mh_json_end(out, '}');
}

void mh_record_stats(struct mh_buf *out, const struct mh_stats *stats)
{
    mh_json_begin(out, '{');
    mh_json_put_int(out, "pending_count", stats->count[MH_STATUS_PENDING]);
    mh_json_put_int(out, "processing_count", stats->count[MH_STATUS_PROCESSING]);
    mh_json_put_int(out, "completed_count", stats->count[MH_STATUS_COMPLETED]);
    mh_json_put_int(out, "failed_count", stats->count[MH_STATUS_FAILED]);
    mh_json_put_int(out, "cancelled_count", stats->count[MH_STATUS_CANCELLED]);
    mh_json_key(out, "oldest_pending_ms");
    if (stats->oldest_pending_ms < 0)
        mh_json_null(out);
    else
        mh_json_int(out, stats->oldest_pending_ms);
    mh_json_put_int(out, "workers", stats->workers);
    mh_json_end(out, '}');
}
