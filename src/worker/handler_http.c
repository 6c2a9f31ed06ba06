/* Handlers over HTTP: the record is POSTed to a URL, signed as Standard Webhooks, and the answer
 * says what became of the job. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/log.h"
#include "base/loop.h"
#include "worker/curl_loop.h"
#include "worker/handler.h"
#include "worker/post.h"

/* Connections without a request are closed after so long. */
#define IDLE_MS 60000

/* The longest pause that Retry-After is followed for. */
#define RETRY_AFTER_MAX_MS (INT64_C(6) * 3600000)

struct http {
    struct mh_handler *handler;
    struct mh_poster poster;
    struct mh_curl_loop *wire; /* NULL: no connection is open */
    bool broken;               /* the wire is, and goes with its requests */
    struct mh_timer *idle;
    struct mh_soon *sweep; /* ends what was stopped, outside the call that stopped it */
    LIST_HEAD(, mh_post) posts;
};

static const struct mh_handler_conf *conf_of(const struct http *http)
{
    return &http->handler->spec->conf;
}

/* --- the end of a request ---- */

static void rest_when_idle(struct http *http)
{
    if (LIST_EMPTY(&http->posts)) mh_timer_start(http->idle, IDLE_MS, 0);
}

static void drop_post(struct mh_post *post)
{
    struct http *http = post->owner;
    LIST_REMOVE(post, link);
    mh_post_free(post);
    rest_when_idle(http);
}

/* Seconds or a date: libcurl has made a number of seconds of either. */
static int64_t retry_after_ms(const struct mh_post *post)
{
    curl_off_t seconds = 0;
    (void)post->poster->curl.easy_getinfo(post->easy, CURLINFO_RETRY_AFTER, &seconds);
    if (seconds <= 0) return 0;
    return seconds < RETRY_AFTER_MAX_MS / 1000 ? seconds * 1000 : RETRY_AFTER_MAX_MS;
}

static void say_failure(const struct mh_post *post, CURLcode result, char *ret_text, size_t size)
{
    const char *cause = post->cause;
    if (*cause == '\0') cause = post->poster->curl.easy_strerror(result);
    if (post->received > MH_POST_HEADERS_MAX)
        (void)snprintf(ret_text, size, "the headers of the answer are larger than %d bytes",
                       MH_POST_HEADERS_MAX);
    else if (*post->refused != '\0' && !post->dialled)
        (void)snprintf(ret_text, size,
                       "the host of url= has the private address %s: set allow_private=1 in "
                       "[handler.%s] if that is meant",
                       post->refused, post->run->job.type);
    else
        (void)snprintf(ret_text, size, "the request failed: %s", cause);
}

/* This machine's fault just now, and not the job's, which nobody has been told of. */
static bool was_short(const struct mh_post *post, CURLcode result)
{
    return result != CURLE_OK && post->starved && !post->dialled;
}

static void put_off(struct mh_post *post)
{
    mh_run_say(post->run, MH_LOG_ERROR, "unable to connect: too many open files, or out of memory",
               NULL);
    mh_run_end(post->run,
               &(struct mh_verdict){.kind = MH_VERDICT_LATER, .delay_ms = MH_RUN_SHORT_OF_MS});
    drop_post(post);
}

static void end_request(struct mh_post *post, CURLcode result)
{
    char failure[CURL_ERROR_SIZE + 256];
    if (!post->begun) mh_post_begin_answer(post);
    if (result != CURLE_OK) say_failure(post, result, failure, sizeof failure);
    struct mh_http_end end = {
        .failure = result != CURLE_OK ? failure : NULL,
        .for_good = *post->refused != '\0' && !post->dialled,
        .later = mh_post_header(post, "millhand-later"),
        .retry_after_ms = retry_after_ms(post),
    };
    mh_http_answer_end(&post->answer, &end);
    drop_post(post);
}

static void on_done(void *arg, CURL *easy, CURLcode result)
{
    struct http *http = arg;
    struct mh_post *post;
    (void)http->poster.curl.easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&post); /* set by us */
    if (was_short(post, result))
        put_off(post);
    else
        end_request(post, result);
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

static void give_up(struct mh_post *post)
{
    struct http *http = post->owner;
    struct mh_verdict verdict = {.kind = MH_VERDICT_LATER, .delay_ms = MH_RUN_SHORT_OF_MS};
    if (post->stopped) verdict = (struct mh_verdict){.kind = MH_VERDICT_HANDED_BACK};
    mh_curl_loop_remove(http->wire, post->easy);
    mh_run_end(post->run, &verdict);
    drop_post(post);
}

static void sweep(void *arg)
{
    struct http *http = arg;
    struct mh_post *post, *next;
    for (post = LIST_FIRST(&http->posts); post != NULL; post = next) {
        next = LIST_NEXT(post, link);
        if (post->stopped || http->broken) give_up(post);
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

/* --- the kind ---- */

static size_t most(const struct mh_handler *handler)
{
    size_t concurrency = (size_t)handler->spec->conf.concurrency;
    return concurrency < handler->slots ? concurrency : handler->slots;
}

static int open_wire(struct http *http, struct mh_err *err)
{
    if (http->wire != NULL) return 0;
    return mh_curl_loop_new(http->handler->loop, &http->poster.curl, (long)most(http->handler),
                            &wire_events, http, &http->wire, err);
}

static int start(struct mh_handler *handler, struct mh_run *run, struct mh_err *err)
{
    struct http *http = handler->state;
    int r = open_wire(http, err);
    if (r < 0) return r;
    struct mh_post *post = mh_post_new(&http->poster, run);
    if (post == NULL) {
        rest_when_idle(http);
        return mh_err_set(err, MH_ENOMEM, "unable to make a request: out of memory");
    }
    post->owner = http;
    LIST_INSERT_HEAD(&http->posts, post, link);
    mh_timer_stop(http->idle);
    r = mh_curl_loop_add(http->wire, post->easy, err);
    if (r < 0) {
        drop_post(post);
        return r;
    }
    run->handler_state = post;
    return 0;
}

/* There is no asking: giving up closes the connection, which is how a server learns of it. */
static void stop(struct mh_handler *handler, struct mh_run *run, enum mh_handler_stop how)
{
    struct http *http = handler->state;
    struct mh_post *post = run->handler_state;
    (void)how;
    post->stopped = true;
    mh_soon_ask(http->sweep);
}

static int check_url(struct http *http, struct mh_err *err)
{
    CURLU *url = http->poster.curl.url();
    if (url == NULL) return mh_err_set(err, MH_ENOMEM, "unable to open a handler: out of memory");
    CURLUcode code = http->poster.curl.url_set(url, CURLUPART_URL, conf_of(http)->url, 0);
    http->poster.curl.url_cleanup(url);
    if (code == CURLUE_OK) return 0;
    if (code == CURLUE_OUT_OF_MEMORY)
        return mh_err_set(err, MH_ENOMEM, "unable to open a handler: out of memory");
    return mh_err_set(err, MH_EINVAL, "url= of [handler.%s] is not a URL", conf_of(http)->type);
}

static int open_signing(struct http *http, struct mh_err *err)
{
    if (http->handler->spec->keys != NULL) return mh_crypto_load(&http->poster.crypto, err);
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
    http->poster.spec = handler->spec;
    http->poster.max_result = handler->max_result;
    LIST_INIT(&http->posts);
    int r = mh_curl_load(&http->poster.curl, err);
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
    while (!LIST_EMPTY(&http->posts)) {
        struct mh_post *post = LIST_FIRST(&http->posts);
        mh_curl_loop_remove(http->wire, post->easy);
        drop_post(post);
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
