#include "http/server.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/loop.h"
#include "http/address.h"

static void get(void *arg, struct mh_http_request *request)
{
    (void)arg;
    mh_http_answer(request, &(struct mh_answer){.status = 200, .body = "got", .len = 3});
}

static void delete (void *arg, struct mh_http_request *request)
{
    ++*(int *)arg;
    mh_http_error(request, 409, "BUSY", "not \"now\"");
}

static void forget(void *arg, struct mh_http_request *request)
{
    (void)arg;
    (void)request;
}

static const struct mh_route routes[] = {
    {"GET", "/thing", get},
    {"DELETE", "/thing", delete},
    {"GET", "/forgotten", forget},
    {NULL},
};

struct place {
    uv_loop_t loop;
    struct mh_http *http;
    int deleted;
    char text[4096];
};

static int ask(const struct place *place, const char *request)
{
    struct mh_address address;
    assert_int_equal(mh_address_set("127.0.0.1", mh_http_port(place->http), &address, NULL), 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, &address.sock.any, address.len), 0);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    return fd;
}

/* Runs the loop, which may sleep, until the server hangs up; what it said is in place->text. */
static void hear(struct place *place, int fd)
{
    size_t len = 0;
    for (ssize_t n = -1; n != 0;) {
        n = recv(fd, place->text + len, sizeof(place->text) - 1 - len, MSG_DONTWAIT);
        assert_true(n >= 0 || errno == EAGAIN);
        if (n > 0) len += (size_t)n;
        if (n < 0) (void)uv_run(&place->loop, UV_RUN_ONCE);
    }
    place->text[len] = '\0';
    close(fd);
}

static void a_request_is_given_to_the_route_of_its_method(void **state)
{
    struct place *place = *state;
    hear(place, ask(place, "DELETE /thing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    assert_int_equal(strncmp(place->text, "HTTP/1.1 409 ", 13), 0);
    assert_non_null(strstr(place->text, "\r\n\r\n{\"error\":{\"code\":\"BUSY\","
                                        "\"message\":\"not \\\"now\\\"\"}}\n"));
    assert_int_equal(place->deleted, 1);
    hear(place, ask(place, "GET /thing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    assert_non_null(strstr(place->text, "\r\n\r\ngot"));
    assert_int_equal(place->deleted, 1);
}

static void every_method_of_a_path_is_allowed_by_name(void **state)
{
    struct place *place = *state;
    hear(place, ask(place, "PUT /thing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    assert_int_equal(strncmp(place->text, "HTTP/1.1 405 ", 13), 0);
    assert_non_null(strstr(place->text, "\r\nAllow: GET, HEAD, DELETE\r\n"));
}

static void a_request_nobody_answered_ends_its_connection(void **state)
{
    struct place *place = *state;
    hear(place, ask(place, "GET /forgotten HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_string_equal(place->text, "");
}

/* Nothing but the server's timer wakes the loop here. */
static void a_silent_client_is_hung_up_on(void **state)
{
    struct place *place = *state;
    hear(place, ask(place, "GET /thing HTTP/1.1\r\n"));
    hear(place, ask(place, "GET /thing HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_non_null(strstr(place->text, "got"));
}

static int start(void **state)
{
    static struct place place;
    place.deleted = 0;
    *state = &place;
    if (uv_loop_init(&place.loop) != 0) return -1;
    struct mh_http_options options = {.bind = "127.0.0.1",
                                      .port_mend = "try another",
                                      .silence_s = 1,
                                      .routes = routes,
                                      .arg = &place.deleted};
    return mh_http_open(&place.loop, &options, &place.http, NULL);
}

static int stop(void **state)
{
    struct place *place = *state;
    mh_http_close(place->http);
    mh_loop_close(&place->loop);
    return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_request_is_given_to_the_route_of_its_method),
        CASE(every_method_of_a_path_is_allowed_by_name),
        CASE(a_request_nobody_answered_ends_its_connection),
        CASE(a_silent_client_is_hung_up_on),
    };
    return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
