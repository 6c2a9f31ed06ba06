/* What server.c and request.c share: the request as the server sees it. For nobody else. */
#ifndef MH_CONNECTION_H
#define MH_CONNECTION_H

#include <microhttpd.h>
#include <stdint.h>

#include "base/compiler.h"
#include "http/framing.h"
#include "http/request.h"

struct mh_http;

struct mh_http_header {
    const char *name, *value;
    struct mh_http_header *next;
};

struct mh_http_request {
    struct mh_http *http;
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
    int status;
    bool admitted;  /* the owner has seen it */
    bool suspended; /* the library waits for the answer */
    bool closes;    /* its connection ends with it */
    int64_t start_us;
    void *own;
    struct mh_http_request *next, **link; /* of all that are in hand */
};

/* NULL: out of memory. */
struct mh_http_request *mh_http_request_new(struct MHD_Connection *connection, const char *method,
                                            const char *path, size_t body_max);
void mh_http_request_free(struct mh_http_request *request);

/* It has been answered: the library is to go on. server.c's. */
void mh_http_resume(struct mh_http_request *request);

#endif
