/* The part of the dispatcher that keeps blueprints of projects. */
#include "store/blueprint.h"

#include <string.h>

#include "base/utf8.h"
#include "store/backend.h"
#include "store/check.h"
#include "store/project.h"
#include "store/request.h"

static int check_text(const char *field, const char *text, size_t len, size_t max,
                      struct mh_err *err)
{
    if (text == NULL) return mh_err_set(err, MH_EINVAL, "%s: is required", field);
    if (len > max) return mh_err_set(err, MH_ELIMIT, "%s: at most %zu bytes", field, max);
    if (mh_utf8_valid(text, len)) return 0;
    return mh_err_set(err, MH_EINVAL, "%s: is not valid UTF-8", field);
}

static int check_blueprint(const struct mh_blueprint *blueprint, struct mh_err *err)
{
    const char *commit = blueprint->commit != NULL ? blueprint->commit : "";
    int r = check_text("commit", commit, strlen(commit), MH_COMMIT_MAX, err);
    if (r == 0)
        r = check_text("markdown", blueprint->markdown, blueprint->markdown_len, MH_BLUEPRINT_MAX,
                       err);
    if (r == 0) r = check_text("json", blueprint->json, blueprint->json_len, MH_BLUEPRINT_MAX, err);
    return r;
}

int mh_store_blueprint_add(struct mh_store *store, const struct mh_uuid *job_id,
                           const struct mh_uuid *project_id, const struct mh_blueprint *blueprint,
                           mh_reply_fn *done, void *arg, struct mh_err *err)
{
    int r = check_blueprint(blueprint, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_BLUEPRINT_ADD, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    struct mh_arena *arena = &request->arena;
    struct mh_blueprint *copy = &request->in.blueprint_add.blueprint;
    request->in.blueprint_add.job_id = *job_id;
    request->in.blueprint_add.project_id = *project_id;
    *copy = *blueprint;
    copy->markdown = mh_arena_copy(arena, blueprint->markdown, blueprint->markdown_len);
    copy->json = mh_arena_copy(arena, blueprint->json, blueprint->json_len);
    if (copy->markdown == NULL || copy->json == NULL ||
        !mh_copy_str(arena, blueprint->commit, &copy->commit))
        return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

int mh_store_blueprint_list(struct mh_store *store, const struct mh_blueprint_filter *filter,
                            mh_reply_fn *done, void *arg, struct mh_err *err)
{
    int r = mh_check_range("limit", (int64_t)filter->limit, 1, MH_BLUEPRINTS_KEPT, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_BLUEPRINT_LIST, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    struct mh_blueprint_filter *copy = &request->in.blueprint_list;
    *copy = *filter;
    if (filter->tenant_id != NULL) {
        copy->tenant_id =
            mh_copy_array(&request->arena, filter->tenant_id, 1, sizeof *filter->tenant_id);
        if (copy->tenant_id == NULL) return mh_request_refuse(request, err);
    }
    return mh_request_submit(store, request, err);
}
