/* Blueprints of projects. */
#include "store/blueprint.h"

#include "mh_sqlite_sql.h"
#include "store/sqlite/work.h"

static int trim(struct mh_work *work, int64_t project, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_blueprint_trim);
    mh_sql_int(&sql, project);
    mh_sql_int(&sql, MH_BLUEPRINTS_KEPT);
    return mh_sql_run(&sql, err);
}

static int add(struct mh_work *work, int64_t project, const struct mh_blueprint *blueprint,
               struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_blueprint_add);
    mh_sql_int(&sql, project);
    mh_sql_text(&sql, blueprint->commit);
    mh_sql_int(&sql, blueprint->tokens);
    mh_sql_int(&sql, work->now);
    mh_sql_textn(&sql, blueprint->markdown, blueprint->markdown_len);
    mh_sql_textn(&sql, blueprint->json, blueprint->json_len);
    return mh_sql_run(&sql, err);
}

int mh_sqlite_blueprint_add(struct mh_work *work, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    int64_t project = 0, version = 0;
    int r = mh_sqlite_project_of_job(work, &request->in.blueprint_add.job_id,
                                     &request->in.blueprint_add.project_id, &project, err);
    if (r == 0) r = add(work, project, &request->in.blueprint_add.blueprint, err);
    if (r == 0) r = trim(work, project, err);
    if (r < 0) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_blueprint_newest);
    mh_sql_int(&sql, project);
    r = mh_sql_number(&sql, &version, err);
    if (r >= 0) request->reply.count = (size_t)version;
    return r < 0 ? r : 0;
}

static int read_blueprint(const struct mh_sql *sql, struct mh_arena *arena, void *ret_item,
                          struct mh_err *err)
{
    struct mh_blueprint *blueprint = ret_item;
    *blueprint = (struct mh_blueprint){
        .version = mh_sql_get_int(sql, 0),
        .tokens = mh_sql_get_int(sql, 2),
        .created_at = mh_sql_get_int(sql, 3),
    };
    int r = mh_sql_get_text(sql, 1, arena, &blueprint->commit, NULL, err);
    if (r == 0)
        r = mh_sql_get_text(sql, 4, arena, &blueprint->markdown, &blueprint->markdown_len, err);
    if (r == 0) r = mh_sql_get_text(sql, 5, arena, &blueprint->json, &blueprint->json_len, err);
    return r;
}

int mh_sqlite_blueprint_list(struct mh_work *work, struct mh_request *request)
{
    const struct mh_blueprint_filter *filter = &request->in.blueprint_list;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_blueprint_list);
    if (filter->tenant_id != NULL)
        mh_sql_uuid(&sql, filter->tenant_id);
    else
        mh_sql_null(&sql);
    mh_sql_uuid(&sql, &filter->project_id);
    mh_sql_int(&sql, filter->version);
    mh_sql_int(&sql, filter->texts);
    mh_sql_int(&sql, (int64_t)filter->limit);
    return mh_sql_collect(&sql, &request->arena, sizeof(struct mh_blueprint), read_blueprint,
                          &request->reply.blueprints, &request->reply.count, &request->reply.err);
}
