#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/child_env.h"
#include "worker/handler_conf.h"

static struct mh_arena arena;

static int set_up(void **state)
{
    mh_arena_init(&arena, 1 << 22);
    return 0;
}

static int tear_down(void **state)
{
    mh_arena_release(&arena);
    return 0;
}

static void assert_error(const char *text, const char *expected)
{
    struct mh_handler_confs confs;
    struct mh_err err = {0};
    assert_int_equal(mh_handler_conf_parse("m.conf", text, &arena, &confs, &err), MH_EINVAL);
    if (strstr(err.text, expected) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, expected);
}

static void a_section_sets_its_type_and_leaves_the_rest_at_the_defaults(void **state)
{
    struct mh_handler_confs confs;
    assert_int_equal(
        mh_handler_conf_parse(
            "m.conf",
            "# comment\n[handler.mail.send]\nmode=persistent\ncommand = python3 'a b.py'\n"
            "timeout=90s\nbackoff_base=200ms\nconcurrency=4\nmax_attempts=7\n\n[handler.b]\n",
            &arena, &confs, NULL),
        0);
    assert_int_equal(confs.count, 1);
    assert_string_equal(confs.all[0].type, "mail.send");
    assert_string_equal(confs.all[0].mode, "persistent");
    assert_string_equal(confs.all[0].command, "python3 'a b.py'");
    assert_int_equal(confs.all[0].timeout_ms, 90000);
    assert_int_equal(confs.all[0].backoff_base_ms, 200);
    assert_int_equal(confs.all[0].backoff_cap_ms, 3600000);
    assert_int_equal(confs.all[0].concurrency, 4);
    assert_int_equal(confs.all[0].max_attempts, 7);
    assert_int_equal(confs.all[0].recycle_after, 0);
}

static void what_is_wrong_is_named_with_its_line(void **state)
{
    char long_line[512];
    memset(long_line, 'x', sizeof long_line - 1);
    long_line[sizeof long_line - 1] = '\0';
    assert_error("[handler.a]\nmood=persistent\n", "m.conf:2: unknown key mood");
    assert_error("[handler.a]\n\nmode=fast\n",
                 "m.conf:3: mode expects oneshot, persistent or http");
    assert_error("[handler.a]\ntimeout=never\n", "m.conf:2: timeout expects a time");
    assert_error("[handler.a]\nmood=x\ncolour=y\n", "m.conf:2: unknown key mood; expected allow_");
    assert_error("[handler.a]\nhello\nmood=x\n", "m.conf:2: expected");
    assert_error("[handler.a]\nconcurrency=0\n", "m.conf:2: concurrency expects a whole number");
    assert_error("[handler.a]\nconcurrency=4x\n", "whole number");
    assert_error("[handler.a]\ncommand=\n", "command expects a value");
    assert_error("[handler.a]\ntimeout=1s\ntimeout=2s\n", "m.conf:3: timeout is given twice");
    assert_error("[worker]\nmode=oneshot\n", "m.conf:2: section [worker]: expected [handler.TYPE]");
    assert_error("[handler.a b]\nmode=oneshot\n", "expected [handler.TYPE]");
    assert_error("mode=oneshot\n", "expected [handler.TYPE]");
    assert_error("[handler.a]\nhello\n", "m.conf:2: expected");
    assert_error("[handler.a]\ncommand=x\n  y\n", "m.conf:3: expected a line without indentation");
    assert_error(long_line, "m.conf:1: a line has at most 199 bytes");
}

static void a_section_over_http_has_a_url(void **state)
{
    struct mh_handler_confs confs;
    assert_int_equal(
        mh_handler_conf_parse("m.conf",
                              "[handler.a]\nurl=https://u:p@example.com:8443/jobs?x=1\n"
                              "mode=http\nallow_private=1\nsecret_env=A_SECRET\n"
                              "[handler.b]\nmode=http\nurl=http://[::1]/\n"
                              "concurrency=4\n",
                              &arena, &confs, NULL),
        0);
    assert_string_equal(confs.all[0].url, "https://u:p@example.com:8443/jobs?x=1");
    assert_string_equal(confs.all[0].secret_env, "A_SECRET");
    assert_int_equal(confs.all[0].allow_private, 1);
    assert_int_equal(confs.all[0].concurrency, 1000);
    assert_int_equal(confs.all[1].allow_private, 0);
    assert_null(confs.all[1].secret_env);
    assert_int_equal(confs.all[1].concurrency, 4);
}

static void a_wrong_url_is_refused_and_not_repeated(void **state)
{
    static const char *const wrong[] = {
        "ftp://h/",   "example.com", "https://",      "http:///path",
        "http://:80", "file:///x",   "http://a b",    "HTTP://pw",
        "https:/pw",  "://pw",       "http://pw\x7f", "gopher+http://pw",
    };
    for (size_t i = 0; i < MH_LEN(wrong); i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "[handler.a]\nmode=http\nurl=%s\n", wrong[i]);
        assert_error(text, "m.conf:3: url expects http:// or https:// and a host");
    }
}

static void a_key_that_does_not_fit_the_mode_is_refused(void **state)
{
    assert_error("[handler.a]\nurl=http://h/\n",
                 "m.conf:2: url is for mode=http, and this section has mode=oneshot");
    assert_error("[handler.a]\nmode=persistent\nallow_private=1\n",
                 "m.conf:3: allow_private is for mode=http");
    assert_error("[handler.a]\ncommand=x\nmode=http\nurl=http://h/\n",
                 "m.conf:2: command is for mode=oneshot or mode=persistent, and this section has "
                 "mode=http");
    assert_error("[handler.a]\nmode=http\nurl=http://h/\nenv=A\n", "m.conf:4: env is for");
    assert_error("[handler.a]\nmode=http\nurl=http://h/\nprocesses=2\n", "m.conf:4: processes");
    assert_error("[handler.a]\nconcurrency=2\n",
                 "m.conf:2: concurrency is for mode=persistent or mode=http");
    assert_error("[handler.b]\ntimeout=1s\n[handler.a]\n\nmode=http\n",
                 "m.conf:5: mode=http needs url=");
    assert_error("[handler.a]\nsecret_env=A-B\n", "m.conf:2: secret_env expects the name of");
}

static void a_missing_file_is_no_error_unless_it_was_asked_for(void **state)
{
    struct mh_handler_confs confs = {.count = 9};
    assert_int_equal(mh_handler_conf_load("/nonexistent/m.conf", false, &arena, &confs, NULL), 0);
    assert_int_equal(confs.count, 0);
    assert_int_equal(mh_handler_conf_load("/nonexistent/m.conf", true, &arena, &confs, NULL),
                     MH_EINVAL);
}

static char path[] = "PATH=/bin", home[] = "HOME=/root", url[] = "DATABASE_URL=postgres://u:p@h/d";
static char extra[] = "EXTRA=1", zone[] = "TZ=UTC";
static char *const environment[] = {path, home, url, extra, zone, NULL};

static bool has(const char *const *env, const char *entry)
{
    for (; *env != NULL; env++)
        if (strcmp(*env, entry) == 0) return true;
    return false;
}

static void a_child_gets_what_is_listed_and_no_more(void **state)
{
    const char *const *env;
    assert_int_equal(mh_child_env(&arena, environment, NULL, &env, NULL), 0);
    assert_true(has(env, "PATH=/bin") && has(env, "HOME=/root") && has(env, "TZ=UTC"));
    assert_false(has(env, "EXTRA=1") || has(env, url));
    assert_int_equal(mh_child_env(&arena, environment, "EXTRA UNSET LEVEL=9", &env, NULL), 0);
    assert_true(has(env, "EXTRA=1") && has(env, "LEVEL=9"));
    assert_false(has(env, "UNSET="));
}

static void secrets_and_wrong_names_are_refused(void **state)
{
    const char *const *env;
    struct mh_err err = {0};
    static const char *const lists[] = {"DATABASE_URL",
                                        "DATABASE_URL_FILE",
                                        "CREDENTIAL_ENCRYPTION_KEY",
                                        "ANTHROPIC_API_KEY",
                                        "MILLHAND_JWT_SECRET",
                                        "1X",
                                        "A-B",
                                        "=x",
                                        "'open"};
    for (size_t i = 0; i < MH_LEN(lists); i++)
        assert_int_equal(mh_child_env(&arena, environment, lists[i], &env, &err), MH_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_section_sets_its_type_and_leaves_the_rest_at_the_defaults,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_wrong_is_named_with_its_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_section_over_http_has_a_url, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_url_is_refused_and_not_repeated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_that_does_not_fit_the_mode_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_missing_file_is_no_error_unless_it_was_asked_for, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_child_gets_what_is_listed_and_no_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(secrets_and_wrong_names_are_refused, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
