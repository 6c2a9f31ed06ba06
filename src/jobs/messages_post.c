#include "jobs/messages_post.h"

#include <string.h>
#include <strings.h>

#include "base/clock.h"

#define CONNECT_TIMEOUT_MS 10000L
#define HEAD_MAX           65536
#define REFUSAL_MAX        65536

static bool is_success(const struct mh_messages_post *post)
{
    return post->status >= 200 && post->status < 300;
}

/* --- the answer */

static void begin_answer(struct mh_messages_post *post)
{
    char *type = NULL;
    curl_off_t wait_s = 0;
    const struct mh_curl *curl = post->curl;
    struct mh_messages_stream *stream = post->stream;
    (void)curl->easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &post->status); /* 0: none */
    (void)curl->easy_getinfo(post->easy, CURLINFO_CONTENT_TYPE, &type);
    (void)curl->easy_getinfo(post->easy, CURLINFO_RETRY_AFTER, &wait_s);
    post->retry_after_ms = (int64_t)wait_s * 1000;
    if (is_success(post) && (type == NULL || strncasecmp(type, "text/event-stream", 17) != 0)) {
        stream->state = MH_MESSAGES_BROKEN;
        stream->why = "it is no stream of events";
    }
}

/* Any other number than `len` ends the transfer. */
static size_t on_body(char *bytes, size_t one, size_t len, void *arg)
{
    struct mh_messages_post *post = arg;
    (void)one;
    post->heard_us = mh_clock_mono_us();
    if (post->status == 0) begin_answer(post);
    if (is_success(post)) {
        if (post->stream->state == MH_MESSAGES_OPEN)
            mh_messages_stream_feed(post->stream, bytes, len);
        return post->stream->state == MH_MESSAGES_OPEN ? len : len + 1;
    }
    mh_buf_append(&post->refusal, bytes, len);
    return mh_buf_failed(&post->refusal) ? len + 1 : len;
}

static size_t on_header(char *bytes, size_t one, size_t len, void *arg)
{
    struct mh_messages_post *post = arg;
    (void)bytes;
    (void)one;
    post->heard_us = mh_clock_mono_us();
    post->head_len += len;
    return post->head_len <= HEAD_MAX ? len : len + 1;
}

/* --- the request */

static bool set(struct mh_messages_post *post, CURLoption option, const void *value)
{
    return post->curl->easy_setopt(post->easy, option, value) == CURLE_OK;
}

static bool set_options(struct mh_messages_post *post)
{
    const struct mh_curl *curl = post->curl;
    CURL *easy = post->easy;
    return mh_curl_set_post(curl, easy) &&
           curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
           curl->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body_len) ==
               CURLE_OK &&
           set(post, CURLOPT_WRITEDATA, post) && set(post, CURLOPT_HEADERDATA, post) &&
           set(post, CURLOPT_POSTFIELDS, post->body) && set(post, CURLOPT_URL, post->url) &&
           set(post, CURLOPT_HTTPHEADER, post->headers) &&
           set(post, CURLOPT_ERRORBUFFER, post->cause);
}

/* --- its course */

/* Sent bytes count too, so that a long prompt on a slow line is no silence. */
static void hear(struct mh_messages_post *post, curl_off_t *sent)
{
    curl_off_t now_sent = 0;
    (void)post->curl->easy_getinfo(post->easy, CURLINFO_SIZE_UPLOAD_T, &now_sent);
    if (now_sent != *sent) post->heard_us = mh_clock_mono_us();
    *sent = now_sent;
}

static int check_time(const struct mh_messages_post *post, int64_t *ret_left_us, struct mh_err *err)
{
    int64_t now = mh_clock_mono_us(), silent_us = post->heard_us + post->silence_ms * 1000;
    if (now >= post->deadline_us)
        return mh_err_set(err, MH_ETIMEOUT, "there was no whole answer in the time allowed");
    if (now >= silent_us)
        return mh_err_set(err, MH_ETIMEOUT, "nothing was heard for %lld ms",
                          (long long)post->silence_ms);
    int64_t end = silent_us < post->deadline_us ? silent_us : post->deadline_us;
    *ret_left_us = end - now;
    return 0;
}

static int drive(struct mh_messages_post *post, struct mh_err *err)
{
    const struct mh_curl *curl = post->curl;
    struct curl_waitfd stop = {.fd = post->stop_fd, .events = CURL_WAIT_POLLIN};
    curl_off_t sent = 0;
    for (;;) {
        int running = 0;
        int64_t left_us = 0;
        if (mh_job_stopping()) return mh_err_set(err, MH_ECANCELED, "the job is to end");
        if (curl->multi_perform(post->multi, &running) != CURLM_OK)
            return mh_err_set(err, MH_ENOMEM, "out of memory");
        if (running == 0) return 0;
        hear(post, &sent);
        int r = check_time(post, &left_us, err);
        if (r < 0) return r;
        if (curl->multi_poll(post->multi, &stop, 1, (int)(left_us / 1000) + 1, NULL) != CURLM_OK)
            return mh_err_set(err, MH_ENOMEM, "out of memory");
    }
}

/* --- public */

int mh_messages_post_run(struct mh_messages_post *post, struct mh_err *err)
{
    mh_buf_init(&post->refusal, REFUSAL_MAX);
    post->heard_us = mh_clock_mono_us();
    post->easy = post->curl->easy_init();
    post->multi = post->curl->multi_init();
    if (post->easy == NULL || post->multi == NULL || !set_options(post) ||
        post->curl->multi_add_handle(post->multi, post->easy) != CURLM_OK)
        return mh_err_set(err, MH_ENOMEM, "out of memory");
    int r = drive(post, err);
    if (post->status == 0) begin_answer(post); /* it may have no body */
    if (mh_buf_failed(&post->refusal)) mh_buf_reset(&post->refusal);
    return r;
}

void mh_messages_post_release(struct mh_messages_post *post)
{
    const struct mh_curl *curl = post->curl;
    if (post->easy != NULL && post->multi != NULL)
        (void)curl->multi_remove_handle(post->multi, post->easy); /* fails where it is not in */
    if (post->easy != NULL) curl->easy_cleanup(post->easy);
    if (post->multi != NULL) (void)curl->multi_cleanup(post->multi); /* fails for no handle only */
    mh_buf_release(&post->refusal);
}
