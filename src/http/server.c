#include "http/server.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/loop.h"
#include "http/address.h"
#include "http/clients.h"
#include "http/connection.h"

#define CLIENTS         64u
#define BACKLOG         128
#define CLIENT_BYTES    ((size_t)16384)
#define SILENCE_S       10
#define PATIENCE_S      60
#define BODIES_BYTES    ((size_t)64 << 20)
#define ANSWERS_BYTES   ((size_t)128 << 20)
#define ALLOW_BYTES     1024
#define RUNS_IN_A_ROUND 4
#define SWEEP_MS        1000

struct mh_http {
    uv_loop_t *loop;
    struct mh_mhd mhd;
    struct MHD_Daemon *daemon;
    struct mh_watch *watch;
    struct mh_timer *timer, *sweep;
    struct mh_soon *soon; /* pumps after an answer that came later */
    int port;
    struct mh_http_options options;
    struct mh_clients clients;
    struct mh_http_request *requests; /* in hand */
    size_t bodies;                    /* bytes of all of theirs */
    size_t answers;                   /* and of what is held for them */
    bool closing;
    void (*drained)(void *arg);
    void *drained_arg;
};

/* libmicrohttpd's own clock is in its timeout: what is ready is done at once, a few times over, and
 * then the loop may serve others. */
static void pump(void *arg)
{
    struct mh_http *http = arg;
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    enum MHD_Result waits = MHD_YES;
    for (int i = 0; i < RUNS_IN_A_ROUND && waits == MHD_YES && wait_ms == 0; i++) {
        (void)http->mhd.run(http->daemon); /* fails only for a daemon with a thread */
        waits = http->mhd.get_timeout(http->daemon, &wait_ms);
    }
    if (waits == MHD_YES)
        mh_timer_start(http->timer, (int64_t)wait_ms, 0);
    else
        mh_timer_stop(http->timer);
    if (http->drained != NULL && http->requests == NULL) {
        void (*drained)(void *) = http->drained;
        http->drained = NULL;
        drained(http->drained_arg);
    }
}

static void on_ready(void *arg, int events)
{
    (void)events;
    pump(arg);
}

/* --- clients */

static bool is_stream(const struct mh_http_request *request)
{
    return request->stream.fill != NULL;
}

static struct mh_client *client_of(const struct mh_http_request *request)
{
    const union MHD_ConnectionInfo *info =
        request->mhd->get_connection_info(request->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info->socket_context;
}

static void touch(const struct mh_http_request *request, int64_t since_us)
{
    struct mh_client *client = client_of(request);
    if (client != NULL) client->since_us = since_us;
}

static void add_client(struct mh_http *http, struct MHD_Connection *connection, void **context)
{
    const union MHD_ConnectionInfo *fd =
        http->mhd.get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *from =
        http->mhd.get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (http->clients.count == 0) mh_timer_start(http->sweep, SWEEP_MS, SWEEP_MS);
    *context = mh_clients_add(&http->clients, fd->connect_fd, from->client_addr,
                              mh_clock_mono_us()); /* NULL: it goes unwatched */
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct mh_http *http = arg;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        add_client(http, connection, context);
    } else if (*context != NULL) {
        mh_clients_remove(&http->clients, *context);
        *context = NULL;
    }
}

/* It will neither say nor read any more. Who has said all may well end his half and wait. */
static bool is_gone(const struct mh_client *client)
{
    char byte;
    const struct mh_http_request *request = client->request;
    return request != NULL && !request->complete &&
           recv(client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* The library hangs up on the silent; those who say a byte now and then it would bear for ever. It
 * does not see an end that came together with a part of a body. */
static void sweep(void *arg)
{
    struct mh_http *http = arg;
    int64_t patience_us = (int64_t)http->options.patience_s * 1000000;
    if (http->clients.count == 0) mh_timer_stop(http->sweep);
    int64_t before_us = mh_clock_mono_us() - patience_us;
    for (struct mh_client *client = http->clients.first; client != NULL; client = client->next) {
        bool slow = client->since_us != 0 && client->since_us < before_us;
        if (client->request != NULL && is_stream(client->request)) {
            if (http->drained != NULL) mh_http_stream_cut(client->request);
        } else if (slow || is_gone(client)) {
            mh_client_hang_up(client);
        }
    }
}

/* --- routes */

/* True where the path is of this form; *ret_at and *ret_len are then what the braces stand for. */
static bool matches(const char *form, const char *path, const char **ret_at, size_t *ret_len)
{
    const char *brace = strchr(form, '{');
    *ret_len = 0;
    if (brace == NULL) return strcmp(form, path) == 0;
    size_t head = (size_t)(brace - form);
    if (strncmp(form, path, head) != 0) return false;
    *ret_at = path + head;
    *ret_len = strcspn(path + head, "/");
    return *ret_len > 0 && strcmp(strchr(brace, '}') + 1, path + head + *ret_len) == 0;
}

static bool serves(const struct mh_route *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static void find_route(const struct mh_http *http, struct mh_http_request *request)
{
    const char *at;
    size_t len;
    for (const struct mh_route *route = http->options.routes; route->method != NULL; route++) {
        if (!matches(route->path, request->path, &at, &len) || !serves(route, request->method))
            continue;
        request->route = route;
        if (len > 0) request->word = mh_arena_copy(&request->arena, at, len);
        return;
    }
}

static void list_methods(const struct mh_http *http, const char *path, struct mh_buf *out)
{
    const char *at;
    size_t len;
    for (const struct mh_route *route = http->options.routes; route->method != NULL; route++) {
        if (!matches(route->path, path, &at, &len)) continue;
        if (out->len > 0) mh_buf_str(out, ", ");
        mh_buf_str(out, route->method);
        if (strcmp(route->method, "GET") == 0) mh_buf_str(out, ", HEAD");
    }
}

static void refuse_path(const struct mh_http *http, struct mh_http_request *request)
{
    static const char body[] = "{\"error\":{\"code\":\"METHOD_NOT_ALLOWED\","
                               "\"message\":\"this path does not have the method\"}}\n";
    struct mh_buf allow;
    mh_buf_init(&allow, ALLOW_BYTES);
    list_methods(http, request->path, &allow);
    if (allow.len == 0)
        mh_http_error(request, MHD_HTTP_NOT_FOUND, "NOT_FOUND", "there is nothing at this path");
    else
        mh_http_answer(request, &(struct mh_answer){.status = MHD_HTTP_METHOD_NOT_ALLOWED,
                                                    .allow = mh_buf_text(&allow),
                                                    .body = body,
                                                    .len = sizeof body - 1});
    mh_buf_release(&allow);
}

/* --- requests */

static bool is_json(const char *type)
{
    static const char json[] = "application/json";
    if (type == NULL || strncasecmp(type, json, strlen(json)) != 0) return false;
    const char *rest = type + strlen(json);
    return *rest == '\0' || *rest == ';' || *rest == ' ';
}

static void check_body(const struct mh_http *http, struct mh_http_request *request)
{
    const char *length = mh_http_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (!request->route->takes_body)
        mh_http_error(request, MHD_HTTP_CONTENT_TOO_LARGE, "BODY_TOO_LARGE",
                      "no body is expected here");
    else if (!is_json(mh_http_header(request, MHD_HTTP_HEADER_CONTENT_TYPE)))
        mh_http_error(request, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE",
                      "the Content-Type of a body must be application/json");
    else if (length != NULL && strtoull(length, NULL, 10) > http->options.body_max)
        mh_http_error(request, MHD_HTTP_CONTENT_TOO_LARGE, "BODY_TOO_LARGE",
                      "the body is larger than is accepted here");
}

/* All that can be said before there is a body. Afterwards it may have been answered. */
static void prepare(struct mh_http *http, struct mh_http_request *request)
{
    find_route(http, request);
    request->admitted = true;
    if (http->options.admit != NULL && !http->options.admit(http->options.arg, request)) return;
    if (request->route == NULL)
        refuse_path(http, request);
    else if (mh_framing_has_body(&request->framing))
        check_body(http, request);
}

static bool is_answered(const struct mh_http_request *request)
{
    return request->status != 0;
}

/* Hands an answer to the library. */
static enum MHD_Result queue(struct mh_http_request *request)
{
    if (request->response == NULL) return MHD_NO;
    touch(request, is_stream(request) ? 0 : mh_clock_mono_us());
    return request->mhd->queue_response(request->connection, (unsigned)request->status,
                                        request->response);
}

static void refuse_client(struct mh_http_request *request)
{
    request->closes = true;
    mh_http_set_header(request, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    mh_http_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "TOO_MANY_CONNECTIONS",
                  "this address has as many connections as it may while there are few left");
}

/* An answer now ends the connection, as the body will not be read. */
static enum MHD_Result begin(struct mh_http *http, struct mh_http_request *request,
                             const char *version)
{
    const char *wrong =
        mh_framing_check(request->mhd, request->connection, version, &request->framing);
    const struct mh_client *client = client_of(request);
    touch(request, request->start_us);
    request->closes = http->drained != NULL;
    if (client != NULL && client->refused) {
        refuse_client(request);
    } else if (wrong != NULL) {
        request->closes = true;
        mh_http_error(request, MHD_HTTP_BAD_REQUEST, "BAD_REQUEST", wrong);
    } else if (mh_framing_has_body(&request->framing)) {
        prepare(http, request);
    }
    return is_answered(request) ? queue(request) : MHD_YES;
}

/* In the middle of a body nothing can be answered: what is too much is dropped, and said at its
 * end.
 */
static enum MHD_Result take_body(struct mh_http *http, struct mh_http_request *request,
                                 const char *bytes, size_t *len)
{
    if (request->refused == NULL && http->bodies + *len > BODIES_BYTES)
        request->refused = "BUSY";
    else if (request->refused == NULL && request->body.len + *len > http->options.body_max)
        request->refused = "BODY_TOO_LARGE";
    if (request->refused == NULL) {
        mh_buf_append(&request->body, bytes, *len);
        http->bodies += *len;
        if (mh_buf_failed(&request->body)) request->refused = "BUSY";
    }
    *len = 0;
    return MHD_YES;
}

static void handle(struct mh_http *http, struct mh_http_request *request)
{
    if (!request->admitted) prepare(http, request);
    if (is_answered(request)) return;
    if (request->refused == NULL)
        request->route->handler(http->options.arg, request);
    else if (strcmp(request->refused, "BUSY") == 0)
        mh_http_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "BUSY",
                      "too many bodies are in hand: try again");
    else
        mh_http_error(request, MHD_HTTP_CONTENT_TOO_LARGE, "BODY_TOO_LARGE",
                      "the body is larger than is accepted here");
}

static enum MHD_Result complete(struct mh_http *http, struct mh_http_request *request)
{
    touch(request, 0);
    request->complete = true;
    if (!is_answered(request)) handle(http, request);
    if (is_answered(request)) return queue(request);
    request->mhd->suspend_connection(request->connection);
    request->suspended = true;
    return MHD_YES;
}

void mh_http_resume(struct mh_http_request *request)
{
    if (!request->suspended) return;
    request->suspended = false;
    request->mhd->resume_connection(request->connection);
    mh_soon_ask(request->http->soon);
}

bool mh_http_hold(struct mh_http_request *request, size_t bytes)
{
    struct mh_http *http = request->http;
    if (http->answers + bytes > ANSWERS_BYTES) return false;
    http->answers += bytes;
    request->answer_bytes += bytes;
    return true;
}

uv_loop_t *mh_http_loop(const struct mh_http *http)
{
    return http->loop;
}

bool mh_http_is_ending(const struct mh_http *http)
{
    return http->closing || http->drained != NULL;
}

static struct mh_http_request *add_request(struct mh_http *http, struct MHD_Connection *connection,
                                           const char *method, const char *path)
{
    struct mh_http_request *request =
        mh_http_request_new(connection, method, path, http->options.body_max);
    if (request == NULL) return NULL;
    request->http = http;
    request->mhd = &http->mhd;
    request->next = http->requests;
    request->link = &http->requests;
    if (request->next != NULL) request->next->link = &request->next;
    http->requests = request;
    struct mh_client *client = client_of(request);
    if (client != NULL) client->request = request;
    return request;
}

static void tell_ended(struct mh_http *http, struct mh_http_request *request, bool sent)
{
    if (is_stream(request) && request->stream.over != NULL)
        request->stream.over(request->stream.arg);
    if (request->admitted && http->options.ended != NULL)
        http->options.ended(http->options.arg, request,
                            sent || is_stream(request) ? request->status : 0,
                            mh_clock_mono_us() - request->start_us);
}

/* Called with the headers, with each piece of the body, and once more when the request is complete;
 * and again when it goes on after it was suspended. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *body,
                                  size_t *body_len, void **state)
{
    struct mh_http *http = arg;
    struct mh_http_request *request = *state;
    if (http->closing) return MHD_NO;
    if (request == NULL) {
        request = add_request(http, connection, method, url);
        if (request == NULL) return MHD_NO;
        *state = request;
        return begin(http, request, version);
    }
    if (*body_len > 0) return take_body(http, request, body, body_len);
    return complete(http, request);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **state,
                         enum MHD_RequestTerminationCode code)
{
    struct mh_http *http = arg;
    struct mh_http_request *request = *state;
    (void)connection;
    if (request == NULL) return;
    *state = NULL;
    touch(request, mh_clock_mono_us());
    struct mh_client *client = client_of(request);
    if (client != NULL) client->request = NULL;
    tell_ended(http, request, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    http->bodies -= request->body.len;
    http->answers -= request->answer_bytes;
    *request->link = request->next;
    if (request->next != NULL) request->next->link = request->link;
    mh_http_request_free(request);
    if (http->drained != NULL && !http->closing) mh_soon_ask(http->soon);
}

/* A NUL would end a text of ours before its end. */
static size_t unescape(void *arg, struct MHD_Connection *connection, char *text)
{
    struct mh_http *http = arg;
    (void)connection;
    return strstr(text, "%00") != NULL ? strlen(text) : http->mhd.http_unescape(text);
}

/* --- opening */

static const char *mend_of(int errnum, const struct mh_http_options *options)
{
    if (errnum == EADDRINUSE || errnum == EACCES) return options->port_mend;
    if (errnum == EADDRNOTAVAIL) return "set MILLHAND_BIND to an address of this machine";
    return NULL;
}

static int listen_error(const struct mh_http_options *options, const char *text, int errnum,
                        struct mh_err *err)
{
    char cause[128];
    const char *mend = mend_of(errnum, options);
    return mh_err_set(err, MH_EIO, "unable to listen on %s: %s%s%s", text,
                      strerror_r(errnum, cause, sizeof(cause)), mend ? "; " : "", mend ? mend : "");
}

static int read_port(int fd)
{
    struct mh_address bound = {.len = sizeof(bound.sock)};
    (void)getsockname(fd, &bound.sock.any, &bound.len); /* of our own socket: cannot fail */
    return ntohs(bound.sock.any.sa_family == AF_INET ? bound.sock.v4.sin_port
                                                     : bound.sock.v6.sin6_port);
}

/* Our own socket, as the library would not say why it has none. */
static int listen_at(const struct mh_http_options *options, int *ret_fd, struct mh_err *err)
{
    struct mh_address address;
    int on = 1, r = mh_address_set(options->bind, options->port, &address, err);
    if (r < 0) return r;
    int fd = socket(address.sock.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return listen_error(options, address.text, errno, err);
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, &address.sock.any, address.len) < 0 || listen(fd, BACKLOG) < 0) {
        r = listen_error(options, address.text, errno, err);
        close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

static int start_daemon(struct mh_http *http, int fd, struct mh_err *err)
{
    const struct mh_http_options *options = &http->options;
    http->daemon = http->mhd.start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, http,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, options->clients,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CLIENT_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)options->silence_s, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_UNESCAPE_CALLBACK, unescape,
        http, MHD_OPTION_END);
    if (http->daemon) return 0;
    close(fd);
    return mh_err_set(err, MH_EIO, "unable to start the HTTP server: out of memory or descriptors");
}

static int watch_daemon(uv_loop_t *loop, struct mh_http *http, struct mh_err *err)
{
    const union MHD_DaemonInfo *info =
        http->mhd.get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int r = mh_timer_new(loop, pump, http, &http->timer, err);
    if (r == 0) r = mh_timer_new(loop, sweep, http, &http->sweep, err);
    if (r == 0) r = mh_soon_new(loop, pump, http, &http->soon, err);
    if (r < 0) return r;
    return mh_watch_new(loop, info->epoll_fd, UV_READABLE, on_ready, http, &http->watch, err);
}

int mh_http_open(uv_loop_t *loop, const struct mh_http_options *options, struct mh_http **ret_http,
                 struct mh_err *err)
{
    int fd = -1;
    struct mh_http *http = calloc(1, sizeof(*http));
    if (!http) return mh_err_set(err, MH_ENOMEM, "unable to start the HTTP server: out of memory");
    http->loop = loop;
    http->options = *options;
    if (options->silence_s == 0) http->options.silence_s = SILENCE_S;
    if (options->patience_s == 0) http->options.patience_s = PATIENCE_S;
    if (options->clients == 0) http->options.clients = CLIENTS;
    http->clients.most = http->options.clients;
    int r = mh_mhd_load(&http->mhd, err);
    if (r == 0) r = listen_at(options, &fd, err);
    if (r < 0) goto out;
    http->port = read_port(fd);
    r = start_daemon(http, fd, err);
    if (r < 0) goto out;
    r = watch_daemon(loop, http, err);
out:
    if (r < 0)
        mh_http_close(http);
    else
        *ret_http = http;
    return r;
}

void mh_http_drain(struct mh_http *http, void (*done)(void *arg), void *arg)
{
    MHD_socket fd = http->mhd.quiesce_daemon(http->daemon);
    if (fd != MHD_INVALID_SOCKET) close(fd);
    http->drained = done;
    http->drained_arg = arg;
    for (struct mh_http_request *request = http->requests; request; request = request->next)
        if (is_stream(request)) mh_http_resume(request); /* to find that it is to end */
    mh_soon_ask(http->soon);
}

void mh_http_close(struct mh_http *http)
{
    if (!http) return;
    http->closing = true;
    mh_watch_drop(http->watch);
    mh_timer_drop(http->timer);
    mh_timer_drop(http->sweep);
    for (struct mh_http_request *request = http->requests; request; request = request->next)
        if (request->suspended)
            http->mhd.resume_connection(request->connection); /* or it would panic */
    if (http->daemon) http->mhd.stop_daemon(http->daemon); /* closes the listening socket as well */
    mh_soon_drop(http->soon);
    free(http);
}

int mh_http_port(const struct mh_http *http)
{
    return http->port;
}
