/* The half of the dispatcher that serves people: looking, acting, types and tenants. */
#include <stdlib.h>
#include <string.h>

#include "store/backend.h"
#include "store/check.h"
#include "store/request.h"
#include "store/store.h"

#define PAGE_MAX  1000
#define LOOKS_MAX 1000000

int mh_store_act(struct mh_store *store, enum mh_act act, const struct mh_uuid *ids, size_t count,
                 mh_reply_fn *done, void *arg, struct mh_err *err)
{
    int r = mh_check_range("act", (int64_t)act, MH_ACT_CANCEL, MH_ACT_REMOVE, err);
    if (r == 0) r = mh_check_count(count, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_ACT, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.act.act = act;
    request->in.act.count = count;
    request->in.act.ids = mh_copy_array(&request->arena, ids, count, sizeof *ids);
    if (request->in.act.ids == NULL) return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

static int check_filter(const struct mh_filter *filter, struct mh_err *err)
{
    int r = mh_check_range("limit", (int64_t)filter->limit, 1, PAGE_MAX, err);
    if (r == 0) r = mh_check_range("cursor", filter->cursor, 0, INT64_MAX, err);
    if (r == 0) r = mh_check_range("looks", (int64_t)filter->looks, 0, LOOKS_MAX, err);
    if (r == 0) r = mh_check_range("ids", (int64_t)filter->id_count, 0, PAGE_MAX, err);
    if (r == 0)
        r = mh_check_range("status", filter->status, MH_STATUS_NONE, MH_STATUS__COUNT - 1, err);
    if (r == 0 && filter->type != NULL) r = mh_check_type(filter->type, err);
    return r;
}

static bool copy_filter(struct mh_arena *arena, struct mh_filter *filter)
{
    if (filter->ids != NULL) {
        filter->ids = mh_copy_array(arena, filter->ids, filter->id_count, sizeof *filter->ids);
        if (filter->ids == NULL) return false;
    }
    if (filter->tenant_id != NULL) {
        filter->tenant_id = mh_copy_array(arena, filter->tenant_id, 1, sizeof *filter->tenant_id);
        if (filter->tenant_id == NULL) return false;
    }
    return mh_copy_str(arena, filter->type, &filter->type);
}

int mh_store_list(struct mh_store *store, const struct mh_filter *filter, mh_reply_fn *done,
                  void *arg, struct mh_err *err)
{
    int r = check_filter(filter, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_LIST, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.list = *filter;
    if (filter->looks == 0) request->in.list.looks = MH_LOOKS_DEFAULT;
    if (!copy_filter(&request->arena, &request->in.list)) return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

int mh_store_attempts(struct mh_store *store, const struct mh_uuid *id, mh_reply_fn *done,
                      void *arg, struct mh_err *err)
{
    struct mh_request *request = mh_request_new(MH_OP_ATTEMPTS, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.attempts.id = *id;
    return mh_request_submit(store, request, err);
}

int mh_store_stats(struct mh_store *store, const struct mh_uuid *tenant_id, mh_reply_fn *done,
                   void *arg, struct mh_err *err)
{
    struct mh_request *request = mh_request_new(MH_OP_STATS, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    if (tenant_id != NULL) {
        request->in.stats.tenant_id =
            mh_copy_array(&request->arena, tenant_id, 1, sizeof *tenant_id);
        if (request->in.stats.tenant_id == NULL) return mh_request_refuse(request, err);
    }
    return mh_request_submit(store, request, err);
}

/* An operation without input. */
static int ask(struct mh_store *store, enum mh_op op, mh_reply_fn *done, void *arg,
               struct mh_err *err)
{
    struct mh_request *request = mh_request_new(op, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

int mh_store_workers(struct mh_store *store, mh_reply_fn *done, void *arg, struct mh_err *err)
{
    return ask(store, MH_OP_WORKERS, done, arg, err);
}

int mh_store_type_list(struct mh_store *store, mh_reply_fn *done, void *arg, struct mh_err *err)
{
    return ask(store, MH_OP_TYPE_LIST, done, arg, err);
}

int mh_store_type_pause(struct mh_store *store, const char *type, bool paused, mh_reply_fn *done,
                        void *arg, struct mh_err *err)
{
    int r = mh_check_type(type, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_TYPE_PAUSE, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.type_pause.paused = paused;
    if (!mh_copy_str(&request->arena, type, &request->in.type_pause.type))
        return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

static int check_limits(const struct mh_limits *limits, struct mh_err *err)
{
    int r = mh_check_range("max", limits->max, -1, MH_LIMIT_MAX, err);
    if (r == 0) r = mh_check_range("per_tenant", limits->per_tenant, -1, MH_LIMIT_MAX, err);
    if (r == 0) r = mh_check_range("per_key", limits->per_key, -1, MH_LIMIT_MAX, err);
    if (r < 0 || limits->per_key <= 0) return r;
    if (limits->key == NULL) return mh_err_set(err, MH_EINVAL, "key: is required");
    return mh_check_key("key", limits->key, err);
}

int mh_store_type_limit(struct mh_store *store, const char *type, const struct mh_limits *limits,
                        mh_reply_fn *done, void *arg, struct mh_err *err)
{
    int r = mh_check_type(type, err);
    if (r == 0) r = check_limits(limits, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_TYPE_LIMIT, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    struct mh_limits *copy = &request->in.type_limit.limits;
    *copy = *limits;
    if (limits->per_key <= 0) copy->key = NULL;
    if (!mh_copy_str(&request->arena, type, &request->in.type_limit.type) ||
        !mh_copy_str(&request->arena, copy->key, &copy->key))
        return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

int mh_store_tenant_add(struct mh_store *store, const struct mh_tenant *tenant, mh_reply_fn *done,
                        void *arg, struct mh_err *err)
{
    if (tenant->name == NULL) return mh_err_set(err, MH_EINVAL, "name: is required");
    int r = mh_check_key("name", tenant->name, err);
    if (r == 0) r = mh_check_range("plan", tenant->plan, 0, MH_PLAN__COUNT - 1, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_TENANT_ADD, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.tenant_add = *tenant;
    if (!mh_copy_str(&request->arena, tenant->name, &request->in.tenant_add.name))
        return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

int mh_store_tenant_list(struct mh_store *store, mh_reply_fn *done, void *arg, struct mh_err *err)
{
    return ask(store, MH_OP_TENANT_LIST, done, arg, err);
}

int mh_store_tenant_remove(struct mh_store *store, const struct mh_uuid *id, mh_reply_fn *done,
                           void *arg, struct mh_err *err)
{
    struct mh_request *request = mh_request_new(MH_OP_TENANT_REMOVE, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.tenant_remove.id = *id;
    return mh_request_submit(store, request, err);
}
