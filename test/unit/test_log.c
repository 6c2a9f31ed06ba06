#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/err.h"

#define NOW INT64_C(1763798400123) /* 2025-11-22T08:00:00.123Z */

static int saved_stderr;
static int sink = -1; /* what standard error is while a test writes to it */
static char text[65536];

static void begin(const struct mh_log_options *options)
{
    sink = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    assert_true(sink >= 0);
    saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    assert_int_equal(dup2(sink, STDERR_FILENO), STDERR_FILENO);
    mh_log_init(options);
}

/* Gives standard error back and returns what was written to it. */
static const char *end(void)
{
    assert_int_equal(dup2(saved_stderr, STDERR_FILENO), STDERR_FILENO);
    close(saved_stderr);
    ssize_t n = pread(sink, text, sizeof(text) - 1, 0);
    assert_true(n >= 0);
    text[n] = '\0';
    close(sink);
    return text;
}

static void begin_json(void)
{
    begin(&(struct mh_log_options){.level = MH_LOG_INFO, .format = MH_LOG_JSON, .worker_id = "w1"});
}

static void begin_pretty(void)
{
    begin(&(struct mh_log_options){.level = MH_LOG_INFO, .format = MH_LOG_PRETTY});
}

/* The text from the field that follows what differs from machine to machine. */
static const char *after_worker_id(const char *line)
{
    const char *at = strstr(line, "\"workerId\":\"w1\"");
    assert_non_null(at);
    return at + strlen("\"workerId\":\"w1\"");
}

static json_t *parse(const char *line)
{
    json_error_t error;
    size_t len = strlen(line);
    assert_true(len > 0 && line[len - 1] == '\n');
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    if (!object) fail_msg("%s: %s", error.text, line);
    return object;
}

static void a_line_has_the_shape_of_pinos(void **state)
{
    (void)state;
    begin_json();
    mh_log(MH_LOG_INFO, "job completed",
           MH_FIELDS(mh_f_int("durationMs", 12), mh_f_str("jobId", "j"), mh_f_bool("cached", true),
                     mh_f_str("correlationId", "c"), mh_f_real("rate", 0.5)));
    const char *line = end();
    char expected[512], hostname[256] = "";
    (void)gethostname(hostname, sizeof(hostname) - 1);
    (void)snprintf(expected, sizeof(expected),
                   "{\"level\":30,\"time\":%lld,\"pid\":%d,\"hostname\":\"%s\",\"workerId\":\"w1\","
                   "\"jobId\":\"j\",\"correlationId\":\"c\",\"msg\":\"job completed\","
                   "\"durationMs\":12,\"cached\":true,\"rate\":0.5}\n",
                   (long long)NOW, (int)getpid(), hostname);
    assert_string_equal(line, expected);
}

static void fields_may_be_absent_and_unset(void **state)
{
    (void)state;
    begin_json();
    mh_log(MH_LOG_INFO, "a", NULL);
    mh_log(MH_LOG_INFO, "b", MH_FIELDS(mh_f_str("gone", NULL)));
    const char *lines = end();
    assert_non_null(strstr(lines, ",\"msg\":\"a\"}\n"));
    assert_string_equal(after_worker_id(strchr(lines, '\n')), ",\"msg\":\"b\"}\n");
}

static void lines_below_the_level_are_not_written(void **state)
{
    (void)state;
    begin_json();
    mh_log(MH_LOG_DEBUG, "no pending jobs", NULL);
    mh_log(MH_LOG_FATAL, "end", NULL);
    const char *lines = end();
    assert_null(strstr(lines, "no pending jobs"));
    assert_non_null(strstr(lines, "{\"level\":60,"));
    assert_true(mh_log_wants(MH_LOG_INFO));
    assert_false(mh_log_wants(MH_LOG_DEBUG));
}

static void nothing_from_outside_breaks_a_line(void **state)
{
    (void)state;
    begin_json();
    mh_log(MH_LOG_INFO, "a\nb", MH_FIELDS(mh_f_str("x", "\033[31m\"\\\n\r\x7f\xc2\x9b\xff")));
    assert_string_equal(after_worker_id(end()),
                        ",\"x\":\"\\u001b[31m\\\"\\\\\\n\\r\\u007f\\u009b\xef\xbf\xbd\","
                        "\"msg\":\"a\\nb\"}\n");
}

/* Texts that grow most when escaped, and those of several bytes a character. */
static void long_lines_are_cut_and_stay_json(void **state)
{
    (void)state;
    static const char *const kinds[] = {"a", "\x01", "\"", "\u20ac", "\xff", "\xc2\x9b"};
    for (size_t k = 0; k < MH_LEN(kinds); k++) {
        static char value[70000];
        size_t step = strlen(kinds[k]), len = 0;
        for (; len + step < sizeof(value); len += step)
            memcpy(value + len, kinds[k], step);
        value[len] = '\0';
        begin_json();
        mh_log(MH_LOG_INFO, value,
               MH_FIELDS(mh_f_str("a", value), mh_f_str("b", value), mh_f_str("c", value),
                         mh_f_str("d", value), mh_f_int("n", 1)));
        const char *line = end();
        assert_in_range(strlen(line), 8192, 16384);
        json_t *object = parse(line);
        const char *a = json_string_value(json_object_get(object, "a"));
        assert_int_equal(json_integer_value(json_object_get(object, "n")), 1);
        assert_string_equal(a + strlen(a) - 3, "\u2026");
        assert_true(json_string_length(json_object_get(object, "msg")) > 100);
        json_decref(object);
    }
}

static void a_cut_does_not_split_a_character(void **state)
{
    (void)state;
    static char value[30000];
    for (size_t i = 0; i + 3 < sizeof(value); i += 3)
        memcpy(value + i, "\u20ac", 3);
    begin_json();
    mh_log(MH_LOG_INFO, "m", MH_FIELDS(mh_f_str("v", value)));
    assert_null(strstr(end(), "\xef\xbf\xbd"));
}

static void very_many_fields_stay_within_a_line(void **state)
{
    (void)state;
    struct mh_field fields[2001];
    char names[2000][24];
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "field%d", i);
        fields[i] = i % 2 ? mh_f_int(names[i], i) : mh_f_str(names[i], "value");
    }
    fields[2000] = (struct mh_field){.name = NULL};
    begin_json();
    mh_log(MH_LOG_INFO, "m", fields);
    const char *line = end();
    assert_true(strlen(line) <= 16384);
    json_decref(parse(line));
}

static void the_pretty_form_is_for_people(void **state)
{
    (void)state;
    begin_pretty();
    mh_log(MH_LOG_WARN, "job will retry",
           MH_FIELDS(mh_f_str("jobId", "j-1"), mh_f_int("attempt", 2), mh_f_real("wait", 1.5),
                     mh_f_bool("last", false), mh_f_str("error", "exit status 1"),
                     mh_f_str("gone", NULL), mh_f_str("empty", "")));
    mh_log(MH_LOG_INFO, "plain", NULL);
    assert_string_equal(end(), "08:00:00.123 WARN  job will retry  jobId=j-1 attempt=2 wait=1.5 "
                               "last=false error=\"exit status 1\" empty=\"\"\n"
                               "08:00:00.123 INFO  plain\n");
}

static void the_pretty_form_is_safe_on_a_terminal(void **state)
{
    (void)state;
    begin_pretty();
    mh_log(MH_LOG_INFO, "a\033[2Jb",
           MH_FIELDS(mh_f_str("x", "\n\xc2\x9b"
                                   "31m")));
    assert_string_equal(end(), "08:00:00.123 INFO  \"a\\u001b[2Jb\"  x=\"\\n\\u009b31m\"\n");
}

static void auto_is_json_unless_on_a_terminal(void **state)
{
    (void)state;
    begin(&(struct mh_log_options){.level = MH_LOG_INFO, .format = MH_LOG_AUTO});
    mh_log(MH_LOG_INFO, "m", NULL);
    assert_int_equal(end()[0], '{');
}

static const char *on_terminal(const struct mh_log_options *options)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(terminal >= 0);
    int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    assert_int_equal(dup2(terminal, STDERR_FILENO), STDERR_FILENO);
    mh_log_init(options);
    mh_log(MH_LOG_INFO, "m", NULL);
    assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    size_t len = 0;
    while (len == 0 || text[len - 1] != '\n') { /* a terminal gives a line in pieces as it likes */
        ssize_t n = read(master, text + len, sizeof(text) - 1 - len);
        assert_true(n > 0);
        len += (size_t)n;
    }
    text[len] = '\0';
    close(saved);
    close(terminal);
    close(master);
    return text;
}

static void a_terminal_gets_colours_unless_refused(void **state)
{
    (void)state;
    struct mh_log_options options = {.level = MH_LOG_INFO};
    assert_int_equal(setenv("TERM", "xterm", 1), 0);
    assert_int_equal(unsetenv("NO_COLOR"), 0);
    assert_non_null(strstr(on_terminal(&options), "\033[32mINFO"));
    assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
    assert_string_equal(on_terminal(&options), "08:00:00.123 INFO  m\r\n");
    options.production = true;
    assert_int_equal(on_terminal(&options)[0], '{');
}

static void fill(int fd)
{
    char zeros[4096] = {0};
    while (write(fd, zeros, sizeof(zeros)) > 0)
        continue;
    assert_int_equal(errno, EAGAIN);
}

static void drain(int fd)
{
    ssize_t n;
    size_t len = 0;
    char bytes[4096];
    while ((n = read(fd, bytes, sizeof(bytes))) > 0) {
        if (bytes[n - 1] == '\0') continue; /* what `fill` wrote is not the log */
        memcpy(text + len, bytes, (size_t)n);
        len += (size_t)n;
        assert_true(len + sizeof(bytes) < sizeof(text));
    }
    text[len] = '\0';
}

static void a_reader_that_stopped_stops_nobody(void **state)
{
    (void)state;
    int fds[2], saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    fill(fds[1]);
    assert_int_equal(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
    mh_log_init(&(struct mh_log_options){.level = MH_LOG_INFO, .format = MH_LOG_PRETTY});
    int64_t before_us = mh_clock_mono_us();
    for (int i = 0; i < 100; i++)
        mh_log(MH_LOG_INFO, "unread", NULL);
    int64_t took_us = mh_clock_mono_us() - before_us;
    drain(fds[0]);
    mh_log(MH_LOG_INFO, "read", NULL);
    mh_log(MH_LOG_INFO, "again", NULL);
    assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    drain(fds[0]);
    assert_string_equal(text, "08:00:00.123 INFO  read\n"
                              "08:00:00.123 WARN  log lines lost  lines=100\n"
                              "08:00:00.123 INFO  again\n");
    assert_true(took_us < 5000000);
    close(saved);
    close(fds[0]);
    close(fds[1]);
}

static void levels_are_read_by_name(void **state)
{
    (void)state;
    enum mh_log_level level;
    assert_int_equal(mh_log_level_parse("trace", &level), 0);
    assert_int_equal(level, MH_LOG_TRACE);
    assert_int_equal(mh_log_level_parse("fatal", &level), 0);
    assert_int_equal(level, MH_LOG_FATAL);
    assert_int_equal(mh_log_level_parse("loud", &level), MH_EINVAL);
}

static void keep_line(void *arg, enum mh_log_level level, const char *message, const char *fields)
{
    (void)snprintf(arg, 256, "%d %s %s", (int)level, message, fields);
}

static void a_thread_may_divert_its_lines(void **state)
{
    (void)state;
    char line[256] = "";
    const struct mh_log_sink kept = {MH_LOG_INFO, keep_line, line}, nowhere = {0};
    assert_null(mh_log_divert(&kept));
    mh_log(MH_LOG_DEBUG, "quiet", NULL);
    assert_string_equal(line, "");
    mh_log(MH_LOG_INFO, "said",
           MH_FIELDS(mh_f_str("who", "a\"b"), mh_f_str("none", NULL), mh_f_int("n", 3)));
    assert_string_equal(line, "30 said {\"who\":\"a\\\"b\",\"n\":3}");
    mh_log(MH_LOG_WARN, "bare", NULL);
    assert_string_equal(line, "40 bare {}");
    assert_ptr_equal(mh_log_divert(&nowhere), &kept);
    mh_log(MH_LOG_FATAL, "to nobody", NULL);
    assert_string_equal(line, "40 bare {}");
    assert_ptr_equal(mh_log_divert(NULL), &nowhere);
}

static int stop_clock(void **state)
{
    (void)state;
    mh_clock_fake(NOW);
    return setenv("TZ", "UTC", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_the_shape_of_pinos),
        cmocka_unit_test(fields_may_be_absent_and_unset),
        cmocka_unit_test(lines_below_the_level_are_not_written),
        cmocka_unit_test(nothing_from_outside_breaks_a_line),
        cmocka_unit_test(long_lines_are_cut_and_stay_json),
        cmocka_unit_test(a_cut_does_not_split_a_character),
        cmocka_unit_test(very_many_fields_stay_within_a_line),
        cmocka_unit_test(the_pretty_form_is_for_people),
        cmocka_unit_test(the_pretty_form_is_safe_on_a_terminal),
        cmocka_unit_test(auto_is_json_unless_on_a_terminal),
        cmocka_unit_test(a_terminal_gets_colours_unless_refused),
        cmocka_unit_test(a_reader_that_stopped_stops_nobody),
        cmocka_unit_test(a_thread_may_divert_its_lines),
        cmocka_unit_test(levels_are_read_by_name),
    };
    return cmocka_run_group_tests_name("log", tests, stop_clock, NULL);
}
