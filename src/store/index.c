/* The part of the dispatcher that keeps indexes of projects. */
#include "store/index.h"

#include <string.h>

#include "base/utf8.h"
#include "store/backend.h"
#include "store/check.h"
#include "store/request.h"

#define WORDS_MAX (64 << 20) /* bytes of the words of one text */

/* --- checks */

static int check_text(const char *field, const char *text, size_t max, struct mh_err *err)
{
    size_t len = text != NULL ? strlen(text) : 0;
    if (len > max) return mh_err_set(err, MH_ELIMIT, "%s: at most %zu bytes", field, max);
    if (text != NULL && !mh_utf8_valid(text, len))
        return mh_err_set(err, MH_EINVAL, "%s: is not valid UTF-8", field);
    return 0;
}

static int check_path(const char *path, struct mh_err *err)
{
    if (path == NULL || *path == '\0') return mh_err_set(err, MH_EINVAL, "path: is required");
    return check_text("path", path, MH_INDEX_PATH_MAX, err);
}

static int check_file(const struct mh_index_file *file, struct mh_err *err)
{
    int r = check_path(file->path, err);
    if (r == 0) r = check_text("blob", file->blob, MH_INDEX_PATH_MAX, err);
    if (r == 0) r = check_text("language", file->language, MH_INDEX_PATH_MAX, err);
    if (r == 0) r = mh_check_range("body", (int64_t)file->body_len, 0, MH_INDEX_BODY_MAX, err);
    if (r == 0 && file->body != NULL && !mh_utf8_valid(file->body, file->body_len))
        r = mh_err_set(err, MH_EINVAL, "body: is not valid UTF-8");
    for (size_t i = 0; r == 0 && i < file->symbol_count; i++) {
        const struct mh_index_symbol *symbol = &file->symbols[i];
        r = check_text("name", symbol->name, MH_INDEX_PATH_MAX, err);
        if (r == 0) r = check_text("kind", symbol->kind, MH_INDEX_PATH_MAX, err);
        if (r == 0) r = check_text("scope", symbol->scope, MH_INDEX_PATH_MAX, err);
        if (r == 0) r = check_text("signature", symbol->signature, MH_INDEX_PATH_MAX, err);
    }
    for (size_t i = 0; r == 0 && i < file->import_count; i++) {
        r = check_text("target", file->imports[i].target, MH_INDEX_PATH_MAX, err);
        if (r == 0) r = check_text("resolved", file->imports[i].resolved, MH_INDEX_PATH_MAX, err);
    }
    return r;
}

static int check_filter(const struct mh_index_filter *filter, struct mh_err *err)
{
    int r = mh_check_range("limit", (int64_t)filter->limit, 1, MH_INDEX_FILES_MAX, err);
    if (r == 0) r = check_text("path", filter->path, MH_INDEX_PATH_MAX, err);
    if (r == 0) r = check_text("after", filter->after, MH_INDEX_PATH_MAX, err);
    return r;
}

/* --- copies */

static bool copy_symbols(struct mh_arena *arena, struct mh_index_file *file)
{
    struct mh_index_symbol *symbols =
        mh_copy_array(arena, file->symbols, file->symbol_count, sizeof *symbols);
    bool copied = symbols != NULL;
    for (size_t i = 0; copied && i < file->symbol_count; i++)
        copied = mh_copy_str(arena, symbols[i].name, &symbols[i].name) &&
                 mh_copy_str(arena, symbols[i].kind, &symbols[i].kind) &&
                 mh_copy_str(arena, symbols[i].scope, &symbols[i].scope) &&
                 mh_copy_str(arena, symbols[i].signature, &symbols[i].signature);
    file->symbols = symbols;
    return copied;
}

static bool copy_imports(struct mh_arena *arena, struct mh_index_file *file)
{
    struct mh_index_import *imports =
        mh_copy_array(arena, file->imports, file->import_count, sizeof *imports);
    bool copied = imports != NULL;
    for (size_t i = 0; copied && i < file->import_count; i++)
        copied = mh_copy_str(arena, imports[i].target, &imports[i].target) &&
                 mh_copy_str(arena, imports[i].resolved, &imports[i].resolved);
    file->imports = imports;
    return copied;
}

static bool copy_file(struct mh_arena *arena, struct mh_index_file *file)
{
    if (file->body != NULL) {
        file->body = mh_arena_copy(arena, file->body, file->body_len);
        if (file->body == NULL) return false;
    }
    return mh_copy_str(arena, file->path, &file->path) &&
           mh_copy_str(arena, file->blob, &file->blob) &&
           mh_copy_str(arena, file->language, &file->language) && copy_symbols(arena, file) &&
           copy_imports(arena, file);
}

/* NULL: out of memory. `buf` is for use meanwhile. */
static const char *words_of(struct mh_arena *arena, struct mh_buf *buf, int64_t number,
                            const char *text, size_t len)
{
    mh_buf_reset(buf);
    mh_terms_add(buf, number, text, len);
    return mh_buf_failed(buf) ? NULL : mh_arena_copy(arena, mh_buf_text(buf), buf->len);
}

static const char *words_of_name(struct mh_arena *arena, struct mh_buf *buf, int64_t number,
                                 const char *name)
{
    mh_buf_reset(buf);
    mh_terms_add(buf, number, name, strlen(name));
    mh_terms_add_name(buf, number, name);
    return mh_buf_failed(buf) ? NULL : mh_arena_copy(arena, mh_buf_text(buf), buf->len);
}

static bool make_words(struct mh_arena *arena, struct mh_buf *buf, int64_t number,
                       const struct mh_index_file *file, struct mh_index_words *ret_words)
{
    const char **symbols = mh_arena_array(arena, file->symbol_count, sizeof *symbols);
    if (symbols == NULL) return false;
    ret_words->symbols = symbols;
    ret_words->body =
        file->body != NULL ? words_of(arena, buf, number, file->body, file->body_len) : "";
    if (ret_words->body == NULL) return false;
    for (size_t i = 0; i < file->symbol_count; i++) {
        symbols[i] = words_of_name(arena, buf, number, file->symbols[i].name);
        if (symbols[i] == NULL) return false;
    }
    return true;
}

static bool copy_filter(struct mh_arena *arena, const struct mh_index_filter *filter,
                        struct mh_index_filter *copy)
{
    *copy = *filter;
    if (filter->tenant_id != NULL) {
        copy->tenant_id = mh_copy_array(arena, filter->tenant_id, 1, sizeof *filter->tenant_id);
        if (copy->tenant_id == NULL) return false;
    }
    return mh_copy_str(arena, filter->path, &copy->path) &&
           mh_copy_str(arena, filter->after, &copy->after);
}

/* --- a run */

int mh_store_index_begin(struct mh_store *store, const struct mh_uuid *job_id,
                         const struct mh_uuid *project_id, mh_reply_fn *done, void *arg,
                         struct mh_err *err)
{
    struct mh_request *request = mh_request_new(MH_OP_INDEX_BEGIN, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.index_begin.job_id = *job_id;
    request->in.index_begin.project_id = *project_id;
    return mh_request_submit(store, request, err);
}

int mh_store_index_add(struct mh_store *store, const struct mh_index_run *run,
                       const struct mh_index_file *files, size_t count, mh_reply_fn *done,
                       void *arg, struct mh_err *err)
{
    int r = mh_check_range("files", (int64_t)count, 1, MH_INDEX_FILES_MAX, err);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = check_file(&files[i], err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_INDEX_ADD, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    struct mh_arena *arena = &request->arena;
    struct mh_index_file *copies = mh_copy_array(arena, files, count, sizeof *files);
    struct mh_index_words *words = mh_arena_array(arena, count, sizeof *words);
    bool copied = copies != NULL && words != NULL;
    struct mh_buf buf;
    mh_buf_init(&buf, WORDS_MAX);
    for (size_t i = 0; copied && i < count; i++)
        copied = copy_file(arena, &copies[i]) &&
                 make_words(arena, &buf, run->number, &copies[i], &words[i]);
    mh_buf_release(&buf);
    if (!copied) return mh_request_refuse(request, err);
    request->in.index_add.run = *run;
    request->in.index_add.files = copies;
    request->in.index_add.words = words;
    request->in.index_add.count = count;
    return mh_request_submit(store, request, err);
}

int mh_store_index_drop(struct mh_store *store, const struct mh_index_run *run,
                        const char *const *paths, size_t count, mh_reply_fn *done, void *arg,
                        struct mh_err *err)
{
    int r = mh_check_range("paths", (int64_t)count, 1, MH_INDEX_FILES_MAX, err);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = check_path(paths[i], err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_INDEX_DROP, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.index_drop.run = *run;
    request->in.index_drop.count = count;
    if (!mh_copy_strs(&request->arena, paths, count, &request->in.index_drop.paths))
        return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

int mh_store_index_publish(struct mh_store *store, const struct mh_index_run *run,
                           const char *commit, const char *totals, mh_reply_fn *done, void *arg,
                           struct mh_err *err)
{
    int r = check_text("commit", commit, MH_COMMIT_MAX, err);
    if (r == 0) r = check_text("totals", totals, MH_INDEX_TOTALS, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_INDEX_PUBLISH, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.index_publish.run = *run;
    if (!mh_copy_str(&request->arena, commit, &request->in.index_publish.commit) ||
        !mh_copy_str(&request->arena, totals, &request->in.index_publish.totals))
        return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

int mh_store_index_sweep(struct mh_store *store, const struct mh_index_run *run, size_t limit,
                         mh_reply_fn *done, void *arg, struct mh_err *err)
{
    int r = mh_check_range("limit", (int64_t)limit, 1, MH_INDEX_FILES_MAX, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_INDEX_SWEEP, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.index_sweep.run = *run;
    request->in.index_sweep.limit = limit;
    return mh_request_submit(store, request, err);
}

/* --- reading */

static int ask(struct mh_store *store, enum mh_op op, const struct mh_index_filter *filter,
               mh_reply_fn *done, void *arg, struct mh_err *err)
{
    int r = check_filter(filter, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(op, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    if (!copy_filter(&request->arena, filter, &request->in.index_filter))
        return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

int mh_store_index_get(struct mh_store *store, const struct mh_index_filter *filter,
                       mh_reply_fn *done, void *arg, struct mh_err *err)
{
    return ask(store, MH_OP_INDEX_GET, filter, done, arg, err);
}

int mh_store_index_files(struct mh_store *store, const struct mh_index_filter *filter,
                         mh_reply_fn *done, void *arg, struct mh_err *err)
{
    return ask(store, MH_OP_INDEX_FILES, filter, done, arg, err);
}

int mh_store_index_symbols(struct mh_store *store, const struct mh_index_filter *filter,
                           mh_reply_fn *done, void *arg, struct mh_err *err)
{
    return ask(store, MH_OP_INDEX_SYMBOLS, filter, done, arg, err);
}

int mh_store_index_imports(struct mh_store *store, const struct mh_index_filter *filter,
                           mh_reply_fn *done, void *arg, struct mh_err *err)
{
    return ask(store, MH_OP_INDEX_IMPORTS, filter, done, arg, err);
}

int mh_store_index_search(struct mh_store *store, const struct mh_search *search, mh_reply_fn *done,
                          void *arg, struct mh_err *err)
{
    int r = mh_check_range("limit", (int64_t)search->limit, 1, MH_HITS_MAX, err);
    if (r == 0) r = mh_check_range("in", search->in, MH_SEARCH_SYMBOLS, MH_SEARCH_ALL, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_INDEX_SEARCH, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    struct mh_search *copy = &request->in.index_search.search;
    *copy = *search;
    r = mh_terms_ask(&request->arena, search->query, &request->in.index_search.terms, err);
    if (r < 0) {
        mh_request_free(request);
        return r;
    }
    copy->query = request->in.index_search.terms.whole;
    if (search->tenant_id != NULL) {
        copy->tenant_id =
            mh_copy_array(&request->arena, search->tenant_id, 1, sizeof *search->tenant_id);
        if (copy->tenant_id == NULL) return mh_request_refuse(request, err);
    }
    return mh_request_submit(store, request, err);
}
