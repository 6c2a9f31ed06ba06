#include "jobs/messages.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/curl.h"
#include "base/json.h"
#include "base/random.h"
#include "jobs/messages_post.h"
#include "jobs/messages_stream.h"
#include "queue/backoff.h"

#define USUAL_URL "https://api.anthropic.com"
#define PATH      "/v1/messages"
#define VERSION   "anthropic-version: 2023-06-01"

#define TRIES_MAX       4
#define BACKOFF_BASE_MS 500
#define BACKOFF_CAP_MS  10000
#define SILENCE_MS      120000
#define WHOLE_MS        (30 * 60 * 1000)

#define URL_MAX  2048
#define HOST_MAX 256
#define KEY_MAX  1024
#define BODY_MAX ((size_t)1 << 30)

/* So many bytes of the key or of what was asked do not stand in an error by chance. */
#define TELLING 12

/* A whole ask, with all of its tries. */
struct asking {
    const struct mh_job_context *job;
    const struct mh_messages_ask *ask;
    struct mh_messages_answer *answer;
    const char *model;
    struct mh_curl curl;
    char url[URL_MAX], host[HOST_MAX];
    struct curl_slist *headers;
    struct mh_buf body;
    int stop_fd;
    int64_t deadline_us;
};

/* What became of a try. */
struct outcome {
    int code; /* 0: the answer is whole */
    bool again;
    int64_t wait_ms; /* what the API asks for */
};

/* --- where it is asked */

static bool is_loopback(const char *host)
{
    struct in_addr address;
    return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
           (inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

/* A part of the URL; "" where it has none. False: it does not fit, or there is no memory. */
static bool get_part(const struct mh_curl *curl, CURLU *url, CURLUPart part, char *ret_text,
                     size_t size)
{
    char *text = NULL;
    CURLUcode code = curl->url_get(url, part, &text, 0);
    if (code == CURLUE_OUT_OF_MEMORY) return false;
    size_t len = code == CURLUE_OK ? strlen(text) : 0;
    bool fits = len < size;
    if (fits) (void)snprintf(ret_text, size, "%s", len > 0 ? text : ""); /* it fits */
    curl->free(text);
    return fits;
}

/* Not told what it is: it may hold a password. */
static bool take_url(struct asking *asking, CURLU *url, const char *text)
{
    static const CURLUPart unwanted[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY,
                                         CURLUPART_FRAGMENT};
    const struct mh_curl *curl = &asking->curl;
    char scheme[16], rest[URL_MAX];
    if (curl->url_set(url, CURLUPART_URL, text, 0) != CURLUE_OK ||
        !get_part(curl, url, CURLUPART_SCHEME, scheme, sizeof scheme) ||
        !get_part(curl, url, CURLUPART_HOST, asking->host, sizeof asking->host))
        return false;
    for (size_t i = 0; i < MH_LEN(unwanted); i++)
        if (!get_part(curl, url, unwanted[i], rest, sizeof rest) || *rest != '\0') return false;
    return strcmp(scheme, "https") == 0 ||
           (strcmp(scheme, "http") == 0 && is_loopback(asking->host));
}

static int read_url(struct asking *asking, struct mh_err *err)
{
    const char *given = asking->job->settings->anthropic_url;
    const char *text = given != NULL ? given : USUAL_URL;
    size_t len = strlen(text);
    while (len > 0 && text[len - 1] == '/')
        len--;
    int written = snprintf(asking->url, URL_MAX, "%.*s" PATH, (int)len, text);
    CURLU *url = asking->curl.url();
    bool right = url != NULL && len < URL_MAX && written < URL_MAX && take_url(asking, url, text);
    asking->curl.url_cleanup(url);
    return right ? 0
                 : mh_err_set(err, MH_EINVAL,
                              "ANTHROPIC_BASE_URL: expected https://HOST[:PORT][/PATH], or http:// "
                              "where the host is this machine");
}

/* --- what is asked */

static bool is_key(const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~') return false;
    return len > 0 && len <= KEY_MAX;
}

static int check(struct asking *asking, struct mh_err *err)
{
    const struct mh_settings *settings = asking->job->settings;
    const struct mh_messages_ask *ask = asking->ask;
    const char *key = settings->anthropic_key;
    asking->model = ask->model != NULL ? ask->model : settings->anthropic_model;
    if (key == NULL)
        return mh_err_set(err, MH_EINVAL,
                          "unable to ask a model: there is no key, set ANTHROPIC_API_KEY");
    if (!is_key(key))
        return mh_err_set(err, MH_EINVAL,
                          "ANTHROPIC_API_KEY: expected up to %d visible ASCII characters", KEY_MAX);
    if (asking->model == NULL || *asking->model == '\0' ||
        strlen(asking->model) > MH_MESSAGES_MODEL_MAX)
        return mh_err_set(err, MH_EINVAL,
                          "unable to ask a model: none is named, set ANTHROPIC_MODEL or give "
                          "\"model\" in the payload");
    return 0;
}

static void put_message(struct mh_buf *body, const char *prompt)
{
    mh_json_key(body, "messages");
    mh_json_begin(body, '[');
    mh_json_begin(body, '{');
    mh_json_put_str(body, "role", "user");
    mh_json_put_str(body, "content", prompt);
    mh_json_end(body, '}');
    mh_json_end(body, ']');
}

static bool make_body(struct asking *asking)
{
    const struct mh_messages_ask *ask = asking->ask;
    struct mh_buf *body = &asking->body;
    mh_json_begin(body, '{');
    mh_json_put_str(body, "model", asking->model);
    mh_json_put_int(body, "max_tokens", ask->max_tokens);
    mh_json_put_bool(body, "stream", true);
    if (ask->system != NULL) mh_json_put_str(body, "system", ask->system);
    if (ask->temperature != NULL) {
        mh_json_key(body, "temperature");
        mh_json_real(body, *ask->temperature);
    }
    put_message(body, ask->prompt);
    mh_json_end(body, '}');
    return !mh_buf_failed(body);
}

static bool add_header(struct asking *asking, const char *text)
{
    struct curl_slist *longer = asking->curl.slist_append(asking->headers, text);
    if (longer == NULL) return false;
    asking->headers = longer;
    return true;
}

static bool make_headers(struct asking *asking)
{
    char key[KEY_MAX + 16];
    (void)snprintf(key, sizeof key, "x-api-key: %s", asking->job->settings->anthropic_key);
    bool ok = add_header(asking, key) && add_header(asking, VERSION) &&
              add_header(asking, "content-type: application/json") &&
              add_header(asking, "accept: text/event-stream") &&
              add_header(asking, "expect:"); /* no leave is asked before the body is sent */
    explicit_bzero(key, sizeof key);
    return ok;
}

static int open_stop_fd(struct asking *asking, struct mh_err *err)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    asking->stop_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return asking->stop_fd >= 0 ? 0 : mh_err_sys(err, errno, "unable to wait for signals");
}

/* --- what is said of a failure */

/* True where `text` holds a telling piece of `secret`. */
static bool repeats(const char *text, const char *secret)
{
    size_t text_len = strlen(text), len = secret != NULL ? strlen(secret) : 0;
    if (len == 0) return false;
    if (len <= TELLING) return len > TELLING / 2 && strstr(text, secret) != NULL;
    for (size_t i = 0; i + TELLING <= text_len; i++)
        if (memmem(secret, len, text + i, TELLING) != NULL) return true;
    return false;
}

static const char *speakable(const struct asking *asking, const char *text)
{
    const struct mh_messages_ask *ask = asking->ask;
    return repeats(text, asking->job->settings->anthropic_key) || repeats(text, ask->prompt) ||
                   repeats(text, ask->system)
               ? "(withheld: it repeats what was asked)"
               : text;
}

static void tell_fault(const struct asking *asking, const struct mh_messages_fault *fault,
                       const char *before, int code, struct mh_err *err)
{
    const char *type = speakable(asking, fault->type);
    const char *message = speakable(asking, fault->message);
    (void)mh_err_set(err, code, "%s%s%s%s%s", before, *type != '\0' ? ": " : "", type,
                     *message != '\0' ? ": " : "", message);
}

/* Of those that can be met in mid-stream, the ones that another try does not mend. */
static bool is_lasting(const char *type)
{
    static const char *const lasting[] = {"invalid_request_error", "authentication_error",
                                          "permission_error",      "billing_error",
                                          "not_found_error",       "request_too_large"};
    for (size_t i = 0; i < MH_LEN(lasting); i++)
        if (strcmp(type, lasting[i]) == 0) return true;
    return false;
}

static struct outcome judge_refusal(const struct asking *asking,
                                    const struct mh_messages_post *post, struct mh_err *err)
{
    struct mh_messages_fault fault;
    char before[64];
    bool again = post->status == 408 || post->status == 429 || post->status >= 500;
    struct outcome outcome = {again ? MH_ECONN : MH_EINVAL, again, post->retry_after_ms};
    mh_messages_fault_read(mh_buf_text(&post->refusal), post->refusal.len, &fault);
    (void)snprintf(before, sizeof before, "HTTP status %ld", post->status); /* it fits */
    tell_fault(asking, &fault, before, outcome.code, err);
    return outcome;
}

static struct outcome judge_cut(const struct mh_messages_post *post, struct mh_err *err)
{
    const char *what = post->status == 0 ? "there was no answer" : "the answer was cut off";
    int code =
        mh_err_set(err, MH_ECONN, "%s%s%s", what, *post->cause != '\0' ? ": " : "", post->cause);
    return (struct outcome){.code = code, .again = true};
}

static struct outcome judge(const struct asking *asking, const struct mh_messages_post *post,
                            struct mh_err *err)
{
    const struct mh_messages_stream *stream = post->stream;
    struct outcome outcome = {0};
    if (post->status != 0 && (post->status < 200 || post->status >= 300))
        return judge_refusal(asking, post, err);
    switch (stream->state) {
    case MH_MESSAGES_DONE:
        break;
    case MH_MESSAGES_OPEN:
        return judge_cut(post, err);
    case MH_MESSAGES_FAULT:
        outcome.again = !is_lasting(stream->fault.type);
        outcome.code = outcome.again ? MH_ECONN : MH_EINVAL;
        tell_fault(asking, &stream->fault, "the answer was broken off", outcome.code, err);
        break;
    case MH_MESSAGES_BROKEN:
        outcome.code =
            mh_err_set(err, MH_EIO, "what came is no answer of the Messages API: %s", stream->why);
        break;
    case MH_MESSAGES_FULL:
        outcome.code = mh_err_set(err, MH_ELIMIT, "the answer is larger than MAX_RESULT_BYTES");
        break;
    }
    return outcome;
}

/* --- the tries */

static void clear_answer(struct asking *asking)
{
    struct mh_messages_answer *answer = asking->answer;
    struct mh_buf text = answer->text;
    bool told = text.len > 0;
    mh_buf_reset(&text);
    *answer = (struct mh_messages_answer){.text = text};
    if (told && asking->ask->on_text != NULL) asking->ask->on_text(asking->ask->arg, "", 0);
}

static struct outcome try_once(struct asking *asking, struct mh_err *err)
{
    const struct mh_messages_ask *ask = asking->ask;
    struct mh_messages_stream stream;
    struct mh_messages_post post = {
        .curl = &asking->curl,
        .url = asking->url,
        .headers = asking->headers,
        .body = mh_buf_text(&asking->body),
        .body_len = asking->body.len,
        .stop_fd = asking->stop_fd,
        .silence_ms = ask->silence_ms > 0 ? ask->silence_ms : SILENCE_MS,
        .deadline_us = asking->deadline_us,
        .stream = &stream,
    };
    clear_answer(asking);
    mh_messages_stream_init(&stream, asking->answer, ask->on_text, ask->arg);
    int r = mh_messages_post_run(&post, err);
    struct outcome outcome =
        r < 0 ? (struct outcome){.code = r, .again = r == MH_ETIMEOUT} : judge(asking, &post, err);
    mh_messages_post_release(&post);
    mh_messages_stream_release(&stream);
    return outcome;
}

/* Whether there is to be another try, after the pause that has then passed. */
static bool try_again(const struct asking *asking, int tries, const struct outcome *outcome,
                      const struct mh_err *err)
{
    int64_t pause = mh_backoff_ms(tries, BACKOFF_BASE_MS, BACKOFF_CAP_MS, mh_random_unit());
    if (pause < outcome->wait_ms) pause = outcome->wait_ms;
    int64_t left = (asking->deadline_us - mh_clock_mono_us()) / 1000;
    if (!outcome->again || tries == TRIES_MAX || pause > MH_MESSAGES_WAIT_MAX_MS || pause >= left)
        return false;
    mh_job_log("%s; %sasked again in %" PRId64 " ms, try %d of %d", err->text,
               asking->answer->text.len > 0 ? "what had come is thrown away, " : "", pause,
               tries + 1, TRIES_MAX);
    struct pollfd stop = {.fd = asking->stop_fd, .events = POLLIN};
    (void)poll(&stop, 1, (int)pause); /* whatever ends it early, the next try finds out */
    return true;
}

static int ask_until_answered(struct asking *asking, struct mh_err *err)
{
    struct mh_err own = {0};
    struct outcome outcome;
    int64_t whole_ms = asking->ask->whole_ms > 0 ? asking->ask->whole_ms : WHOLE_MS;
    asking->deadline_us = mh_clock_mono_us() + whole_ms * 1000;
    int tries = 1;
    for (outcome = try_once(asking, &own); outcome.code < 0; outcome = try_once(asking, &own))
        if (!try_again(asking, tries++, &outcome, &own)) break;
    asking->answer->wait_ms = outcome.wait_ms;
    if (outcome.code == 0) return 0;
    return mh_err_set(err, outcome.code, "unable to ask the model at %s: %s", asking->host,
                      own.text);
}

/* --- public */

int mh_messages_ask(const struct mh_job_context *job, const struct mh_messages_ask *ask,
                    struct mh_messages_answer *ret_answer, struct mh_err *err)
{
    struct asking asking = {.job = job, .ask = ask, .answer = ret_answer, .stop_fd = -1};
    *ret_answer = (struct mh_messages_answer){0};
    mh_buf_init(&ret_answer->text, (size_t)job->settings->max_result_bytes);
    mh_buf_init(&asking.body, BODY_MAX);
    int r = check(&asking, err);
    if (r == 0) r = mh_curl_load(&asking.curl, err);
    if (r < 0) goto out;
    r = read_url(&asking, err);
    if (r == 0) r = open_stop_fd(&asking, err);
    if (r == 0 && (!make_body(&asking) || !make_headers(&asking)))
        r = mh_err_set(err, MH_ENOMEM, "unable to ask a model: out of memory");
    if (r == 0) r = ask_until_answered(&asking, err);
    asking.curl.slist_free_all(asking.headers);
out:
    if (asking.stop_fd >= 0) (void)close(asking.stop_fd); /* nothing was written to it */
    mh_buf_release(&asking.body);
    return r;
}

void mh_messages_release(struct mh_messages_answer *answer)
{
    mh_buf_release(&answer->text);
}
