/* Handlers over HTTP: the record is POSTed to a URL, signed as Standard Webhooks, and the answer
 * says what became of the job. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/loop.h"
#include "base/webhook.h"
#include "queue/record.h"
#include "worker/curl_loop.h"
#include "worker/handler.h"
#include "worker/handler_http_address.h"
#include "worker/handler_http_answer.h"

#define CONNECT_TIMEOUT_MS 30000L

/* Connections without a request are closed after so long. */
#define IDLE_MS 60000

/* The longest pause that Retry-After is followed for. */
#define RETRY_AFTER_MAX_MS (INT64_C(6) * 3600000)

/* The head of an answer. */
#define HEADERS_MAX 65536

/* What a message holds besides the payload. */
#define ENVELOPE_MAX 65536

/* A header of ours: a name and an id, a time or four signatures. */
#define HEADER_MAX 512

/* One attempt under way. */
struct request {
    LIST_ENTRY(request) link;
    struct http *http;
    struct mh_run *run;
    CURL *easy;
    struct curl_slist *headers;
    struct mh_buf message;              /* what is signed, the body at its end */
    size_t received;                    /* bytes of headers */
    bool begun;                         /* the answer's head is known */
    bool stopped;                       /* to be given up */
    bool dialled;                       /* a public address was tried */
    bool starved;                       /* no descriptor, or no memory, was left for one */
    char refused[MH_HTTP_ADDRESS_TEXT]; /* the private address that was not; "": none */
    char cause[CURL_ERROR_SIZE];
    struct mh_http_answer answer;
};

struct http {
    struct mh_handler *handler;
    struct mh_curl curl;
    struct mh_crypto crypto;
    struct mh_curl_loop *wire; /* NULL: no connection is open */
    bool broken;               /* the wire is, and goes with its requests */
    struct mh_timer *idle;
    struct mh_soon *sweep; /* ends what was stopped, outside the call that stopped it */
    LIST_HEAD(, request) requests;
};

static const struct mh_handler_conf *conf_of(const struct http *http)
{
    return &http->handler->spec->conf;
}

/* --- the end of a request ---- */

static void free_request(struct request *request)
{
    struct http *http = request->http;
    LIST_REMOVE(request, link);
    if (request->easy != NULL) http->curl.easy_cleanup(request->easy);
    http->curl.slist_free_all(request->headers);
    mh_buf_release(&request->message);
    mh_http_answer_release(&request->answer);
    free(request);
    if (LIST_EMPTY(&http->requests)) mh_timer_start(http->idle, IDLE_MS, 0);
}

static void begin_answer(struct request *request)
{
    const struct mh_curl *curl = &request->http->curl;
    long status = 0;
    char *type = NULL;
    request->begun = true;
    (void)curl->easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status); /* 0: none */
    (void)curl->easy_getinfo(request->easy, CURLINFO_CONTENT_TYPE, &type);
    mh_http_answer_begin(&request->answer, status, type);
}

static const char *header_of(const struct request *request, const char *name)
{
    struct curl_header *header;
    return request->http->curl.easy_header(request->easy, name, 0, CURLH_HEADER, -1, &header) ==
                   CURLHE_OK
               ? header->value
               : NULL;
}

/* Seconds or a date: libcurl has made a number of seconds of either. */
static int64_t retry_after_ms(const struct request *request)
{
    curl_off_t seconds = 0;
    (void)request->http->curl.easy_getinfo(request->easy, CURLINFO_RETRY_AFTER, &seconds);
    if (seconds <= 0) return 0;
    return seconds < RETRY_AFTER_MAX_MS / 1000 ? seconds * 1000 : RETRY_AFTER_MAX_MS;
}

static void say_failure(const struct request *request, CURLcode result, char *ret_text, size_t size)
{
    const char *cause = request->cause;
    if (*cause == '\0') cause = request->http->curl.easy_strerror(result);
    if (request->received > HEADERS_MAX)
        (void)snprintf(ret_text, size, "the headers of the answer are larger than %d bytes",
                       HEADERS_MAX);
    else if (*request->refused != '\0' && !request->dialled)
        (void)snprintf(ret_text, size,
                       "the host of url= has the private address %s: set allow_private=1 in "
                       "[handler.%s] if that is meant",
                       request->refused, request->run->job.type);
    else
        (void)snprintf(ret_text, size, "the request failed: %s", cause);
}

/* This machine's fault just now, and not the job's, which nobody has been told of. */
static bool was_short(const struct request *request, CURLcode result)
{
    return result != CURLE_OK && request->starved && !request->dialled;
}

static void put_off(struct request *request)
{
    mh_run_say(request->run, MH_LOG_ERROR,
               "unable to connect: too many open files, or out of memory", NULL);
    mh_run_end(request->run,
               &(struct mh_verdict){.kind = MH_VERDICT_LATER, .delay_ms = MH_RUN_SHORT_OF_MS});
    free_request(request);
}

static void end_request(struct request *request, CURLcode result)
{
    char failure[CURL_ERROR_SIZE + 256];
    if (!request->begun) begin_answer(request);
    if (result != CURLE_OK) say_failure(request, result, failure, sizeof failure);
    struct mh_http_end end = {
        .failure = result != CURLE_OK ? failure : NULL,
        .for_good = *request->refused != '\0' && !request->dialled,
        .later = header_of(request, "millhand-later"),
        .retry_after_ms = retry_after_ms(request),
    };
    mh_http_answer_end(&request->answer, &end);
    free_request(request);
}

static void on_done(void *arg, CURL *easy, CURLcode result)
{
    struct http *http = arg;
    struct request *request;
    (void)http->curl.easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&request); /* set by us */
    if (was_short(request, result))
        put_off(request);
    else
        end_request(request, result);
}

static void on_broken(void *arg)
{
    struct http *http = arg;
    if (!http->broken)
        mh_log(MH_LOG_ERROR, "out of memory, requests under way are broken off",
               MH_FIELDS(mh_f_str("type", conf_of(http)->type)));
    http->broken = true;
    mh_soon_ask(http->sweep);
}

static const struct mh_curl_loop_events wire_events = {on_done, on_broken};

static void give_up(struct request *request)
{
    struct mh_verdict verdict = {.kind = MH_VERDICT_LATER, .delay_ms = MH_RUN_SHORT_OF_MS};
    if (request->stopped) verdict = (struct mh_verdict){.kind = MH_VERDICT_HANDED_BACK};
    mh_curl_loop_remove(request->http->wire, request->easy);
    mh_run_end(request->run, &verdict);
    free_request(request);
}

static void sweep(void *arg)
{
    struct http *http = arg;
    struct request *request, *next;
    for (request = LIST_FIRST(&http->requests); request != NULL; request = next) {
        next = LIST_NEXT(request, link);
        if (request->stopped || http->broken) give_up(request);
    }
    if (!http->broken) return;
    mh_curl_loop_free(http->wire);
    http->wire = NULL;
    http->broken = false;
}

static void on_idle(void *arg)
{
    struct http *http = arg;
    mh_curl_loop_free(http->wire);
    http->wire = NULL;
}

/* --- what libcurl tells of a request ---- */

static size_t on_body(char *bytes, size_t one, size_t len, void *arg)
{
    struct request *request = arg;
    (void)one;
    if (!request->begun) begin_answer(request);
    return mh_http_answer_feed(&request->answer, bytes, len) ? len : 0;
}

static size_t on_header(char *bytes, size_t one, size_t len, void *arg)
{
    struct request *request = arg;
    (void)one;
    (void)bytes;
    request->received += len;
    return request->received <= HEADERS_MAX ? len : 0;
}

/* Here and not by name: the address is the one that the connection will be made to. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct request *request = arg;
    (void)purpose;
    if (conf_of(request->http)->allow_private == 0 && !mh_http_address_public(&address->addr)) {
        mh_http_address_text(&address->addr, request->refused);
        return CURL_SOCKET_BAD;
    }
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
        request->starved = true;
    else
        request->dialled = true;
    return fd;
}

/* --- making a request ---- */

static const struct {
    CURLoption option;
    long value;
} numbers[] = {
    {CURLOPT_POST, 1},
    {CURLOPT_FOLLOWLOCATION, 0},
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_QUICK_EXIT, 1}, /* a look-up of a name that was given up is not waited for */
    {CURLOPT_TCP_KEEPALIVE, 1},
    {CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS},
    {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS},
};

static const struct {
    CURLoption option;
    const char *value;
} texts[] = {
    {CURLOPT_PROTOCOLS_STR, "http,https"},
    {CURLOPT_PROXY, ""}, /* not the one of the environment: the address would not be checked */
    {CURLOPT_USERAGENT, "millhand/" MILLHAND_VERSION},
};

static bool set(struct request *request, CURLoption option, const void *value)
{
    return request->http->curl.easy_setopt(request->easy, option, value) == CURLE_OK;
}

/* The rows that are the same for every request. */
static bool set_constants(struct request *request)
{
    const struct mh_curl *curl = &request->http->curl;
    for (size_t i = 0; i < MH_LEN(numbers); i++)
        if (curl->easy_setopt(request->easy, numbers[i].option, numbers[i].value) != CURLE_OK)
            return false;
    for (size_t i = 0; i < MH_LEN(texts); i++)
        if (!set(request, texts[i].option, texts[i].value)) return false;
    return true;
}

static bool set_callbacks(struct request *request)
{
    const struct mh_curl *curl = &request->http->curl;
    CURL *easy = request->easy;
    return curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           set(request, CURLOPT_WRITEDATA, request) && set(request, CURLOPT_HEADERDATA, request) &&
           set(request, CURLOPT_OPENSOCKETDATA, request) &&
           set(request, CURLOPT_ERRORBUFFER, request->cause) &&
           set(request, CURLOPT_PRIVATE, request);
}

/* Where TLS will tell whether one connection can carry many requests, wait for that. */
static bool set_url(struct request *request)
{
    const char *url = conf_of(request->http)->url;
    long wait = strncmp(url, "https:", 6) == 0;
    return set(request, CURLOPT_URL, url) &&
           request->http->curl.easy_setopt(request->easy, CURLOPT_PIPEWAIT, wait) == CURLE_OK;
}

static bool add_header(struct request *request, const char *name, const char *value)
{
    char text[HEADER_MAX];
    (void)snprintf(text, sizeof text, "%s: %s", name, value); /* has room for all of ours */
    struct curl_slist *longer = request->http->curl.slist_append(request->headers, text);
    if (longer == NULL) return false;
    request->headers = longer;
    return true;
}

static bool sign(struct request *request)
{
    const struct http *http = request->http;
    const struct mh_webhook_keys *keys = http->handler->spec->keys;
    struct mh_buf signature;
    if (keys == NULL) return true;
    mh_buf_init(&signature, HEADER_MAX / 2);
    bool ok = mh_webhook_sign(&http->crypto, keys, &request->message, &signature) == 0 &&
              add_header(request, "webhook-signature", mh_buf_text(&signature));
    mh_buf_release(&signature);
    return ok;
}

static bool append_record(struct mh_buf *message, const struct mh_job *job)
{
    struct mh_buf record; /* the JSON writer begins with an empty one */
    mh_buf_init(&record, message->max);
    mh_record_job(&record, job);
    mh_buf_append(message, mh_buf_text(&record), record.len);
    bool ok = !mh_buf_failed(&record) && !mh_buf_failed(message);
    mh_buf_release(&record);
    return ok;
}

/* The id is the job's: a handler that sees it twice has the same job before it. */
static bool set_message(struct request *request)
{
    const struct mh_job *job = &request->run->job;
    struct mh_buf *message = &request->message;
    const struct mh_curl *curl = &request->http->curl;
    char id[MH_UUID_TEXT], timestamp[32];
    int64_t now_s = mh_clock_now_ms() / 1000;
    mh_uuid_format(&job->id, id);
    (void)snprintf(timestamp, sizeof timestamp, "%" PRId64, now_s);
    mh_buf_init(message, job->payload_len + ENVELOPE_MAX);
    mh_webhook_begin(message, id, now_s);
    size_t head = message->len;
    if (!append_record(message, job)) return false;
    curl_off_t len = (curl_off_t)(message->len - head);
    return add_header(request, "content-type", "application/json") &&
           add_header(request, "webhook-id", id) &&
           add_header(request, "webhook-timestamp", timestamp) && sign(request) &&
           add_header(request, "expect", "") && /* no leave is asked before the body is sent */
           set(request, CURLOPT_HTTPHEADER, request->headers) &&
           curl->easy_setopt(request->easy, CURLOPT_POSTFIELDSIZE_LARGE, len) == CURLE_OK &&
           set(request, CURLOPT_POSTFIELDS, message->data + head);
}

static struct request *new_request(struct http *http, struct mh_run *run)
{
    struct request *request = calloc(1, sizeof *request);
    if (request == NULL) return NULL;
    request->http = http;
    request->run = run;
    mh_http_answer_init(&request->answer, run, http->handler->max_result);
    LIST_INSERT_HEAD(&http->requests, request, link);
    mh_timer_stop(http->idle);
    request->easy = http->curl.easy_init();
    if (request->easy != NULL && set_constants(request) && set_callbacks(request) &&
        set_url(request) && set_message(request))
        return request;
    free_request(request);
    return NULL;
}

/* --- the kind ---- */

static size_t most(const struct mh_handler *handler)
{
    size_t concurrency = (size_t)handler->spec->conf.concurrency;
    return concurrency < handler->slots ? concurrency : handler->slots;
}

static int open_wire(struct http *http, struct mh_err *err)
{
    if (http->wire != NULL) return 0;
    return mh_curl_loop_new(http->handler->loop, &http->curl, (long)most(http->handler),
                            &wire_events, http, &http->wire, err);
}

static int start(struct mh_handler *handler, struct mh_run *run, struct mh_err *err)
{
    struct http *http = handler->state;
    int r = open_wire(http, err);
    if (r < 0) return r;
    struct request *request = new_request(http, run);
    if (request == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to make a request: out of memory");
    r = mh_curl_loop_add(http->wire, request->easy, err);
    if (r < 0) {
        free_request(request);
        return r;
    }
    run->handler_state = request;
    return 0;
}

/* There is no asking: giving up closes the connection, which is how a server learns of it. */
static void stop(struct mh_handler *handler, struct mh_run *run, enum mh_handler_stop how)
{
    struct http *http = handler->state;
    struct request *request = run->handler_state;
    (void)how;
    request->stopped = true;
    mh_soon_ask(http->sweep);
}

static int check_url(struct http *http, struct mh_err *err)
{
    CURLU *url = http->curl.url();
    if (url == NULL) return mh_err_set(err, MH_ENOMEM, "unable to open a handler: out of memory");
    CURLUcode code = http->curl.url_set(url, CURLUPART_URL, conf_of(http)->url, 0);
    http->curl.url_cleanup(url);
    if (code == CURLUE_OK) return 0;
    return mh_err_set(err, MH_EINVAL, "url= of [handler.%s] is not a URL", conf_of(http)->type);
}

static int open_signing(struct http *http, struct mh_err *err)
{
    if (http->handler->spec->keys != NULL) return mh_crypto_load(&http->crypto, err);
    mh_log(MH_LOG_WARN, "requests are not signed: set MILLHAND_WEBHOOK_SECRET or secret_env=",
           MH_FIELDS(mh_f_str("type", conf_of(http)->type)));
    return 0;
}

static int open_handler(struct mh_handler *handler, struct mh_err *err)
{
    struct http *http = calloc(1, sizeof *http);
    if (http == NULL) return mh_err_set(err, MH_ENOMEM, "unable to open a handler: out of memory");
    handler->state = http;
    http->handler = handler;
    LIST_INIT(&http->requests);
    int r = mh_curl_load(&http->curl, err);
    if (r == 0) r = check_url(http, err);
    if (r == 0) r = open_signing(http, err);
    if (r == 0) r = mh_timer_new(handler->loop, on_idle, http, &http->idle, err);
    if (r == 0) r = mh_soon_new(handler->loop, sweep, http, &http->sweep, err);
    return r;
}

static size_t room(const struct mh_handler *handler)
{
    return most(handler) > handler->running ? most(handler) - handler->running : 0;
}

static void close_handler(struct mh_handler *handler)
{
    struct http *http = handler->state;
    if (http == NULL) return;
    while (!LIST_EMPTY(&http->requests)) {
        struct request *request = LIST_FIRST(&http->requests);
        mh_curl_loop_remove(http->wire, request->easy);
        free_request(request);
    }
    mh_curl_loop_free(http->wire);
    mh_timer_drop(http->idle);
    mh_soon_drop(http->sweep);
    free(http);
    handler->state = NULL;
}

const struct mh_handler_kind mh_handler_http = {
    .mode = "http",
    .open = open_handler,
    .room = room,
    .start = start,
    .stop = stop,
    .close = close_handler,
};
