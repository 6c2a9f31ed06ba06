#include "http/server.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
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

static void echo(void *arg, struct mh_http_request *request)
{
    struct mh_answer answer = {.status = 200};
    (void)arg;
    answer.body = mh_http_body(request, &answer.len);
    mh_http_answer(request, &answer);
}

static struct mh_http_request *kept;

static void keep(void *arg, struct mh_http_request *request)
{
    (void)arg;
    kept = request;
}

static void say_word(void *arg, struct mh_http_request *request)
{
    const char *word = mh_http_word(request);
    (void)arg;
    mh_http_set_header(request, "X-Word", word);
    mh_http_answer(request, &(struct mh_answer){.status = 204});
}

static const struct mh_route routes[] = {
    {"GET", "/thing", get},
    {"DELETE", "/thing", delete},
    {"POST", "/echo", echo, .takes_body = true},
    {"GET", "/later", keep},
    {"GET", "/words/{word}/said", say_word},
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

static void an_answer_may_come_later(void **state)
{
    struct place *place = *state;
    kept = NULL;
    int fd = ask(place, "GET /later HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    while (kept == NULL)
        (void)uv_run(&place->loop, UV_RUN_ONCE);
    mh_http_answer(kept, &(struct mh_answer){.status = 200, .body = "late", .len = 4});
    hear(place, fd);
    assert_non_null(strstr(place->text, "\r\n\r\nlate"));
}

static void a_server_is_closed_over_requests_that_wait(void **state)
{
    struct place *place = *state;
    kept = NULL;
    int fd = ask(place, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    while (kept == NULL)
        (void)uv_run(&place->loop, UV_RUN_ONCE);
    mh_http_close(place->http);
    place->http = NULL;
    assert_int_equal(recv(fd, place->text, 1, 0), 0);
    close(fd);
}

static void note_drained(void *arg)
{
    ++*(int *)arg;
}

static void a_server_is_drained_once_what_waits_is_answered(void **state)
{
    struct place *place = *state;
    int drained = 0;
    kept = NULL;
    int fd = ask(place, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    while (kept == NULL)
        (void)uv_run(&place->loop, UV_RUN_ONCE);
    mh_http_drain(place->http, note_drained, &drained);
    for (int i = 0; i < 20; i++)
        (void)uv_run(&place->loop, UV_RUN_NOWAIT);
    assert_int_equal(drained, 0);
    mh_http_answer(kept,
                   &(struct mh_answer){.status = 200, .body = "late", .len = 4, .close = true});
    hear(place, fd);
    assert_non_null(strstr(place->text, "late"));
    while (drained == 0)
        (void)uv_run(&place->loop, UV_RUN_ONCE);
}

static void a_body_is_read_where_the_route_takes_one(void **state)
{
    struct place *place = *state;
    hear(place, ask(place, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                           "Content-Length: 7\r\nConnection: close\r\n\r\n{\"a\":1}"));
    assert_non_null(strstr(place->text, "\r\n\r\n{\"a\":1}"));
    hear(place, ask(place, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                           "Content-Length: 99\r\n\r\n"));
    assert_int_equal(strncmp(place->text, "HTTP/1.1 413 ", 13), 0);
    hear(place, ask(place, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                           "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                           "5\r\n12345\r\n5\r\n12345\r\n0\r\n\r\n"));
    assert_int_equal(strncmp(place->text, "HTTP/1.1 413 ", 13), 0);
    hear(place, ask(place, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"));
    assert_int_equal(strncmp(place->text, "HTTP/1.1 415 ", 13), 0);
    hear(place, ask(place, "GET /thing HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"));
    assert_int_equal(strncmp(place->text, "HTTP/1.1 413 ", 13), 0);
}

static void a_segment_in_braces_is_any_word(void **state)
{
    struct place *place = *state;
    hear(place,
         ask(place, "GET /words/a%20b/said HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    assert_non_null(strstr(place->text, "\r\nX-Word: a b\r\n"));
    static const char *const others[] = {"/words//said", "/words/a/b/said", "/words/a",
                                         "/words/a/"};
    for (size_t i = 0; i < MH_LEN(others); i++) {
        char text[200];
        (void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                       others[i]);
        hear(place, ask(place, text));
        assert_int_equal(strncmp(place->text, "HTTP/1.1 404 ", 13), 0);
    }
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
                                      .patience_s = 2,
                                      .body_max = 8,
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
        CASE(an_answer_may_come_later),
        CASE(a_server_is_closed_over_requests_that_wait),
        CASE(a_server_is_drained_once_what_waits_is_answered),
        CASE(a_body_is_read_where_the_route_takes_one),
        CASE(a_segment_in_braces_is_any_word),
        CASE(a_silent_client_is_hung_up_on),
    };
    return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
