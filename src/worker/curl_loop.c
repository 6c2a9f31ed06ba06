#include "worker/curl_loop.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/loop.h"

/* A socket that libcurl wants watched. */
struct sock {
    LIST_ENTRY(sock) link;
    struct mh_curl_loop *owner;
    curl_socket_t fd;
    struct mh_watch *watch;
};

struct mh_curl_loop {
    const struct mh_curl *curl;
    uv_loop_t *loop;
    CURLM *multi;
    struct mh_timer *timer;
    LIST_HEAD(, sock) socks;
    const struct mh_curl_loop_events *events;
    void *arg;
};

static void give_done(struct mh_curl_loop *loop)
{
    int left;
    const CURLMsg *message;
    while ((message = loop->curl->multi_info_read(loop->multi, &left)) != NULL) {
        CURL *easy = message->easy_handle;
        CURLcode result = message->data.result; /* the message goes with the handle */
        if (message->msg != CURLMSG_DONE) continue;
        mh_curl_loop_remove(loop, easy);
        loop->events->done(loop->arg, easy, result);
    }
}

static void go_on(struct mh_curl_loop *loop, curl_socket_t fd, int what)
{
    int running;
    CURLMcode code = loop->curl->multi_socket_action(loop->multi, fd, what, &running);
    give_done(loop);
    if (code != CURLM_OK) loop->events->broken(loop->arg);
}

/* --- what libcurl asks for ---- */

static void on_socket(void *arg, int events)
{
    struct sock *sock = arg;
    int what = 0;
    if ((events & UV_READABLE) != 0) what |= CURL_CSELECT_IN;
    if ((events & UV_WRITABLE) != 0) what |= CURL_CSELECT_OUT;
    go_on(sock->owner, sock->fd, what);
}

static void on_timer(void *arg)
{
    go_on(arg, CURL_SOCKET_TIMEOUT, 0);
}

static void free_sock(struct sock *sock)
{
    LIST_REMOVE(sock, link);
    mh_watch_drop(sock->watch);
    free(sock);
}

static struct sock *add_sock(struct mh_curl_loop *loop, curl_socket_t fd)
{
    struct sock *sock = calloc(1, sizeof *sock);
    if (sock == NULL) return NULL;
    sock->owner = loop;
    sock->fd = fd;
    if (mh_watch_new(loop->loop, fd, 0, on_socket, sock, &sock->watch, NULL) < 0) {
        free(sock);
        return NULL;
    }
    LIST_INSERT_HEAD(&loop->socks, sock, link);
    (void)loop->curl->multi_assign(loop->multi, fd, sock); /* it has asked for this very socket */
    return sock;
}

/* -1 breaks off every transfer. */
static int want_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *assigned)
{
    struct mh_curl_loop *loop = arg;
    struct sock *sock = assigned;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (sock != NULL) free_sock(sock);
        return 0;
    }
    if (sock == NULL) sock = add_sock(loop, fd);
    if (sock == NULL) return -1;
    mh_watch_set(sock->watch, ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
                                  ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0));
    return 0;
}

static int want_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct mh_curl_loop *loop = arg;
    (void)multi;
    if (timeout_ms < 0)
        mh_timer_stop(loop->timer);
    else
        mh_timer_start(loop->timer, timeout_ms, 0);
    return 0;
}

static bool set_options(struct mh_curl_loop *loop, long idle_max)
{
    const struct mh_curl *curl = loop->curl;
    CURLM *multi = loop->multi;
    return curl->multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, want_socket) == CURLM_OK &&
           curl->multi_setopt(multi, CURLMOPT_SOCKETDATA, loop) == CURLM_OK &&
           curl->multi_setopt(multi, CURLMOPT_TIMERFUNCTION, want_timer) == CURLM_OK &&
           curl->multi_setopt(multi, CURLMOPT_TIMERDATA, loop) == CURLM_OK &&
           curl->multi_setopt(multi, CURLMOPT_MAXCONNECTS, idle_max) == CURLM_OK;
}

/* --- public ---- */

int mh_curl_loop_new(uv_loop_t *loop, const struct mh_curl *curl, long idle_max,
                     const struct mh_curl_loop_events *events, void *arg,
                     struct mh_curl_loop **ret_loop, struct mh_err *err)
{
    struct mh_curl_loop *own = calloc(1, sizeof *own);
    if (own == NULL) goto no_memory;
    *own = (struct mh_curl_loop){.curl = curl, .loop = loop, .events = events, .arg = arg};
    LIST_INIT(&own->socks);
    own->multi = curl->multi_init();
    if (own->multi == NULL || mh_timer_new(loop, on_timer, own, &own->timer, NULL) < 0 ||
        !set_options(own, idle_max))
        goto no_memory;
    *ret_loop = own;
    return 0;
no_memory:
    mh_curl_loop_free(own);
    return mh_err_set(err, MH_ENOMEM, "unable to start libcurl: out of memory");
}

void mh_curl_loop_free(struct mh_curl_loop *loop)
{
    if (loop == NULL) return;
    if (loop->multi != NULL)
        (void)loop->curl->multi_cleanup(loop->multi); /* fails only where it is no handle */
    while (!LIST_EMPTY(&loop->socks))
        free_sock(LIST_FIRST(&loop->socks));
    mh_timer_drop(loop->timer);
    free(loop);
}

int mh_curl_loop_add(struct mh_curl_loop *loop, CURL *easy, struct mh_err *err)
{
    if (loop->curl->multi_add_handle(loop->multi, easy) == CURLM_OK) return 0;
    return mh_err_set(err, MH_ENOMEM, "unable to begin a request: out of memory");
}

void mh_curl_loop_remove(struct mh_curl_loop *loop, CURL *easy)
{
    (void)loop->curl->multi_remove_handle(loop->multi, easy); /* fails only where it is not in */
}
