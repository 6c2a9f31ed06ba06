/* Indexes of projects: what is read of them. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "mh_sqlite_sql.h"
#include "store/sqlite/work.h"

#define BODIES_MAX (16 << 20) /* bytes of the texts on one page, or a little more */
#define MATCH_MAX  4096       /* bytes of what is asked of the words */

static int no_memory(struct mh_request *request)
{
    return mh_err_set(&request->reply.err, MH_ENOMEM, "unable to read the index: out of memory");
}

/* 1, or 0 where there is nothing to read. */
static int find(struct mh_work *work, struct mh_request *request, struct mh_index *ret_index)
{
    const struct mh_index_filter *filter = &request->in.index_filter;
    int r = mh_sqlite_index_find(work, request, filter->tenant_id, &filter->project_id, ret_index);
    return r == MH_ENOENT ? 0 : r < 0 ? r : 1;
}

int mh_sqlite_index_get(struct mh_work *work, struct mh_request *request)
{
    struct mh_index *index = mh_arena_alloc(&request->arena, sizeof *index);
    if (index == NULL) return no_memory(request);
    int r = find(work, request, index);
    if (r <= 0) return r;
    request->reply.indexes = index;
    request->reply.count = 1;
    return 0;
}

/* --- files */

static int read_file(const struct mh_sql *sql, struct mh_arena *arena,
                     struct mh_index_file *ret_file, struct mh_err *err)
{
    struct mh_index_file *file = ret_file;
    *file = (struct mh_index_file){
        .size = mh_sql_get_int(sql, 3),
        .mtime_us = mh_sql_get_int(sql, 4),
        .lines = mh_sql_get_int(sql, 5),
        .code = mh_sql_get_int(sql, 6),
        .comments = mh_sql_get_int(sql, 7),
        .blanks = mh_sql_get_int(sql, 8),
        .symbol_count = (size_t)mh_sql_get_int(sql, 9),
        .import_count = (size_t)mh_sql_get_int(sql, 10),
    };
    int r = mh_sql_get_text(sql, 0, arena, &file->path, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, 1, arena, &file->blob, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, 2, arena, &file->language, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, 11, arena, &file->body, &file->body_len, err);
    return r;
}

int mh_sqlite_index_files(struct mh_work *work, struct mh_request *request)
{
    const struct mh_index_filter *filter = &request->in.index_filter;
    struct mh_reply *reply = &request->reply;
    struct mh_index index = {0};
    int r = find(work, request, &index);
    if (r <= 0) return r;
    struct mh_index_file *files = mh_arena_array(&request->arena, filter->limit, sizeof *files);
    if (files == NULL) return no_memory(request);
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_index_files);
    mh_sql_int(&sql, index.number);
    mh_sql_int(&sql, index.run);
    mh_sql_text(&sql, filter->after != NULL ? filter->after : "");
    mh_sql_text(&sql, filter->path);
    mh_sql_int(&sql, (int64_t)filter->limit);
    mh_sql_int(&sql, filter->bodies);
    size_t count = 0, bytes = 0;
    while (bytes < BODIES_MAX && (r = mh_sql_step(&sql, &reply->err)) > 0) {
        r = read_file(&sql, &request->arena, &files[count], &reply->err);
        if (r < 0) break;
        bytes += files[count++].body_len;
    }
    mh_sql_end(&sql);
    if (r < 0) return r;
    reply->files = files;
    reply->count = count;
    reply->cursor = count == filter->limit || bytes >= BODIES_MAX;
    return 0;
}

/* --- symbols and imports: files are paged, and all of each is read */

struct file_id {
    int64_t id;
    const char *path;
};

static int read_file_id(const struct mh_sql *sql, struct mh_arena *arena, void *ret_item,
                        struct mh_err *err)
{
    struct file_id *file = ret_item;
    file->id = mh_sql_get_int(sql, 0);
    return mh_sql_get_text(sql, 1, arena, &file->path, NULL, err);
}

static int read_page(struct mh_work *work, struct mh_request *request, struct file_id **ret_files,
                     size_t *ret_count)
{
    const struct mh_index_filter *filter = &request->in.index_filter;
    struct mh_index index = {0};
    int r = find(work, request, &index);
    if (r <= 0) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_index_page);
    mh_sql_int(&sql, index.number);
    mh_sql_int(&sql, index.run);
    mh_sql_int(&sql, filter->cursor);
    mh_sql_text(&sql, filter->path);
    mh_sql_int(&sql, (int64_t)filter->limit);
    r = mh_sql_collect(&sql, &request->arena, sizeof(struct file_id), read_file_id, ret_files,
                       ret_count, &request->reply.err);
    if (r == 0 && *ret_count == filter->limit)
        request->reply.cursor = (*ret_files)[*ret_count - 1].id;
    return r;
}

static int read_symbol(const struct mh_sql *sql, struct mh_arena *arena, void *ret_item,
                       struct mh_err *err)
{
    struct mh_index_symbol *symbol = ret_item;
    *symbol = (struct mh_index_symbol){.line = (int)mh_sql_get_int(sql, 2)};
    int r = mh_sql_get_text(sql, 0, arena, &symbol->name, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, 1, arena, &symbol->kind, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, 3, arena, &symbol->scope, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, 4, arena, &symbol->signature, NULL, err);
    return r;
}

static int read_import(const struct mh_sql *sql, struct mh_arena *arena, void *ret_item,
                       struct mh_err *err)
{
    struct mh_index_import *import = ret_item;
    *import = (struct mh_index_import){.line = (int)mh_sql_get_int(sql, 1)};
    int r = mh_sql_get_text(sql, 0, arena, &import->target, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, 2, arena, &import->resolved, NULL, err);
    return r;
}

struct part { /* of one file */
    char *items;
    size_t count;
};

/* The items of all parts in one array. */
static char *join(struct mh_arena *arena, const struct part *parts, size_t count, size_t size,
                  size_t *ret_count)
{
    size_t all = 0;
    for (size_t i = 0; i < count; i++)
        all += parts[i].count;
    char *items = mh_arena_array(arena, all, size);
    for (size_t i = 0, at = 0; items != NULL && i < count; at += parts[i++].count)
        if (parts[i].count > 0) memcpy(items + at * size, parts[i].items, parts[i].count * size);
    *ret_count = all;
    return items;
}

static int read_parts(struct mh_work *work, struct mh_request *request, const char *text,
                      size_t size, size_t path_at, mh_sql_read_fn *read, char **ret_items)
{
    struct file_id *files = NULL;
    size_t count = 0;
    int r = read_page(work, request, &files, &count);
    struct part *parts = mh_arena_array(&request->arena, count, sizeof *parts);
    if (r == 0 && parts == NULL) return no_memory(request);
    for (size_t i = 0; r == 0 && i < count; i++) {
        struct mh_sql sql = mh_sql(work->db, text);
        mh_sql_int(&sql, files[i].id);
        r = mh_sql_collect(&sql, &request->arena, size, read, &parts[i].items, &parts[i].count,
                           &request->reply.err);
        for (size_t item = 0; r == 0 && item < parts[i].count; item++)
            memcpy(parts[i].items + item * size + path_at, &files[i].path, sizeof files[i].path);
    }
    if (r < 0) return r;
    *ret_items = join(&request->arena, parts, count, size, &request->reply.count);
    return *ret_items != NULL ? 0 : no_memory(request);
}

int mh_sqlite_index_symbols(struct mh_work *work, struct mh_request *request)
{
    char *symbols = NULL;
    int r = read_parts(work, request, mh_sqlite_sql_index_symbols, sizeof(struct mh_index_symbol),
                       offsetof(struct mh_index_symbol, path), read_symbol, &symbols);
    request->reply.symbols = (const struct mh_index_symbol *)(const void *)symbols;
    return r;
}

int mh_sqlite_index_imports(struct mh_work *work, struct mh_request *request)
{
    char *imports = NULL;
    int r = read_parts(work, request, mh_sqlite_sql_index_imports, sizeof(struct mh_index_import),
                       offsetof(struct mh_index_import, path), read_import, &imports);
    request->reply.imports = (const struct mh_index_import *)(const void *)imports;
    return r;
}

/* --- searching */

/* "7xpars* AND 7xreq*" */
static const char *match_of(struct mh_request *request, int64_t number)
{
    const struct mh_terms *terms = &request->in.index_search.terms;
    struct mh_buf buf;
    mh_buf_init(&buf, MATCH_MAX);
    for (size_t i = 0; i < terms->count; i++)
        mh_buf_printf(&buf, "%s%" PRId64 "x%s*", i > 0 ? " AND " : "", number, terms->items[i]);
    const char *match =
        mh_buf_failed(&buf) ? NULL : mh_arena_str(&request->arena, mh_buf_text(&buf));
    mh_buf_release(&buf);
    return match;
}

/* Reads the hits of a statement that was given its parameters, and ends it. */
static int read_symbols(struct mh_sql *sql, struct mh_request *request, struct mh_hit *hits)
{
    struct mh_reply *reply = &request->reply;
    struct mh_arena *arena = &request->arena;
    int r;
    while ((r = mh_sql_step(sql, &reply->err)) > 0) {
        struct mh_hit *hit = &hits[reply->count++];
        hit->line = (int)mh_sql_get_int(sql, 1);
        r = mh_sql_get_text(sql, 0, arena, &hit->path, NULL, &reply->err);
        if (r == 0) r = mh_sql_get_text(sql, 2, arena, &hit->kind, NULL, &reply->err);
        if (r == 0) r = mh_sql_get_text(sql, 3, arena, &hit->text, NULL, &reply->err);
        if (r == 0) r = mh_sql_get_text(sql, 4, arena, &hit->scope, NULL, &reply->err);
        if (r == 0) r = mh_sql_get_text(sql, 5, arena, &hit->signature, NULL, &reply->err);
        if (r < 0) break;
    }
    mh_sql_end(sql);
    return r;
}

/* Those called so, and those that begin so: few, however many have the words. */
static int search_names(struct mh_work *work, struct mh_request *request,
                        const struct mh_index *index, struct mh_hit *hits)
{
    const struct mh_search *search = &request->in.index_search.search;
    char called[MH_TERM_MAX + 32], begins[MH_TERM_MAX + 33];
    (void)snprintf(called, sizeof called, "%" PRId64 "y%s", index->number,
                   request->in.index_search.terms.name); /* fits a term */
    (void)snprintf(begins, sizeof begins, "%s*", called);
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_search_names);
    mh_sql_int(&sql, index->number);
    mh_sql_int(&sql, index->run);
    mh_sql_text(&sql, search->query);
    mh_sql_text(&sql, called);
    mh_sql_int(&sql, (int64_t)search->limit);
    mh_sql_text(&sql, begins);
    mh_sql_int(&sql, MH_HITS_LOOKED_AT);
    return read_symbols(&sql, request, hits);
}

static int search_symbols(struct mh_work *work, struct mh_request *request,
                          const struct mh_index *index, const char *match, struct mh_hit *hits)
{
    const struct mh_search *search = &request->in.index_search.search;
    int r = search_names(work, request, index, hits);
    size_t left = search->limit - request->reply.count;
    if (r < 0 || left == 0) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_search_symbols);
    mh_sql_int(&sql, index->number);
    mh_sql_int(&sql, index->run);
    mh_sql_text(&sql, search->query);
    mh_sql_text(&sql, match);
    mh_sql_int(&sql, (int64_t)left);
    mh_sql_int(&sql, MH_HITS_LOOKED_AT);
    return read_symbols(&sql, request, hits);
}

static int search_texts(struct mh_work *work, struct mh_request *request,
                        const struct mh_index *index, const char *match, struct mh_hit *hits,
                        size_t end)
{
    struct mh_reply *reply = &request->reply;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_search_texts);
    int r = 0;
    mh_sql_int(&sql, index->number);
    mh_sql_int(&sql, index->run);
    mh_sql_text(&sql, match);
    mh_sql_int(&sql, (int64_t)request->in.index_search.search.limit);
    while (reply->count < end && (r = mh_sql_step(&sql, &reply->err)) > 0) {
        const char *path;
        size_t len;
        const char *body = mh_sql_peek_text(&sql, 1, &len);
        r = mh_sql_get_text(&sql, 0, &request->arena, &path, NULL, &reply->err);
        if (r == 0) r = mh_hits_of_text(request, path, body, len, hits, end);
        if (r < 0) break;
    }
    mh_sql_end(&sql);
    return r < 0 ? r : 0;
}

int mh_sqlite_index_search(struct mh_work *work, struct mh_request *request)
{
    const struct mh_search *search = &request->in.index_search.search;
    struct mh_index index = {0};
    int r = mh_sqlite_index_find(work, request, search->tenant_id, &search->project_id, &index);
    if (r < 0) return r == MH_ENOENT ? 0 : r;
    struct mh_hit *hits = mh_arena_array(&request->arena, search->limit * 2, sizeof *hits);
    const char *match = match_of(request, index.number);
    if (hits == NULL || match == NULL) return no_memory(request);
    if (search->in & MH_SEARCH_SYMBOLS) r = search_symbols(work, request, &index, match, hits);
    if (r == 0 && (search->in & MH_SEARCH_TEXT))
        r = search_texts(work, request, &index, match, hits, request->reply.count + search->limit);
    request->reply.hits = hits;
    return r;
}
