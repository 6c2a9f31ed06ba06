/* An HTTP/1.1 server on the loop, behind which all of our HTTP stands.
 *
 * It is libmicrohttpd without a thread of its own: the loop watches its epoll descriptor. What the
 * library lets pass and other servers read differently (two lengths, a body framed twice, no or two
 * hosts, header names that are none) is refused here, before a route is looked for. A request has
 * at most 16 KiB of headers, a client 10 s of silence, the server 64 clients. Nothing is logged.
 *
 * Calling order: mh_http_open with a table of routes; the loop runs and calls handlers; each
 * answers its request before it returns; mh_http_close. One loop, one thread. */
#ifndef MH_SERVER_H
#define MH_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/compiler.h"
#include "base/err.h"

struct mh_http;
struct mh_http_request; /* valid while its handler runs */

typedef void mh_http_fn(void *arg, struct mh_http_request *request);

/* A request is given to the first route of its path and method. HEAD is answered by the GET route.
 * No route takes a body yet. */
struct mh_route {
    const char *method; /* NULL ends the table */
    const char *path;
    mh_http_fn *handler;
};

struct mh_http_options {
    const char *bind;              /* IPv4 or IPv6 literal */
    int port;                      /* 0: any that is free, see mh_http_port */
    const char *port_mend;         /* for an error about the port: "set X to another port" */
    int silence_s;                 /* after which a client is hung up on; 0: 10 */
    const struct mh_route *routes; /* borrowed */
    void *arg;                     /* of the handlers */
};

/* Listens at once. MH_EIO where it cannot. */
int mh_http_open(uv_loop_t *loop, const struct mh_http_options *options, struct mh_http **ret_http,
                 struct mh_err *err) MH_MUST_CHECK;

/* Ends every connection. Accepts NULL. Not from a handler. */
void mh_http_close(struct mh_http *http);

int mh_http_port(const struct mh_http *http);

struct mh_answer {
    int status;
    const char *type; /* NULL: application/json */
    const char *body; /* copied */
    size_t len;
    const char *allow; /* with 405: the methods there are */
    bool close;        /* the client is asked to come again on a new connection */
};

/* Once for each request. */
void mh_http_answer(struct mh_http_request *request, const struct mh_answer *answer);

/* Answers {"error":{"code":…,"message":…}}. */
void mh_http_error(struct mh_http_request *request, int status, const char *code,
                   const char *message);

#endif
