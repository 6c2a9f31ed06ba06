/* What server.c, request.c and stream.c share: the request as the server sees it. For nobody else.
 */
#ifndef MH_CONNECTION_H
#define MH_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/compiler.h"
#include "http/framing.h"
#include "http/mhd.h"
#include "http/request.h"
#include "http/stream.h"

struct mh_http;
struct mh_watch;

struct mh_http_header {
    const char *name, *value;
    struct mh_http_header *next;
};

struct mh_http_request {
    struct mh_http *http;
    const struct mh_mhd *mhd;
    struct MHD_Connection *connection;
    const char *method;
    const char *path;
    const struct mh_route *route;
    const char *word;
    struct mh_framing framing;
    struct mh_arena arena;
    struct mh_buf body;
    const char *refused; /* why the body is not kept */
    struct mh_http_header *headers;
    struct MHD_Response *response; /* NULL until it is answered */
    size_t answer_bytes;           /* of it, where they are many */
    int status;
    struct mh_stream stream; /* where that is what it is answered with */
    struct mh_watch *watch;  /* of a stream: for the end of its client */
    bool admitted;           /* the owner has seen it */
    bool complete;           /* all of it has come */
    bool suspended;          /* the library waits for the answer */
    bool closes;             /* its connection ends with it */
    bool cut;                /* its stream has been hung up on */
    int64_t start_us;
    void *own;
    struct mh_http_request *next, **link; /* of all that are in hand */
};

/* NULL: out of memory. */
struct mh_http_request *mh_http_request_new(struct MHD_Connection *connection, const char *method,
                                            const char *path, size_t body_max);
void mh_http_request_free(struct mh_http_request *request);

/* Takes the response, NULL: out of memory; then the client is hung up on. */
void mh_http_give(struct mh_http_request *request, const struct mh_answer *answer,
                  struct MHD_Response *response);

/* It has been answered, or has more to tell: the library is to go on. server.c's, as the next. */
void mh_http_resume(struct mh_http_request *request);

/* False: answers that their clients have not taken yet fill the memory there is for them. Else so
 * many bytes are held until the request is over. */
bool mh_http_hold(struct mh_http_request *request, size_t bytes);

uv_loop_t *mh_http_loop(const struct mh_http *http);

/* No stream goes on. */
bool mh_http_is_ending(const struct mh_http *http);

#endif
