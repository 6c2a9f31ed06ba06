#include "store/asker.h"

#include <string.h>

#include "store/request.h"

/* Narrows the request to the asker's own tenant. */
typedef int narrow_fn(const struct mh_asker *asker, struct mh_request *request, struct mh_err *err);

static int refuse(struct mh_err *err)
{
    return mh_err_set(err, MH_EPERM, "not a tenant of yours");
}

static bool is_other(const struct mh_asker *asker, const struct mh_uuid *tenant_id)
{
    return !mh_uuid_equal(&asker->tenant_id, tenant_id);
}

static int narrow_dispatch(const struct mh_asker *asker, struct mh_request *request,
                           struct mh_err *err)
{
    for (size_t i = 0; i < request->in.dispatch.count; i++)
        if (is_other(asker, &request->in.dispatch.jobs[i].tenant_id)) return refuse(err);
    return 0;
}

/* The store finds no job of others. */
static int narrow_nothing(const struct mh_asker *asker, struct mh_request *request,
                          struct mh_err *err)
{
    return 0;
}

static int narrow_tenant(const struct mh_asker *asker, const struct mh_uuid **tenant_id,
                         struct mh_err *err)
{
    if (*tenant_id != NULL && is_other(asker, *tenant_id)) return refuse(err);
    *tenant_id = &asker->tenant_id;
    return 0;
}

static int narrow_list(const struct mh_asker *asker, struct mh_request *request, struct mh_err *err)
{
    return narrow_tenant(asker, &request->in.list.tenant_id, err);
}

static int narrow_stats(const struct mh_asker *asker, struct mh_request *request,
                        struct mh_err *err)
{
    return narrow_tenant(asker, &request->in.stats.tenant_id, err);
}

static int narrow_schedule_list(const struct mh_asker *asker, struct mh_request *request,
                                struct mh_err *err)
{
    return narrow_tenant(asker, &request->in.schedule_list.tenant_id, err);
}

static int narrow_schedule(const struct mh_asker *asker, struct mh_request *request,
                           struct mh_err *err)
{
    return is_other(asker, &request->in.schedule.tenant_id) ? refuse(err) : 0;
}

static int narrow_schedule_remove(const struct mh_asker *asker, struct mh_request *request,
                                  struct mh_err *err)
{
    return is_other(asker, &request->in.schedule_remove.tenant_id) ? refuse(err) : 0;
}

static int narrow_project_list(const struct mh_asker *asker, struct mh_request *request,
                               struct mh_err *err)
{
    return narrow_tenant(asker, &request->in.project_list.tenant_id, err);
}

/* Other ways to a repository are the machine's own, and so its operator's to open. */
static int narrow_project(const struct mh_asker *asker, struct mh_request *request,
                          struct mh_err *err)
{
    if (is_other(asker, &request->in.project.tenant_id)) return refuse(err);
    if (strncmp(request->in.project.url, "https://", 8) == 0) return 0;
    return mh_err_set(err, MH_EPERM,
                      "url: only https:// here; others are added with millhand project add");
}

static int narrow_project_remove(const struct mh_asker *asker, struct mh_request *request,
                                 struct mh_err *err)
{
    return is_other(asker, &request->in.project_remove.tenant_id) ? refuse(err) : 0;
}

static int narrow_index(const struct mh_asker *asker, struct mh_request *request,
                        struct mh_err *err)
{
    return narrow_tenant(asker, &request->in.index_filter.tenant_id, err);
}

static int narrow_search(const struct mh_asker *asker, struct mh_request *request,
                         struct mh_err *err)
{
    return narrow_tenant(asker, &request->in.index_search.search.tenant_id, err);
}

static int narrow_blueprint_list(const struct mh_asker *asker, struct mh_request *request,
                                 struct mh_err *err)
{
    return narrow_tenant(asker, &request->in.blueprint_list.tenant_id, err);
}

/* What is not here is not for a tenant to ask. */
static narrow_fn *const narrows[MH_OP__COUNT] = {
    [MH_OP_DISPATCH] = narrow_dispatch,
    [MH_OP_ACT] = narrow_nothing,
    [MH_OP_LIST] = narrow_list,
    [MH_OP_ATTEMPTS] = narrow_nothing,
    [MH_OP_STATS] = narrow_stats,
    [MH_OP_SCHEDULE_LIST] = narrow_schedule_list,
    [MH_OP_SCHEDULE_ADD] = narrow_schedule,
    [MH_OP_SCHEDULE_CHANGE] = narrow_schedule,
    [MH_OP_SCHEDULE_REMOVE] = narrow_schedule_remove,
    [MH_OP_PROJECT_LIST] = narrow_project_list,
    [MH_OP_PROJECT_ADD] = narrow_project,
    [MH_OP_PROJECT_REMOVE] = narrow_project_remove,
    [MH_OP_INDEX_GET] = narrow_index,
    [MH_OP_INDEX_FILES] = narrow_index,
    [MH_OP_INDEX_SYMBOLS] = narrow_index,
    [MH_OP_INDEX_IMPORTS] = narrow_index,
    [MH_OP_INDEX_SEARCH] = narrow_search,
    [MH_OP_BLUEPRINT_LIST] = narrow_blueprint_list,
    [MH_OP_EVENTS] = narrow_nothing,
};

int mh_asker_admit(const struct mh_asker *asker, struct mh_request *request, struct mh_err *err)
{
    struct mh_asker *copy = mh_copy_array(&request->arena, asker, 1, sizeof *asker);
    if (copy == NULL || !mh_copy_str(&request->arena, asker->claims, &copy->claims))
        return mh_err_set(err, MH_ENOMEM, "unable to ask the store: out of memory");
    request->asker = copy;
    if (copy->sees_all) return 0;
    if (narrows[request->op] == NULL)
        return mh_err_set(err, MH_EPERM, "this is not for one tenant to see or do");
    return narrows[request->op](copy, request, err);
}
