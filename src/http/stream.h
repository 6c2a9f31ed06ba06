/* An answer without an end of its own: told bit by bit, for as long as both sides like.
 *
 * It is filled by a callback whenever the client can take more. Where there is nothing to tell, the
 * connection sleeps until mh_http_stream_wake. Its client may take as long as it likes, but must
 * take something: one that reads nothing of what waits for it is hung up on after the silence of
 * the server's options, one that has gone is noticed at once. mh_http_drain ends it. */
#ifndef MH_STREAM_H
#define MH_STREAM_H

#include <stddef.h>
#include <sys/types.h>

#include "http/request.h"

struct mh_stream {
    const char *type; /* Content-Type; borrowed until the call has returned */

    /* Puts at most `max` bytes at `bytes` and returns how many; 0: there is nothing now; -1: that
     * was all, once what it gave before has been sent. */
    ssize_t (*fill)(void *arg, char *bytes, size_t max);

    /* It is over, whoever ended it: the request must not be used any more. May be NULL. Never
     * called within a function of this header. */
    void (*over)(void *arg);

    void *arg;
};

/* Answers with it, in place of mh_http_answer. HEAD gets the head alone: nothing is filled. */
void mh_http_stream(struct mh_http_request *request, const struct mh_stream *stream);

/* There is something to fill it with, or it is to end. */
void mh_http_stream_wake(struct mh_http_request *request);

/* Hangs up, whatever the client has not read yet. */
void mh_http_stream_cut(struct mh_http_request *request);

#endif
