/* /v1/jobs/cancel, /v1/jobs/retry and /v1/jobs/delete: one act on many jobs. */
#include "base/json.h"
#include "http/api.h"
#include "queue/rawjson.h"

#define IDS_MAX 1000

/* What is acted on, kept with the request. */
struct many {
    struct mh_ask *ask;
    size_t count;
    struct mh_uuid ids[IDS_MAX];
};

/* NULL: it was done. */
static const char *code_of(const struct mh_acted *acted)
{
    switch (acted->what) {
    case MH_ACTED:
        return NULL;
    case MH_ACTED_NOT_FOUND:
        return "JOB_NOT_FOUND";
    case MH_ACTED_KEY_TAKEN:
        return "UNIQUE_KEY_TAKEN";
    case MH_ACTED_REFUSED:
        break;
    }
    return "WRONG_STATUS";
}

static void put_acted(struct mh_buf *body, const struct mh_uuid *id, const struct mh_acted *acted)
{
    mh_json_begin(body, '{');
    mh_json_put_uuid(body, "id", id);
    mh_json_put_bool(body, "done", acted->what == MH_ACTED);
    mh_json_put_str(body, "code", code_of(acted));
    mh_json_end(body, '}');
}

static void on_acted(void *arg, const struct mh_reply *reply)
{
    struct many *many = arg;
    struct mh_ask *ask = many->ask;
    if (reply->code < 0) {
        mh_ask_fail(ask, &reply->err);
        return;
    }
    mh_json_begin(&ask->body, '{');
    mh_json_key(&ask->body, "jobs");
    mh_json_begin(&ask->body, '[');
    for (size_t i = 0; i < reply->count; i++)
        put_acted(&ask->body, &many->ids[i], &reply->acts[i]);
    mh_json_end(&ask->body, ']');
    mh_json_end(&ask->body, '}');
    mh_ask_answer(ask, 200);
}

/* --- reading the ids */

/* A string of an id, in its quotes: one with an escape in it is none. */
static bool read_id(const char *value, size_t len, struct mh_uuid *ret_id)
{
    char text[MH_UUID_TEXT];
    if (len != MH_UUID_TEXT + 1 || *value != '"') return false;
    for (size_t i = 0; i < MH_UUID_TEXT - 1; i++)
        text[i] = value[i + 1];
    text[MH_UUID_TEXT - 1] = '\0';
    return mh_uuid_parse(text, ret_id) == 0;
}

/* NULL, or what is wrong. */
static const char *read_ids(const char *text, size_t len, struct many *many)
{
    struct mh_rawjson scan = mh_rawjson_begin(text, len);
    const char *item;
    size_t item_len;
    if (*text != '[') return "ids must be an array";
    while (mh_rawjson_next_item(&scan, &item, &item_len)) {
        if (many->count == IDS_MAX) return "at most 1000 ids in one request";
        if (!read_id(item, item_len, &many->ids[many->count++])) return "each id must be an id";
    }
    return many->count == 0 ? "no id is given" : NULL;
}

static const char *read_body(const char *text, size_t len, struct many *many)
{
    struct mh_rawjson scan = mh_rawjson_begin(text, len);
    struct mh_member member;
    const char *wrong = "ids is required";
    while (mh_rawjson_next(&scan, &member)) {
        if (!mh_rawjson_is(&member, "ids")) return "ids is the only member there is";
        wrong = read_ids(member.value, member.value_len, many);
    }
    return wrong;
}

static void act(struct mh_http_request *request, enum mh_act what)
{
    struct mh_ask *ask = mh_ask_of(request);
    struct many *many = mh_arena_alloc(mh_http_arena(request), sizeof *many);
    struct mh_err err;
    size_t len;
    const char *text = mh_http_body(request, &len);
    if (many == NULL) {
        mh_http_error(request, 503, "OUT_OF_MEMORY", "out of memory");
        return;
    }
    many->ask = ask;
    if (mh_json_check(text, len, MH_JSON_OBJECT, &err) < 0) {
        mh_http_error(request, 400, "INVALID_JSON", err.text);
        return;
    }
    const char *wrong = read_body(text, len, many);
    if (wrong != NULL)
        mh_http_error(request, 422, "INVALID", wrong);
    else if (mh_store_act(mh_ask_store(ask), what, many->ids, many->count, on_acted, many, &err) <
             0)
        mh_ask_fail(ask, &err);
}

void mh_api_jobs_cancel(void *api, struct mh_http_request *request)
{
    (void)api;
    act(request, MH_ACT_CANCEL);
}

void mh_api_jobs_retry(void *api, struct mh_http_request *request)
{
    (void)api;
    act(request, MH_ACT_RETRY);
}

void mh_api_jobs_remove(void *api, struct mh_http_request *request)
{
    (void)api;
    act(request, MH_ACT_REMOVE);
}
