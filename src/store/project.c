#include "store/project.h"

#include <string.h>

#include "base/utf8.h"
#include "store/backend.h"
#include "store/check.h"
#include "store/request.h"
#include "store/store.h"

static const char *const state_names[MH_PROJECT__COUNT] = {
    [MH_PROJECT_NEW] = "new",
    [MH_PROJECT_INDEXING] = "indexing",
    [MH_PROJECT_INDEXED] = "indexed",
    [MH_PROJECT_FAILED] = "failed",
};

const char *mh_project_state_name(enum mh_project_state state)
{
    return state_names[state];
}

/* --- checks */

static int check_name(const char *field, const char *name, struct mh_err *err)
{
    if (name != NULL && mh_type_valid(name)) return 0;
    return mh_err_set(err, MH_EINVAL, "%s: expected 1 to %d of A-Z a-z 0-9 _ . : -", field,
                      MH_TYPE_MAX);
}

/* Text of one line; what it means is its owner's to check. */
static int check_text(const char *field, const char *text, size_t max, struct mh_err *err)
{
    size_t len = strlen(text);
    if (len > max) return mh_err_set(err, MH_ELIMIT, "%s: at most %zu bytes", field, max);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 127)
            return mh_err_set(err, MH_EINVAL, "%s: has a control character", field);
    if (!mh_utf8_valid(text, len))
        return mh_err_set(err, MH_EINVAL, "%s: is not valid UTF-8", field);
    return 0;
}

static int check_filled(const char *field, const char *text, size_t max, struct mh_err *err)
{
    if (text == NULL || *text == '\0') return mh_err_set(err, MH_EINVAL, "%s: is required", field);
    return check_text(field, text, max, err);
}

static int check_optional(const char *field, const char *text, size_t max, struct mh_err *err)
{
    return text != NULL ? check_filled(field, text, max, err) : 0;
}

static int check_credential(const struct mh_credential *credential, struct mh_err *err)
{
    int r = check_name("name", credential->name, err);
    if (r == 0) r = check_filled("username", credential->username, MH_CREDENTIAL_WORD, err);
    if (r == 0) r = check_optional("host", credential->host, MH_CREDENTIAL_WORD, err);
    if (r == 0) r = check_filled("key_id", credential->key_id, MH_CREDENTIAL_KEY_ID, err);
    if (r == 0)
        r = mh_check_range("sealed", (int64_t)credential->sealed_len, 1, MH_CREDENTIAL_SEALED, err);
    return r;
}

static int check_project(const struct mh_project *project, struct mh_err *err)
{
    int r = check_name("name", project->name, err);
    if (r == 0) r = check_filled("url", project->url, MH_PROJECT_URL_MAX, err);
    if (r == 0) r = check_optional("ref", project->ref, MH_PROJECT_REF_MAX, err);
    if (r == 0 && project->credential != NULL)
        r = check_name("credential", project->credential, err);
    return r;
}

/* --- requests */

static bool copy_id(struct mh_arena *arena, const struct mh_uuid **id)
{
    if (*id == NULL) return true;
    *id = mh_copy_array(arena, *id, 1, sizeof **id);
    return *id != NULL;
}

static int submit_credential(struct mh_store *store, enum mh_op op,
                             const struct mh_credential *credential, mh_reply_fn *done, void *arg,
                             struct mh_err *err)
{
    int r = check_credential(credential, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(op, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    struct mh_arena *arena = &request->arena;
    struct mh_credential *copy = &request->in.credential;
    *copy = *credential;
    copy->sealed = mh_copy_array(arena, credential->sealed, credential->sealed_len, 1);
    if (copy->sealed == NULL || !mh_copy_str(arena, credential->name, &copy->name) ||
        !mh_copy_str(arena, credential->username, &copy->username) ||
        !mh_copy_str(arena, credential->host, &copy->host) ||
        !mh_copy_str(arena, credential->key_id, &copy->key_id))
        return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

int mh_store_credential_add(struct mh_store *store, const struct mh_credential *credential,
                            mh_reply_fn *done, void *arg, struct mh_err *err)
{
    return submit_credential(store, MH_OP_CREDENTIAL_ADD, credential, done, arg, err);
}

int mh_store_credential_change(struct mh_store *store, const struct mh_credential *credential,
                               mh_reply_fn *done, void *arg, struct mh_err *err)
{
    return submit_credential(store, MH_OP_CREDENTIAL_CHANGE, credential, done, arg, err);
}

int mh_store_credential_list(struct mh_store *store, const struct mh_credential_filter *filter,
                             mh_reply_fn *done, void *arg, struct mh_err *err)
{
    int r = filter->name != NULL ? check_name("name", filter->name, err) : 0;
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_CREDENTIAL_LIST, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    struct mh_credential_filter *copy = &request->in.credential_list;
    *copy = *filter;
    if (!copy_id(&request->arena, &copy->tenant_id) ||
        !mh_copy_str(&request->arena, filter->name, &copy->name))
        return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

int mh_store_credential_remove(struct mh_store *store, const struct mh_uuid *tenant_id,
                               const char *name, mh_reply_fn *done, void *arg, struct mh_err *err)
{
    int r = check_name("name", name, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_CREDENTIAL_REMOVE, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.credential_remove.tenant_id = *tenant_id;
    if (!mh_copy_str(&request->arena, name, &request->in.credential_remove.name))
        return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

int mh_store_credential_use(struct mh_store *store, const struct mh_uuid *job_id, const char *name,
                            mh_reply_fn *done, void *arg, struct mh_err *err)
{
    int r = check_name("credential", name, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_CREDENTIAL_USE, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.credential_use.job_id = *job_id;
    if (!mh_copy_str(&request->arena, name, &request->in.credential_use.name))
        return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

int mh_store_project_list(struct mh_store *store, const struct mh_project_filter *filter,
                          mh_reply_fn *done, void *arg, struct mh_err *err)
{
    int r = filter->name != NULL ? check_name("name", filter->name, err) : 0;
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_PROJECT_LIST, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    struct mh_project_filter *copy = &request->in.project_list;
    *copy = *filter;
    if (!copy_id(&request->arena, &copy->tenant_id) || !copy_id(&request->arena, &copy->id) ||
        !mh_copy_str(&request->arena, filter->name, &copy->name))
        return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

int mh_store_project_add(struct mh_store *store, const struct mh_project *project,
                         mh_reply_fn *done, void *arg, struct mh_err *err)
{
    int r = check_project(project, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_PROJECT_ADD, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    struct mh_arena *arena = &request->arena;
    struct mh_project *copy = &request->in.project;
    *copy = *project;
    if (!mh_copy_str(arena, project->name, &copy->name) ||
        !mh_copy_str(arena, project->url, &copy->url) ||
        !mh_copy_str(arena, project->ref, &copy->ref) ||
        !mh_copy_str(arena, project->credential, &copy->credential))
        return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

int mh_store_project_remove(struct mh_store *store, const struct mh_uuid *tenant_id,
                            const struct mh_uuid *id, mh_reply_fn *done, void *arg,
                            struct mh_err *err)
{
    struct mh_request *request = mh_request_new(MH_OP_PROJECT_REMOVE, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.project_remove.tenant_id = *tenant_id;
    request->in.project_remove.id = *id;
    return mh_request_submit(store, request, err);
}

int mh_store_project_mark(struct mh_store *store, const struct mh_project_mark *mark,
                          mh_reply_fn *done, void *arg, struct mh_err *err)
{
    int r = mh_check_range("state", mark->state, 0, MH_PROJECT__COUNT, err);
    if (r == 0) r = check_text("path", mark->path, MH_PROJECT_URL_MAX, err);
    if (r == 0) r = check_optional("commit", mark->commit, MH_COMMIT_MAX, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_PROJECT_MARK, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    struct mh_project_mark *copy = &request->in.project_mark;
    *copy = *mark;
    if (!mh_copy_str(&request->arena, mark->path, &copy->path) ||
        !mh_copy_str(&request->arena, mark->commit, &copy->commit))
        return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

int mh_store_project_sweep(struct mh_store *store, mh_reply_fn *done, void *arg, struct mh_err *err)
{
    struct mh_request *request = mh_request_new(MH_OP_PROJECT_SWEEP, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}
