#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "cli/suggest.h"

static const char *const names[] = {"config", "enqueue", "help", "jobs", "stats", "type", "worker"};

static void assert_suggests(const char *wrong, const char *expected)
{
    struct mh_suggest suggest = mh_suggest_begin(wrong);
    for (size_t i = 0; i < MH_LEN(names); i++)
        mh_suggest_try(&suggest, names[i]);
    if (expected == NULL)
        assert_null(suggest.best);
    else
        assert_string_equal(suggest.best, expected);
}

static void a_slip_of_the_finger_is_recognised(void **state)
{
    assert_suggests("enqeue", "enqueue");
    assert_suggests("job", "jobs");
    assert_suggests("jbos", "jobs");
    assert_suggests("statss", "stats");
    assert_suggests("wroker", "worker");
}

static void what_is_far_from_everything_is_not(void **state)
{
    assert_suggests("frobnicate", NULL);
    assert_suggests("nope", NULL);
    assert_suggests("x", NULL);
    assert_suggests("", NULL);
    assert_suggests("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL);
}

static void the_text_is_empty_without_a_suggestion(void **state)
{
    char text[64];
    struct mh_suggest suggest = mh_suggest_begin("waht");
    mh_suggest_text(&suggest, "--", text, sizeof text);
    assert_string_equal(text, "");
    mh_suggest_try(&suggest, "what");
    mh_suggest_text(&suggest, "--", text, sizeof text);
    assert_string_equal(text, " (did you mean \"--what\"?)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slip_of_the_finger_is_recognised),
        cmocka_unit_test(what_is_far_from_everything_is_not),
        cmocka_unit_test(the_text_is_empty_without_a_suggestion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
