/* /v1/stats, /v1/workers and /v1/types */
#include "base/json.h"
#include "http/api.h"
#include "queue/record.h"

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

static void on_paused(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    if (came(ask, reply)) mh_http_answer(ask->request, &(struct mh_answer){.status = 204});
}

static void set_paused(struct mh_ask *ask, bool paused)
{
    const char *type = mh_http_word(ask->request);
    struct mh_err err;
    if (mh_store_type_pause(mh_ask_store(ask), type, paused, on_paused, ask, &err) < 0)
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
