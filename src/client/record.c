#include "client/record.h"

#include <stdlib.h>

#include "base/arena.h"

/* A page is no larger than the store's reply. */
#define ARENA_MAX ((size_t)1 << 30)

/* What the caller sees comes first: it is freed by that. */
struct one {
    struct millhand_job job;
    struct mh_arena arena;
};

struct page {
    struct millhand_jobs jobs;
    struct mh_arena arena;
};

enum millhand_status mh_view_status(enum mh_status status)
{
    return (enum millhand_status)((int)status + 1);
}

enum mh_status mh_view_status_of(enum millhand_status status)
{
    return (enum mh_status)((int)status - 1);
}

void mh_view_fill(struct mh_view *view, const struct mh_job *job, int64_t lease)
{
    mh_uuid_format(&job->id, view->id);
    mh_uuid_format(&job->tenant_id, view->tenant_id);
    view->job = (struct millhand_job){
        .id = view->id,
        .tenant_id = view->tenant_id,
        .type = job->type,
        .status = mh_view_status(job->status),
        .priority = job->priority,
        .payload = job->payload,
        .payload_len = job->payload_len,
        .result = job->result,
        .result_len = job->result_len,
        .error = job->error,
        .progress = job->progress,
        .worker_id = job->worker_id,
        .attempts = job->attempts,
        .max_attempts = job->max_attempts,
        .run_at = job->run_at,
        .next_retry_at = job->next_retry_at,
        .unique_key = job->unique_key,
        .correlation_id = job->correlation_id != NULL ? job->correlation_id : view->id,
        .created_at = job->created_at,
        .started_at = job->started_at,
        .completed_at = job->completed_at,
        .lease = lease,
        .traceparent = job->traceparent,
    };
}

/* True unless out of memory; NULL stays NULL. */
static bool own(struct mh_arena *arena, const char **text)
{
    const char *given = *text;
    *text = mh_arena_str(arena, given);
    return given == NULL || *text != NULL;
}

static bool own_body(struct mh_arena *arena, const char **body, size_t len)
{
    const char *given = *body;
    *body = given != NULL ? mh_arena_copy(arena, given, len) : NULL;
    return given == NULL || *body != NULL;
}

static bool copy(struct mh_arena *arena, const struct mh_job *job, int64_t lease,
                 struct millhand_job *ret_job)
{
    struct mh_view view;
    mh_view_fill(&view, job, lease);
    *ret_job = view.job;
    return own(arena, &ret_job->id) && own(arena, &ret_job->tenant_id) &&
           own(arena, &ret_job->type) && own(arena, &ret_job->error) &&
           own(arena, &ret_job->worker_id) && own(arena, &ret_job->unique_key) &&
           own(arena, &ret_job->correlation_id) && own(arena, &ret_job->traceparent) &&
           own_body(arena, &ret_job->payload, ret_job->payload_len) &&
           own_body(arena, &ret_job->result, ret_job->result_len);
}

static int no_memory(struct mh_err *err)
{
    return mh_err_set(err, MH_ENOMEM, "unable to keep the jobs found: out of memory");
}

int mh_view_one(const struct mh_job *job, struct millhand_job **ret_job, struct mh_err *err)
{
    struct one *one = calloc(1, sizeof *one);
    if (one == NULL) return no_memory(err);
    mh_arena_init(&one->arena, ARENA_MAX);
    if (!copy(&one->arena, job, 0, &one->job)) {
        millhand_job_free(&one->job);
        return no_memory(err);
    }
    *ret_job = &one->job;
    return 0;
}

int mh_view_all(const struct mh_reply *reply, struct millhand_jobs **ret_jobs, struct mh_err *err)
{
    struct page *page = calloc(1, sizeof *page);
    if (page == NULL) return no_memory(err);
    mh_arena_init(&page->arena, ARENA_MAX);
    struct millhand_jobs *jobs = &page->jobs;
    jobs->jobs = mh_arena_array(&page->arena, reply->count, sizeof *jobs->jobs);
    bool enough = jobs->jobs != NULL;
    for (size_t i = 0; enough && i < reply->count; i++)
        enough = copy(&page->arena, &reply->jobs[i], reply->lease, &jobs->jobs[i]);
    if (!enough) {
        millhand_jobs_free(jobs);
        return no_memory(err);
    }
    jobs->count = reply->count;
    jobs->cursor = reply->cursor;
    *ret_jobs = jobs;
    return 0;
}

void millhand_job_free(struct millhand_job *job)
{
    struct one *one = (struct one *)job;
    if (one == NULL) return;
    mh_arena_release(&one->arena);
    free(one);
}

void millhand_jobs_free(struct millhand_jobs *jobs)
{
    struct page *page = (struct page *)jobs;
    if (page == NULL) return;
    mh_arena_release(&page->arena);
    free(page);
}
