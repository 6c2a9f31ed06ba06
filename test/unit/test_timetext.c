#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/timetext.h"

static void assert_age(int64_t ms, const char *expected)
{
    char text[MH_AGE_TEXT];
    mh_age_format(ms, text);
    assert_string_equal(text, expected);
}

static void an_age_has_one_unit_and_is_cut(void **state)
{
    assert_age(0, "0s");
    assert_age(59999, "59s");
    assert_age(60000, "1m");
    assert_age(3599999, "59m");
    assert_age(3600000, "1h");
    assert_age(86399999, "23h");
    assert_age(INT64_C(30) * 86400000, "30d");
}

static void a_clock_that_went_back_makes_no_negative_age(void **state)
{
    assert_age(-5000, "0s");
}

static void a_time_is_said_with_its_distance(void **state)
{
    char text[MH_WHEN_TEXT];
    int64_t now = INT64_C(1700000000000);
    mh_when_format(now - 180000, now, text);
    assert_string_equal(text, "2023-11-14T22:10:20.000Z (3m ago)");
    mh_when_format(now + 7200000, now, text);
    assert_string_equal(text, "2023-11-15T00:13:20.000Z (in 2h)");
    mh_when_format(0, now, text);
    assert_string_equal(text, "-");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_age_has_one_unit_and_is_cut),
        cmocka_unit_test(a_clock_that_went_back_makes_no_negative_age),
        cmocka_unit_test(a_time_is_said_with_its_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
