/* The job type index: {"project": NAME or ID}. Clones the project's repository into a folder of its
 * own, brings the index of it up to date, and removes the clone, however it ends. What a killed one
 * leaves behind, the next one removes, or the worker (jobs/janitor.h). */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "jobs/git.h"
#include "jobs/jobs.h"
#include "jobs/project.h"
#include "jobs/scan.h"
#include "jobs/workdir.h"
#include "queue/giturl.h"
#include "store/index.h"

/* Raised when more or other things are found in a file: an index of another version is made anew.
 */
#define VERSION 3

#define LIST_MAX ((size_t)256 << 20) /* bytes of the list of files */

struct indexing {
    struct mh_job_context *job;
    struct mh_project project;
    struct mh_index index; /* as it was; its number 0: there was none */
    struct mh_index_run run;
    struct mh_workdir dir;
    struct mh_git *git;             /* NULL: there is no clone */
    mh_bring_fn *bring;             /* NULL: the files are there */
    char commit[MH_COMMIT_MAX + 1]; /* "": the project is a folder without */
    int64_t started_us;
};

/* --- the store */

static void take_index(void *arg, const struct mh_reply *reply)
{
    struct indexing *indexing = arg;
    struct mh_arena *arena = &indexing->job->arena;
    if (reply->count == 0) return;
    indexing->index = reply->indexes[0];
    indexing->index.commit = mh_arena_str(arena, indexing->index.commit);
    indexing->index.totals = mh_arena_str(arena, indexing->index.totals);
    indexing->run = (struct mh_index_run){indexing->index.number, reply->lease};
}

static int get_index(struct indexing *indexing, struct mh_err *err)
{
    struct mh_job_context *job = indexing->job;
    const struct mh_index_filter filter = {.project_id = indexing->project.id, .limit = 1};
    struct mh_call call = {.use = take_index, .arg = indexing};
    int r = mh_store_index_get(job->sync.store, &filter, mh_call_done, &call, err);
    return mh_sync_await(&job->sync, r, &call, err);
}

static int begin(struct indexing *indexing, struct mh_err *err)
{
    struct mh_job_context *job = indexing->job;
    struct mh_call call = {.use = take_index, .arg = indexing};
    int r = mh_store_index_begin(job->sync.store, &job->id, &indexing->project.id, mh_call_done,
                                 &call, err);
    return mh_sync_await(&job->sync, r, &call, err);
}

/* Clones of jobs that are gone are no longer to be seen. */
static int sweep_projects(struct indexing *indexing, struct mh_err *err)
{
    struct mh_job_context *job = indexing->job;
    struct mh_call call = {0};
    int r = mh_store_project_sweep(job->sync.store, mh_call_done, &call, err);
    return mh_sync_await(&job->sync, r, &call, err);
}

/* Says how far the project is. Reply: 1; 0 where the job is not to say that, since it was cancelled
 * or another job has the project. */
static int mark(struct indexing *indexing, enum mh_project_state state, const char *path,
                struct mh_err *err)
{
    struct mh_job_context *job = indexing->job;
    bool indexed = state == MH_PROJECT_INDEXED;
    const struct mh_project_mark mark = {
        .job_id = job->id,
        .project_id = indexing->project.id,
        .state = state,
        .path = path,
        .commit = indexed && indexing->commit[0] != '\0' ? indexing->commit : NULL,
        .indexed = indexed,
    };
    return mh_job_project_mark(job, &mark, err);
}

/* --- the result */

/* The members of the totals of an index that has not changed, or of the one just made. */
static int answer(struct indexing *indexing, const char *totals, int64_t read, struct mh_err *err)
{
    struct mh_buf *result = &indexing->job->result;
    json_t *object = json_loads(totals, 0, NULL), *value;
    const char *name;
    if (object == NULL) return mh_err_set(err, MH_ENOMEM, "unable to answer: out of memory");
    mh_json_begin(result, '{');
    mh_json_put_str(result, "commit", indexing->commit[0] != '\0' ? indexing->commit : NULL);
    json_object_foreach(object, name, value)
    {
        char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
        if (text != NULL && strcmp(name, "version") != 0)
            mh_json_put_raw(result, name, text, strlen(text));
        free(text);
    }
    mh_json_put_int(result, "duration_ms", (mh_clock_mono_us() - indexing->started_us) / 1000);
    mh_json_put_int(result, "read", read);
    mh_json_end(result, '}');
    json_decref(object);
    return 0;
}

static bool is_our_version(const struct mh_index *index)
{
    json_t *object = index->totals != NULL ? json_loads(index->totals, 0, NULL) : NULL;
    bool ours = json_integer_value(json_object_get(object, "version")) == VERSION;
    json_decref(object);
    return ours;
}

/* --- indexing a tree */

static int publish(struct indexing *indexing, struct mh_scan *scan, struct mh_err *err)
{
    struct mh_job_context *job = indexing->job;
    struct mh_call call = {0};
    struct mh_buf totals;
    mh_buf_init(&totals, MH_INDEX_TOTALS);
    mh_json_begin(&totals, '{');
    mh_totals_write(&scan->totals, &totals);
    mh_json_put_int(&totals, "version", VERSION);
    mh_json_end(&totals, '}');
    int r = mh_buf_failed(&totals)
                ? mh_err_set(err, MH_ENOMEM, "unable to index: out of memory")
                : mh_store_index_publish(job->sync.store, &indexing->run,
                                         indexing->commit[0] != '\0' ? indexing->commit : NULL,
                                         mh_buf_text(&totals), mh_call_done, &call, err);
    if (r == 0) r = mh_sync_await(&job->sync, r, &call, err);
    if (r == 0) r = answer(indexing, mh_buf_text(&totals), scan->read, err);
    mh_buf_release(&totals);
    return r;
}

static int index_tree(struct indexing *indexing, struct mh_tree *tree, struct mh_err *err)
{
    struct mh_job_context *job = indexing->job;
    struct mh_scan scan = {.job = job,
                           .tree = tree,
                           .project_id = indexing->project.id,
                           .bring = indexing->bring,
                           .bring_arg = indexing};
    if (tree->skipped > 0)
        mh_job_log("left out: %zu links, submodules, devices or closed folders", tree->skipped);
    int r = begin(indexing, err);
    if (r < 0) return r;
    scan.run = indexing->run;
    scan.again = !is_our_version(&indexing->index);
    r = mh_scan_sweep(job, &scan.run, err);
    if (r == 0) r = mh_scan_run(&scan, err);
    if (r == 0) r = publish(indexing, &scan, err);
    return r < 0 ? r : mh_scan_sweep(job, &scan.run, err);
}

/* A folder of this machine that is no repository is read where it is. */
static int index_folder(struct indexing *indexing, const char *path, struct mh_err *err)
{
    struct mh_tree tree = {0};
    int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) return mh_err_set(err, MH_ENOENT, "the project's folder is not there");
    int r = mh_tree_walk(&tree, root, err);
    if (r == 0) r = index_tree(indexing, &tree, err);
    mh_tree_release(&tree);
    (void)close(root); /* only read */
    return r;
}

/* --- a repository */

static int bring(void *arg, const struct mh_tree_file *const *files, size_t count,
                 struct mh_err *err)
{
    struct indexing *indexing = arg;
    return mh_git_bring(indexing->git, files, count, err);
}

static int index_clone(struct indexing *indexing, struct mh_err *err)
{
    struct mh_tree tree = {0};
    struct mh_buf list;
    char path[PATH_MAX + 8];
    mh_buf_init(&list, LIST_MAX);
    (void)snprintf(path, sizeof path, "%s/tree", indexing->dir.path);
    int r = mh_git_tracked(indexing->git, &list, err);
    int root = r == 0 ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (r == 0 && root < 0) r = mh_err_set(err, MH_EIO, "the clone is not there");
    if (r == 0) indexing->bring = bring;
    if (r == 0) r = mh_tree_tracked(&tree, root, mh_buf_text(&list), list.len, err);
    mh_buf_release(&list);
    if (r == 0) r = index_tree(indexing, &tree, err);
    mh_tree_release(&tree);
    if (root >= 0) (void)close(root); /* only read */
    return r;
}

static int clone_and_index(struct indexing *indexing, struct mh_err *err)
{
    /* A server with which that does not work is not asked for it again. */
    const struct mh_git_limits limits = {.blobs_later = is_our_version(&indexing->index) &&
                                                        indexing->job->attempt == 1};
    char path[PATH_MAX + 8];
    int r = mh_workdir_make(&indexing->dir, err);
    if (r < 0) return r;
    (void)snprintf(path, sizeof path, "%s/tree", indexing->dir.path);
    r = mark(indexing, MH_PROJECT_INDEXING, path, err);
    if (r == 0) r = mh_err_set(err, MH_ECANCELED, "the job is to end");
    if (r > 0) {
        mh_job_progress(indexing->job, 0, "cloning");
        r = mh_git_clone(indexing->job, &indexing->project, &limits, indexing->dir.path,
                         &indexing->git, indexing->commit, err);
    }
    if (r == 0) r = index_clone(indexing, err);
    mh_git_close(indexing->git);
    int removed = mh_workdir_remove(&indexing->dir, r < 0 ? NULL : err);
    return r < 0 ? r : removed;
}

/* Whether the newest commit is the one that is indexed; where that cannot be told the clone will
 * say why. */
static bool is_unchanged(struct indexing *indexing)
{
    struct mh_err unheard;
    if (indexing->index.commit == NULL || !is_our_version(&indexing->index)) return false;
    return mh_git_newest(indexing->job, &indexing->project, indexing->commit, &unheard) == 0 &&
           strcmp(indexing->commit, indexing->index.commit) == 0;
}

static bool has(const char *folder, const char *name)
{
    char path[PATH_MAX];
    struct stat st;
    int len = snprintf(path, sizeof path, "%s/%s", folder, name);
    return len < PATH_MAX && lstat(path, &st) == 0;
}

/* The path of a folder that is no repository, where such a thing is allowed; else NULL. */
static const char *plain_folder(const struct indexing *indexing)
{
    struct mh_giturl url;
    const char *path = indexing->project.url;
    if (!indexing->job->settings->allow_local_projects ||
        mh_giturl_check(path, true, &url, NULL) < 0 || url.kind != MH_GITURL_LOCAL)
        return NULL;
    if (strncmp(path, "file://", 7) == 0) path += 7;
    return has(path, ".git") || (has(path, "HEAD") && has(path, "objects")) ? NULL : path;
}

static int bring_up_to_date(struct indexing *indexing, struct mh_err *err)
{
    const char *folder = plain_folder(indexing);
    int r = get_index(indexing, err);
    if (r < 0) return r;
    if (folder != NULL) return index_folder(indexing, folder, err);
    if (is_unchanged(indexing)) return answer(indexing, indexing->index.totals, 0, err);
    if (mh_job_stopping()) return mh_err_set(err, MH_ECANCELED, "the job is to end");
    return clone_and_index(indexing, err);
}

int mh_job_index(struct mh_job_context *job, struct mh_err *err)
{
    struct indexing indexing = {.job = job, .started_us = mh_clock_mono_us()};
    struct mh_err other = {0};
    int r = mh_job_store(job, err);
    if (r < 0) return r;
    if (mh_workdir_sweep(&other) < 0) mh_job_log("%s", other.text);
    r = sweep_projects(&indexing, err);
    if (r == 0) r = mh_job_project(job, &indexing.project, err);
    if (r == 0) r = mark(&indexing, MH_PROJECT_INDEXING, "", err);
    if (r < 0) return r;
    if (r == 0) { /* by its name here, by its id there: the type's limit took it for two */
        mh_job_project_later(job);
        return 0;
    }
    r = bring_up_to_date(&indexing, err);
    int marked =
        mark(&indexing, r == 0 ? MH_PROJECT_INDEXED : MH_PROJECT_FAILED, "", r == 0 ? err : &other);
    if (marked == 0) marked = sweep_projects(&indexing, r == 0 ? err : &other);
    if (r < 0) return r;
    return marked < 0 ? marked : 0;
}
