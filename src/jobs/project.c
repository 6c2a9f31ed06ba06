#include "jobs/project.h"

#include "store/store.h"

#define BUSY_MS 2000 /* until it is tried again where another job is at it */

struct finding {
    struct mh_arena *arena;
    struct mh_project project;
    bool found, failed;
};

static void keep(struct finding *finding, const char **text)
{
    if (*text == NULL) return;
    *text = mh_arena_str(finding->arena, *text);
    if (*text == NULL) finding->failed = true;
}

static void take_project(void *arg, const struct mh_reply *reply)
{
    struct finding *finding = arg;
    struct mh_project *project = &finding->project;
    finding->found = reply->count > 0;
    if (!finding->found) return;
    *project = reply->projects[0];
    keep(finding, &project->name);
    keep(finding, &project->url);
    keep(finding, &project->ref);
    keep(finding, &project->credential);
    project->path = project->commit = NULL;
}

static void take_count(void *arg, const struct mh_reply *reply)
{
    *(size_t *)arg = reply->count;
}

int mh_job_project_mark(struct mh_job_context *job, const struct mh_project_mark *mark,
                        struct mh_err *err)
{
    size_t marked = 0;
    struct mh_call call = {.use = take_count, .arg = &marked};
    int r = mh_store_project_mark(job->sync.store, mark, mh_call_done, &call, err);
    r = mh_sync_await(&job->sync, r, &call, err);
    return r < 0 ? r : (int)marked;
}

void mh_job_project_later(struct mh_job_context *job)
{
    mh_job_log("another job is at this project: later");
    mh_job_later(job, BUSY_MS);
}

int mh_job_project(struct mh_job_context *job, struct mh_project *ret_project, struct mh_err *err)
{
    struct mh_uuid id;
    const char *word;
    int r = mh_job_text(job, "project", &word, err);
    if (r < 0) return r;
    bool by_id = mh_uuid_parse(word, &id) == 0;
    const struct mh_project_filter filter = {
        .tenant_id = &job->tenant_id, .name = by_id ? NULL : word, .id = by_id ? &id : NULL};
    struct finding finding = {.arena = &job->arena};
    struct mh_call call = {.use = take_project, .arg = &finding};
    r = mh_store_project_list(job->sync.store, &filter, mh_call_done, &call, err);
    r = mh_sync_await(&job->sync, r, &call, err);
    if (r < 0) return r;
    if (!finding.found) return mh_err_set(err, MH_ENOENT, "there is no project %.100s", word);
    if (finding.failed) return mh_err_set(err, MH_ENOMEM, "out of memory");
    *ret_project = finding.project;
    return 0;
}
