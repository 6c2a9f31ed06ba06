/* /v1/jobs */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "http/api.h"
#include "queue/rawjson.h"
#include "queue/record.h"
#include "queue/spec.h"

#define JOBS_MAX      1000
#define LIMIT_DEFAULT 50
#define LIMIT_MAX     1000
#define CURSOR_MAX    24

static void not_found(struct mh_ask *ask)
{
    mh_http_error(ask->request, 404, "JOB_NOT_FOUND", "there is no such job");
}

/* False: it has been answered, for an id that is none names no job. */
static bool read_id(struct mh_ask *ask)
{
    if (mh_uuid_parse(mh_http_word(ask->request), &ask->id) == 0) return true;
    not_found(ask);
    return false;
}

/* --- one job */

static void on_record(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    if (reply->code < 0) {
        mh_ask_fail(ask, &reply->err);
    } else if (reply->count == 0) {
        not_found(ask);
    } else {
        mh_record_job(&ask->body, &reply->jobs[0]);
        mh_ask_answer(ask, ask->status);
    }
}

static void ask_for(struct mh_ask *ask, mh_reply_fn *done)
{
    const struct mh_filter filter = {
        .status = MH_STATUS_NONE, .ids = &ask->id, .id_count = 1, .limit = 1, .bodies = true};
    struct mh_err err;
    if (mh_store_list(mh_ask_store(ask), &filter, done, ask, &err) < 0) mh_ask_fail(ask, &err);
}

/* The record is there already: its history goes in before its end. */
static void on_attempts(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    struct mh_buf *body = &ask->body;
    if (reply->code < 0) {
        mh_ask_fail(ask, &reply->err);
        return;
    }
    if (body->len > 0) body->data[--body->len] = '\0';
    mh_json_key(body, "history");
    mh_json_begin(body, '[');
    for (size_t i = 0; i < reply->count; i++)
        mh_record_attempt(body, &reply->attempts[i]);
    mh_json_end(body, ']');
    mh_json_end(body, '}');
    mh_ask_answer(ask, 200);
}

static void on_found(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    struct mh_err err;
    if (reply->code < 0) {
        mh_ask_fail(ask, &reply->err);
    } else if (reply->count == 0) {
        not_found(ask);
    } else {
        mh_record_job(&ask->body, &reply->jobs[0]);
        if (mh_store_attempts(mh_ask_store(ask), &ask->id, on_attempts, ask, &err) < 0)
            mh_ask_fail(ask, &err);
    }
}

void mh_api_job_get(void *api, struct mh_http_request *request)
{
    struct mh_ask *ask = mh_ask_of(request);
    (void)api;
    if (read_id(ask)) ask_for(ask, on_found);
}

/* --- dispatching */

static void put_dispatched(struct mh_buf *body, const struct mh_dispatched *dispatched)
{
    char id[MH_UUID_TEXT];
    mh_uuid_format(&dispatched->id, id);
    mh_json_begin(body, '{');
    mh_json_key(body, "id");
    mh_json_str(body, id);
    mh_json_key(body, "standing");
    mh_json_bool(body, dispatched->standing);
    mh_json_end(body, '}');
}

static void on_added_many(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    bool any_new = false;
    if (reply->code < 0) {
        mh_ask_fail(ask, &reply->err);
        return;
    }
    mh_json_begin(&ask->body, '{');
    mh_json_key(&ask->body, "jobs");
    mh_json_begin(&ask->body, '[');
    for (size_t i = 0; i < reply->count; i++) {
        put_dispatched(&ask->body, &reply->dispatched[i]);
        any_new |= !reply->dispatched[i].standing;
    }
    mh_json_end(&ask->body, ']');
    mh_json_end(&ask->body, '}');
    mh_ask_answer(ask, any_new ? 201 : 200);
}

static void on_added(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    char location[sizeof "/v1/jobs/" + MH_UUID_TEXT] = "/v1/jobs/";
    if (reply->code < 0) {
        mh_ask_fail(ask, &reply->err);
        return;
    }
    ask->id = reply->dispatched[0].id;
    ask->status = reply->dispatched[0].standing ? 200 : 201;
    mh_uuid_format(&ask->id, location + strlen(location));
    mh_http_set_header(ask->request, "Location", location);
    ask_for(ask, on_record);
}

static void refuse_job(struct mh_ask *ask, const struct mh_err *err)
{
    if (err->code == MH_EINVAL)
        mh_http_error(ask->request, 422, "INVALID_JOB", err->text);
    else if (err->code == MH_ELIMIT)
        mh_http_error(ask->request, 413, "PAYLOAD_TOO_LARGE", err->text);
    else
        mh_ask_fail(ask, err);
}

static int read_job(struct mh_ask *ask, const char *text, size_t len, struct mh_dispatch *ret_job,
                    struct mh_err *err)
{
    const struct mh_spec_defaults defaults = {
        .tenant_id = ask->identity.tenant_id,
        .allow_tenant = ask->identity.is_admin,
        .max_payload_bytes = mh_ask_settings(ask)->max_payload_bytes,
    };
    int r = mh_spec_parse(text, len, &defaults, mh_http_arena(ask->request), ret_job, err);
    if (r == 0 && ret_job->correlation_id == NULL && ask->trace.given)
        ret_job->correlation_id = ask->trace.id;
    if (r == 0 && ret_job->traceparent == NULL) ret_job->traceparent = ask->trace.parent;
    return r;
}

static int read_jobs(struct mh_ask *ask, const char *text, size_t len, struct mh_dispatch *jobs,
                     size_t *ret_count, struct mh_err *err)
{
    struct mh_rawjson scan = mh_rawjson_begin(text, len);
    const char *item;
    size_t item_len, count = 0;
    while (mh_rawjson_next_item(&scan, &item, &item_len)) {
        if (count == JOBS_MAX)
            return mh_err_set(err, MH_EINVAL, "at most %d jobs in one request", JOBS_MAX);
        int r = read_job(ask, item, item_len, &jobs[count++], err);
        if (r < 0) return mh_err_prefix(err, r, "job %zu", count);
    }
    if (count == 0) return mh_err_set(err, MH_EINVAL, "no job is given");
    *ret_count = count;
    return 0;
}

static void add_many(struct mh_ask *ask, const char *text, size_t len)
{
    struct mh_err err;
    size_t count = 0;
    struct mh_dispatch *jobs = mh_arena_array(mh_http_arena(ask->request), JOBS_MAX, sizeof *jobs);
    int r = jobs != NULL ? read_jobs(ask, text, len, jobs, &count, &err)
                         : mh_err_set(&err, MH_ENOMEM, "out of memory");
    if (r == 0) r = mh_store_dispatch(mh_ask_store(ask), jobs, count, on_added_many, ask, &err);
    if (r < 0) refuse_job(ask, &err);
}

void mh_api_jobs_add(void *api, struct mh_http_request *request)
{
    struct mh_ask *ask = mh_ask_of(request);
    struct mh_dispatch job;
    struct mh_err err;
    size_t len;
    const char *text = mh_http_body(request, &len);
    (void)api;
    if (mh_json_check(text, len, MH_JSON_ANY, &err) < 0) {
        mh_http_error(request, 400, "INVALID_JSON", err.text);
        return;
    }
    if (text[strspn(text, " \t\r\n")] == '[') {
        add_many(ask, text, len);
        return;
    }
    int r = read_job(ask, text, len, &job, &err);
    if (r == 0) r = mh_store_dispatch(mh_ask_store(ask), &job, 1, on_added, ask, &err);
    if (r < 0) refuse_job(ask, &err);
}

/* --- pages */

/* Opaque, so that nobody builds one: what it means may change. */
static void put_cursor(struct mh_buf *body, int64_t cursor)
{
    char text[CURSOR_MAX];
    struct mh_buf coded;
    mh_json_key(body, "cursor");
    if (cursor == 0) {
        mh_json_null(body);
        return;
    }
    (void)snprintf(text, sizeof text, "%" PRId64, cursor);
    mh_buf_init(&coded, 2 * CURSOR_MAX);
    mh_base64url_encode(text, strlen(text), &coded);
    mh_json_str(body, mh_buf_text(&coded));
    mh_buf_release(&coded);
}

static bool read_cursor(const char *coded, int64_t *ret_cursor)
{
    char text[CURSOR_MAX], *end;
    size_t len;
    if (mh_base64_decode(coded, strlen(coded), text, sizeof text - 1, &len) < 0) return false;
    text[len] = '\0';
    if (len == 0 || len > 18 || strspn(text, "0123456789") != len) return false;
    *ret_cursor = strtoll(text, &end, 10);
    return *ret_cursor > 0;
}

static bool read_limit(const char *text, size_t *ret_limit)
{
    size_t len = strlen(text);
    if (len == 0 || len > 4 || strspn(text, "0123456789") != len) return false;
    *ret_limit = (size_t)strtoul(text, NULL, 10);
    return *ret_limit >= 1 && *ret_limit <= LIMIT_MAX;
}

/* NULL, or which parameter is wrong and how. */
static const char *read_filter(const struct mh_http_request *request, struct mh_uuid *tenant_id,
                               struct mh_filter *filter)
{
    const char *tenant = mh_http_query(request, "tenant");
    const char *bodies = mh_http_query(request, "bodies");
    const char *status = mh_http_query(request, "status");
    const char *limit = mh_http_query(request, "limit");
    const char *cursor = mh_http_query(request, "cursor");
    filter->type = mh_http_query(request, "type");
    if (status != NULL && (filter->status = mh_status_parse(status)) == MH_STATUS_NONE)
        return "status must be pending, processing, completed, failed or cancelled";
    if (filter->type != NULL && !mh_type_valid(filter->type)) return "type is not a job type";
    if (limit != NULL && !read_limit(limit, &filter->limit))
        return "limit must be a whole number from 1 to 1000";
    if (cursor != NULL && !read_cursor(cursor, &filter->cursor))
        return "cursor must be one that a page has given";
    if (tenant != NULL && mh_uuid_parse(tenant, tenant_id) < 0) return "tenant must be an id";
    if (tenant != NULL) filter->tenant_id = tenant_id;
    if (bodies != NULL && strcmp(bodies, "no") != 0) return "bodies can only be no";
    filter->bodies = bodies == NULL;
    return NULL;
}

static void on_page(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    if (reply->code < 0) {
        mh_ask_fail(ask, &reply->err);
        return;
    }
    mh_json_begin(&ask->body, '{');
    mh_json_key(&ask->body, "jobs");
    mh_json_begin(&ask->body, '[');
    for (size_t i = 0; i < reply->count; i++)
        mh_record_job(&ask->body, &reply->jobs[i]);
    mh_json_end(&ask->body, ']');
    put_cursor(&ask->body, reply->cursor);
    mh_json_end(&ask->body, '}');
    mh_ask_answer(ask, 200);
}

void mh_api_jobs_list(void *api, struct mh_http_request *request)
{
    struct mh_ask *ask = mh_ask_of(request);
    struct mh_filter filter = {.status = MH_STATUS_NONE, .limit = LIMIT_DEFAULT};
    struct mh_uuid tenant_id;
    struct mh_err err;
    const char *wrong = read_filter(request, &tenant_id, &filter);
    (void)api;
    if (wrong != NULL)
        mh_http_error(request, 400, "INVALID_QUERY", wrong);
    else if (mh_store_list(mh_ask_store(ask), &filter, on_page, ask, &err) < 0)
        mh_ask_fail(ask, &err);
}

/* --- acts */

static void refuse_act(struct mh_ask *ask, const struct mh_acted *acted)
{
    char message[100];
    if (acted->what == MH_ACTED_KEY_TAKEN) {
        mh_http_error(ask->request, 409, "UNIQUE_KEY_TAKEN",
                      "another unfinished job holds its unique key");
        return;
    }
    (void)snprintf(message, sizeof message, "a job that is %s does not allow this",
                   mh_status_name(acted->was));
    mh_http_error(ask->request, 409, "WRONG_STATUS", message);
}

/* True where it was done; else it has been answered. */
static bool was_done(struct mh_ask *ask, const struct mh_reply *reply)
{
    if (reply->code < 0)
        mh_ask_fail(ask, &reply->err);
    else if (reply->acts[0].what == MH_ACTED_NOT_FOUND)
        not_found(ask);
    else if (reply->acts[0].what != MH_ACTED)
        refuse_act(ask, &reply->acts[0]);
    else
        return true;
    return false;
}

static void on_acted(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    ask->status = 200;
    if (was_done(ask, reply)) ask_for(ask, on_record);
}

static void on_removed(void *arg, const struct mh_reply *reply)
{
    struct mh_ask *ask = arg;
    if (was_done(ask, reply)) mh_http_answer(ask->request, &(struct mh_answer){.status = 204});
}

static void act(struct mh_ask *ask, enum mh_act what, mh_reply_fn *done)
{
    struct mh_err err;
    if (read_id(ask) && mh_store_act(mh_ask_store(ask), what, &ask->id, 1, done, ask, &err) < 0)
        mh_ask_fail(ask, &err);
}

void mh_api_job_cancel(void *api, struct mh_http_request *request)
{
    (void)api;
    act(mh_ask_of(request), MH_ACT_CANCEL, on_acted);
}

void mh_api_job_retry(void *api, struct mh_http_request *request)
{
    (void)api;
    act(mh_ask_of(request), MH_ACT_RETRY, on_acted);
}

void mh_api_job_remove(void *api, struct mh_http_request *request)
{
    (void)api;
    act(mh_ask_of(request), MH_ACT_REMOVE, on_removed);
}
