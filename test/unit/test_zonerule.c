#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "queue/zonerule.h"

/* The two changes of 2027, as text. */
static void check(const char *text, const char *first, const char *second)
{
    struct mh_zone_rule rule;
    struct mh_zone_turn turns[2];
    char at[2][MH_TIME_TEXT];
    assert_true(mh_zone_rule_parse(text, &rule));
    mh_zone_rule_turns(&rule, 2027, turns);
    mh_time_format(turns[0].at * 1000, at[0]);
    mh_time_format(turns[1].at * 1000, at[1]);
    assert_string_equal(at[0], first);
    assert_string_equal(at[1], second);
}

static void rules_give_the_changes_of_a_year(void **state)
{
    check("CET-1CEST,M3.5.0,M10.5.0/3", "2027-03-28T01:00:00.000Z", "2027-10-31T01:00:00.000Z");
    check("EST5EDT,M3.2.0,M11.1.0", "2027-03-14T07:00:00.000Z", "2027-11-07T06:00:00.000Z");
    /* the south, hours past midnight, half an hour, before midnight */
    check("<-04>4<-03>,M9.1.6/24,M4.1.6/24", "2027-04-04T03:00:00.000Z",
          "2027-09-05T04:00:00.000Z");
    check("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2027-04-03T15:00:00.000Z",
          "2027-10-02T15:30:00.000Z");
    check("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2027-03-28T01:00:00.000Z",
          "2027-10-31T01:00:00.000Z");
    /* winter time is the exception; days of the year; 1 March of a year without 29 February */
    check("IST-1GMT0,M10.5.0,M3.5.0/1", "2027-03-28T01:00:00.000Z", "2027-10-31T01:00:00.000Z");
    check("AAA0BBB,0/0,364/0", "2027-01-01T00:00:00.000Z", "2027-12-30T23:00:00.000Z");
    check("AAA0BBB,J60/0,J365/1:30:15", "2027-03-01T00:00:00.000Z", "2027-12-31T00:30:15.000Z");
}

static void a_zone_may_have_no_summer_time(void **state)
{
    struct mh_zone_rule rule;
    assert_true(mh_zone_rule_parse("IST-5:30", &rule));
    assert_false(rule.summer);
    assert_int_equal(rule.offset, 19800);
    assert_true(mh_zone_rule_parse("<+13>-13", &rule));
    assert_int_equal(rule.offset, 46800);
}

static void what_is_no_rule_is_refused(void **state)
{
    const char *const wrong[] = {
        "",
        "CET",
        "CE-1",
        "CET-1CEST",
        "CET-1CEST,M3.5.0",
        "CET-1 ",
        "<CET-1",
        "CET-26",
        "CET-1:60",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CES,",
        "CET-1CEST,M",
        "CET-1CEST,0,",
        "CET-1C,0,364",
        "CET-1CEST,M3.5.0,M10.5.0/168",
        "CET-1x",
        "CET--1",
        "CET-1CEST,,",
        "CET-1CEST,J0,1",
        "CET-1CEST,M3.5.0,M10.5.0/3x",
    };
    for (size_t i = 0; i < MH_LEN(wrong); i++) {
        struct mh_zone_rule rule;
        if (mh_zone_rule_parse(wrong[i], &rule)) fail_msg("\"%s\" is accepted", wrong[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_give_the_changes_of_a_year),
        cmocka_unit_test(a_zone_may_have_no_summer_time),
        cmocka_unit_test(what_is_no_rule_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
