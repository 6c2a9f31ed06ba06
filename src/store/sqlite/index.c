/* Indexes of projects: runs that change them. */
#include "base/arena.h"
#include "mh_sqlite_sql.h"
#include "store/sqlite/work.h"

/* --- beginning */

static int check_job(struct mh_work *work, const struct mh_uuid *job_id, struct mh_err *err)
{
    int64_t tenant;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_job_runs);
    mh_sql_uuid(&sql, job_id);
    int r = mh_sql_number(&sql, &tenant, err);
    if (r != 0) return r < 0 ? r : 0;
    return mh_err_set(err, MH_ESTATE, "the job is not processing any more");
}

int mh_sqlite_project_of_job(struct mh_work *work, const struct mh_uuid *job_id,
                             const struct mh_uuid *project_id, int64_t *ret_number,
                             struct mh_err *err)
{
    int r = check_job(work, job_id, err);
    if (r < 0) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_index_project);
    mh_sql_uuid(&sql, job_id);
    mh_sql_uuid(&sql, project_id);
    r = mh_sql_number(&sql, ret_number, err);
    if (r != 0) return r < 0 ? r : 0;
    return mh_err_set(err, MH_ENOENT, "there is no such project any more");
}

static int with_number(struct mh_work *work, const char *text, int64_t number, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, text);
    mh_sql_int(&sql, number);
    return mh_sql_run(&sql, err);
}

/* The index of project_id, and its last run in *ret_building. MH_ENOENT. */
static int get(struct mh_work *work, struct mh_request *request, const struct mh_uuid *tenant_id,
               const struct mh_uuid *project_id, struct mh_index *ret_index, int64_t *ret_building,
               struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_index_get);
    if (tenant_id != NULL)
        mh_sql_uuid(&sql, tenant_id);
    else
        mh_sql_null(&sql);
    mh_sql_uuid(&sql, project_id);
    int r = mh_sql_step(&sql, err);
    if (r > 0) {
        ret_index->number = mh_sql_get_int(&sql, 0);
        ret_index->run = mh_sql_get_int(&sql, 1);
        *ret_building = mh_sql_get_int(&sql, 2);
        ret_index->indexed_at = mh_sql_get_int(&sql, 5);
        int got = mh_sql_get_text(&sql, 3, &request->arena, &ret_index->commit, NULL, err);
        if (got == 0)
            got = mh_sql_get_text(&sql, 4, &request->arena, &ret_index->totals, NULL, err);
        if (got < 0) r = got;
    }
    mh_sql_end(&sql);
    return r == 0 ? MH_ENOENT : r < 0 ? r : 0;
}

int mh_sqlite_index_find(struct mh_work *work, struct mh_request *request,
                         const struct mh_uuid *tenant_id, const struct mh_uuid *project_id,
                         struct mh_index *ret_index)
{
    int64_t building;
    return get(work, request, tenant_id, project_id, ret_index, &building, &request->reply.err);
}

int mh_sqlite_index_begin(struct mh_work *work, struct mh_request *request)
{
    struct mh_reply *reply = &request->reply;
    struct mh_err *err = &reply->err;
    int64_t project = 0;
    struct mh_index *index = mh_arena_alloc(&request->arena, sizeof *index);
    if (index == NULL) return mh_err_set(err, MH_ENOMEM, "unable to index: out of memory");
    int r = mh_sqlite_project_of_job(work, &request->in.index_begin.job_id,
                                     &request->in.index_begin.project_id, &project, err);
    if (r == 0) r = with_number(work, mh_sqlite_sql_index_make, project, err);
    if (r == 0) r = with_number(work, mh_sqlite_sql_index_begin, project, err);
    if (r == 0)
        r = get(work, request, NULL, &request->in.index_begin.project_id, index, &reply->lease,
                err);
    if (r == 0) r = with_number(work, mh_sqlite_sql_index_revive, index->number, err);
    if (r < 0) return r;
    reply->indexes = index;
    reply->count = 1;
    return 0;
}

/* --- going on */

static int displaced(struct mh_err *err)
{
    return mh_err_set(err, MH_ESTATE, "another run of this index has begun since");
}

static int check_run(struct mh_work *work, const struct mh_index_run *run, struct mh_err *err)
{
    int64_t one;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_index_check);
    mh_sql_int(&sql, run->number);
    mh_sql_int(&sql, run->run);
    int r = mh_sql_number(&sql, &one, err);
    return r > 0 ? 0 : r < 0 ? r : displaced(err);
}

static int add_words(struct mh_work *work, const char *text, int64_t id, const char *words,
                     struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, text);
    mh_sql_int(&sql, id);
    mh_sql_text(&sql, words);
    return mh_sql_run(&sql, err);
}

static int add_symbol(struct mh_work *work, int64_t file, const struct mh_index_symbol *symbol,
                      const char *words, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_index_symbol_add);
    mh_sql_int(&sql, file);
    mh_sql_text(&sql, symbol->name);
    mh_sql_text(&sql, symbol->kind);
    mh_sql_int(&sql, symbol->line);
    mh_sql_text(&sql, symbol->scope);
    mh_sql_text(&sql, symbol->signature);
    int r = mh_sql_run(&sql, err);
    if (r < 0 || *words == '\0') return r;
    return add_words(work, mh_sqlite_sql_index_symbol_words_add, mh_db_last_id(work->db), words,
                     err);
}

static int add_import(struct mh_work *work, int64_t file, const struct mh_index_import *import,
                      struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_index_import_add);
    mh_sql_int(&sql, file);
    mh_sql_text(&sql, import->target);
    mh_sql_int(&sql, import->line);
    mh_sql_text(&sql, import->resolved);
    return mh_sql_run(&sql, err);
}

static int add_text(struct mh_work *work, int64_t file, const struct mh_index_file *text,
                    const char *words, struct mh_err *err)
{
    if (text->body == NULL) return 0;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_index_text_add);
    mh_sql_int(&sql, file);
    mh_sql_textn(&sql, text->body, text->body_len);
    int r = mh_sql_run(&sql, err);
    return r < 0 ? r : add_words(work, mh_sqlite_sql_index_text_words_add, file, words, err);
}

static int add_row(struct mh_work *work, const struct mh_index_run *run,
                   const struct mh_index_file *file, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_index_file_add);
    mh_sql_int(&sql, run->number);
    mh_sql_int(&sql, run->run);
    mh_sql_text(&sql, file->path);
    mh_sql_text(&sql, file->blob);
    mh_sql_text(&sql, file->language);
    mh_sql_int(&sql, file->size);
    mh_sql_int(&sql, file->mtime_us);
    mh_sql_int(&sql, file->lines);
    mh_sql_int(&sql, file->code);
    mh_sql_int(&sql, file->comments);
    mh_sql_int(&sql, file->blanks);
    mh_sql_int(&sql, (int64_t)file->symbol_count);
    mh_sql_int(&sql, (int64_t)file->import_count);
    return mh_sql_run(&sql, err);
}

static int add_file(struct mh_work *work, const struct mh_index_run *run,
                    const struct mh_index_file *file, const struct mh_index_words *words,
                    struct mh_err *err)
{
    int r = add_row(work, run, file, err);
    int64_t id = mh_db_last_id(work->db);
    if (r == 0) r = add_text(work, id, file, words->body, err);
    for (size_t i = 0; r == 0 && i < file->symbol_count; i++)
        r = add_symbol(work, id, &file->symbols[i], words->symbols[i], err);
    for (size_t i = 0; r == 0 && i < file->import_count; i++)
        r = add_import(work, id, &file->imports[i], err);
    return r;
}

int mh_sqlite_index_add(struct mh_work *work, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    const struct mh_index_run *run = &request->in.index_add.run;
    int r = check_run(work, run, err);
    for (size_t i = 0; r == 0 && i < request->in.index_add.count; i++)
        r = add_file(work, run, &request->in.index_add.files[i], &request->in.index_add.words[i],
                     err);
    return r;
}

int mh_sqlite_index_drop(struct mh_work *work, struct mh_request *request)
{
    struct mh_reply *reply = &request->reply;
    const struct mh_index_run *run = &request->in.index_drop.run;
    int r = check_run(work, run, &reply->err);
    for (size_t i = 0; r == 0 && i < request->in.index_drop.count; i++) {
        struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_index_drop);
        mh_sql_int(&sql, run->number);
        mh_sql_int(&sql, run->run);
        mh_sql_text(&sql, request->in.index_drop.paths[i]);
        r = mh_sql_run(&sql, &reply->err);
        if (r == 0) reply->count += (size_t)mh_db_changes(work->db);
    }
    return r;
}

/* --- ending */

static int check_leftover(struct mh_work *work, const struct mh_index_run *run, struct mh_err *err)
{
    int64_t one;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_index_leftover);
    mh_sql_int(&sql, run->number);
    mh_sql_int(&sql, run->run);
    int r = mh_sql_number(&sql, &one, err);
    if (r <= 0) return r;
    return mh_err_set(err, MH_ESTATE,
                      "files of a run that was not published are to be swept first");
}

int mh_sqlite_index_publish(struct mh_work *work, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    const struct mh_index_run *run = &request->in.index_publish.run;
    int r = check_run(work, run, err);
    if (r == 0) r = check_leftover(work, run, err);
    if (r < 0) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_index_publish);
    mh_sql_int(&sql, run->number);
    mh_sql_int(&sql, run->run);
    mh_sql_text(&sql, request->in.index_publish.commit);
    mh_sql_text(&sql, request->in.index_publish.totals);
    mh_sql_int(&sql, work->now);
    return mh_sql_run(&sql, err);
}

int mh_sqlite_index_sweep(struct mh_work *work, struct mh_request *request)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_index_sweep);
    mh_sql_int(&sql, request->in.index_sweep.run.number);
    mh_sql_int(&sql, (int64_t)request->in.index_sweep.limit);
    int r = mh_sql_run(&sql, &request->reply.err);
    if (r == 0) request->reply.count = (size_t)mh_db_changes(work->db);
    return r;
}
