/* The request by which a job is POSTed to a handler over HTTP: its record, signed as Standard
 * Webhooks, made ready for libcurl, and what libcurl then tells of it. Where it goes from there is
 * its owner's (handler_http.c). One thread: the loop's. */
#ifndef MH_POST_H
#define MH_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/curl.h"
#include "base/netaddr.h"
#include "worker/handler_http_answer.h"

#define MH_POST_HEADERS_MAX 65536 /* bytes of an answer's head; past that it is refused */

struct mh_handler_spec;
struct mh_run;

/* What all of a handler's have in common. Both libraries are loaded before the first. */
struct mh_poster {
    const struct mh_handler_spec *spec;
    size_t max_result;
    struct mh_curl curl;
    struct mh_crypto crypto;
};

struct mh_post {
    LIST_ENTRY(mh_post) link; /* the owner's */
    void *owner;
    bool stopped; /* the owner's: to be given up */

    const struct mh_poster *poster;
    struct mh_run *run;
    CURL *easy; /* its CURLINFO_PRIVATE is the post */
    struct curl_slist *headers;
    struct mh_buf message;         /* what is signed, the body at its end */
    size_t received;               /* bytes of headers */
    bool begun;                    /* the answer's head is known */
    bool dialled;                  /* a public address was tried */
    bool starved;                  /* no descriptor, or no memory, was left for one */
    char refused[MH_NETADDR_TEXT]; /* the private address that was not; "": none */
    char cause[CURL_ERROR_SIZE];
    struct mh_http_answer answer;
};

/* Borrows `poster`. NULL: out of memory. */
struct mh_post *mh_post_new(const struct mh_poster *poster, struct mh_run *run);

/* Takes what libcurl knows of the answer's head, once it is there or nothing more will come. */
void mh_post_begin_answer(struct mh_post *post);

/* Of the answer; NULL: it has no such header. */
const char *mh_post_header(const struct mh_post *post, const char *name);

/* It must be in no list and on no wire any more. Accepts NULL. */
void mh_post_free(struct mh_post *post);

#endif
