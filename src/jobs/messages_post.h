/* One request of the Messages API: sent, and its answer read as it comes.
 *
 * Fill in what the upper part asks for and call mh_messages_post_run; it blocks until the answer is
 * whole, the connection has ended, a limit is reached or the job is to end. One try: whether there
 * is another is the caller's. */
#ifndef MH_MESSAGES_POST_H
#define MH_MESSAGES_POST_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/curl.h"
#include "base/err.h"
#include "jobs/messages_stream.h"

struct mh_messages_post {
    const struct mh_curl *curl;
    const char *url;
    const struct curl_slist *headers;
    const char *body;
    size_t body_len;
    int stop_fd;         /* readable once the job is to end */
    int64_t silence_ms;  /* without a byte */
    int64_t deadline_us; /* of mh_clock_mono_us */
    struct mh_messages_stream *stream;

    /* Of the answer. */
    long status;            /* of HTTP; 0: none came */
    int64_t retry_after_ms; /* 0: not told */
    struct mh_buf refusal;  /* the body, where the status is not 2xx; empty where it is too large */
    char cause[CURL_ERROR_SIZE]; /* why there was none, or no more, in libcurl's words; or "" */

    /* Private. */
    CURL *easy;
    CURLM *multi;
    size_t head_len;
    int64_t heard_us;
};

/* 0: an answer came, or the connection ended: look at `status`, the state of `stream` and `cause`.
 * MH_ETIMEOUT, MH_ECANCELED, MH_ENOMEM. Release it after either. */
int mh_messages_post_run(struct mh_messages_post *post, struct mh_err *err) MH_MUST_CHECK;

void mh_messages_post_release(struct mh_messages_post *post);

#endif
