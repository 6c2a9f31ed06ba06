#include "http/health.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/loop.h"
#include "http/address.h"

struct place {
    uv_loop_t loop;
    struct mh_health *health;
    const char *reason;
    int metrics; /* the bytes of /metrics, 0: a line */
    char text[1 << 20];
};

static const char *unhealthy(void *arg)
{
    return ((struct place *)arg)->reason;
}

static void metrics(void *arg, struct mh_buf *out)
{
    struct place *place = arg;
    if (place->metrics == 0) mh_buf_str(out, "millhand_up 1\n");
    for (int i = 0; i < place->metrics; i++)
        mh_buf_char(out, 'x');
}

static struct mh_health_options options_of(struct place *place, const char *bind, int port)
{
    return (struct mh_health_options){.bind = bind,
                                      .port = port,
                                      .port_setting = "HEALTH_CHECK_PORT",
                                      .unhealthy = unhealthy,
                                      .metrics = metrics,
                                      .arg = place};
}

static int start(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    *state = place;
    if (!place || uv_loop_init(&place->loop) != 0) return -1;
    struct mh_health_options options = options_of(place, "127.0.0.1", 0);
    return mh_health_open(&place->loop, &options, &place->health, NULL);
}

static int stop(void **state)
{
    struct place *place = *state;
    mh_health_close(place->health);
    mh_loop_close(&place->loop);
    free(place);
    return 0;
}

static int connect_to(const struct place *place)
{
    struct mh_address address;
    assert_int_equal(mh_address_set("127.0.0.1", mh_health_port(place->health), &address, NULL), 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, &address.sock.any, address.len), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    size_t len = strlen(text);
    assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), len);
}

static uint64_t deadline(void)
{
    return uv_hrtime() + 10 * UINT64_C(1000000000);
}

/* Runs the loop until the text has come, or, where it is NULL, until the server hangs up. */
static const char *hear(struct place *place, int fd, const char *wanted)
{
    size_t len = 0;
    place->text[0] = '\0';
    for (uint64_t end = deadline(); !wanted || !strstr(place->text, wanted);) {
        assert_true(uv_hrtime() < end);
        (void)uv_run(&place->loop, UV_RUN_NOWAIT);
        ssize_t n = recv(fd, place->text + len, sizeof(place->text) - 1 - len, MSG_DONTWAIT);
        if (n == 0 && !wanted) break;
        assert_true(n > 0 || (n < 0 && errno == EAGAIN));
        if (n > 0) len += (size_t)n;
        place->text[len] = '\0';
    }
    return place->text;
}

/* The whole answer to a request on a connection of its own. */
static const char *exchange(struct place *place, const char *request)
{
    int fd = connect_to(place);
    say(fd, request);
    const char *answer = hear(place, fd, NULL);
    close(fd);
    return answer;
}

#define LAST "Host: localhost\r\nConnection: close\r\n\r\n"

static int status_of(const char *answer)
{
    int status = 0;
    assert_int_equal(sscanf(answer, "HTTP/1.1 %d ", &status), 1);
    return status;
}

static json_t *body_of(const char *answer)
{
    const char *body = strstr(answer, "\r\n\r\n");
    assert_non_null(body);
    json_t *object = json_loads(body + 4, 0, NULL);
    assert_non_null(object);
    return object;
}

static void check_error(const char *answer, int status, const char *code)
{
    assert_int_equal(status_of(answer), status);
    assert_non_null(strstr(answer, "\r\nContent-Type: application/json\r\n"));
    json_t *object = body_of(answer), *error = json_object_get(object, "error");
    assert_string_equal(json_string_value(json_object_get(error, "code")), code);
    assert_true(json_string_length(json_object_get(error, "message")) > 0);
    json_decref(object);
}

static void a_healthy_process_is_200(void **state)
{
    const char *answer = exchange(*state, "GET /health HTTP/1.1\r\n" LAST);
    assert_int_equal(status_of(answer), 200);
    json_t *object = body_of(answer);
    assert_int_equal(json_object_size(object), 3);
    assert_string_equal(json_string_value(json_object_get(object, "status")), "healthy");
    assert_in_range(json_number_value(json_object_get(object, "uptime")), 0, 30);
    assert_int_equal(json_string_length(json_object_get(object, "timestamp")), 24);
    json_decref(object);
}

static void an_unhealthy_process_is_503_with_its_reason(void **state)
{
    struct place *place = *state;
    place->reason = "the store is \"out of reach\"";
    const char *answer = exchange(place, "GET /health HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(status_of(answer), 503);
    assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
    json_t *object = body_of(answer);
    assert_string_equal(json_string_value(json_object_get(object, "status")), "unhealthy");
    assert_string_equal(json_string_value(json_object_get(object, "reason")), place->reason);
    json_decref(object);
}

static void head_is_answered_without_a_body(void **state)
{
    const char *answer = exchange(*state, "HEAD /health HTTP/1.1\r\n" LAST);
    assert_int_equal(status_of(answer), 200);
    assert_null(strstr(answer, "Content-Length: 0"));
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
}

static void metrics_are_text(void **state)
{
    const char *answer = exchange(*state, "GET /metrics HTTP/1.1\r\n" LAST);
    assert_int_equal(status_of(answer), 200);
    assert_non_null(strstr(answer, "\r\nContent-Type: text/plain; version=0.0.4\r\n"));
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\nmillhand_up 1\n");
}

static void metrics_on_loopback_are_not_for_pages_of_strangers(void **state)
{
    static const char *const strangers[] = {"Host: evil.example",
                                            "Host: localhost\r\nOrigin: https://evil.example",
                                            "Host: localhost\r\nSec-Fetch-Site: cross-site"};
    char request[200];
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        (void)snprintf(request, sizeof request, "GET /metrics HTTP/1.1\r\n%s\r\n%s", strangers[i],
                       "Connection: close\r\n\r\n");
        check_error(exchange(*state, request), 403, "FORBIDDEN");
    }
}

static void a_long_answer_arrives_whole(void **state)
{
    struct place *place = *state;
    place->metrics = 900000;
    const char *answer = exchange(place, "GET /metrics HTTP/1.1\r\n" LAST);
    assert_int_equal(strlen(strstr(answer, "\r\n\r\n")), 900004);
}

static void an_answer_beyond_all_bounds_is_an_error(void **state)
{
    struct place *place = *state;
    place->metrics = 5 << 20;
    check_error(exchange(place, "GET /metrics HTTP/1.1\r\n" LAST), 503, "OUT_OF_MEMORY");
}

static void other_paths_and_methods_are_refused(void **state)
{
    check_error(exchange(*state, "GET / HTTP/1.1\r\n" LAST), 404, "NOT_FOUND");
    check_error(exchange(*state, "GET /healthy HTTP/1.1\r\n" LAST), 404, "NOT_FOUND");
    const char *answer = exchange(*state, "DELETE /health HTTP/1.1\r\n" LAST);
    check_error(answer, 405, "METHOD_NOT_ALLOWED");
    assert_non_null(strstr(answer, "\r\nAllow: GET, HEAD\r\n"));
    check_error(exchange(*state, "OPTIONS /metrics HTTP/1.1\r\n" LAST), 405, "METHOD_NOT_ALLOWED");
}

static void a_query_does_not_change_the_path(void **state)
{
    assert_int_equal(status_of(exchange(*state, "GET /health?verbose=1 HTTP/1.1\r\n" LAST)), 200);
}

static void http_1_0_needs_no_host(void **state)
{
    assert_int_equal(status_of(exchange(*state, "GET /health HTTP/1.0\r\n\r\n")), 200);
}

/* The server ends the connection itself: none of these asks it to. */
static void ambiguous_framing_is_refused(void **state)
{
    static const char *const requests[] = {
        "GET /health HTTP/1.1\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello",
        "GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        "POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: "
        "chunked\r\n\r\n"
        "0\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nContent-Length : 0\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nx\x01y: 0\r\n\r\n",
    };
    for (size_t i = 0; i < MH_LEN(requests); i++)
        /* And hung up on; some by libmicrohttpd from its version 1 on, in words of its own. */
        assert_int_equal(status_of(exchange(*state, requests[i])), 400);
}

static void a_body_is_refused(void **state)
{
    static const char *const requests[] = {
        "GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        "HEAD /health HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    };
    for (size_t i = 0; i < MH_LEN(requests); i++)
        assert_int_equal(status_of(exchange(*state, requests[i])), 413);
}

static void what_is_not_http_harms_nothing(void **state)
{
    struct place *place = *state;
    char *endless = malloc(100001);
    memset(endless, 'x', 100000);
    memcpy(endless, "GET /", 5);
    endless[100000] = '\0';
    int fd = connect_to(place);
    say(fd, "\x16\x03\x01\r\n\r\n");
    (void)hear(place, fd, NULL);
    close(fd);
    fd = connect_to(place);
    (void)send(fd, endless, 100000, MSG_NOSIGNAL | MSG_DONTWAIT); /* it may hang up meanwhile */
    close(fd);
    assert_int_equal(status_of(exchange(place, "GET /health HTTP/1.1\r\n" LAST)), 200);
    free(endless);
}

static void a_connection_may_be_kept_and_requests_sent_ahead(void **state)
{
    struct place *place = *state;
    int fd = connect_to(place);
    say(fd, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    (void)hear(place, fd, "millhand_up 1\n");
    say(fd, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\nGET /none HTTP/1.1\r\n" LAST);
    const char *answers = hear(place, fd, NULL);
    assert_int_equal(status_of(answers), 200);
    check_error(strstr(answers, "millhand_up 1\n") + strlen("millhand_up 1\n"), 404, "NOT_FOUND");
    close(fd);
}

static void a_slow_client_does_not_hold_up_another(void **state)
{
    struct place *place = *state;
    int slow = connect_to(place);
    say(slow, "GET /health HT");
    for (int i = 0; i < 3; i++)
        assert_int_equal(status_of(exchange(place, "GET /health HTTP/1.1\r\n" LAST)), 200);
    say(slow, "TP/1.1\r\n" LAST);
    assert_int_equal(status_of(hear(place, slow, NULL)), 200);
    close(slow);
}

static void a_server_with_open_connections_closes(void **state)
{
    struct place *place = *state;
    int silent = connect_to(place), kept = connect_to(place);
    say(kept, "GET /health HTTP/1.1\r\nHost: h\r\n\r\n");
    (void)hear(place, kept, "healthy");
    mh_health_close(place->health);
    place->health = NULL;
    assert_int_equal(recv(kept, place->text, 1, 0), 0);
    close(silent);
    close(kept);
}

static void count_round(uv_prepare_t *prepare)
{
    ++*(int *)prepare->data;
}

static void stop_loop(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void an_idle_server_sleeps(void **state)
{
    struct place *place = *state;
    int rounds = 0, silent = connect_to(place);
    uv_prepare_t prepare = {.data = &rounds};
    uv_timer_t timer;
    (void)exchange(place, "GET /health HTTP/1.1\r\n" LAST);
    (void)uv_prepare_init(&place->loop, &prepare);
    (void)uv_prepare_start(&prepare, count_round);
    (void)uv_timer_init(&place->loop, &timer);
    (void)uv_timer_start(&timer, stop_loop, 50, 0);
    (void)uv_run(&place->loop, UV_RUN_DEFAULT);
    assert_in_range(rounds, 1, 5);
    uv_close((uv_handle_t *)&prepare, NULL);
    uv_close((uv_handle_t *)&timer, NULL);
    (void)uv_run(&place->loop, UV_RUN_NOWAIT);
    close(silent);
}

static void a_port_in_use_is_an_error_with_its_mend(void **state)
{
    struct place *place = *state;
    char expected[256];
    struct mh_err err;
    struct mh_health *second = NULL;
    int port = mh_health_port(place->health);
    struct mh_health_options options = options_of(place, "127.0.0.1", port);
    assert_int_equal(mh_health_open(&place->loop, &options, &second, &err), MH_EIO);
    (void)snprintf(expected, sizeof(expected),
                   "unable to listen on 127.0.0.1:%d: Address already in use; "
                   "set HEALTH_CHECK_PORT to another port, or 0 for none",
                   port);
    assert_string_equal(err.text, expected);
    assert_null(second);
}

static void an_address_of_another_machine_is_an_error_with_its_mend(void **state)
{
    struct place *place = *state;
    struct mh_err err;
    struct mh_health *second;
    struct mh_health_options options = options_of(place, "192.0.2.1", 0);
    assert_int_equal(mh_health_open(&place->loop, &options, &second, &err), MH_EIO);
    assert_non_null(strstr(err.text, "; set MILLHAND_BIND to an address of this machine"));
    options.bind = "localhost";
    assert_int_equal(mh_health_open(&place->loop, &options, &second, &err), MH_EINVAL);
}

/* The probe blocks, so it has a thread of its own. */
struct asking {
    const char *bind;
    int port;
    int64_t timeout_ms;
    int code;
    struct mh_err err;
    atomic_bool done;
};

static void *ask(void *arg)
{
    struct asking *asking = arg;
    asking->code = mh_health_probe(asking->bind, asking->port, asking->timeout_ms, &asking->err);
    atomic_store(&asking->done, true);
    return NULL;
}

static int probe(struct place *place, struct asking *asking)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, ask, asking), 0);
    for (uint64_t end = deadline(); !atomic_load(&asking->done);) {
        assert_true(uv_hrtime() < end);
        (void)uv_run(&place->loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    return asking->code;
}

static void the_probe_knows_healthy_from_unhealthy(void **state)
{
    struct place *place = *state;
    struct asking asking = {"0.0.0.0", mh_health_port(place->health), 5000, 1, {0}, false};
    assert_int_equal(probe(place, &asking), 0);
    place->reason = "the worker is stopping";
    asking.done = false;
    assert_int_equal(probe(place, &asking), MH_ESTATE);
    assert_non_null(strstr(asking.err.text, " is unhealthy: the worker is stopping"));
    assert_non_null(strstr(asking.err.text, "127.0.0.1:")); /* what 0.0.0.0 is asked at */
}

static void the_probe_says_where_nobody_listens(void **state)
{
    struct place *place = *state;
    struct mh_err err;
    char port[16];
    int was = mh_health_port(place->health);
    mh_health_close(place->health);
    place->health = NULL;
    assert_int_equal(mh_health_probe("127.0.0.1", was, 5000, &err), MH_EIO);
    (void)snprintf(port, sizeof(port), ":%d: ", was);
    assert_non_null(strstr(err.text, port));
    assert_non_null(strstr(err.text, "Connection refused"));
}

/* Listens, and answers what it is told to once somebody asks; NULL: never. */
static int stranger(struct place *place, const char *text, struct asking *asking)
{
    struct mh_address address;
    socklen_t len = sizeof(address.sock);
    pthread_t thread;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(mh_address_set("127.0.0.1", 0, &address, NULL), 0);
    assert_int_equal(bind(fd, &address.sock.any, address.len), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, &address.sock.any, &len), 0);
    asking->port = ntohs(address.sock.v4.sin_port);
    assert_int_equal(pthread_create(&thread, NULL, ask, asking), 0);
    int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    if (text) {
        (void)recv(client, place->text, sizeof(place->text), 0);
        say(client, text);
        assert_int_equal(shutdown(client, SHUT_WR), 0);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(client);
    close(fd);
    return asking->code;
}

static void the_probe_is_not_fooled_by_a_stranger(void **state)
{
    static const char *const answers[] = {"", "SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\n",
                                          "HTTP/1.1 404 Not Found\r\n\r\n"};
    for (size_t i = 0; i < MH_LEN(answers); i++) {
        struct asking asking = {"127.0.0.1", 0, 5000, 1, {0}, false};
        assert_int_equal(stranger(*state, answers[i], &asking), MH_EIO);
        assert_non_null(strstr(asking.err.text, "does not answer as millhand does"));
    }
}

static void the_probe_does_not_wait_for_ever(void **state)
{
    struct asking asking = {"127.0.0.1", 0, 50, 1, {0}, false};
    assert_int_equal(stranger(*state, NULL, &asking), MH_ETIMEOUT);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_healthy_process_is_200),
        CASE(an_unhealthy_process_is_503_with_its_reason),
        CASE(head_is_answered_without_a_body),
        CASE(metrics_are_text),
        CASE(metrics_on_loopback_are_not_for_pages_of_strangers),
        CASE(a_long_answer_arrives_whole),
        CASE(an_answer_beyond_all_bounds_is_an_error),
        CASE(other_paths_and_methods_are_refused),
        CASE(a_query_does_not_change_the_path),
        CASE(http_1_0_needs_no_host),
        CASE(ambiguous_framing_is_refused),
        CASE(a_body_is_refused),
        CASE(what_is_not_http_harms_nothing),
        CASE(a_connection_may_be_kept_and_requests_sent_ahead),
        CASE(a_slow_client_does_not_hold_up_another),
        CASE(a_server_with_open_connections_closes),
        CASE(an_idle_server_sleeps),
        CASE(a_port_in_use_is_an_error_with_its_mend),
        CASE(an_address_of_another_machine_is_an_error_with_its_mend),
        CASE(the_probe_knows_healthy_from_unhealthy),
        CASE(the_probe_says_where_nobody_listens),
        CASE(the_probe_is_not_fooled_by_a_stranger),
        CASE(the_probe_does_not_wait_for_ever),
    };
    return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
