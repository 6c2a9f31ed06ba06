#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "jobs/messages.h"

#define KEY "sk-hush-123456"

static struct mh_settings settings;
static struct mh_messages_answer answer;
static struct mh_err err;
static int listener;
static char url[64];

/* A server whose connections nobody accepts: it is connected to and says nothing. */
static int setup(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 10) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) < 0)
        return -1;
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    settings = (struct mh_settings){.anthropic_key = KEY,
                                    .anthropic_url = url,
                                    .anthropic_model = "m",
                                    .max_result_bytes = 1000};
    return 0;
}

static int teardown(void **state)
{
    mh_messages_release(&answer);
    return close(listener);
}

static int ask(int64_t silence_ms, int64_t whole_ms)
{
    const struct mh_job_context job = {.settings = &settings};
    return mh_messages_ask(
        &job,
        &(struct mh_messages_ask){
            .prompt = "hello", .max_tokens = 5, .silence_ms = silence_ms, .whole_ms = whole_ms},
        &answer, &err);
}

static void silence_ends_a_try(void **state)
{
    assert_int_equal(ask(50, 400), MH_ETIMEOUT); /* no time is left for the second pause */
    assert_string_equal(err.text,
                        "unable to ask the model at 127.0.0.1: nothing was heard for 50 ms");
}

/* Comments for as long as they are read. */
static void *drip(void *arg)
{
    static const char head[] = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    int fd = accept(listener, NULL, NULL);
    ssize_t sent = send(fd, head, sizeof head - 1, MSG_NOSIGNAL);
    while (sent > 0) {
        (void)poll(NULL, 0, 10);
        sent = send(fd, ": wait\n\n", 8, MSG_NOSIGNAL);
    }
    (void)close(fd);
    return NULL;
}

static void the_whole_has_its_limit_whatever_is_heard(void **state)
{
    pthread_t server;
    assert_int_equal(pthread_create(&server, NULL, drip, NULL), 0);
    assert_int_equal(ask(100000, 300), MH_ETIMEOUT);
    assert_string_equal(err.text, "unable to ask the model at 127.0.0.1: there was no whole answer "
                                  "in the time allowed");
    assert_int_equal(pthread_join(server, NULL), 0);
}

static void an_address_must_be_safe(void **state)
{
    static const char *const wrong[] = {
        "http://example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "https://u:hush@h",
        "https://u@h",
        "https://h?key=hush",
        "https://h/#hush",
        "ftp://h",
        "http://[::2]",
        "http://127.0.0.1@h.test",
        "https://",
        "http://10.0.0.1",
    };
    for (size_t i = 0; i < MH_LEN(wrong); i++) {
        settings.anthropic_url = wrong[i];
        assert_int_equal(ask(0, 1), MH_EINVAL);
        assert_non_null(strstr(err.text, "ANTHROPIC_BASE_URL: expected https://"));
        assert_null(strstr(err.text, "hush"));
        mh_messages_release(&answer);
    }
}

static void this_machine_may_be_asked_without_tls(void **state)
{
    static const char *const right[] = {"http://localhost:1/", "http://127.9.9.9:1/a/b/",
                                        "http://[::1]:1"};
    for (size_t i = 0; i < MH_LEN(right); i++) {
        settings.anthropic_url = right[i];
        assert_int_not_equal(ask(0, 1), MH_EINVAL); /* nobody is there */
        mh_messages_release(&answer);
    }
}

static void a_key_that_is_none_is_refused_and_not_repeated(void **state)
{
    static const char *const wrong[] = {"hush hush", "hush\r\nx-evil: 1", "h\xc3\xbcsh", "hush\x7f",
                                        ""};
    for (size_t i = 0; i < MH_LEN(wrong); i++) {
        settings.anthropic_key = wrong[i];
        assert_int_equal(ask(0, 1), MH_EINVAL);
        assert_string_equal(err.text,
                            "ANTHROPIC_API_KEY: expected up to 1024 visible ASCII characters");
        mh_messages_release(&answer);
    }
}

static void what_is_missing_is_named(void **state)
{
    settings.anthropic_model = NULL;
    assert_int_equal(ask(0, 1), MH_EINVAL);
    assert_non_null(strstr(err.text, "set ANTHROPIC_MODEL"));
    mh_messages_release(&answer);
    settings.anthropic_key = NULL;
    assert_int_equal(ask(0, 1), MH_EINVAL);
    assert_non_null(strstr(err.text, "set ANTHROPIC_API_KEY"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(silence_ends_a_try, setup, teardown),
        cmocka_unit_test_setup_teardown(the_whole_has_its_limit_whatever_is_heard, setup, teardown),
        cmocka_unit_test_setup_teardown(an_address_must_be_safe, setup, teardown),
        cmocka_unit_test_setup_teardown(this_machine_may_be_asked_without_tls, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_that_is_none_is_refused_and_not_repeated, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_missing_is_named, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
