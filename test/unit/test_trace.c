#include "http/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define REST   "-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
#define PARENT "00" REST

static void the_correlation_id_counts_before_the_trace(void **state)
{
    struct mh_trace trace;
    assert_true(mh_trace_read("order-7", PARENT, &trace));
    assert_string_equal(trace.id, "order-7");
    assert_string_equal(trace.parent, PARENT);
    assert_true(mh_trace_read(NULL, PARENT, &trace));
    assert_true(trace.given);
    assert_string_equal(trace.id, "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_true(mh_trace_read(NULL, NULL, &trace));
    assert_false(trace.given);
    assert_int_equal(strlen(trace.id), 36);
}

static void a_wrong_correlation_id_is_told_and_not_kept(void **state)
{
    struct mh_trace trace;
    char text[MH_KEY_MAX + 2];
    memset(text, 'x', sizeof text);
    text[MH_KEY_MAX + 1] = '\0';
    assert_false(mh_trace_read(text, NULL, &trace));
    text[MH_KEY_MAX] = '\0';
    assert_true(mh_trace_read(text, NULL, &trace));
    assert_false(mh_trace_read("", NULL, &trace));
    assert_false(mh_trace_read("a b", NULL, &trace));
    assert_false(mh_trace_read("a\n", NULL, &trace));
    assert_false(mh_trace_read("\xc3\xa4", NULL, &trace));
    assert_int_equal(strlen(trace.id), 36);
}

static void a_traceparent_that_is_none_is_ignored(void **state)
{
    static const char *const wrong[] = {
        "",
        "00",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        PARENT "-more",
        PARENT "0",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
    };
    struct mh_trace trace;
    for (size_t i = 0; i < MH_LEN(wrong); i++) {
        assert_true(mh_trace_read(NULL, wrong[i], &trace));
        assert_null(trace.parent);
        assert_false(trace.given);
    }
}

static void a_later_version_is_kept_as_it_stands(void **state)
{
    char text[MH_TRACEPARENT_MAX + 2] = "01" REST;
    struct mh_trace trace;
    assert_true(mh_trace_read(NULL, text, &trace));
    assert_ptr_equal(trace.parent, text);
    memset(text + MH_TRACEPARENT, '-', MH_TRACEPARENT_MAX - MH_TRACEPARENT);
    assert_true(mh_trace_read(NULL, text, &trace));
    assert_ptr_equal(trace.parent, text);
    text[MH_TRACEPARENT_MAX - 1] = '\n';
    assert_true(mh_trace_read(NULL, text, &trace));
    assert_null(trace.parent);
    text[MH_TRACEPARENT_MAX - 1] = text[MH_TRACEPARENT_MAX] = '-';
    assert_true(mh_trace_read(NULL, text, &trace));
    assert_null(trace.parent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_correlation_id_counts_before_the_trace),
        cmocka_unit_test(a_wrong_correlation_id_is_told_and_not_kept),
        cmocka_unit_test(a_traceparent_that_is_none_is_ignored),
        cmocka_unit_test(a_later_version_is_kept_as_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
