/* Indexes of projects. */
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "store/postgres/work.h"

#define FILES_MAX ((size_t)512 << 20) /* bytes of the files of one call, as JSON */

static int no_memory(struct mh_request *request)
{
    return mh_err_set(&request->reply.err, MH_ENOMEM, "unable to read the index: out of memory");
}

/* The columns of mh_index_begin and mh_index_get. */
static int read_index(const struct mh_rows *rows, struct mh_request *request)
{
    if (rows->count == 0) return 0;
    struct mh_index *index = mh_pg_array(request, 1, sizeof *index);
    if (index == NULL) return MH_ENOMEM;
    *index = (struct mh_index){
        .number = mh_row_int(rows, 0, 0, 0),
        .run = mh_row_int(rows, 0, 1, 0),
        .commit = mh_row_text(rows, 0, 2, NULL),
        .totals = mh_row_text(rows, 0, 3, NULL),
        .indexed_at = mh_row_time(rows, 0, 4),
    };
    request->reply.indexes = index;
    request->reply.count = 1;
    return 0;
}

/* --- runs */

void mh_pg_index_begin_write(struct mh_pg_work *work, const struct mh_request *request,
                             struct mh_params *params)
{
    mh_param_uuid(params, &request->in.index_begin.job_id);
    mh_param_uuid(params, &request->in.index_begin.project_id);
}

int mh_pg_index_begin_read(struct mh_pg_work *work, const struct mh_rows *rows,
                           struct mh_request *request)
{
    request->reply.lease = rows->count > 0 ? mh_row_int(rows, 0, 5, 0) : 0;
    return read_index(rows, request);
}

static void put_run(struct mh_params *params, const struct mh_index_run *run)
{
    mh_param_int8(params, run->number);
    mh_param_int8(params, run->run);
}

static void put_file(struct mh_buf *json, const struct mh_index_file *file,
                     const struct mh_index_words *words)
{
    mh_json_begin(json, '{');
    mh_json_put_str(json, "path", file->path);
    mh_json_put_str(json, "blob", file->blob);
    mh_json_put_str(json, "language", file->language);
    mh_json_put_int(json, "size", file->size);
    mh_json_put_int(json, "mtime_us", file->mtime_us);
    mh_json_put_int(json, "lines", file->lines);
    mh_json_put_int(json, "code", file->code);
    mh_json_put_int(json, "comments", file->comments);
    mh_json_put_int(json, "blanks", file->blanks);
    if (file->body != NULL) {
        mh_json_key(json, "body");
        mh_json_strn(json, file->body, file->body_len);
        mh_json_put_str(json, "words", words->body);
    }
    mh_json_key(json, "symbols");
    mh_json_begin(json, '[');
    for (size_t i = 0; i < file->symbol_count; i++) {
        mh_json_begin(json, '{');
        mh_json_put_int(json, "line", file->symbols[i].line);
        mh_json_put_str(json, "name", file->symbols[i].name);
        mh_json_put_str(json, "kind", file->symbols[i].kind);
        mh_json_put_str(json, "scope", file->symbols[i].scope);
        mh_json_put_str(json, "signature", file->symbols[i].signature);
        mh_json_put_str(json, "words", words->symbols[i]);
        mh_json_end(json, '}');
    }
    mh_json_end(json, ']');
    mh_json_key(json, "imports");
    mh_json_begin(json, '[');
    for (size_t i = 0; i < file->import_count; i++) {
        mh_json_begin(json, '{');
        mh_json_put_int(json, "line", file->imports[i].line);
        mh_json_put_str(json, "target", file->imports[i].target);
        mh_json_put_str(json, "resolved", file->imports[i].resolved);
        mh_json_end(json, '}');
    }
    mh_json_end(json, ']');
    mh_json_end(json, '}');
}

void mh_pg_index_add_write(struct mh_pg_work *work, const struct mh_request *request,
                           struct mh_params *params)
{
    struct mh_buf json;
    mh_buf_init(&json, FILES_MAX);
    mh_json_begin(&json, '[');
    for (size_t i = 0; i < request->in.index_add.count; i++)
        put_file(&json, &request->in.index_add.files[i], &request->in.index_add.words[i]);
    mh_json_end(&json, ']');
    put_run(params, &request->in.index_add.run);
    mh_param_json(params, mh_buf_text(&json), json.len);
    if (mh_buf_failed(&json)) params->bytes.failed = true;
    mh_buf_release(&json);
}

void mh_pg_index_drop_write(struct mh_pg_work *work, const struct mh_request *request,
                            struct mh_params *params)
{
    put_run(params, &request->in.index_drop.run);
    mh_param_texts(params, request->in.index_drop.paths, request->in.index_drop.count);
}

void mh_pg_index_publish_write(struct mh_pg_work *work, const struct mh_request *request,
                               struct mh_params *params)
{
    put_run(params, &request->in.index_publish.run);
    mh_param_text(params, request->in.index_publish.commit);
    mh_param_text(params, request->in.index_publish.totals);
}

void mh_pg_index_sweep_write(struct mh_pg_work *work, const struct mh_request *request,
                             struct mh_params *params)
{
    mh_param_int8(params, request->in.index_sweep.run.number);
    mh_param_int4(params, (int64_t)request->in.index_sweep.limit);
}

/* --- reading */

void mh_pg_index_get_write(struct mh_pg_work *work, const struct mh_request *request,
                           struct mh_params *params)
{
    mh_param_uuid(params, request->in.index_filter.tenant_id);
    mh_param_uuid(params, &request->in.index_filter.project_id);
}

int mh_pg_index_get_read(struct mh_pg_work *work, const struct mh_rows *rows,
                         struct mh_request *request)
{
    return read_index(rows, request);
}

void mh_pg_index_files_write(struct mh_pg_work *work, const struct mh_request *request,
                             struct mh_params *params)
{
    const struct mh_index_filter *filter = &request->in.index_filter;
    mh_pg_index_get_write(work, request, params);
    mh_param_text(params, filter->path);
    mh_param_text(params, filter->after != NULL ? filter->after : "");
    mh_param_bool(params, filter->bodies);
    mh_param_int4(params, (int64_t)filter->limit);
}

int mh_pg_index_files_read(struct mh_pg_work *work, const struct mh_rows *rows,
                           struct mh_request *request)
{
    struct mh_index_file *files = mh_pg_array(request, rows->count, sizeof *files);
    if (files == NULL) return MH_ENOMEM;
    for (int row = 0; row < rows->count; row++) {
        files[row] = (struct mh_index_file){
            .path = mh_row_text(rows, row, 0, NULL),
            .blob = mh_row_text(rows, row, 1, NULL),
            .language = mh_row_text(rows, row, 2, NULL),
            .size = mh_row_int(rows, row, 3, 0),
            .mtime_us = mh_row_int(rows, row, 4, 0),
            .lines = mh_row_int(rows, row, 5, 0),
            .code = mh_row_int(rows, row, 6, 0),
            .comments = mh_row_int(rows, row, 7, 0),
            .blanks = mh_row_int(rows, row, 8, 0),
            .symbol_count = (size_t)mh_row_int(rows, row, 9, 0),
            .import_count = (size_t)mh_row_int(rows, row, 10, 0),
        };
        files[row].body = mh_row_text(rows, row, 11, &files[row].body_len);
    }
    request->reply.files = files;
    request->reply.count = (size_t)rows->count;
    /* A page with texts may end before its limit; the next one is empty where it was the last. */
    request->reply.cursor = request->reply.count == request->in.index_filter.limit ||
                            (request->in.index_filter.bodies && rows->count > 0);
    return 0;
}

void mh_pg_index_parts_write(struct mh_pg_work *work, const struct mh_request *request,
                             struct mh_params *params)
{
    const struct mh_index_filter *filter = &request->in.index_filter;
    mh_pg_index_get_write(work, request, params);
    mh_param_text(params, filter->path);
    mh_param_int8(params, filter->cursor);
    mh_param_int4(params, (int64_t)filter->limit);
}

/* The first two columns name the file; a file without any part has a row without a line. Sets the
 * cursor where the page is full. */
static void read_cursor(const struct mh_rows *rows, struct mh_request *request)
{
    size_t files = 0;
    int64_t last = 0;
    for (int row = 0; row < rows->count; row++) {
        int64_t file = mh_row_int(rows, row, 0, 0);
        files += file != last;
        last = file;
    }
    if (files == request->in.index_filter.limit) request->reply.cursor = last;
}

int mh_pg_index_symbols_read(struct mh_pg_work *work, const struct mh_rows *rows,
                             struct mh_request *request)
{
    struct mh_index_symbol *symbols = mh_pg_array(request, rows->count, sizeof *symbols);
    if (symbols == NULL) return MH_ENOMEM;
    for (int row = 0; row < rows->count; row++) {
        if (mh_row_is_null(rows, row, 2)) continue;
        symbols[request->reply.count++] = (struct mh_index_symbol){
            .path = mh_row_text(rows, row, 1, NULL),
            .line = (int)mh_row_int(rows, row, 2, 0),
            .name = mh_row_text(rows, row, 3, NULL),
            .kind = mh_row_text(rows, row, 4, NULL),
            .scope = mh_row_text(rows, row, 5, NULL),
            .signature = mh_row_text(rows, row, 6, NULL),
        };
    }
    read_cursor(rows, request);
    request->reply.symbols = symbols;
    return 0;
}

int mh_pg_index_imports_read(struct mh_pg_work *work, const struct mh_rows *rows,
                             struct mh_request *request)
{
    struct mh_index_import *imports = mh_pg_array(request, rows->count, sizeof *imports);
    if (imports == NULL) return MH_ENOMEM;
    for (int row = 0; row < rows->count; row++) {
        if (mh_row_is_null(rows, row, 2)) continue;
        imports[request->reply.count++] = (struct mh_index_import){
            .path = mh_row_text(rows, row, 1, NULL),
            .line = (int)mh_row_int(rows, row, 2, 0),
            .target = mh_row_text(rows, row, 3, NULL),
            .resolved = mh_row_text(rows, row, 4, NULL),
        };
    }
    read_cursor(rows, request);
    request->reply.imports = imports;
    return 0;
}

void mh_pg_index_search_write(struct mh_pg_work *work, const struct mh_request *request,
                              struct mh_params *params)
{
    const struct mh_search *search = &request->in.index_search.search;
    const struct mh_terms *terms = &request->in.index_search.terms;
    mh_param_uuid(params, search->tenant_id);
    mh_param_uuid(params, &search->project_id);
    mh_param_texts(params, terms->items, terms->count);
    mh_param_text(params, terms->name);
    mh_param_text(params, search->query);
    mh_param_int4(params, search->in);
    mh_param_int4(params, (int64_t)search->limit);
    mh_param_int4(params, MH_HITS_LOOKED_AT);
}

int mh_pg_index_search_read(struct mh_pg_work *work, const struct mh_rows *rows,
                            struct mh_request *request)
{
    size_t limit = request->in.index_search.search.limit, symbols = 0;
    struct mh_hit *hits = mh_arena_array(&request->arena, limit * 2, sizeof *hits);
    if (hits == NULL) return no_memory(request);
    for (int row = 0; row < rows->count; row++) {
        size_t len;
        const char *path = mh_row_text(rows, row, 0, NULL);
        const char *body = mh_row_text(rows, row, 6, &len);
        if (body != NULL) {
            int r = mh_hits_of_text(request, path, body, len, hits, symbols + limit);
            if (r < 0) return r;
            continue;
        }
        symbols++;
        hits[request->reply.count++] = (struct mh_hit){
            .path = path,
            .line = (int)mh_row_int(rows, row, 1, 0),
            .kind = mh_row_text(rows, row, 2, NULL),
            .text = mh_row_text(rows, row, 3, NULL),
            .scope = mh_row_text(rows, row, 4, NULL),
            .signature = mh_row_text(rows, row, 5, NULL),
        };
    }
    request->reply.hits = hits;
    return 0;
}
