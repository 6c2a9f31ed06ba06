/* Leases that ran out, jobs that were kept long enough, and small records. */
#include "base/arena.h"
#include "store/postgres/work.h"

void mh_pg_reclaim_write(struct mh_pg_work *work, const struct mh_request *request,
                         struct mh_params *params)
{
    mh_param_int4(params, (int64_t)request->in.reclaim.limit);
}

void mh_pg_prune_write(struct mh_pg_work *work, const struct mh_request *request,
                       struct mh_params *params)
{
    mh_param_int8(params, request->in.prune.ended_ms);
    mh_param_int8(params, request->in.prune.failed_ms);
    mh_param_int4(params, (int64_t)request->in.prune.limit);
}

/* --- types */

void mh_pg_type_pause_write(struct mh_pg_work *work, const struct mh_request *request,
                            struct mh_params *params)
{
    mh_param_text(params, request->in.type_pause.type);
    mh_param_bool(params, request->in.type_pause.paused);
}

void mh_pg_type_limit_write(struct mh_pg_work *work, const struct mh_request *request,
                            struct mh_params *params)
{
    const struct mh_limits *limits = &request->in.type_limit.limits;
    mh_param_text(params, request->in.type_limit.type);
    mh_param_int8(params, limits->max);
    mh_param_int8(params, limits->per_tenant);
    mh_param_int8(params, limits->per_key);
    mh_param_text(params, limits->key);
}

/* --- tenants */

void mh_pg_tenant_add_write(struct mh_pg_work *work, const struct mh_request *request,
                            struct mh_params *params)
{
    const struct mh_tenant *tenant = &request->in.tenant_add;
    mh_param_uuid(params, &tenant->id);
    mh_param_text(params, tenant->name);
    mh_param_text(params, mh_plan_name(tenant->plan));
}

void mh_pg_tenant_remove_write(struct mh_pg_work *work, const struct mh_request *request,
                               struct mh_params *params)
{
    mh_param_uuid(params, &request->in.tenant_remove.id);
}

/* A plan that is not ours, from a table of the application's, counts as the least. */
int mh_pg_tenants_read(struct mh_pg_work *work, const struct mh_rows *rows,
                       struct mh_request *request)
{
    struct mh_tenant *tenants = mh_pg_array(request, rows->count, sizeof *tenants);
    if (tenants == NULL) return MH_ENOMEM;
    for (int row = 0; row < rows->count; row++) {
        const char *plan = mh_row_text(rows, row, 2, NULL);
        tenants[row].id = mh_row_uuid(rows, row, 0);
        tenants[row].name = mh_row_text(rows, row, 1, NULL);
        tenants[row].created_at = mh_row_time(rows, row, 3);
        if (plan == NULL || mh_plan_parse(plan, &tenants[row].plan) < 0)
            tenants[row].plan = MH_PLAN_FREE;
    }
    request->reply.tenants = tenants;
    request->reply.count = (size_t)rows->count;
    return 0;
}
