#include "jobs/scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "jobs/count.h"
#include "jobs/ctags.h"
#include "jobs/imports.h"
#include "jobs/resolve.h"

#define PAGE        1000      /* files of the index, at once */
#define PARTS_PAGE  100       /* files whose imports are read at once */
#define BATCH_FILES 200       /* sent to the store at once … */
#define BATCH_BYTES (2 << 20) /* … or texts of so many bytes */
#define BATCH_PARTS 5000      /* … or so many symbols and imports */
#define BATCH_ARENA ((size_t)256 << 20)
#define OLD_ARENA   ((size_t)512 << 20)
#define SHOWN_MAX   3 /* bytes that each byte of a path becomes at most, and one */

/* A file as the index has it. */
struct old {
    struct mh_index_file file;
    bool there;   /* in the tree too */
    bool changed; /* its imports mean others now */
};

struct state {
    struct mh_scan *scan;
    struct mh_arena arena; /* of what is known from the beginning */
    struct old *old;       /* by path */
    size_t old_count, old_room;
    struct mh_resolver *resolver;
    struct mh_ctags ctags;
    struct mh_buf content;
    bool ctags_told;

    /* What is sent next, with its memory, and what is on its way. */
    struct mh_arena batch_arena;
    struct mh_index_file batch[BATCH_FILES];
    const char *drops[BATCH_FILES]; /* what these replace, and others */
    size_t batch_count, drop_count, batch_bytes, batch_parts;
    struct mh_call adding, dropping;
    bool is_adding, is_dropping;
};

static int no_memory(struct mh_err *err)
{
    return mh_err_set(err, MH_ENOMEM, "unable to index: out of memory");
}

/* --- what the index has */

/* A path as it is stored: what is not UTF-8 of it is written as git writes it, \ooo. */
static const char *shown_path(struct mh_arena *arena, const char *path)
{
    size_t len = strlen(path), at = 0;
    if (mh_utf8_valid(path, len)) return path;
    char *shown = mh_arena_alloc(arena, len * (SHOWN_MAX + 1) + 1);
    for (size_t i = 0; shown != NULL && i < len;) {
        size_t character = mh_utf8_character(path + i, len - i);
        unsigned char c = (unsigned char)path[i];
        if (character > 0) {
            memcpy(shown + at, path + i, character);
            at += character;
            i += character;
            continue;
        }
        const char escape[] = {'\\', (char)('0' + (c >> 6)), (char)('0' + (c >> 3 & 7)),
                               (char)('0' + (c & 7))};
        memcpy(shown + at, escape, sizeof escape);
        at += sizeof escape;
        i++;
    }
    return shown;
}

static struct old *find_old(const struct state *state, const char *path)
{
    size_t low = 0, high = state->old_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(state->old[middle].file.path, path);
        if (order == 0) return &state->old[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

struct page {
    struct state *state;
    int64_t cursor;
    int code;
};

static bool keep_file(struct state *state, const struct mh_index_file *file)
{
    if (state->old_count == state->old_room) {
        size_t room = state->old_room == 0 ? PAGE : state->old_room * 2;
        struct old *old = realloc(state->old, room * sizeof *old);
        if (old == NULL) return false;
        state->old = old;
        state->old_room = room;
    }
    struct old *old = &state->old[state->old_count++];
    *old = (struct old){.file = *file};
    old->file.path = mh_arena_str(&state->arena, file->path);
    old->file.blob = mh_arena_str(&state->arena, file->blob);
    old->file.language = mh_arena_str(&state->arena, file->language);
    return old->file.path != NULL;
}

static void take_files(void *arg, const struct mh_reply *reply)
{
    struct page *page = arg;
    page->cursor = reply->cursor;
    for (size_t i = 0; page->code == 0 && i < reply->count; i++)
        if (!keep_file(page->state, &reply->files[i])) page->code = MH_ENOMEM;
}

static int load_files(struct state *state, struct mh_err *err)
{
    struct page page = {.state = state, .cursor = 1};
    struct mh_sync *sync = &state->scan->job->sync;
    int r = 0;
    while (r == 0 && page.cursor != 0) {
        const struct mh_index_filter filter = {
            .project_id = state->scan->project_id,
            .after = state->old_count > 0 ? state->old[state->old_count - 1].file.path : NULL,
            .limit = PAGE,
        };
        struct mh_call call = {.use = take_files, .arg = &page};
        r = mh_store_index_files(sync->store, &filter, mh_call_done, &call, err);
        r = mh_sync_await(sync, r, &call, err);
        if (r == 0 && page.code < 0) r = no_memory(err);
    }
    return r;
}

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void check_imports(void *arg, const struct mh_reply *reply)
{
    struct page *page = arg;
    struct state *state = page->state;
    page->cursor = reply->cursor;
    for (size_t i = 0; i < reply->count; i++) {
        const struct mh_index_import *import = &reply->imports[i];
        struct old *old = find_old(state, import->path);
        const struct mh_language *language =
            old != NULL && old->file.language != NULL ? mh_language_find(old->file.language) : NULL;
        if (language == NULL) continue;
        const char *means =
            mh_resolve(state->resolver, import->path, language->imports, import->target);
        if (!same(means, import->resolved)) old->changed = true;
    }
}

/* Marks the files whose imports mean others than they did. */
static int load_imports(struct state *state, struct mh_err *err)
{
    struct page page = {.state = state};
    struct mh_sync *sync = &state->scan->job->sync;
    int r = 0;
    do {
        const struct mh_index_filter filter = {
            .project_id = state->scan->project_id, .cursor = page.cursor, .limit = PARTS_PAGE};
        struct mh_call call = {.use = check_imports, .arg = &page};
        r = mh_store_index_imports(sync->store, &filter, mh_call_done, &call, err);
        r = mh_sync_await(sync, r, &call, err);
    } while (r == 0 && page.cursor != 0);
    return r;
}

static bool is_named(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    return strcmp(slash != NULL ? slash + 1 : path, name) == 0;
}

static bool has_modules(const struct mh_tree *tree)
{
    size_t i = 0;
    while (i < tree->count && !is_named(tree->files[i].path, "go.mod"))
        i++;
    return i < tree->count;
}

static bool is_unchanged(const struct state *state, const struct old *old,
                         const struct mh_tree_file *file)
{
    if (old == NULL || old->changed || state->scan->again) return false;
    if (file->blob != NULL) return same(old->file.blob, file->blob);
    return old->file.blob == NULL && old->file.mtime_us != 0 &&
           old->file.mtime_us == file->mtime_us && old->file.size == file->size;
}

/* Paths that came or went may change what imports mean, and so may a go.mod. */
static bool paths_changed(struct state *state)
{
    const struct mh_tree *tree = state->scan->tree;
    size_t there = 0;
    bool modules = false;
    for (size_t i = 0; i < tree->count; i++) {
        const struct mh_tree_file *file = &tree->files[i];
        const struct old *old = find_old(state, file->path);
        there += old != NULL;
        modules = modules || (is_named(file->path, "go.mod") && !is_unchanged(state, old, file));
    }
    return modules || there != tree->count || there != state->old_count;
}

/* --- sending */

static int await(struct state *state, struct mh_call *call, bool *under_way, struct mh_err *err)
{
    if (!*under_way) return 0;
    *under_way = false;
    return mh_sync_await(&state->scan->job->sync, 0, call, err);
}

/* Waits for the batch before, and sends this one. */
static int send_batch(struct state *state, struct mh_err *err)
{
    struct mh_store *store = state->scan->job->sync.store;
    const struct mh_index_run *run = &state->scan->run;
    int r = await(state, &state->dropping, &state->is_dropping, err);
    if (r == 0) r = await(state, &state->adding, &state->is_adding, err);
    if (r == 0 && state->drop_count > 0) {
        state->dropping = (struct mh_call){0};
        r = mh_store_index_drop(store, run, state->drops, state->drop_count, mh_call_done,
                                &state->dropping, err);
        state->is_dropping = r == 0;
    }
    if (r == 0 && state->batch_count > 0) {
        state->adding = (struct mh_call){0};
        r = mh_store_index_add(store, run, state->batch, state->batch_count, mh_call_done,
                               &state->adding, err);
        state->is_adding = r == 0;
    }
    state->scan->dropped += (int64_t)state->drop_count;
    state->batch_count = state->drop_count = state->batch_bytes = state->batch_parts = 0;
    mh_arena_release(&state->batch_arena);
    mh_arena_init(&state->batch_arena, BATCH_ARENA);
    return r;
}

static int send_if_full(struct state *state, struct mh_err *err)
{
    bool full = state->batch_count == BATCH_FILES || state->drop_count == BATCH_FILES ||
                state->batch_bytes >= BATCH_BYTES || state->batch_parts >= BATCH_PARTS;
    return full ? send_batch(state, err) : 0;
}

static int drop(struct state *state, const char *path, struct mh_err *err)
{
    state->drops[state->drop_count++] = path;
    return send_if_full(state, err);
}

/* --- reading */

static int find_symbols(struct state *state, const struct mh_language *language,
                        struct mh_index_file *file, struct mh_err *err)
{
    const struct mh_symbol *found = NULL;
    struct mh_err why = {0};
    int r = mh_ctags_read(&state->ctags, language, file->body, file->body_len, &state->batch_arena,
                          &found, &file->symbol_count, &why);
    if (r == MH_ENOMEM) return no_memory(err);
    if (r < 0) mh_job_log("%s: %s", file->path, why.text);
    if (state->ctags.missing && !state->ctags_told) {
        state->ctags_told = true;
        mh_job_log("there are no symbols: ctags does not work; is universal-ctags installed?");
    }
    struct mh_index_symbol *symbols =
        mh_arena_array(&state->batch_arena, file->symbol_count, sizeof *symbols);
    if (symbols == NULL) return no_memory(err);
    for (size_t i = 0; i < file->symbol_count; i++)
        symbols[i] = (struct mh_index_symbol){.name = found[i].name,
                                              .kind = found[i].kind,
                                              .line = found[i].line,
                                              .scope = found[i].scope,
                                              .signature = found[i].signature};
    file->symbols = symbols;
    return 0;
}

static int find_imports(struct state *state, const struct mh_language *language, const char *path,
                        struct mh_index_file *file, struct mh_err *err)
{
    const struct mh_import *found = NULL;
    int r = mh_imports_find(language, &state->batch_arena, file->body, file->body_len, &found,
                            &file->import_count);
    struct mh_index_import *imports =
        mh_arena_array(&state->batch_arena, file->import_count, sizeof *imports);
    if (r < 0 || imports == NULL) return no_memory(err);
    for (size_t i = 0; i < file->import_count; i++) {
        const char *means = mh_resolve(state->resolver, path, language->imports, found[i].target);
        if (means != NULL) means = shown_path(&state->batch_arena, means);
        imports[i] = (struct mh_index_import){
            .target = found[i].target, .line = found[i].line, .resolved = means};
    }
    file->imports = imports;
    return 0;
}

static int take_apart(struct state *state, const char *path, struct mh_index_file *file,
                      struct mh_err *err)
{
    const struct mh_buf *content = &state->content;
    const struct mh_language *language = mh_language_of(path, mh_buf_text(content), content->len);
    file->body =
        mh_utf8_clean(&state->batch_arena, mh_buf_text(content), content->len, &file->body_len);
    if (file->body == NULL) return no_memory(err);
    const struct mh_count count =
        mh_count_lines(language != NULL ? language->syntax : NULL, file->body, file->body_len);
    file->lines = count.lines;
    file->code = count.code;
    file->comments = count.comments;
    file->blanks = count.blanks;
    if (language == NULL) return 0;
    file->language = language->name;
    int r = find_symbols(state, language, file, err);
    return r < 0 ? r : find_imports(state, language, path, file, err);
}

/* Adds the file to the batch. */
static int read_file(struct state *state, struct mh_tree_file *from, const char *shown,
                     struct mh_err *err)
{
    struct mh_index_file *file = &state->batch[state->batch_count];
    int r = mh_tree_read(state->scan->tree, from, &state->content, err);
    if (r < 0) return r;
    if (r == MH_CONTENT_GONE) mh_job_log("%s: unable to read it", shown);
    *file = (struct mh_index_file){
        .path = shown,
        .blob = from->blob,
        .size = from->size < 0 ? 0 : from->size,
        .mtime_us = from->blob != NULL ? 0 : from->mtime_us,
    };
    if (r == MH_CONTENT_TEXT) {
        r = take_apart(state, from->path, file, err);
        if (r < 0) return r;
        state->scan->read++;
    } else {
        const struct mh_language *language = mh_language_of(from->path, "", 0);
        if (r == MH_CONTENT_LARGE && language != NULL) file->language = language->name;
    }
    mh_totals_add(&state->scan->totals, file);
    state->batch_count++;
    state->batch_bytes += file->body_len;
    state->batch_parts += file->symbol_count + file->import_count;
    return send_if_full(state, err);
}

/* What tells how others are read, and git how to check out. */
static bool is_setting(struct state *state, const struct mh_tree_file *file)
{
    (void)state;
    return is_named(file->path, "go.mod") || is_named(file->path, ".gitattributes");
}

static bool is_wanted(struct state *state, const struct mh_tree_file *file)
{
    const char *shown = shown_path(&state->arena, file->path);
    return shown == NULL || is_setting(state, file) ||
           !is_unchanged(state, find_old(state, shown), file);
}

/* Brings the files that are `chosen`. */
static int bring(struct state *state, bool (*chosen)(struct state *, const struct mh_tree_file *),
                 struct mh_err *err)
{
    const struct mh_scan *scan = state->scan;
    const struct mh_tree *tree = scan->tree;
    size_t count = 0;
    if (scan->bring == NULL || tree->count == 0) return 0;
    const struct mh_tree_file **files = calloc(tree->count, sizeof *files);
    if (files == NULL) return no_memory(err);
    for (size_t i = 0; i < tree->count; i++)
        if (chosen(state, &tree->files[i])) files[count++] = &tree->files[i];
    int r = scan->bring(scan->bring_arg, files, count, err);
    free(files);
    return r;
}

static int visit(struct state *state, struct mh_tree_file *file, struct mh_err *err)
{
    const char *shown = shown_path(&state->arena, file->path);
    if (shown == NULL) return no_memory(err);
    struct old *old = find_old(state, shown);
    if (old != NULL) old->there = true;
    if (is_unchanged(state, old, file)) {
        mh_totals_add(&state->scan->totals, &old->file);
        return 0;
    }
    int r = old != NULL ? drop(state, shown, err) : 0;
    return r < 0 ? r : read_file(state, file, shown, err);
}

static int visit_all(struct state *state, struct mh_err *err)
{
    struct mh_scan *scan = state->scan;
    int r = 0;
    for (size_t i = 0; r == 0 && i < scan->tree->count; i++) {
        if (mh_job_stopping()) return mh_err_set(err, MH_ECANCELED, "the job is to end");
        r = visit(state, &scan->tree->files[i], err);
        mh_job_progress(scan->job, (double)(i + 1) / (double)scan->tree->count, NULL);
    }
    for (size_t i = 0; r == 0 && i < state->old_count; i++)
        if (!state->old[i].there) r = drop(state, state->old[i].file.path, err);
    if (r == 0) r = send_batch(state, err);
    return r < 0 ? r : send_batch(state, err); /* the second waits for the last batch */
}

/* --- all of it */

static void release(struct state *state)
{
    /* Also after an error: a call that is on its way writes into the state. */
    if (await(state, &state->dropping, &state->is_dropping, NULL) < 0) state->is_dropping = false;
    if (await(state, &state->adding, &state->is_adding, NULL) < 0) state->is_adding = false;
    mh_ctags_stop(&state->ctags);
    mh_buf_release(&state->content);
    mh_arena_release(&state->batch_arena);
    mh_arena_release(&state->arena);
    free(state->old);
    free(state);
}

int mh_scan_run(struct mh_scan *scan, struct mh_err *err)
{
    struct state *state = calloc(1, sizeof *state);
    if (state == NULL) return no_memory(err);
    state->scan = scan;
    mh_arena_init(&state->arena, OLD_ARENA);
    mh_arena_init(&state->batch_arena, BATCH_ARENA);
    mh_buf_init(&state->content, MH_SCAN_FILE_BYTES);
    mh_ctags_init(&state->ctags);
    int r = load_files(state, err);
    if (r == 0 && has_modules(scan->tree)) r = bring(state, is_setting, err);
    if (r == 0) r = mh_resolver_new(&state->arena, scan->tree, &state->resolver, err);
    if (r == 0 && !scan->again && paths_changed(state)) r = load_imports(state, err);
    if (r == 0) r = bring(state, is_wanted, err);
    if (r == 0) r = visit_all(state, err);
    release(state);
    return r;
}

static void take_count(void *arg, const struct mh_reply *reply)
{
    *(size_t *)arg = reply->count;
}

int mh_scan_sweep(struct mh_job_context *job, const struct mh_index_run *run, struct mh_err *err)
{
    size_t swept = 1;
    int r = 0;
    while (r == 0 && swept > 0) {
        struct mh_call call = {.use = take_count, .arg = &swept};
        r = mh_store_index_sweep(job->sync.store, run, BATCH_FILES, mh_call_done, &call, err);
        r = mh_sync_await(&job->sync, r, &call, err);
    }
    return r;
}
