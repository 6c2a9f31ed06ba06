/* Blueprints of projects. */
#include "store/blueprint.h"

#include "store/postgres/work.h"

void mh_pg_blueprint_add_write(struct mh_pg_work *work, const struct mh_request *request,
                               struct mh_params *params)
{
    const struct mh_blueprint *blueprint = &request->in.blueprint_add.blueprint;
    mh_param_uuid(params, &request->in.blueprint_add.job_id);
    mh_param_uuid(params, &request->in.blueprint_add.project_id);
    mh_param_text(params, blueprint->commit);
    mh_param_int8(params, blueprint->tokens);
    mh_param_text(params, blueprint->markdown);
    mh_param_text(params, blueprint->json);
    mh_param_int4(params, MH_BLUEPRINTS_KEPT);
}

void mh_pg_blueprint_list_write(struct mh_pg_work *work, const struct mh_request *request,
                                struct mh_params *params)
{
    const struct mh_blueprint_filter *filter = &request->in.blueprint_list;
    mh_param_uuid(params, filter->tenant_id);
    mh_param_uuid(params, &filter->project_id);
    mh_param_int8(params, filter->version);
    mh_param_int4(params, filter->texts);
    mh_param_int4(params, (int64_t)filter->limit);
}

int mh_pg_blueprint_list_read(struct mh_pg_work *work, const struct mh_rows *rows,
                              struct mh_request *request)
{
    struct mh_blueprint *blueprints = mh_pg_array(request, rows->count, sizeof *blueprints);
    if (blueprints == NULL) return MH_ENOMEM;
    for (int row = 0; row < rows->count; row++) {
        struct mh_blueprint *blueprint = &blueprints[row];
        blueprint->version = mh_row_int(rows, row, 0, 0);
        blueprint->commit = mh_row_text(rows, row, 1, NULL);
        blueprint->tokens = mh_row_int(rows, row, 2, 0);
        blueprint->created_at = mh_row_time(rows, row, 3);
        blueprint->markdown = mh_row_text(rows, row, 4, &blueprint->markdown_len);
        blueprint->json = mh_row_text(rows, row, 5, &blueprint->json_len);
    }
    request->reply.blueprints = blueprints;
    request->reply.count = (size_t)rows->count;
    return 0;
}
