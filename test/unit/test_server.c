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
#include "http/stream.h"

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

/* A stream that says what it is given, and that counts its ends. */
static struct {
    struct mh_http_request *request;
    const char *words; /* NULL: nothing now */
    bool done;
    int over;
} tale;

static ssize_t tell(void *arg, char *bytes, size_t max)
{
    (void)arg;
    if (tale.words == NULL) return tale.done ? -1 : 0;
    size_t len = strlen(tale.words) < max ? strlen(tale.words) : max;
    memcpy(bytes, tale.words, len);
    tale.words = tale.words[len] != '\0' ? tale.words + len : NULL;
    return (ssize_t)len;
}

static void note_over(void *arg)
{
    (void)arg;
    tale.over++;
    tale.request = NULL;
}

static void stream(void *arg, struct mh_http_request *request)
{
    (void)arg;
    tale.request = request;
    mh_http_stream(request,
                   &(struct mh_stream){.type = "text/plain", .fill = tell, .over = note_over});
}

static const struct mh_route routes[] = {
    {"GET", "/thing", get},
    {"DELETE", "/thing", delete},
    {"POST", "/echo", echo, .takes_body = true},
    {"GET", "/later", keep},
    {"GET", "/words/{word}/said", say_word},
    {"GET", "/tale", stream},
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

#define TALE "GET /tale HTTP/1.1\r\nHost: h\r\n\r\n"

static int begin_tale(struct place *place)
{
    memset(&tale, 0, sizeof tale);
    int fd = ask(place, TALE);
    while (tale.request == NULL)
        (void)uv_run(&place->loop, UV_RUN_ONCE);
    for (int i = 0; i < 20; i++)
        (void)uv_run(&place->loop, UV_RUN_NOWAIT);
    return fd;
}

static void a_stream_sleeps_until_it_is_woken(void **state)
{
    struct place *place = *state;
    int fd = begin_tale(place);
    tale.words = "once upon a time";
    mh_http_stream_wake(tale.request);
    while (tale.words != NULL)
        (void)uv_run(&place->loop, UV_RUN_ONCE);
    for (int i = 0; i < 20; i++)
        (void)uv_run(&place->loop, UV_RUN_NOWAIT);
    tale.words = "the end";
    tale.done = true;
    mh_http_stream_wake(tale.request);
    hear(place, fd);
    assert_non_null(strstr(place->text, "once upon a time"));
    assert_non_null(strstr(place->text, "the end\r\n0\r\n\r\n"));
    assert_int_equal(tale.over, 1);
}

static void a_stream_outlives_patience_and_ends_with_its_client(void **state)
{
    struct place *place = *state;
    int fd = begin_tale(place);
    int64_t start_ms = (int64_t)uv_now(&place->loop);
    while ((int64_t)uv_now(&place->loop) < start_ms + 3200)
        (void)uv_run(&place->loop, UV_RUN_ONCE); /* woken by the sweep at least */
    assert_int_equal(tale.over, 0);
    close(fd);
    while (tale.over == 0)
        (void)uv_run(&place->loop, UV_RUN_ONCE);
}

static void a_client_that_reads_nothing_is_cut_off(void **state)
{
    static char much[1 << 20];
    struct place *place = *state;
    memset(much, 'x', sizeof much - 1);
    int fd = begin_tale(place);
    for (int i = 0; i < 20 && tale.over == 0; i++) {
        tale.words = much;
        mh_http_stream_wake(tale.request);
        for (int run = 0; run < 100; run++)
            (void)uv_run(&place->loop, UV_RUN_NOWAIT);
    }
    assert_non_null(tale.words); /* it waits for the client */
    mh_http_stream_cut(tale.request);
    while (tale.over == 0)
        (void)uv_run(&place->loop, UV_RUN_ONCE);
    close(fd);
}

static void streams_end_when_the_server_is_drained(void **state)
{
    struct place *place = *state;
    int drained = 0, fd = begin_tale(place);
    mh_http_drain(place->http, note_drained, &drained);
    hear(place, fd);
    assert_non_null(strstr(place->text, "\r\n0\r\n\r\n"));
    while (drained == 0)
        (void)uv_run(&place->loop, UV_RUN_ONCE);
    assert_int_equal(tale.over, 1);
}

static void a_server_is_closed_over_streams(void **state)
{
    struct place *place = *state;
    int fd = begin_tale(place);
    mh_http_close(place->http);
    place->http = NULL;
    assert_int_equal(tale.over, 1);
    close(fd);
}

/* With a silence far beyond what this test may take. */
static void an_end_in_mid_body_does_not_keep_the_server(void **state)
{
    struct place *place = *state;
    int drained = 0;
    int fd = ask(place, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                        "Content-Length: 7\r\n\r\n{");
    (void)shutdown(fd, SHUT_WR);
    for (int i = 0; i < 20; i++)
        (void)uv_run(&place->loop, UV_RUN_NOWAIT);
    mh_http_drain(place->http, note_drained, &drained);
    while (drained == 0)
        (void)uv_run(&place->loop, UV_RUN_ONCE);
    close(fd);
}

/* Nothing but the server's timer wakes the loop here. */
static void a_silent_client_is_hung_up_on(void **state)
{
    struct place *place = *state;
    hear(place, ask(place, "GET /thing HTTP/1.1\r\n"));
    hear(place, ask(place, "GET /thing HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_non_null(strstr(place->text, "got"));
}

static int start_with(void **state, int silence_s)
{
    static struct place place;
    place.deleted = 0;
    *state = &place;
    if (uv_loop_init(&place.loop) != 0) return -1;
    struct mh_http_options options = {.bind = "127.0.0.1",
                                      .port_mend = "try another",
                                      .silence_s = silence_s,
                                      .patience_s = 2,
                                      .body_max = 8,
                                      .routes = routes,
                                      .arg = &place.deleted};
    return mh_http_open(&place.loop, &options, &place.http, NULL);
}

static int start(void **state)
{
    return start_with(state, 1);
}

static int start_patient(void **state)
{
    return start_with(state, 600);
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
        CASE(a_stream_sleeps_until_it_is_woken),
        CASE(a_stream_outlives_patience_and_ends_with_its_client),
        CASE(a_client_that_reads_nothing_is_cut_off),
        CASE(streams_end_when_the_server_is_drained),
        CASE(a_server_is_closed_over_streams),
        cmocka_unit_test_setup_teardown(an_end_in_mid_body_does_not_keep_the_server, start_patient,
                                        stop),
        CASE(a_silent_client_is_hung_up_on),
    };
    return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
