#include "http/server.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/loop.h"
#include "http/address.h"

#define CLIENTS         64u
#define CLIENT_BYTES    ((size_t)16384)
#define SILENCE_S       10
#define ERROR_BYTES     1024
#define RUNS_IN_A_ROUND 4

struct mh_http {
    struct MHD_Daemon *daemon;
    struct mh_watch *watch;
    struct mh_timer *timer;
    int port;
    const struct mh_route *routes;
    void *arg;
};

struct mh_http_request {
    struct MHD_Connection *connection;
    enum MHD_Result result; /* NO until it is answered: the connection is then ended */
};

/* libmicrohttpd's own clock is in its timeout: what is ready is done at once, a few times over, and
 * then the loop may serve others. */
static void pump(void *arg)
{
    struct mh_http *http = arg;
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    enum MHD_Result waits = MHD_YES;
    for (int i = 0; i < RUNS_IN_A_ROUND && waits == MHD_YES && wait_ms == 0; i++) {
        (void)MHD_run(http->daemon); /* fails only for a daemon with a thread */
        waits = MHD_get_timeout(http->daemon, &wait_ms);
    }
    if (waits == MHD_YES)
        mh_timer_start(http->timer, (int64_t)wait_ms, 0);
    else
        mh_timer_stop(http->timer);
}

static void on_ready(void *arg, int events)
{
    (void)events;
    pump(arg);
}

static int add_header(struct MHD_Response *response, const char *name, const char *value)
{
    if (!value) return 0;
    return MHD_add_response_header(response, name, value) == MHD_YES ? 0 : MH_ENOMEM;
}

void mh_http_answer(struct mh_http_request *request, const struct mh_answer *answer)
{
    assert(request->result == MHD_NO);
    /* The pointer is to non-const for the modes in which the library frees it. */
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->len, (void *)(uintptr_t)answer->body, MHD_RESPMEM_MUST_COPY);
    if (!response) return;
    const char *type = answer->type ? answer->type : "application/json";
    const char *close = answer->close ? "close" : NULL;
    if (add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type) == 0 &&
        add_header(response, MHD_HTTP_HEADER_ALLOW, answer->allow) == 0 &&
        add_header(response, MHD_HTTP_HEADER_CONNECTION, close) == 0 &&
        add_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store") == 0)
        request->result =
            MHD_queue_response(request->connection, (unsigned)answer->status, response);
    MHD_destroy_response(response);
}

static void answer_error(struct mh_http_request *request, const struct mh_answer *answer,
                         const char *code, const char *message)
{
    struct mh_buf body;
    struct mh_answer whole = *answer;
    mh_buf_init(&body, ERROR_BYTES);
    mh_json_begin(&body, '{');
    mh_json_key(&body, "error");
    mh_json_begin(&body, '{');
    mh_json_key(&body, "code");
    mh_json_str(&body, code);
    mh_json_key(&body, "message");
    mh_json_str(&body, message);
    mh_json_end(&body, '}');
    mh_json_end(&body, '}');
    mh_buf_char(&body, '\n');
    whole.body = mh_buf_text(&body);
    whole.len = body.len;
    if (!mh_buf_failed(&body)) mh_http_answer(request, &whole);
    mh_buf_release(&body);
}

void mh_http_error(struct mh_http_request *request, int status, const char *code,
                   const char *message)
{
    answer_error(request, &(struct mh_answer){.status = status}, code, message);
}

/* What the headers say of how the request is framed. */
struct framing {
    int hosts;
    int lengths;
    int encodings;
    bool empty; /* the length is 0 */
    bool odd_name;
};

static bool is_token(const char *name, size_t len)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (c == '\0' || !strchr(marks, c))) return false;
    }
    return len > 0;
}

static enum MHD_Result note_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                   size_t name_len, const char *value, size_t value_len)
{
    struct framing *framing = arg;
    (void)kind;
    (void)value_len;
    if (!is_token(name, name_len)) framing->odd_name = true;
    if (strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0) framing->hosts++;
    if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) framing->encodings++;
    if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
        framing->lengths++;
        framing->empty = value && strcmp(value, "0") == 0;
    }
    return MHD_YES;
}

/* NULL, or what is wrong. */
static const char *wrong_framing(const struct framing *framing, const char *version)
{
    if (framing->odd_name) return "a header name is not a token";
    if (framing->lengths > 1) return "the length is given more than once";
    if (framing->lengths > 0 && framing->encodings > 0)
        return "a length and a transfer encoding exclude each other";
    if (framing->hosts > 1) return "the host is given more than once";
    if (framing->hosts == 0 && strcmp(version, MHD_HTTP_VERSION_1_1) == 0)
        return "the host is missing";
    return NULL;
}

/* False when the request has been refused. The connection ends then: where the next request would
 * begin is in doubt. */
static bool check_framing(struct mh_http_request *request, const char *version)
{
    struct framing framing = {0};
    (void)MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, note_header, &framing);
    const char *wrong = wrong_framing(&framing, version);
    if (wrong) {
        mh_http_error(request, MHD_HTTP_BAD_REQUEST, "BAD_REQUEST", wrong);
        return false;
    }
    if (framing.encodings > 0 || (framing.lengths > 0 && !framing.empty)) {
        mh_http_error(request, MHD_HTTP_CONTENT_TOO_LARGE, "BODY_TOO_LARGE",
                      "no body is expected here");
        return false;
    }
    return true;
}

static bool serves(const struct mh_route *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static void refuse_method(const struct mh_http *http, struct mh_http_request *request,
                          const char *path)
{
    struct mh_buf allow;
    mh_buf_init(&allow, ERROR_BYTES);
    for (const struct mh_route *route = http->routes; route->method; route++) {
        if (strcmp(route->path, path) != 0) continue;
        if (allow.len > 0) mh_buf_str(&allow, ", ");
        mh_buf_str(&allow, route->method);
        if (strcmp(route->method, "GET") == 0) mh_buf_str(&allow, ", HEAD");
    }
    answer_error(
        request,
        &(struct mh_answer){.status = MHD_HTTP_METHOD_NOT_ALLOWED, .allow = mh_buf_text(&allow)},
        "METHOD_NOT_ALLOWED", "this path does not have the method");
    mh_buf_release(&allow);
}

static void dispatch(const struct mh_http *http, struct mh_http_request *request,
                     const char *method, const char *path)
{
    bool known = false;
    for (const struct mh_route *route = http->routes; route->method; route++) {
        if (strcmp(route->path, path) != 0) continue;
        known = true;
        if (!serves(route, method)) continue;
        route->handler(http->arg, request);
        return;
    }
    if (known)
        refuse_method(http, request, path);
    else
        mh_http_error(request, MHD_HTTP_NOT_FOUND, "NOT_FOUND", "there is nothing at this path");
}

/* Called once with the headers, when an answer ends the connection, and once more when the request
 * is complete, when it may go on. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *body,
                                  size_t *body_len, void **state)
{
    struct mh_http *http = arg;
    struct mh_http_request request = {.connection = connection, .result = MHD_NO};
    (void)body; /* one that is announced has been refused */
    (void)body_len;
    if (*state) {
        dispatch(http, &request, method, url);
    } else if (check_framing(&request, version)) {
        *state = http; /* anything but NULL */
        return MHD_YES;
    }
    return request.result;
}

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
        bind(fd, &address.sock.any, address.len) < 0 || listen(fd, (int)CLIENTS) < 0) {
        r = listen_error(options, address.text, errno, err);
        close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

static int start_daemon(struct mh_http *http, int fd, int silence_s, struct mh_err *err)
{
    unsigned timeout_s = (unsigned)(silence_s > 0 ? silence_s : SILENCE_S);
    http->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, http,
                                    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                                    CLIENTS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CLIENT_BYTES,
                                    MHD_OPTION_CONNECTION_TIMEOUT, timeout_s, MHD_OPTION_END);
    if (http->daemon) return 0;
    close(fd);
    return mh_err_set(err, MH_EIO, "unable to start the HTTP server: out of memory or descriptors");
}

static int watch_daemon(uv_loop_t *loop, struct mh_http *http, struct mh_err *err)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int r = mh_timer_new(loop, pump, http, &http->timer, err);
    if (r < 0) return r;
    return mh_watch_new(loop, info->epoll_fd, UV_READABLE, on_ready, http, &http->watch, err);
}

int mh_http_open(uv_loop_t *loop, const struct mh_http_options *options, struct mh_http **ret_http,
                 struct mh_err *err)
{
    int fd = -1;
    struct mh_http *http = calloc(1, sizeof(*http));
    if (!http) return mh_err_set(err, MH_ENOMEM, "unable to start the HTTP server: out of memory");
    http->routes = options->routes;
    http->arg = options->arg;
    int r = listen_at(options, &fd, err);
    if (r < 0) goto out;
    http->port = read_port(fd);
    r = start_daemon(http, fd, options->silence_s, err);
    if (r < 0) goto out;
    r = watch_daemon(loop, http, err);
out:
    if (r < 0)
        mh_http_close(http);
    else
        *ret_http = http;
    return r;
}

void mh_http_close(struct mh_http *http)
{
    if (!http) return;
    mh_watch_drop(http->watch);
    mh_timer_drop(http->timer);
    if (http->daemon) MHD_stop_daemon(http->daemon); /* closes the listening socket as well */
    free(http);
}

int mh_http_port(const struct mh_http *http)
{
    return http->port;
}
