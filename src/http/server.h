/* An HTTP/1.1 server on the loop, behind which all of our HTTP stands.
 *
 * It is libmicrohttpd without a thread of its own: the loop watches its epoll descriptor. What the
 * library lets pass and other servers read differently is refused here (http/framing.h), before a
 * route is looked for. A request has at most 16 KiB of headers, a client 10 s of silence and 60 s
 * for a request and again for its answer, unless that is a stream (http/stream.h); all bodies
 * together hold at most 64 MiB. No address can take all connections (http/clients.h). Nothing is
 * logged.
 *
 * Calling order: mh_http_open with a table of routes; the loop runs and calls handlers; each
 * answers its request, at once or later (http/request.h); mh_http_drain, to let them end;
 * mh_http_close. One loop, one thread. */
#ifndef MH_SERVER_H
#define MH_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/compiler.h"
#include "base/err.h"
#include "http/request.h"

struct mh_http;

typedef void mh_http_fn(void *arg, struct mh_http_request *request);

/* A request is given to the first route of its path and method. HEAD is answered by the GET route.
 * A segment of the path in braces, at most one, stands for any text: mh_http_word. */
struct mh_route {
    const char *method; /* NULL ends the table */
    const char *path;   /* "/v1/jobs/{id}" */
    mh_http_fn *handler;
    bool takes_body;   /* JSON, which may be absent */
    const void *about; /* the owner's own */
};

struct mh_http_options {
    const char *bind;              /* IPv4 or IPv6 literal */
    int port;                      /* 0: any that is free, see mh_http_port */
    const char *port_mend;         /* for an error about the port: "set X to another port" */
    int silence_s;                 /* after which a client is hung up on; 0: 10 */
    int patience_s;                /* the most for a request, and for its answer; 0: 60 */
    unsigned clients;              /* at once; 0: 64 */
    size_t body_max;               /* bytes of one body */
    const struct mh_route *routes; /* borrowed */

    /* Sees each request before its body is read, its route NULL where there is none. False: it has
     * answered. May be NULL. */
    bool (*admit)(void *arg, struct mh_http_request *request);

    /* Sees each request that was admitted when it is over; `status` 0: the client was gone. May be
     * NULL. */
    void (*ended)(void *arg, struct mh_http_request *request, int status, int64_t duration_us);

    void *arg; /* of all of these, and of the handlers */
};

/* Listens at once. MH_EIO where it cannot. */
int mh_http_open(uv_loop_t *loop, const struct mh_http_options *options, struct mh_http **ret_http,
                 struct mh_err *err) MH_MUST_CHECK;

/* Takes no connections any more and ends streams; `done` runs once no request is in hand, never
 * within the call. */
void mh_http_drain(struct mh_http *http, void (*done)(void *arg), void *arg);

/* Ends every connection; requests that wait for their answer are gone. Accepts NULL. Not from a
 * handler. */
void mh_http_close(struct mh_http *http);

int mh_http_port(const struct mh_http *http);

#endif
