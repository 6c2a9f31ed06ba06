/* The port of /health: whatever a client sends, the server answers as HTTP or hangs up, and hands
 * on no more requests than the client began. The bytes go through a real connection. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/loop.h"
#include "fuzz.h"
#include "http/address.h"
#include "http/server.h"

#define TURNS 20 /* of the loop, in which loopback has carried everything */

static uv_loop_t loop;
static struct mh_http *http;
static size_t handed_on, begun; /* of all clients: one that is gone may be served late */

static void answer(void *arg, struct mh_http_request *request)
{
    (void)arg;
    handed_on++;
    mh_http_answer(request, &(struct mh_answer){.status = 200, .body = "ok", .len = 2});
}

static const struct mh_route routes[] = {
    {"GET", "/health", answer},
    {"POST", "/echo", answer, .takes_body = true},
    {NULL},
};

static void open_server(void)
{
    const struct mh_http_options options = {
        .bind = "127.0.0.1", .routes = routes, .body_max = 1024};
    require(uv_loop_init(&loop) == 0);
    require(mh_http_open(&loop, &options, &http, NULL) == 0);
}

/* Closed by a reset: thousands of them would otherwise use up the ports. */
static int connect_client(void)
{
    const struct linger reset = {.l_onoff = 1};
    struct mh_address address;
    require(mh_address_set("127.0.0.1", mh_http_port(http), &address, NULL) == 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0);
    while (connect(fd, &address.sock.any, address.len) != 0)
        require(errno == EINTR); /* by the fuzzer's own timer */
    return fd;
}

static size_t requests_begun(const uint8_t *data, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i + 5 <= size; i++)
        count += memcmp(data + i, "HTTP/", 5) == 0;
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char said[8192] = "";
    size_t len = 0;
    if (size > 16384) return 0;
    if (http == NULL) open_server();
    begun += requests_begun(data, size);
    int fd = connect_client();
    (void)send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT); /* what does not fit is not sent */
    for (int i = 0; i < TURNS; i++) {
        (void)uv_run(&loop, UV_RUN_NOWAIT);
        ssize_t n = recv(fd, said + len, sizeof said - 1 - len, MSG_DONTWAIT);
        if (n == 0) break;
        if (n > 0) len += (size_t)n;
    }
    require(len == 0 || strncmp(said, "HTTP/1.", 7) == 0);
    require(handed_on <= begun);
    require(close(fd) == 0);
    (void)uv_run(&loop, UV_RUN_NOWAIT); /* it notices */
    return 0;
}
