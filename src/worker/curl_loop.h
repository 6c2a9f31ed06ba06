/* libcurl's transfers on our loop: many at once, without a thread of their own.
 *
 * Calling order: mh_curl_loop_new; mh_curl_loop_add for each transfer; `done` is called for it, or
 * mh_curl_loop_remove gives it up; mh_curl_loop_free once none is left. Connections that are free
 * are kept for the next transfer until the free. The easy handles stay their owner's. No callback
 * runs before mh_curl_loop_add has returned. One thread: the loop's. */
#ifndef MH_CURL_LOOP_H
#define MH_CURL_LOOP_H

#include <uv.h>

#include "base/compiler.h"
#include "base/curl.h"
#include "base/err.h"

struct mh_curl_loop;

struct mh_curl_loop_events {
    /* The transfer is over and removed already. */
    void (*done)(void *arg, CURL *easy, CURLcode result);

    /* Out of memory or descriptors: nothing moves any more. Remove the transfers and free this, not
     * from inside the callback. */
    void (*broken)(void *arg);
};

/* Keeps at most `idle_max` connections. Borrows `curl`. */
int mh_curl_loop_new(uv_loop_t *loop, const struct mh_curl *curl, long idle_max,
                     const struct mh_curl_loop_events *events, void *arg,
                     struct mh_curl_loop **ret_loop, struct mh_err *err) MH_MUST_CHECK;

/* Closes what is open. Accepts NULL. */
void mh_curl_loop_free(struct mh_curl_loop *loop);

int mh_curl_loop_add(struct mh_curl_loop *loop, CURL *easy, struct mh_err *err) MH_MUST_CHECK;
void mh_curl_loop_remove(struct mh_curl_loop *loop, CURL *easy);

#endif
