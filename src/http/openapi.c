/* /v1/openapi.json: the table of routes as OpenAPI 3.1, with the schemas of openapi.json. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "http/api.h"
#include "mh_http_text.h"

static void put_member(struct mh_buf *body, const char *name, const char *text)
{
    mh_json_key(body, name);
    mh_json_str(body, text);
}

static void put_reference(struct mh_buf *body, const char *kind, const char *name)
{
    char reference[100];
    (void)snprintf(reference, sizeof reference, "#/components/%s/%s", kind, name); /* has room */
    mh_json_begin(body, '{');
    put_member(body, "$ref", reference);
    mh_json_end(body, '}');
}

static void put_parameter(struct mh_buf *body, const char *place, const char *name, size_t len)
{
    mh_json_begin(body, '{');
    mh_json_key(body, "name");
    mh_json_strn(body, name, len);
    put_member(body, "in", place);
    mh_json_key(body, "required");
    mh_json_bool(body, strcmp(place, "path") == 0);
    mh_json_key(body, "schema");
    mh_json_begin(body, '{');
    put_member(body, "type", "string");
    mh_json_end(body, '}');
    mh_json_end(body, '}');
}

static void put_parameters(struct mh_buf *body, const char *path, const char *query)
{
    const char *brace = strchr(path, '{');
    mh_json_key(body, "parameters");
    mh_json_begin(body, '[');
    put_reference(body, "parameters", "CorrelationId");
    put_reference(body, "parameters", "Traceparent");
    if (brace != NULL) put_parameter(body, "path", brace + 1, strcspn(brace + 1, "}"));
    while (query != NULL && *query != '\0') {
        size_t len = strcspn(query, " ");
        put_parameter(body, "query", query, len);
        query += len + strspn(query + len, " ");
    }
    mh_json_end(body, ']');
}

/* The content that has this schema. */
static void put_content(struct mh_buf *body, const char *schema)
{
    mh_json_key(body, "content");
    mh_json_begin(body, '{');
    mh_json_key(body, "application/json");
    mh_json_begin(body, '{');
    mh_json_key(body, "schema");
    put_reference(body, "schemas", schema);
    mh_json_end(body, '}');
    mh_json_end(body, '}');
}

static void put_stream(struct mh_buf *body, const char *media)
{
    mh_json_key(body, "content");
    mh_json_begin(body, '{');
    mh_json_key(body, media);
    mh_json_raw(body, "{}", 2);
    mh_json_end(body, '}');
}

static void put_response(struct mh_buf *body, const char *status, const char *means,
                         const char *schema, const char *media)
{
    mh_json_key(body, status);
    mh_json_begin(body, '{');
    put_member(body, "description", means);
    if (schema != NULL) put_content(body, schema);
    if (media != NULL) put_stream(body, media);
    mh_json_end(body, '}');
}

/* What else a request may come to. `answer` is the schema of what is no error: nothing new (200),
 * or not well (503). */
static void put_others(struct mh_buf *body, const char *statuses, const char *answer)
{
    while (statuses != NULL && *statuses != '\0') {
        char status[4];
        (void)snprintf(status, sizeof status, "%.3s", statuses);
        bool answers = strcmp(status, "200") == 0 || strcmp(status, "503") == 0;
        if (answers && answer != NULL)
            put_response(body, status, "done before, or unable to", answer, NULL);
        else if (status[0] >= '4')
            put_response(body, status, "refused", "Error", NULL);
        else
            put_response(body, status, "nothing", NULL, NULL);
        statuses += strcspn(statuses, " ");
        statuses += strspn(statuses, " ");
    }
}

static void put_responses(struct mh_buf *body, const struct mh_about *about)
{
    char status[8];
    (void)snprintf(status, sizeof status, "%d", about->status);
    mh_json_key(body, "responses");
    mh_json_begin(body, '{');
    put_response(body, status, "done", about->answer, about->media);
    put_others(body, about->errors, about->answer);
    put_others(body, "400 413", NULL); /* as any may be asked wrongly */
    if (about->access >= MH_ACCESS_TENANT) put_others(body, "401 403 429 503", NULL);
    mh_json_end(body, '}');
}

static void put_operation(struct mh_buf *body, const struct mh_route *route)
{
    const struct mh_about *about = route->about;
    char method[8] = "";
    for (size_t i = 0; i + 1 < sizeof method && route->method[i] != '\0'; i++)
        method[i] = (char)tolower((unsigned char)route->method[i]);
    mh_json_key(body, method);
    mh_json_begin(body, '{');
    put_member(body, "summary", about->summary);
    put_parameters(body, route->path, about->query);
    if (about->body != NULL) {
        mh_json_key(body, "requestBody");
        mh_json_begin(body, '{');
        mh_json_key(body, "required");
        mh_json_bool(body, true);
        put_content(body, about->body);
        mh_json_end(body, '}');
    }
    put_responses(body, about);
    mh_json_key(body, "security");
    mh_json_begin(body, '[');
    if (about->access >= MH_ACCESS_TENANT) mh_json_raw(body, "{\"token\":[]}", 12);
    mh_json_end(body, ']');
    mh_json_end(body, '}');
}

static bool came_before(const struct mh_route *route)
{
    for (const struct mh_route *other = mh_api_routes; other < route; other++)
        if (strcmp(other->path, route->path) == 0) return true;
    return false;
}

static void put_paths(struct mh_buf *body)
{
    mh_json_key(body, "paths");
    mh_json_begin(body, '{');
    for (const struct mh_route *route = mh_api_routes; route->method != NULL; route++) {
        if (came_before(route)) continue;
        mh_json_key(body, route->path);
        mh_json_begin(body, '{');
        for (const struct mh_route *one = route; one->method != NULL; one++)
            if (strcmp(one->path, route->path) == 0) put_operation(body, one);
        mh_json_end(body, '}');
    }
    mh_json_end(body, '}');
}

void mh_api_openapi(void *api, struct mh_http_request *request)
{
    struct mh_ask *ask = mh_ask_of(request);
    struct mh_buf *body = &ask->body;
    (void)api;
    mh_json_begin(body, '{');
    put_member(body, "openapi", "3.1.0");
    mh_json_key(body, "info");
    mh_json_begin(body, '{');
    put_member(body, "title", "millhand");
    put_member(body, "version", MILLHAND_VERSION);
    mh_json_end(body, '}');
    put_paths(body);
    mh_json_key(body, "components");
    mh_json_raw(body, mh_http_text_openapi, strlen(mh_http_text_openapi));
    mh_json_end(body, '}');
    mh_ask_answer(ask, 200);
}
