#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "queue/civil.h"

#define DAY 86400

/* The C library's calendar is the measure. */
static void days_and_dates_are_those_of_the_calendar(void **state)
{
    const struct mh_date ends[] = {{1, 1, 1}, {9999, 12, 31}};
    int64_t first = mh_day_of(&ends[0]), last = mh_day_of(&ends[1]);
    for (int64_t day = first; day <= last; day += 13) {
        struct tm tm;
        time_t second = day * DAY;
        assert_non_null(gmtime_r(&second, &tm));
        struct mh_date date = mh_date_of(day);
        assert_int_equal(date.year, tm.tm_year + 1900);
        assert_int_equal(date.month, tm.tm_mon + 1);
        assert_int_equal(date.day, tm.tm_mday);
        assert_int_equal(mh_weekday_of(day), tm.tm_wday);
        assert_int_equal(mh_day_of(&date), day);
    }
}

static void leap_years_are_those_of_the_gregorian_calendar(void **state)
{
    assert_int_equal(mh_month_days(2024, 2), 29);
    assert_int_equal(mh_month_days(2023, 2), 28);
    assert_int_equal(mh_month_days(2100, 2), 28);
    assert_int_equal(mh_month_days(2000, 2), 29);
    assert_int_equal(mh_month_days(2023, 12), 31);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_and_dates_are_those_of_the_calendar),
        cmocka_unit_test(leap_years_are_those_of_the_gregorian_calendar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
