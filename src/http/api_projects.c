/* /v1/projects */
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "http/api.h"
#include "queue/giturl.h"
#include "queue/member.h"
#include "queue/rawjson.h"
#include "queue/record.h"

static void not_found(struct mh_ask *ask)
{
    mh_http_error(ask->request, 404, "PROJECT_NOT_FOUND", "there is no such project");
}

/* False: it has been answered. */
static bool came(struct mh_ask *ask, const struct mh_reply *reply)
{
    if (reply->code < 0) mh_ask_fail(ask, &reply->err);
    return reply->code == 0;
}

bool mh_ask_project_came(struct mh_ask *ask, const struct mh_reply *reply)
{
    if (!came(ask, reply)) return false;
    if (reply->count == 0) not_found(ask);
    return reply->count > 0;
}

void mh_ask_project(struct mh_ask *ask, mh_reply_fn *done)
{
    const char *word = mh_http_word(ask->request);
    struct mh_project_filter filter = {.tenant_id = &ask->identity.tenant_id};
    struct mh_uuid id;
    struct mh_err err;
    if (mh_uuid_parse(word, &id) < 0) {
        filter.name = word;
    } else {
        filter.id = &id;
        if (ask->identity.is_admin) filter.tenant_id = NULL;
    }
    if (filter.id == NULL && !mh_type_valid(word))
        not_found(ask);
    else if (mh_store_project_list(mh_ask_store(ask), &filter, done, ask, &err) < 0)
        mh_ask_fail(ask, &err);
}

/* --- looking */

static void on_list(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    if (!came(ask, reply)) return;
    mh_json_begin(&ask->body, '{');
    mh_json_key(&ask->body, "projects");
    mh_json_begin(&ask->body, '[');
    for (size_t i = 0; i < reply->count; i++)
        mh_record_project(&ask->body, &reply->projects[i]);
    mh_json_end(&ask->body, ']');
    mh_json_end(&ask->body, '}');
    mh_ask_answer(ask, 200);
}

void mh_api_projects(void *api, struct mh_http_request *request)
{
    struct mh_ask *ask = mh_ask_of(request);
    const struct mh_project_filter filter = {0};
    struct mh_err err;
    (void)api;
    if (mh_store_project_list(mh_ask_store(ask), &filter, on_list, ask, &err) < 0)
        mh_ask_fail(ask, &err);
}

static void on_one(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    if (!mh_ask_project_came(ask, reply)) return;
    mh_record_project(&ask->body, &reply->projects[0]);
    mh_ask_answer(ask, ask->status);
}

void mh_api_project_get(void *api, struct mh_http_request *request)
{
    struct mh_ask *ask = mh_ask_of(request);
    (void)api;
    ask->status = 200;
    mh_ask_project(ask, on_one);
}

/* --- adding */

struct member {
    const char *name;
    size_t offset; /* of a string */
    bool may_be_null;
};

static const struct member members[] = {
    {"name", offsetof(struct mh_project, name), false},
    {"url", offsetof(struct mh_project, url), false},
    {"ref", offsetof(struct mh_project, ref), true},
    {"credential", offsetof(struct mh_project, credential), true},
};

static int take_member(struct mh_arena *arena, const struct mh_member *given,
                       struct mh_project *project, struct mh_err *err)
{
    json_error_t why;
    for (size_t i = 0; i < MH_LEN(members); i++) {
        if (!mh_rawjson_is(given, members[i].name)) continue;
        const char **text = (const char **)((char *)project + members[i].offset);
        json_t *value = json_loadb(given->value, given->value_len, JSON_DECODE_ANY, &why);
        int r = members[i].may_be_null && json_is_null(value)
                    ? 0
                    : mh_member_str(arena, members[i].name, value, text, err);
        json_decref(value);
        return r;
    }
    return mh_member_unknown(given, err);
}

static int check(const struct mh_ask *ask, const struct mh_project *project, struct mh_err *err)
{
    struct mh_giturl url;
    bool allow_local = mh_ask_settings(ask)->allow_local_projects != 0;
    if (project->name == NULL || project->url == NULL)
        return mh_err_set(err, MH_EINVAL, "name and url are required");
    int r = mh_giturl_check(project->url, allow_local, &url, err);
    return r == 0 && project->ref != NULL ? mh_giturl_check_ref(project->ref, err) : r;
}

static void on_added(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    struct mh_err err;
    const struct mh_project_filter filter = {.id = &ask->id};
    ask->status = 201;
    if (reply->code == MH_ENOENT)
        mh_http_error(ask->request, 422, "INVALID_PROJECT", reply->err.text);
    else if (came(ask, reply) &&
             mh_store_project_list(mh_ask_store(ask), &filter, on_one, ask, &err) < 0)
        mh_ask_fail(ask, &err);
}

void mh_api_project_add(void *api, struct mh_http_request *request)
{
    struct mh_ask *ask = mh_ask_of(request);
    struct mh_project project = {.tenant_id = ask->identity.tenant_id, .id = mh_uuid_new()};
    struct mh_member member;
    struct mh_err err;
    size_t len;
    const char *text = mh_http_body(request, &len);
    (void)api;
    if (mh_json_check(text, len, MH_JSON_OBJECT, &err) < 0) {
        mh_http_error(request, 400, "INVALID_JSON", err.text);
        return;
    }
    int r = 0;
    for (struct mh_rawjson scan = mh_rawjson_begin(text, len);
         r == 0 && mh_rawjson_next(&scan, &member);)
        r = take_member(mh_http_arena(request), &member, &project, &err);
    if (r == 0) r = check(ask, &project, &err);
    ask->id = project.id;
    if (r == 0) r = mh_store_project_add(mh_ask_store(ask), &project, on_added, ask, &err);
    if (r == MH_EINVAL)
        mh_http_error(request, 422, "INVALID_PROJECT", err.text);
    else if (r < 0)
        mh_ask_fail(ask, &err);
}

/* --- its jobs */

static void on_job(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    if (!came(ask, reply)) return;
    if (reply->count == 0) {
        mh_http_error(ask->request, 404, "JOB_NOT_FOUND", "the job is gone already");
        return;
    }
    mh_record_job(&ask->body, &reply->jobs[0]);
    mh_ask_answer(ask, ask->status);
}

static void on_dispatched(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    struct mh_err err;
    if (!came(ask, reply)) return;
    ask->id = reply->dispatched[0].id;
    ask->status = reply->dispatched[0].standing ? 200 : 201;
    const struct mh_filter filter = {
        .status = MH_STATUS_NONE, .ids = &ask->id, .id_count = 1, .limit = 1, .bodies = true};
    if (mh_store_list(mh_ask_store(ask), &filter, on_job, ask, &err) < 0) mh_ask_fail(ask, &err);
}

/* A job of the project that is unfinished already is the answer: pressing twice does no more. */
static void dispatch(struct mh_ask *ask, const struct mh_reply *reply, const char *type)
{
    char payload[MH_TYPE_MAX + 32], key[MH_TYPE_MAX + 32];
    struct mh_err err;
    if (!mh_ask_project_came(ask, reply)) return;
    const struct mh_project *project = &reply->projects[0];
    /* Names are plain words, and no longer than this. */
    (void)snprintf(payload, sizeof payload, "{\"project\":\"%s\"}", project->name);
    (void)snprintf(key, sizeof key, "%s:%s", type, project->name);
    const struct mh_dispatch job = {.id = mh_uuid_new(),
                                    .tenant_id = project->tenant_id,
                                    .type = type,
                                    .payload = payload,
                                    .payload_len = strlen(payload),
                                    .priority = -1,
                                    .unique_key = key,
                                    .correlation_id = ask->trace.given ? ask->trace.id : NULL,
                                    .traceparent = ask->trace.parent};
    if (mh_store_dispatch(mh_ask_store(ask), &job, 1, on_dispatched, ask, &err) < 0)
        mh_ask_fail(ask, &err);
}

static void on_index(void *arg, const struct mh_reply *reply)
{
    dispatch(arg, reply, "index");
}

static void on_blueprint(void *arg, const struct mh_reply *reply)
{
    dispatch(arg, reply, "blueprint");
}

void mh_api_project_index(void *api, struct mh_http_request *request)
{
    struct mh_ask *ask = mh_ask_of(request);
    (void)api;
    mh_ask_project(ask, on_index);
}

void mh_api_project_blueprint(void *api, struct mh_http_request *request)
{
    struct mh_ask *ask = mh_ask_of(request);
    (void)api;
    mh_ask_project(ask, on_blueprint);
}

/* --- removing */

static void on_removed(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    if (!came(ask, reply)) return;
    if (reply->count == 0)
        not_found(ask);
    else
        mh_http_answer(ask->request, &(struct mh_answer){.status = 204});
}

static void on_doomed(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    struct mh_err err;
    if (!came(ask, reply)) return;
    if (reply->count == 0)
        not_found(ask);
    else if (mh_store_project_remove(mh_ask_store(ask), &reply->projects[0].tenant_id,
                                     &reply->projects[0].id, on_removed, ask, &err) < 0)
        mh_ask_fail(ask, &err);
}

void mh_api_project_remove(void *api, struct mh_http_request *request)
{
    struct mh_ask *ask = mh_ask_of(request);
    (void)api;
    mh_ask_project(ask, on_doomed);
}
