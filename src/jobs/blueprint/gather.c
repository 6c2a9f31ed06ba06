#include "jobs/blueprint/gather.h"

#include <string.h>

#include "base/utf8.h"
#include "store/index.h"

#define PAGE      1000
#define TEXT_PAGE 200

struct gathering {
    struct mh_job_context *job;
    struct mh_source *source;
    struct mh_uuid project_id;
    int64_t run; /* 0: there is no index */
    const char *commit;
    size_t read;    /* files whose texts were read */
    size_t count;   /* of the page */
    int64_t cursor; /* behind it */
    const char *after;
    int code; /* what went wrong with the page */
};

typedef int list_fn(struct mh_store *store, const struct mh_index_filter *filter, mh_reply_fn *done,
                    void *arg, struct mh_err *err);

/* --- the index */

static void take_index(void *arg, const struct mh_reply *reply)
{
    struct gathering *all = arg;
    all->run = reply->count > 0 ? reply->indexes[0].run : 0;
    if (all->run != 0) all->commit = mh_arena_str(&all->job->arena, reply->indexes[0].commit);
}

static int get_index(struct gathering *all, struct mh_err *err)
{
    struct mh_job_context *job = all->job;
    const struct mh_index_filter filter = {
        .tenant_id = &job->tenant_id, .project_id = all->project_id, .limit = 1};
    struct mh_call call = {.use = take_index, .arg = all};
    int r = mh_store_index_get(job->sync.store, &filter, mh_call_done, &call, err);
    return mh_sync_await(&job->sync, r, &call, err);
}

/* --- pages */

static void take_files(void *arg, const struct mh_reply *reply)
{
    struct gathering *all = arg;
    for (size_t i = 0; all->code == 0 && i < reply->count; i++) {
        const struct mh_index_file *file = &reply->files[i];
        all->code = mh_source_add_file(all->source, file->path, file->language, file->lines);
    }
    if (all->code == 0 && reply->count > 0)
        all->after = all->source->files[all->source->file_count - 1].path;
    all->cursor = reply->cursor;
}

static void take_symbols(void *arg, const struct mh_reply *reply)
{
    struct gathering *all = arg;
    for (size_t i = 0; all->code == 0 && i < reply->count; i++) {
        const struct mh_index_symbol *symbol = &reply->symbols[i];
        uint32_t file = mh_source_find(all->source, symbol->path);
        if (file != MH_SOURCE_NONE)
            all->code =
                mh_source_add_symbol(all->source, file, symbol->name, symbol->kind, symbol->line);
    }
    all->cursor = reply->cursor;
}

static void take_imports(void *arg, const struct mh_reply *reply)
{
    struct gathering *all = arg;
    for (size_t i = 0; all->code == 0 && i < reply->count; i++) {
        const struct mh_index_import *import = &reply->imports[i];
        if (import->resolved == NULL) continue;
        uint32_t from = mh_source_find(all->source, import->path);
        uint32_t to = mh_source_find(all->source, import->resolved);
        if (from != MH_SOURCE_NONE && to != MH_SOURCE_NONE)
            all->code = mh_source_add_import(all->source, from, to);
    }
    all->cursor = reply->cursor;
}

static void take_texts(void *arg, const struct mh_reply *reply)
{
    struct gathering *all = arg;
    uint32_t file = MH_SOURCE_NONE;
    for (size_t i = 0; all->code == 0 && i < reply->count; i++) {
        file = mh_source_find(all->source, reply->files[i].path);
        if (file == MH_SOURCE_NONE) { /* it came meanwhile, which is told at the end */
            all->code = MH_EIO;
        } else if (reply->files[i].body != NULL) {
            all->code = mh_source_read_text(all->source, file, reply->files[i].body,
                                            reply->files[i].body_len);
        }
    }
    if (all->code == 0 && file != MH_SOURCE_NONE) all->after = all->source->files[file].path;
    all->read += reply->count;
    all->cursor = reply->cursor;
}

static int changed(struct mh_err *err)
{
    return mh_err_set(err, MH_EIO, "the index was changed while it was read");
}

static int explain(const struct gathering *all, struct mh_err *err)
{
    switch (all->code) {
    case 0:
        return 0;
    case MH_ELIMIT:
        return mh_err_set(err, MH_ELIMIT, "the project has more than %d files or %d imports",
                          MH_SOURCE_FILES_MAX, MH_SOURCE_IMPORTS_MAX);
    case MH_ENOMEM:
        return mh_err_set(err, MH_ENOMEM, "unable to read the index: out of memory");
    default:
        return changed(err);
    }
}

static int read_pages(struct gathering *all, list_fn *list, mh_reply_fn *take, size_t limit,
                      struct mh_err *err)
{
    struct mh_job_context *job = all->job;
    all->cursor = 0;
    all->after = NULL;
    do {
        const struct mh_index_filter filter = {
            .tenant_id = &job->tenant_id,
            .project_id = all->project_id,
            .after = all->after,
            .cursor = all->cursor,
            .limit = limit,
            .bodies = take == take_texts,
        };
        struct mh_call call = {.use = take, .arg = all};
        if (mh_job_stopping()) return mh_err_set(err, MH_ECANCELED, "the job is to end");
        int r = list(job->sync.store, &filter, mh_call_done, &call, err);
        r = mh_sync_await(&job->sync, r, &call, err);
        if (r == 0) r = explain(all, err);
        if (r < 0) return r;
        if (take == take_texts && all->source->file_count > 0)
            (void)mh_job_progress(
                job, MH_GATHER_DONE * (double)all->read / (double)all->source->file_count,
                "reading the index");
    } while (all->cursor != 0);
    return 0;
}

int mh_gather(struct mh_job_context *job, const struct mh_uuid *project_id,
              struct mh_source *source, const char **ret_commit, struct mh_err *err)
{
    struct gathering all = {.job = job, .source = source, .project_id = *project_id};
    int r = get_index(&all, err);
    int64_t run = all.run;
    if (r == 0 && run == 0)
        r = mh_err_set(err, MH_ESTATE, "the project has no index yet: dispatch index first");
    if (r == 0) r = read_pages(&all, mh_store_index_files, take_files, PAGE, err);
    if (r == 0) r = read_pages(&all, mh_store_index_symbols, take_symbols, PAGE, err);
    if (r == 0) r = read_pages(&all, mh_store_index_imports, take_imports, PAGE, err);
    if (r == 0 && mh_source_link(source) < 0)
        r = mh_err_set(err, MH_ENOMEM, "unable to read the index: out of memory");
    if (r == 0) r = read_pages(&all, mh_store_index_files, take_texts, TEXT_PAGE, err);
    if (r == 0) r = get_index(&all, err);
    if (r == 0 && all.run != run) r = changed(err);
    if (r == 0) *ret_commit = all.commit;
    return r;
}

/* --- one text */

struct head {
    struct mh_arena *arena;
    const char *path, *text;
    size_t max;
    bool failed;
};

static void take_head(void *arg, const struct mh_reply *reply)
{
    struct head *head = arg;
    if (reply->count == 0 || strcmp(reply->files[0].path, head->path) != 0 ||
        reply->files[0].body == NULL)
        return;
    size_t len = mh_utf8_cut(reply->files[0].body, reply->files[0].body_len, head->max);
    head->text = mh_arena_copy(head->arena, reply->files[0].body, len);
    head->failed = head->text == NULL;
}

int mh_gather_head(struct mh_job_context *job, const struct mh_uuid *project_id, const char *path,
                   size_t max, struct mh_arena *arena, const char **ret_head, struct mh_err *err)
{
    struct head head = {.arena = arena, .path = path, .max = max};
    const struct mh_index_filter filter = {.tenant_id = &job->tenant_id,
                                           .project_id = *project_id,
                                           .path = path,
                                           .limit = 1,
                                           .bodies = true};
    struct mh_call call = {.use = take_head, .arg = &head};
    int r = mh_store_index_files(job->sync.store, &filter, mh_call_done, &call, err);
    r = mh_sync_await(&job->sync, r, &call, err);
    if (r == 0 && head.failed)
        r = mh_err_set(err, MH_ENOMEM, "unable to read the index: out of memory");
    if (r == 0) *ret_head = head.text;
    return r;
}
