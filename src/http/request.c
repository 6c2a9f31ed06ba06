#include "http/request.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/loop.h"
#include "http/connection.h"

#define ERROR_BYTES 2048
#define SMALL_BYTES ((size_t)65536) /* of an answer: there is always room for it */
#define ARENA_MAX   ((size_t)64 << 20)

struct mh_http_request *mh_http_request_new(struct MHD_Connection *connection, const char *method,
                                            const char *path, size_t body_max)
{
    struct mh_http_request *request = calloc(1, sizeof *request);
    if (request == NULL) return NULL;
    mh_arena_init(&request->arena, ARENA_MAX);
    mh_buf_init(&request->body, body_max);
    request->connection = connection;
    request->start_us = mh_clock_mono_us();
    request->method = mh_arena_str(&request->arena, method);
    request->path = mh_arena_str(&request->arena, path);
    if (request->method != NULL && request->path != NULL) return request;
    mh_http_request_free(request);
    return NULL;
}

void mh_http_request_free(struct mh_http_request *request)
{
    mh_watch_drop(request->watch);
    if (request->response != NULL) request->mhd->destroy_response(request->response);
    mh_buf_release(&request->body);
    mh_arena_release(&request->arena);
    free(request);
}

/* --- answering */

static bool add_header(const struct mh_http_request *request, struct MHD_Response *response,
                       const char *name, const char *value)
{
    return value == NULL || request->mhd->add_response_header(response, name, value) == MHD_YES;
}

void mh_http_give(struct mh_http_request *request, const struct mh_answer *answer,
                  struct MHD_Response *response)
{
    assert(request->response == NULL && request->status == 0);
    bool close = answer->close || request->closes;
    const char *type = answer->type != NULL ? answer->type : "application/json";
    bool whole =
        response != NULL &&
        add_header(request, response, MHD_HTTP_HEADER_CONTENT_TYPE,
                   answer->status == MHD_HTTP_NO_CONTENT ? NULL : type) &&
        add_header(request, response, MHD_HTTP_HEADER_ALLOW, answer->allow) &&
        add_header(request, response, MHD_HTTP_HEADER_CONNECTION, close ? "close" : NULL) &&
        add_header(request, response, MHD_HTTP_HEADER_CACHE_CONTROL,
                   answer->cache != NULL ? answer->cache : "no-store") &&
        add_header(request, response, "X-Content-Type-Options", "nosniff");
    for (struct mh_http_header *header = request->headers; whole && header != NULL;
         header = header->next)
        whole = add_header(request, response, header->name, header->value);
    if (!whole && response != NULL) {
        request->mhd->destroy_response(response);
        response = NULL;
    }
    request->response = response;
    request->status = answer->status;
    mh_http_resume(request);
}

void mh_http_answer(struct mh_http_request *request, const struct mh_answer *answer)
{
    /* The pointer is to non-const for the modes in which the library frees it. */
    mh_http_give(request, answer,
                 request->mhd->create_response_from_buffer(
                     answer->len, (void *)(uintptr_t)answer->body, MHD_RESPMEM_MUST_COPY));
}

void mh_http_answer_buf(struct mh_http_request *request, int status, struct mh_buf *body)
{
    size_t len = 0;
    char *text = mh_buf_take(body, &len);
    if (text == NULL) {
        mh_http_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "OUT_OF_MEMORY",
                      "the answer does not fit into memory");
        return;
    }
    if (len > SMALL_BYTES && !mh_http_hold(request, len)) {
        free(text);
        mh_http_set_header(request, MHD_HTTP_HEADER_RETRY_AFTER, "1");
        mh_http_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "BUSY",
                      "too many large answers are in hand: try again");
        return;
    }
    struct MHD_Response *response =
        request->mhd->create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) free(text);
    mh_http_give(request, &(struct mh_answer){.status = status}, response);
}

static void put_error(struct mh_buf *body, const char *code, const char *message)
{
    mh_json_begin(body, '{');
    mh_json_key(body, "error");
    mh_json_begin(body, '{');
    mh_json_key(body, "code");
    mh_json_str(body, code);
    mh_json_key(body, "message");
    mh_json_str(body, message);
    mh_json_end(body, '}');
    mh_json_end(body, '}');
    mh_buf_char(body, '\n');
}

void mh_http_error(struct mh_http_request *request, int status, const char *code,
                   const char *message)
{
    struct mh_buf body;
    mh_buf_init(&body, ERROR_BYTES);
    put_error(&body, code, message);
    mh_http_answer(request, &(struct mh_answer){
                                .status = status, .body = mh_buf_text(&body), .len = body.len});
    mh_buf_release(&body);
}

void mh_http_set_header(struct mh_http_request *request, const char *name, const char *value)
{
    struct mh_http_header *header = mh_arena_alloc(&request->arena, sizeof *header);
    if (header == NULL) return; /* an answer without it is better than none */
    *header = (struct mh_http_header){.name = mh_arena_str(&request->arena, name),
                                      .value = mh_arena_str(&request->arena, value),
                                      .next = request->headers};
    if (header->name != NULL && header->value != NULL) request->headers = header;
}

/* --- asking */

const char *mh_http_header(const struct mh_http_request *request, const char *name)
{
    return request->mhd->lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *mh_http_query(const struct mh_http_request *request, const char *name)
{
    return request->mhd->lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

struct each {
    mh_http_query_fn *fn;
    void *arg;
};

static enum MHD_Result see(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct each *each = arg;
    (void)kind;
    return each->fn(each->arg, name, value != NULL ? value : "") ? MHD_YES : MHD_NO;
}

void mh_http_each_query(const struct mh_http_request *request, mh_http_query_fn *fn, void *arg)
{
    struct each each = {fn, arg};
    (void)request->mhd->get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, see,
                                              &each);
}

const char *mh_http_word(const struct mh_http_request *request)
{
    return request->word;
}

const char *mh_http_body(const struct mh_http_request *request, size_t *ret_len)
{
    *ret_len = request->body.len;
    return mh_buf_text(&request->body);
}

const char *mh_http_method(const struct mh_http_request *request)
{
    return request->method;
}

const struct mh_route *mh_http_route(const struct mh_http_request *request)
{
    return request->route;
}

struct mh_arena *mh_http_arena(struct mh_http_request *request)
{
    return &request->arena;
}

void *mh_http_own(const struct mh_http_request *request)
{
    return request->own;
}

void mh_http_set_own(struct mh_http_request *request, void *own)
{
    request->own = own;
}
