#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/service.h"

static char path[64];

static int listen_as_manager(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(path, sizeof path, "/tmp/millhand-notify-%d", (int)getpid());
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(unsetenv("WATCHDOG_PID"), 0);
    assert_int_equal(unsetenv("WATCHDOG_USEC"), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
    *state = (void *)(intptr_t)fd;
    return 0;
}

static int stop_listening(void **state)
{
    assert_int_equal(unlink(path), 0);
    return close((int)(intptr_t)*state);
}

static void assert_heard(void **state, const char *expected)
{
    char heard[100] = "";
    ssize_t len = recv((int)(intptr_t)*state, heard, sizeof heard - 1, 0);
    assert_int_equal(len, strlen(expected));
    assert_string_equal(heard, expected);
}

static void test_the_manager_hears_each_state(void **state)
{
    struct mh_service service;
    struct mh_err err;
    assert_int_equal(mh_service_open(&service, &err), 0);
    mh_service_ready(&service);
    assert_heard(state, "READY=1");
    mh_service_alive(&service);
    assert_heard(state, "WATCHDOG=1");
    mh_service_stopping(&service);
    assert_heard(state, "STOPPING=1");
    mh_service_close(&service);
}

static void test_without_a_manager_nothing_is_said(void **state)
{
    struct mh_service service;
    struct mh_err err;
    char heard[10];
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    assert_int_equal(setenv("WATCHDOG_USEC", "1000000", 1), 0);
    assert_int_equal(mh_service_open(&service, &err), 0);
    assert_int_equal(mh_service_watchdog_ms(&service), 0);
    mh_service_ready(&service);
    mh_service_close(&service);
    assert_int_equal(recv((int)(intptr_t)*state, heard, sizeof heard, 0), -1);
}

static int64_t watchdog_with(const char *pid, const char *microseconds)
{
    struct mh_service service;
    struct mh_err err;
    assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
    assert_int_equal(setenv("WATCHDOG_USEC", microseconds, 1), 0);
    assert_int_equal(mh_service_open(&service, &err), 0);
    int64_t ms = mh_service_watchdog_ms(&service);
    mh_service_close(&service);
    return ms;
}

static void test_the_watchdog_is_half_of_what_the_manager_waits(void **state)
{
    char pid[20];
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    assert_int_equal(watchdog_with(pid, "30000000"), 15000);
    assert_int_equal(watchdog_with(pid, "1"), 1);
    assert_int_equal(watchdog_with(pid, "soon"), 0);
    assert_int_equal(watchdog_with("1", "30000000"), 0); /* somebody else's */
}

static void test_a_wrong_socket_is_said_and_does_no_harm(void **state)
{
    struct mh_service service;
    struct mh_err err;
    assert_int_equal(setenv("NOTIFY_SOCKET", "relative", 1), 0);
    assert_int_equal(mh_service_open(&service, &err), MH_EINVAL);
    mh_service_ready(&service);
    mh_service_close(&service);
    assert_int_equal(setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1), 0);
    assert_int_equal(mh_service_open(&service, &err), MH_EIO);
    assert_non_null(strstr(err.text, "NOTIFY_SOCKET"));
    mh_service_ready(&service);
    mh_service_close(&service);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_manager_hears_each_state, listen_as_manager,
                                        stop_listening),
        cmocka_unit_test_setup_teardown(test_without_a_manager_nothing_is_said, listen_as_manager,
                                        stop_listening),
        cmocka_unit_test_setup_teardown(test_the_watchdog_is_half_of_what_the_manager_waits,
                                        listen_as_manager, stop_listening),
        cmocka_unit_test_setup_teardown(test_a_wrong_socket_is_said_and_does_no_harm,
                                        listen_as_manager, stop_listening),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
