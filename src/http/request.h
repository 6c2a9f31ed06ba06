/* A request in the hands of a handler, and its answer.
 *
 * It lives until it has been answered, which a handler may do at once or later; once answered it
 * must not be used. Whoever never answers keeps the client waiting for ever. */
#ifndef MH_REQUEST_H
#define MH_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"

struct mh_http_request;
struct mh_route;

struct mh_answer {
    int status;
    const char *type;  /* NULL: application/json */
    const char *cache; /* Cache-Control; NULL: no-store */
    const char *body;  /* copied */
    size_t len;
    const char *allow; /* with 405: the methods there are */
    bool close;        /* the client is asked to come again on a new connection */
};

/* Once for each request. */
void mh_http_answer(struct mh_http_request *request, const struct mh_answer *answer);

/* Answers with the buffer's content, which it takes; where that has failed, with an error. */
void mh_http_answer_buf(struct mh_http_request *request, int status, struct mh_buf *body);

/* Answers {"error":{"code":…,"message":…}}. */
void mh_http_error(struct mh_http_request *request, int status, const char *code,
                   const char *message);

/* One more header of the answer; both are copied. */
void mh_http_set_header(struct mh_http_request *request, const char *name, const char *value);

/* NULL: none; of several headers with this name the first. */
const char *mh_http_header(const struct mh_http_request *request, const char *name);

/* The value of a query parameter, NULL: it is not given. */
const char *mh_http_query(const struct mh_http_request *request, const char *name);

/* Each of the query's parameters; ends where `fn` returns false. */
typedef bool mh_http_query_fn(void *arg, const char *name, const char *value);
void mh_http_each_query(const struct mh_http_request *request, mh_http_query_fn *fn, void *arg);

/* The segment of the path that the route has in braces, or NULL. */
const char *mh_http_word(const struct mh_http_request *request);

/* "" where there is none; followed by a NUL. */
const char *mh_http_body(const struct mh_http_request *request, size_t *ret_len);

const char *mh_http_method(const struct mh_http_request *request);
const struct mh_route *mh_http_route(const struct mh_http_request *request); /* NULL: none */

/* Memory that lives as long as the request. */
struct mh_arena *mh_http_arena(struct mh_http_request *request);

/* What the owner keeps with the request, NULL at first. */
void *mh_http_own(const struct mh_http_request *request);
void mh_http_set_own(struct mh_http_request *request, void *own);

#endif
