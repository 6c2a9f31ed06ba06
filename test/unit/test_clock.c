#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static void the_fake_clock_stands_until_it_is_given_back(void **state)
{
    mh_clock_fake(1234567890123);
    assert_int_equal(mh_clock_now_ms(), 1234567890123);
    mh_clock_fake(0);
    assert_true(mh_clock_now_ms() > INT64_C(1700000000000));
}

static void monotonic_time_never_falls(void **state)
{
    int64_t before = mh_clock_mono_us();
    for (int i = 0; i < 1000; i++) {
        int64_t now = mh_clock_mono_us();
        assert_true(now >= before);
        before = now;
    }
}

static void assert_time(int64_t time_ms, const char *expected)
{
    char text[MH_TIME_TEXT];
    mh_time_format(time_ms, text);
    assert_string_equal(text, expected);
}

static void times_have_milliseconds_and_are_utc(void **state)
{
    assert_time(0, "1970-01-01T00:00:00.000Z");
    assert_time(1, "1970-01-01T00:00:00.001Z");
    assert_time(INT64_C(1700000000000), "2023-11-14T22:13:20.000Z");
    assert_time(INT64_C(951782400000) - 1, "2000-02-28T23:59:59.999Z");
    assert_time(INT64_C(951782400000), "2000-02-29T00:00:00.000Z");
    assert_time(MH_TIME_MAX, "9999-12-31T23:59:59.999Z");
}

static void a_time_without_a_text_is_the_nearest_that_has_one(void **state)
{
    assert_time(-1, "1970-01-01T00:00:00.000Z");
    assert_time(INT64_MIN, "1970-01-01T00:00:00.000Z");
    assert_time(MH_TIME_MAX + 1, "9999-12-31T23:59:59.999Z");
    assert_time(INT64_MAX, "9999-12-31T23:59:59.999Z");
}

static void assert_parses(const char *text, int64_t expected)
{
    struct mh_err err = {0};
    int64_t time_ms = -1;
    int r = mh_time_parse(text, &time_ms, &err);
    if (r != 0) fail_msg("%s: %s", text, err.text);
    assert_int_equal(time_ms, expected);
}

static void times_are_read_with_any_offset(void **state)
{
    assert_parses("1970-01-01T00:00:00Z", 0);
    assert_parses("2023-11-14T22:13:20Z", INT64_C(1700000000000));
    assert_parses("2023-11-14t22:13:20z", INT64_C(1700000000000));
    assert_parses("2023-11-14 22:13:20+00:00", INT64_C(1700000000000));
    assert_parses("2023-11-14T23:13:20+01:00", INT64_C(1700000000000));
    assert_parses("2023-11-15T03:58:20+05:45", INT64_C(1700000000000));
    assert_parses("2023-11-14T15:13:20-07:00", INT64_C(1700000000000));
    assert_parses("9999-12-31T23:59:59.999Z", MH_TIME_MAX);
}

static void fractions_are_cut_to_milliseconds(void **state)
{
    assert_parses("1970-01-01T00:00:00.5Z", 500);
    assert_parses("1970-01-01T00:00:00.25Z", 250);
    assert_parses("1970-01-01T00:00:00.1239999999999999999999999999Z", 123);
}

static void the_last_day_of_february_follows_the_year(void **state)
{
    int64_t time_ms;
    assert_parses("2024-02-29T00:00:00Z", INT64_C(1709164800000));
    assert_int_equal(mh_time_parse("2023-02-29T00:00:00Z", &time_ms, NULL), MH_EINVAL);
    assert_int_equal(mh_time_parse("2100-02-29T00:00:00Z", &time_ms, NULL), MH_EINVAL);
}

static void a_leap_second_is_the_second_after(void **state)
{
    assert_parses("2016-12-31T23:59:60Z", INT64_C(1483228800000));
}

static void what_is_not_a_time_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "tomorrow",
        "2026-11-22",
        "2026-11-22T08:00:00",
        "2026-11-22T08:00Z",
        "2026-11-22T08:00:00.Z",
        "2026-11-22T08:00:00,5Z",
        "2026-11-22T08:00:00Zx",
        " 2026-11-22T08:00:00Z",
        "2026-11-22T08:00:00+0100",
        "2026-11-22T08:00:00+24:00",
        "2026-11-22T08:00:00+01:60",
        "2026-11-22T08:00:00+",
        "2026-11-22T24:00:00Z",
        "2026-11-22T08:60:00Z",
        "2026-11-22T08:00:61Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-1-1T00:00:00Z",
        "26-01-01T00:00:00Z",
        "+2026-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    };
    for (size_t i = 0; i < MH_LEN(wrong); i++) {
        struct mh_err err = {0};
        int64_t time_ms = 42;
        if (mh_time_parse(wrong[i], &time_ms, &err) != MH_EINVAL)
            fail_msg("accepted: %s", wrong[i]);
        assert_int_equal(time_ms, 42);
        assert_non_null(strstr(err.text, "such as 2026-11-22T08:00:00Z"));
    }
}

static void assert_lasts(const char *text, int64_t expected)
{
    struct mh_err err = {0};
    int64_t ms = -1;
    int r = mh_duration_parse(text, &ms, &err);
    if (r != 0) fail_msg("%s: %s", text, err.text);
    assert_int_equal(ms, expected);
}

static void durations_are_counts_with_units(void **state)
{
    assert_lasts("250ms", 250);
    assert_lasts("30s", 30 * SECOND);
    assert_lasts("5m", 5 * MINUTE);
    assert_lasts("1h30m", HOUR + 30 * MINUTE);
    assert_lasts("7d", 7 * DAY);
    assert_lasts("2w", 14 * DAY);
    assert_lasts("1w1d1h1m1s1ms", 8 * DAY + HOUR + MINUTE + SECOND + 1);
    assert_lasts("90m", 90 * MINUTE);
    assert_lasts("1m5ms", MINUTE + 5);
    assert_lasts("3650d", 3650 * DAY);
}

static void a_bare_number_is_seconds(void **state)
{
    assert_lasts("0", 0);
    assert_lasts("90", 90 * SECOND);
    assert_lasts("007", 7 * SECOND);
    assert_lasts("315360000", 3650 * DAY);
}

static void what_is_not_a_duration_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "soon",
        "-5s",
        "+5s",
        "5x",
        "5 m",
        "1.5h",
        "1h30",
        "30m1h",
        "1h1h",
        "ms",
        "5sm",
        "5mms",
        "5M",
        "5m ",
        "0x5",
        "3651d",
        "522w",
        "3650d1ms",
        "315360001",
        "99999999999999999999s",
        "9223372036854775807w",
        "18446744073709551617",
    };
    for (size_t i = 0; i < MH_LEN(wrong); i++) {
        struct mh_err err = {0};
        int64_t ms = 42;
        if (mh_duration_parse(wrong[i], &ms, &err) != MH_EINVAL) fail_msg("accepted: %s", wrong[i]);
        assert_int_equal(ms, 42);
        assert_non_null(strstr(err.text, "such as 90, 250ms or 1h30m"));
    }
}

static void assert_shown(int64_t ms, const char *expected)
{
    char text[32];
    mh_duration_format(ms, text, sizeof text);
    assert_string_equal(text, expected);
}

static void durations_are_shown_in_at_most_two_units(void **state)
{
    assert_shown(0, "0s");
    assert_shown(1, "1ms");
    assert_shown(250, "250ms");
    assert_shown(1500, "1s500ms");
    assert_shown(90 * SECOND, "1m30s");
    assert_shown(5 * MINUTE, "5m");
    assert_shown(90 * MINUTE, "1h30m");
    assert_shown(48 * HOUR, "2d");
    assert_shown(14 * DAY, "14d");
    assert_shown(30 * DAY, "30d");
    assert_shown(DAY + 30 * MINUTE, "1d30m");
    assert_shown(25 * HOUR + MINUTE, "25h1m");
    assert_shown(INT64_MAX, "9223372036854775s807ms");
}

static void a_duration_reads_back_as_it_was_shown(void **state)
{
    for (int64_t ms = 1; ms < 3650 * DAY; ms = ms * 3 / 2 + 1) {
        char text[32];
        mh_duration_format(ms, text, sizeof text);
        assert_lasts(text, ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fake_clock_stands_until_it_is_given_back),
        cmocka_unit_test(monotonic_time_never_falls),
        cmocka_unit_test(times_have_milliseconds_and_are_utc),
        cmocka_unit_test(a_time_without_a_text_is_the_nearest_that_has_one),
        cmocka_unit_test(times_are_read_with_any_offset),
        cmocka_unit_test(fractions_are_cut_to_milliseconds),
        cmocka_unit_test(the_last_day_of_february_follows_the_year),
        cmocka_unit_test(a_leap_second_is_the_second_after),
        cmocka_unit_test(what_is_not_a_time_is_refused),
        cmocka_unit_test(durations_are_counts_with_units),
        cmocka_unit_test(a_bare_number_is_seconds),
        cmocka_unit_test(what_is_not_a_duration_is_refused),
        cmocka_unit_test(durations_are_shown_in_at_most_two_units),
        cmocka_unit_test(a_duration_reads_back_as_it_was_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
