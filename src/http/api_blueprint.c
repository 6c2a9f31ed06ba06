/* GET /v1/projects/{name}/blueprint and blueprints */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "http/api.h"
#include "queue/record.h"
#include "store/blueprint.h"

static bool is_markdown(const struct mh_ask *ask)
{
    const char *format = mh_http_query(ask->request, "format");
    return format != NULL && strcmp(format, "markdown") == 0;
}

static void on_blueprint(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    if (reply->code < 0) {
        mh_ask_fail(ask, &reply->err);
        return;
    }
    if (reply->count == 0) {
        mh_http_error(ask->request, 404, "BLUEPRINT_NOT_FOUND",
                      "the project has no such blueprint");
        return;
    }
    const struct mh_blueprint *blueprint = &reply->blueprints[0];
    bool markdown = is_markdown(ask);
    mh_http_answer(ask->request,
                   &(struct mh_answer){
                       .status = 200,
                       .type = markdown ? "text/markdown; charset=utf-8" : NULL,
                       .body = markdown ? blueprint->markdown : blueprint->json,
                       .len = markdown ? blueprint->markdown_len : blueprint->json_len,
                   });
}

/* False: it is no number from 1 on. */
static bool read_version(const struct mh_ask *ask, int64_t *ret_version)
{
    const char *text = mh_http_query(ask->request, "version");
    char *end;
    *ret_version = 0;
    if (text == NULL) return true;
    errno = 0;
    *ret_version = strtoll(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *ret_version >= 1;
}

static void on_project(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    struct mh_err err;
    int64_t version;
    if (!mh_ask_project_came(ask, reply)) return;
    if (!read_version(ask, &version)) {
        mh_http_error(ask->request, 400, "INVALID_QUERY", "version: expected a number from 1 on");
    } else {
        const struct mh_blueprint_filter filter = {
            .tenant_id = &reply->projects[0].tenant_id,
            .project_id = reply->projects[0].id,
            .version = version,
            .texts = is_markdown(ask) ? MH_BLUEPRINT_MARKDOWN : MH_BLUEPRINT_JSON,
            .limit = 1,
        };
        if (mh_store_blueprint_list(mh_ask_store(ask), &filter, on_blueprint, ask, &err) < 0)
            mh_ask_fail(ask, &err);
    }
}

void mh_api_project_blueprint_get(void *api, struct mh_http_request *request)
{
    struct mh_ask *ask = mh_ask_of(request);
    const char *format = mh_http_query(request, "format");
    if (format != NULL && strcmp(format, "markdown") != 0 && strcmp(format, "json") != 0)
        mh_http_error(request, 400, "INVALID_QUERY", "format: expected markdown or json");
    else
        mh_ask_project(ask, on_project);
}

/* --- which versions there are */

static void on_versions(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    if (reply->code < 0) {
        mh_ask_fail(ask, &reply->err);
        return;
    }
    mh_json_begin(&ask->body, '{');
    mh_json_key(&ask->body, "blueprints");
    mh_json_begin(&ask->body, '[');
    for (size_t i = 0; i < reply->count; i++)
        mh_record_blueprint(&ask->body, &reply->blueprints[i]);
    mh_json_end(&ask->body, ']');
    mh_json_end(&ask->body, '}');
    mh_ask_answer(ask, 200);
}

static void on_owner(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    struct mh_err err;
    if (!mh_ask_project_came(ask, reply)) return;
    const struct mh_blueprint_filter filter = {.tenant_id = &reply->projects[0].tenant_id,
                                               .project_id = reply->projects[0].id,
                                               .limit = MH_BLUEPRINTS_KEPT};
    if (mh_store_blueprint_list(mh_ask_store(ask), &filter, on_versions, ask, &err) < 0)
        mh_ask_fail(ask, &err);
}

void mh_api_project_blueprints(void *api, struct mh_http_request *request)
{
    (void)api;
    mh_ask_project(mh_ask_of(request), on_owner);
}
