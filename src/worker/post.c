#include "worker/post.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/webhook.h"
#include "queue/record.h"
#include "worker/handler.h"

#define CONNECT_TIMEOUT_MS 30000L

/* What a message holds besides the payload. */
#define ENVELOPE_MAX 65536

/* A header of ours: a name and an id, a time or four signatures. */
#define HEADER_MAX 1024

static bool set(struct mh_post *post, CURLoption option, const void *value)
{
    return post->poster->curl.easy_setopt(post->easy, option, value) == CURLE_OK;
}

/* --- the answer */

void mh_post_begin_answer(struct mh_post *post)
{
    const struct mh_curl *curl = &post->poster->curl;
    long status = 0;
    char *type = NULL;
    post->begun = true;
    (void)curl->easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status); /* 0: none */
    (void)curl->easy_getinfo(post->easy, CURLINFO_CONTENT_TYPE, &type);
    mh_http_answer_begin(&post->answer, status, type);
}

const char *mh_post_header(const struct mh_post *post, const char *name)
{
    struct curl_header *header;
    return post->poster->curl.easy_header(post->easy, name, 0, CURLH_HEADER, -1, &header) ==
                   CURLHE_OK
               ? header->value
               : NULL;
}

/* --- what libcurl tells */

static size_t on_body(char *bytes, size_t one, size_t len, void *arg)
{
    struct mh_post *post = arg;
    (void)one;
    if (!post->begun) mh_post_begin_answer(post);
    return mh_http_answer_feed(&post->answer, bytes, len) ? len : 0;
}

static size_t on_header(char *bytes, size_t one, size_t len, void *arg)
{
    struct mh_post *post = arg;
    (void)one;
    (void)bytes;
    post->received += len;
    return post->received <= MH_POST_HEADERS_MAX ? len : 0;
}

/* Here and not by name: the address is the one that the connection will be made to. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct mh_post *post = arg;
    (void)purpose;
    if (post->poster->spec->conf.allow_private == 0 && !mh_netaddr_public(&address->addr)) {
        mh_netaddr_text(&address->addr, post->refused);
        return CURL_SOCKET_BAD;
    }
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
        post->starved = true;
    else
        post->dialled = true;
    return fd;
}

/* --- making one */

static bool set_constants(struct mh_post *post)
{
    const struct mh_curl *curl = &post->poster->curl;
    CURL *easy = post->easy;
    return mh_curl_set_post(curl, easy) &&
           curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS) == CURLE_OK;
}

static bool set_callbacks(struct mh_post *post)
{
    const struct mh_curl *curl = &post->poster->curl;
    CURL *easy = post->easy;
    return curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
           set(post, CURLOPT_WRITEDATA, post) && set(post, CURLOPT_HEADERDATA, post) &&
           set(post, CURLOPT_OPENSOCKETDATA, post) && set(post, CURLOPT_ERRORBUFFER, post->cause) &&
           set(post, CURLOPT_PRIVATE, post);
}

/* Where TLS will tell whether one connection can carry many requests, wait for that. */
static bool set_url(struct mh_post *post)
{
    const char *url = post->poster->spec->conf.url;
    long wait = strncmp(url, "https:", 6) == 0;
    return set(post, CURLOPT_URL, url) &&
           post->poster->curl.easy_setopt(post->easy, CURLOPT_PIPEWAIT, wait) == CURLE_OK;
}

static bool add_header(struct mh_post *post, const char *name, const char *value)
{
    char text[HEADER_MAX];
    (void)snprintf(text, sizeof text, "%s: %s", name, value); /* has room for all of ours */
    struct curl_slist *longer = post->poster->curl.slist_append(post->headers, text);
    if (longer == NULL) return false;
    post->headers = longer;
    return true;
}

static bool sign(struct mh_post *post)
{
    const struct mh_webhook_keys *keys = post->poster->spec->keys;
    struct mh_buf signature;
    if (keys == NULL) return true;
    mh_buf_init(&signature, HEADER_MAX / 2);
    bool ok = mh_webhook_sign(&post->poster->crypto, keys, &post->message, &signature) == 0 &&
              add_header(post, "webhook-signature", mh_buf_text(&signature));
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
static bool set_message(struct mh_post *post)
{
    const struct mh_job *job = &post->run->job;
    struct mh_buf *message = &post->message;
    const struct mh_curl *curl = &post->poster->curl;
    char id[MH_UUID_TEXT], timestamp[32];
    int64_t now_s = mh_clock_now_ms() / 1000;
    mh_uuid_format(&job->id, id);
    (void)snprintf(timestamp, sizeof timestamp, "%" PRId64, now_s);
    mh_buf_init(message, job->payload_len + ENVELOPE_MAX);
    mh_webhook_begin(message, id, now_s);
    size_t head = message->len;
    if (!append_record(message, job)) return false;
    curl_off_t len = (curl_off_t)(message->len - head);
    return add_header(post, "content-type", "application/json") &&
           add_header(post, "webhook-id", id) && add_header(post, "webhook-timestamp", timestamp) &&
           (job->traceparent == NULL || add_header(post, "traceparent", job->traceparent)) &&
           sign(post) &&
           add_header(post, "expect", "") && /* no leave is asked before the body is sent */
           set(post, CURLOPT_HTTPHEADER, post->headers) &&
           curl->easy_setopt(post->easy, CURLOPT_POSTFIELDSIZE_LARGE, len) == CURLE_OK &&
           set(post, CURLOPT_POSTFIELDS, message->data + head);
}

struct mh_post *mh_post_new(const struct mh_poster *poster, struct mh_run *run)
{
    struct mh_post *post = calloc(1, sizeof *post);
    if (post == NULL) return NULL;
    post->poster = poster;
    post->run = run;
    mh_http_answer_init(&post->answer, run, poster->max_result);
    post->easy = poster->curl.easy_init();
    if (post->easy != NULL && set_constants(post) && set_callbacks(post) && set_url(post) &&
        set_message(post))
        return post;
    mh_post_free(post);
    return NULL;
}

void mh_post_free(struct mh_post *post)
{
    if (post == NULL) return;
    if (post->easy != NULL) post->poster->curl.easy_cleanup(post->easy);
    post->poster->curl.slist_free_all(post->headers);
    mh_buf_release(&post->message);
    mh_http_answer_release(&post->answer);
    free(post);
}
