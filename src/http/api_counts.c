/* /v1/stats, /v1/workers and /v1/types */
#include <jansson.h>
#include <string.h>

#include "base/json.h"
#include "http/api.h"
#include "queue/record.h"

#define LIMIT_EXPECTED "a limit must be a whole number from 1 on, or null"

/* False: it has been answered. */
static bool came(struct mh_ask *ask, const struct mh_reply *reply)
{
    if (reply->code < 0) mh_ask_fail(ask, &reply->err);
    return reply->code == 0;
}

static void on_stats(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    if (!came(ask, reply)) return;
    mh_record_stats(&ask->body, reply->stats);
    mh_ask_answer(ask, 200);
}

void mh_api_stats(void *api, struct mh_http_request *request)
{
    struct mh_ask *ask = mh_ask_of(request);
    struct mh_err err;
    (void)api;
    if (mh_store_stats(mh_ask_store(ask), NULL, on_stats, ask, &err) < 0) mh_ask_fail(ask, &err);
}

static void begin_list(struct mh_buf *body, const char *name)
{
    mh_json_begin(body, '{');
    mh_json_key(body, name);
    mh_json_begin(body, '[');
}

static void end_list(struct mh_ask *ask)
{
    mh_json_end(&ask->body, ']');
    mh_json_end(&ask->body, '}');
    mh_ask_answer(ask, 200);
}

static void on_workers(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    if (!came(ask, reply)) return;
    begin_list(&ask->body, "workers");
    for (size_t i = 0; i < reply->count; i++)
        mh_record_worker(&ask->body, &reply->workers[i]);
    end_list(ask);
}

void mh_api_workers(void *api, struct mh_http_request *request)
{
    struct mh_ask *ask = mh_ask_of(request);
    struct mh_err err;
    (void)api;
    if (mh_store_workers(mh_ask_store(ask), on_workers, ask, &err) < 0) mh_ask_fail(ask, &err);
}

static void on_types(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    if (!came(ask, reply)) return;
    begin_list(&ask->body, "types");
    for (size_t i = 0; i < reply->count; i++)
        mh_record_type(&ask->body, &reply->types[i]);
    end_list(ask);
}

void mh_api_types(void *api, struct mh_http_request *request)
{
    struct mh_ask *ask = mh_ask_of(request);
    struct mh_err err;
    (void)api;
    if (mh_store_type_list(mh_ask_store(ask), on_types, ask, &err) < 0) mh_ask_fail(ask, &err);
}

static void on_set(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    if (came(ask, reply)) mh_http_answer(ask->request, &(struct mh_answer){.status = 204});
}

static void set_paused(struct mh_ask *ask, bool paused)
{
    const char *type = mh_http_word(ask->request);
    struct mh_err err;
    if (mh_store_type_pause(mh_ask_store(ask), type, paused, on_set, ask, &err) < 0)
        mh_ask_fail(ask, &err);
}

void mh_api_type_pause(void *api, struct mh_http_request *request)
{
    (void)api;
    set_paused(mh_ask_of(request), true);
}

void mh_api_type_resume(void *api, struct mh_http_request *request)
{
    (void)api;
    set_paused(mh_ask_of(request), false);
}

/* --- limits */

/* What is absent is left as it is (-1), null takes it away (0). False: it is no number, or less
 * than 1. */
static bool read_limit(const json_t *body, const char *name, int64_t *ret_limit)
{
    const json_t *value = json_object_get(body, name);
    int64_t limit = -1;
    if (json_is_null(value))
        limit = 0;
    else if (value != NULL && (limit = json_integer_value(value)) < 1)
        return false;
    *ret_limit = limit;
    return true;
}

/* NULL, or what is wrong. */
static const char *read_limits(json_t *body, struct mh_limits *limits)
{
    static const char *const names[] = {"max", "per_tenant", "per_key", "key"};
    size_t known = 0;
    for (size_t i = 0; i < MH_LEN(names); i++)
        known += json_object_get(body, names[i]) != NULL;
    const json_t *key = json_object_get(body, "key");
    if (known < json_object_size(body)) return "expected max, per_tenant, per_key and key only";
    if (!read_limit(body, "max", &limits->max) ||
        !read_limit(body, "per_tenant", &limits->per_tenant) ||
        !read_limit(body, "per_key", &limits->per_key))
        return LIMIT_EXPECTED;
    if (key != NULL && !json_is_string(key) && !json_is_null(key)) return "key must be a string";
    limits->key = json_string_value(key);
    return NULL;
}

void mh_api_type_limit(void *api, struct mh_http_request *request)
{
    struct mh_ask *ask = mh_ask_of(request);
    struct mh_limits limits;
    struct mh_err err;
    json_error_t why;
    size_t len;
    const char *text = mh_http_body(request, &len);
    (void)api;
    if (mh_json_check(text, len, MH_JSON_OBJECT, &err) < 0) {
        mh_http_error(request, 400, "INVALID_JSON", err.text);
        return;
    }
    json_t *body = json_loadb(text, len, 0, &why);
    /* It is JSON: what does not fit into a tree is a number beyond 64 bits. */
    const char *wrong = body == NULL ? LIMIT_EXPECTED : read_limits(body, &limits);
    if (wrong != NULL)
        mh_http_error(request, 422, "INVALID", wrong);
    else if (mh_store_type_limit(mh_ask_store(ask), mh_http_word(request), &limits, on_set, ask,
                                 &err) < 0)
        mh_ask_fail(ask, &err);
    json_decref(body);
}
