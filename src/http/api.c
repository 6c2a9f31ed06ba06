#include "http/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/loop.h"
#include "http/meter.h"
#include "http/quota.h"

#define PROBE_MS  2000
#define BODY_MIN  ((size_t)8 << 20)
#define BODY_MORE ((size_t)65536) /* besides the payload */

struct mh_api {
    struct mh_store *store;
    const struct mh_settings *settings;
    struct mh_auth *auth;
    struct mh_quota *quota;
    struct mh_http *http;
    struct mh_hub *hub;
    struct mh_timer *probe;
    int64_t start_us;
    bool probing;
    bool stopping;
    char unhealthy[512]; /* why; empty: it is healthy */
    struct mh_meter *meter;
};

/* --- what the functions share */

struct mh_ask *mh_ask_of(struct mh_http_request *request)
{
    return mh_http_own(request);
}

struct mh_store *mh_ask_store(const struct mh_ask *ask)
{
    const struct mh_identity *identity = &ask->identity;
    mh_store_speak_for(ask->api->store, identity->is_program ? NULL : &identity->asker);
    return ask->api->store;
}

const struct mh_settings *mh_ask_settings(const struct mh_ask *ask)
{
    return ask->api->settings;
}

struct mh_hub *mh_ask_hub(const struct mh_ask *ask)
{
    return ask->api->hub;
}

/* By the code of an error. */
static const struct meaning {
    int code, status;
    const char *name;
} meanings[] = {
    {MH_EINVAL, 422, "INVALID"},          {MH_ENOENT, 404, "TENANT_NOT_FOUND"},
    {MH_EEXIST, 409, "EXISTS"},           {MH_ESTATE, 409, "REFUSED"},
    {MH_ELIMIT, 413, "LIMIT_EXCEEDED"},   {MH_EPERM, 403, "FORBIDDEN"},
    {MH_ECONN, 503, "STORE_UNAVAILABLE"}, {MH_ENOMEM, 503, "OUT_OF_MEMORY"},
};

void mh_ask_fail(struct mh_ask *ask, const struct mh_err *err)
{
    for (size_t i = 0; i < MH_LEN(meanings); i++) {
        if (meanings[i].code != err->code) continue;
        if (meanings[i].code == MH_ECONN) mh_meter_store_error(ask->api->meter);
        if (meanings[i].status == 503) mh_http_set_header(ask->request, "Retry-After", "1");
        mh_http_error(ask->request, meanings[i].status, meanings[i].name, err->text);
        return;
    }
    mh_meter_store_error(ask->api->meter);
    mh_log(MH_LOG_ERROR, "the store failed",
           MH_FIELDS(mh_f_str("correlationId", ask->trace.id), mh_f_str("error", err->text)));
    mh_http_error(ask->request, 503, "STORE_FAILED", "the store failed: see the log of serve");
}

void mh_ask_answer(struct mh_ask *ask, int status)
{
    mh_buf_char(&ask->body, '\n');
    mh_http_answer_buf(ask->request, status, &ask->body);
}

/* --- letting in */

static bool refuse_stranger(struct mh_ask *ask, int code, const struct mh_err *err)
{
    if (code == MH_EINVAL) {
        mh_http_set_header(ask->request, "WWW-Authenticate", "Bearer");
        mh_http_error(ask->request, 401, "UNAUTHORIZED", err->text);
    } else {
        mh_ask_fail(ask, err);
    }
    return false;
}

/* A token counts once it has been verified: what is made up costs others nothing. And it counts by
 * what it says: the word Bearer, or a signature, can be written in more than one way. */
static bool check_quota(struct mh_ask *ask)
{
    char seconds[24];
    if (ask->identity.is_program) return true;
    int64_t wait_ms =
        mh_quota_take(ask->api->quota, ask->identity.asker.claims, mh_clock_mono_us());
    if (wait_ms == 0) return true;
    (void)snprintf(seconds, sizeof seconds, "%lld", (long long)((wait_ms + 999) / 1000));
    mh_http_set_header(ask->request, "Retry-After", seconds);
    mh_http_error(ask->request, 429, "TOO_MANY_REQUESTS",
                  "the token asks too often: wait a little");
    return false;
}

static bool check_access(struct mh_ask *ask, enum mh_access access)
{
    struct mh_http_request *request = ask->request;
    const struct mh_credentials given = {
        .authorization = mh_http_header(request, "Authorization"),
        .host = mh_http_header(request, "Host"),
        .origin = mh_http_header(request, "Origin"),
        .site = mh_http_header(request, "Sec-Fetch-Site"),
    };
    struct mh_err err;
    if (access == MH_ACCESS_ALL) return true;
    if (access == MH_ACCESS_WATCHER && !mh_auth_is_open(ask->api->auth)) return true;
    int r = mh_auth_check(ask->api->auth, &given, mh_http_arena(request), &ask->identity, &err);
    if (r < 0) return refuse_stranger(ask, r, &err);
    if (!check_quota(ask)) return false;
    if (access != MH_ACCESS_ADMIN || ask->identity.is_admin) return true;
    mh_http_error(request, 403, "FORBIDDEN", "this takes a super admin");
    return false;
}

struct known {
    const char *names; /* or NULL */
    char wrong[64];    /* the first that is not among them, or comes twice */
    char seen[256];
};

static bool has_word(const char *words, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = words; at != NULL && len > 0 && (at = strstr(at, word)) != NULL;
         at += len)
        if ((at == words || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' ')) return true;
    return false;
}

static bool note_parameter(void *arg, const char *name, const char *value)
{
    struct known *known = arg;
    size_t len = strlen(known->seen);
    (void)value;
    if (has_word(known->names, name) && !has_word(known->seen, name)) {
        (void)snprintf(known->seen + len, sizeof known->seen - len, "%s%s", len > 0 ? " " : "",
                       name);
        return true;
    }
    (void)snprintf(known->wrong, sizeof known->wrong, "%s", *name != '\0' ? name : "(empty)");
    return false;
}

/* A misspelt filter must not be lost. */
static bool check_query(struct mh_ask *ask, const char *names)
{
    struct known known = {.names = names};
    char message[160];
    mh_http_each_query(ask->request, note_parameter, &known);
    if (known.wrong[0] == '\0') return true;
    (void)snprintf(message, sizeof message,
                   "the parameter \"%s\" is not known here, or given twice", known.wrong);
    mh_http_error(ask->request, 400, "INVALID_QUERY", message);
    return false;
}

/* False: out of memory, or an id that is none. */
static bool begin_ask(struct mh_api *api, struct mh_http_request *request, struct mh_ask **ret_ask)
{
    struct mh_ask *ask = mh_arena_alloc(mh_http_arena(request), sizeof *ask);
    if (ask == NULL) {
        mh_http_error(request, 503, "OUT_OF_MEMORY", "out of memory");
        return false;
    }
    ask->api = api;
    ask->request = request;
    mh_buf_init(&ask->body, MH_API_ANSWER_MAX);
    mh_http_set_own(request, ask);
    bool right = mh_trace_read(mh_http_header(request, "X-Correlation-ID"),
                               mh_http_header(request, "traceparent"), &ask->trace);
    mh_http_set_header(request, "X-Correlation-ID", ask->trace.id);
    ask->trace.parent = mh_arena_str(mh_http_arena(request), ask->trace.parent); /* for the log */
    if (ask->trace.parent != NULL) mh_http_set_header(request, "traceparent", ask->trace.parent);
    *ret_ask = ask;
    if (!right)
        mh_http_error(request, 400, "INVALID_CORRELATION_ID",
                      "X-Correlation-ID must be 1 to 200 printable characters without blanks");
    return right;
}

static bool admit(void *arg, struct mh_http_request *request)
{
    struct mh_ask *ask = NULL;
    const struct mh_route *route = mh_http_route(request);
    if (!begin_ask(arg, request, &ask)) return false;
    if (route == NULL) return true;
    const struct mh_about *about = route->about;
    return check_access(ask, about->access) && check_query(ask, about->query);
}

/* What asks again and again whether we live is not worth a line each time. */
static enum mh_log_level level_of(const struct mh_route *route)
{
    bool is_probe = route != NULL && strncmp(route->path, "/v1/", 4) != 0;
    return is_probe ? MH_LOG_DEBUG : MH_LOG_INFO;
}

static void ended(void *arg, struct mh_http_request *request, int status, int64_t duration_us)
{
    struct mh_api *api = arg;
    struct mh_ask *ask = mh_ask_of(request);
    const struct mh_route *route = mh_http_route(request);
    const char *path = route != NULL ? route->path : NULL;
    mh_meter_request(api->meter, path, status, duration_us);
    mh_log(level_of(route), "request",
           MH_FIELDS(mh_f_str("method", mh_http_method(request)), mh_f_str("route", path),
                     mh_f_int("status", status),
                     mh_f_real("durationMs", (double)(duration_us / 10) / 100),
                     mh_f_str("correlationId", ask != NULL ? ask->trace.id : NULL),
                     mh_f_str("traceparent", ask != NULL ? ask->trace.parent : NULL)));
    if (ask != NULL) mh_buf_release(&ask->body);
}

/* --- health */

static void note_unhealthy(struct mh_api *api, const char *why)
{
    bool was_well = api->unhealthy[0] == '\0';
    mh_meter_store_error(api->meter);
    (void)snprintf(api->unhealthy, sizeof api->unhealthy, "%s", why);
    if (was_well)
        mh_log(MH_LOG_ERROR, "the store is out of reach", MH_FIELDS(mh_f_str("error", why)));
}

static void on_probe(void *arg, const struct mh_reply *reply)
{
    struct mh_api *api = arg;
    api->probing = false;
    if (reply->code < 0) {
        note_unhealthy(api, reply->err.text);
    } else if (api->unhealthy[0] != '\0') {
        api->unhealthy[0] = '\0';
        mh_log(MH_LOG_INFO, "the store is back", NULL);
    }
}

/* Looks for a job that there is not: next to nothing for any store. */
static void probe(void *arg)
{
    struct mh_api *api = arg;
    const struct mh_filter none = {
        .status = MH_STATUS_NONE, .ids = &mh_uuid_zero, .id_count = 1, .limit = 1};
    if (api->probing) {
        note_unhealthy(api, "the store does not answer");
        return;
    }
    mh_store_speak_for(api->store, NULL);
    api->probing = mh_store_list(api->store, &none, on_probe, api, NULL) == 0;
}

void mh_api_health(void *arg, struct mh_http_request *request)
{
    struct mh_api *api = arg;
    struct mh_ask *ask = mh_ask_of(request);
    const char *reason = api->stopping ? "the server is stopping" : api->unhealthy;
    bool healthy = *reason == '\0';
    struct mh_buf *body = &ask->body;
    mh_json_begin(body, '{');
    mh_json_key(body, "status");
    mh_json_str(body, healthy ? "healthy" : "unhealthy");
    mh_json_key(body, "uptime");
    mh_json_real(body, (double)((mh_clock_mono_us() - api->start_us) / 1000) / 1000);
    mh_json_key(body, "timestamp");
    mh_json_time(body, mh_clock_now_ms());
    if (!healthy) {
        mh_json_key(body, "reason");
        mh_json_str(body, reason);
    }
    mh_json_end(body, '}');
    mh_ask_answer(ask, healthy ? 200 : 503);
}

static bool is_healthy(const struct mh_api *api)
{
    return !api->stopping && api->unhealthy[0] == '\0';
}

static void answer_metrics(void *arg)
{
    struct mh_ask *ask = arg;
    mh_meter_write(ask->api->meter, is_healthy(ask->api), &ask->body);
    mh_http_answer(ask->request,
                   &(struct mh_answer){.status = mh_buf_failed(&ask->body) ? 503 : 200,
                                       .type = "text/plain; version=0.0.4",
                                       .body = mh_buf_text(&ask->body),
                                       .len = ask->body.len});
}

void mh_api_metrics(void *arg, struct mh_http_request *request)
{
    struct mh_api *api = arg;
    mh_meter_followers(api->meter, mh_hub_followers(api->hub));
    mh_meter_refresh(api->meter, is_healthy(api), answer_metrics, mh_ask_of(request));
}

/* --- opening */

static int listen_for(struct mh_api *api, uv_loop_t *loop, struct mh_err *err)
{
    size_t payload_max = (size_t)api->settings->max_payload_bytes + BODY_MORE;
    const struct mh_http_options options = {
        .bind = api->settings->bind,
        .port = (int)api->settings->http_port,
        .port_mend = "set MILLHAND_HTTP_PORT to another port",
        .clients = MH_API_CLIENTS,
        .body_max = payload_max > BODY_MIN ? payload_max : BODY_MIN,
        .routes = mh_api_routes,
        .admit = admit,
        .ended = ended,
        .arg = api,
    };
    return mh_http_open(loop, &options, &api->http, err);
}

int mh_api_check(const struct mh_settings *settings, struct mh_err *err)
{
    struct mh_auth *auth = NULL;
    int r = mh_auth_open(settings, &auth, err);
    mh_auth_close(auth);
    return r;
}

static void say_serving(const struct mh_settings *settings)
{
    mh_log(MH_LOG_INFO, "serving",
           MH_FIELDS(mh_f_str("bind", settings->bind), mh_f_int("port", settings->http_port),
                     mh_f_bool("tokens", settings->jwt_secret != NULL || settings->jwks != NULL)));
}

int mh_api_open(uv_loop_t *loop, const struct mh_api_options *options, struct mh_api **ret_api,
                struct mh_err *err)
{
    struct mh_api *api = calloc(1, sizeof *api);
    if (api == NULL) return mh_err_set(err, MH_ENOMEM, "unable to serve: out of memory");
    api->store = options->store;
    api->settings = options->settings;
    api->start_us = mh_clock_mono_us();
    int r = mh_auth_open(api->settings, &api->auth, err);
    if (r == 0) r = mh_quota_new(api->settings->rate_limit, &api->quota, err);
    if (r == 0) r = mh_meter_new(loop, api->store, &api->meter, err);
    if (r == 0) r = mh_timer_new(loop, probe, api, &api->probe, err);
    if (r == 0) r = mh_hub_open(loop, api->store, &api->hub, err);
    if (r == 0) r = listen_for(api, loop, err);
    if (r < 0) {
        mh_api_close(api);
        return r;
    }
    mh_timer_start(api->probe, PROBE_MS, PROBE_MS);
    say_serving(api->settings);
    *ret_api = api;
    return 0;
}

void mh_api_stop(struct mh_api *api, void (*done)(void *arg), void *arg)
{
    api->stopping = true;
    mh_http_drain(api->http, done, arg);
}

void mh_api_close(struct mh_api *api)
{
    if (api == NULL) return;
    mh_http_close(api->http);
    mh_hub_close(api->hub);
    mh_timer_drop(api->probe);
    mh_auth_close(api->auth);
    mh_quota_free(api->quota);
    mh_meter_free(api->meter);
    free(api);
}
