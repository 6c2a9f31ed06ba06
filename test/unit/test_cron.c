/* Slots are compared with those that a watcher sees who looks at the clock on the wall, the C
 * library's, minute by minute (second by second), and does what crond does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "queue/cron.h"

#define SEED 20261

static struct mh_zone *open_zone(const char *name)
{
    struct mh_zone *zone = NULL;
    struct mh_err err = {0};
    if (mh_zone_open(MH_ZONE_FOLDER, name, &zone, &err) < 0) fail_msg("%s", err.text);
    return zone;
}

static struct mh_cron parse(const char *text)
{
    struct mh_cron cron = {0};
    struct mh_err err = {0};
    if (mh_cron_parse(text, &cron, &err) < 0) fail_msg("%s", err.text);
    return cron;
}

static int64_t at(const char *text)
{
    int64_t ms = 0;
    assert_int_equal(mh_time_parse(text, &ms, NULL), 0);
    return ms;
}

/* The slots after `from`, as many as are named, as "03-29T01:00:00 …". */
static void check(const char *text, const char *zone_name, const char *from, const char *expected)
{
    struct mh_cron cron = parse(text);
    struct mh_zone *zone = open_zone(zone_name);
    char seen[400] = "";
    int64_t ms = at(from);
    size_t len = 0, want = strlen(expected);
    while (len < want) {
        char slot[MH_TIME_TEXT];
        ms = mh_cron_next(&cron, zone, ms);
        mh_time_format(ms, slot);
        len += (size_t)snprintf(seen + len, sizeof seen - len, "%s%.14s", len > 0 ? " " : "",
                                slot + 5);
    }
    mh_zone_free(zone);
    assert_string_equal(seen, expected);
}

/* --- what is written */

static void fields_are_lists_of_numbers_ranges_and_steps(void **state)
{
    check("30 4 * * *", "UTC", "2026-01-01T00:00:00Z", "01-01T04:30:00 01-02T04:30:00");
    check("30 4 * * *", "UTC", "2026-01-01T04:30:00Z", "01-02T04:30:00");
    check("30 4 * * *", "UTC", "2026-01-01T04:29:59.999Z", "01-01T04:30:00");
    check("*/20 1-2 * * *", "UTC", "2026-01-01T01:30:00Z",
          "01-01T01:40:00 01-01T02:00:00 01-01T02:20:00 01-01T02:40:00 01-02T01:00:00");
    check("5-59/30,1 0 * * *", "UTC", "2026-01-01T00:00:00Z",
          "01-01T00:01:00 01-01T00:05:00 01-01T00:35:00 01-02T00:01:00");
    check("0 0 1 jan,JUL *", "UTC", "2026-01-01T00:00:00Z", "07-01T00:00:00 01-01T00:00:00");
    check("0 0 1 2 *", "UTC", "2026-01-15T00:00:00Z", "02-01T00:00:00 02-01T00:00:00");
    check("0 0 * * Mon-wed", "UTC", "2026-01-01T00:00:00Z",
          "01-05T00:00:00 01-06T00:00:00 01-07T00:00:00 01-12T00:00:00");
    check("0 0 * * 0", "UTC", "2026-01-01T00:00:00Z", "01-04T00:00:00 01-11T00:00:00");
    check("0 0 * * 7", "UTC", "2026-01-01T00:00:00Z", "01-04T00:00:00 01-11T00:00:00");
    check("0 0 * * fri-sun", "UTC", "2026-01-01T00:00:00Z",
          "01-02T00:00:00 01-03T00:00:00 01-04T00:00:00 01-09T00:00:00");
    check(" 0\t0  29 2 * ", "UTC", "2026-01-01T00:00:00Z", "02-29T00:00:00");
    check("0 0 */99 * *", "UTC", "2026-01-01T00:00:00Z", "02-01T00:00:00");
}

static void six_fields_begin_with_seconds(void **state)
{
    check("*/30 59 23 31 12 *", "UTC", "2026-01-01T00:00:00Z", "12-31T23:59:00 12-31T23:59:30");
    check("10 * * * * *", "UTC", "2026-01-01T00:00:10Z", "01-01T00:01:10 01-01T00:02:10");
}

static void nicknames_stand_for_expressions(void **state)
{
    check("@hourly", "UTC", "2026-01-01T00:00:00Z", "01-01T01:00:00 01-01T02:00:00");
    check("@daily", "UTC", "2026-01-01T00:00:00Z", "01-02T00:00:00");
    check("@midnight", "UTC", "2026-01-01T00:00:00Z", "01-02T00:00:00");
    check("@weekly", "UTC", "2026-01-01T00:00:00Z", "01-04T00:00:00");
    check("@monthly", "UTC", "2026-01-01T00:00:00Z", "02-01T00:00:00");
    check("@yearly", "UTC", "2026-01-02T00:00:00Z", "01-01T00:00:00");
    check("@annually", "UTC", "2026-01-02T00:00:00Z", "01-01T00:00:00");
}

/* In 2026 1 January is a Thursday. */
static void two_restricted_days_are_either_and_a_star_makes_them_both(void **state)
{
    check("0 0 13 * FRI", "UTC", "2026-03-07T00:00:00Z", "03-13T00:00:00 03-20T00:00:00");
    check("0 0 3 * FRI", "UTC", "2026-01-01T00:00:00Z", "01-02T00:00:00 01-03T00:00:00");
    check("0 0 */2 * FRI", "UTC", "2026-01-01T00:00:00Z", "01-09T00:00:00 01-23T00:00:00");
    check("0 0 1-31/2 * FRI", "UTC", "2026-01-01T00:00:00Z", "01-02T00:00:00 01-03T00:00:00");
    check("0 0 3 * */5", "UTC", "2026-01-01T00:00:00Z", "04-03T00:00:00 05-03T00:00:00");
}

static void the_rarest_day_is_found(void **state)
{
    struct mh_cron cron = parse("0 0 29 2 */7"); /* a Sunday */
    struct mh_zone *zone = open_zone("UTC");
    assert_int_equal(mh_cron_next(&cron, zone, at("2026-01-01T00:00:00Z")),
                     at("2032-02-29T00:00:00Z"));
    assert_int_equal(mh_cron_next(&cron, zone, at("2088-03-01T00:00:00Z")),
                     at("2128-02-29T00:00:00Z"));
    mh_zone_free(zone);
}

static void what_is_wrong_is_said(void **state)
{
    static const struct {
        const char *text, *error;
    } wrong[] = {
        {"", "expected 5 fields (minute, hour, day of month, month, day of week) or 6"},
        {"* * * *", "or 6 with seconds first, not 4"},
        {"* * * * * * *", "or 6 with seconds first, not 7"},
        {"60 * * * *", "minute \"60\": expected 0 to 59"},
        {"60 * * * * *", "second \"60\": expected 0 to 59"},
        {"* 24 * * *", "hour \"24\": expected 0 to 23"},
        {"* * 0 * *", "day of month \"0\": expected 1 to 31"},
        {"* * * 13 *", "month \"13\": expected 1 to 12, a name of three letters"},
        {"* * * * 8", "day of week \"8\": expected 0 to 7, a name of three letters"},
        {"* * * MON *", "month \"MON\""},
        {"* * * * MONDAY", "day of week \"MONDAY\""},
        {"* * ? * *", "day of month \"?\""},
        {"* * L * *", "day of month \"L\""},
        {"* * 15W * *", "day of month \"15W\""},
        {"* * * * 5#3", "day of week \"5#3\""},
        {"0~30 * * * *", "minute \"0~30\""},
        {"1,,2 * * * *", "minute \"\""},
        {"1, * * * *", "minute \"\""},
        {"5-1 * * * *", "minute \"5-1\": a range begins with the smaller number"},
        {"1-2-3 * * * *", "minute \"2-3\""},
        {"-5 * * * *", "minute \"\""},
        {"5/15 * * * *", "a step needs * or a range before it, such as 5-59/15"},
        {"*/0 * * * *", "minute \"*/0\": a step is a number from 1 to 999"},
        {"*/ * * * *", "a step is a number"},
        {"*/1/2 * * * *", "a step is a number"},
        {"*5 * * * *", "minute \"*5\""},
        {"99999999999999999999 * * * *", "minute \"99999999999999999999\""},
        {"0 0 30 2 *", "no month of these has such a day"},
        {"0 0 31 4,6,9,11 *", "no month of these has such a day"},
        {"0 0 30-31 2 */2", "no month of these has such a day"},
        {"@reboot", "\"@reboot\": expected @yearly, @monthly, @weekly, @daily or @hourly"},
        {"@Daily", "\"@Daily\": expected"},
        {"@every 5m", "\"@every 5m\": expected"},
    };
    for (size_t i = 0; i < MH_LEN(wrong); i++) {
        struct mh_cron cron;
        struct mh_err err = {0};
        if (mh_cron_parse(wrong[i].text, &cron, &err) != MH_EINVAL)
            fail_msg("\"%s\" is accepted", wrong[i].text);
        if (strstr(err.text, wrong[i].error) == NULL) fail_msg("%s", err.text);
    }
    char text[MH_CRON_MAX + 2];
    memset(text, ' ', sizeof text);
    memcpy(text + sizeof text - 10, "* * * * *", 10);
    struct mh_cron cron;
    assert_int_equal(mh_cron_parse(text, &cron, NULL), MH_EINVAL);
}

/* --- the two nights */

static void a_skipped_time_has_a_slot_at_the_end_of_the_gap(void **state)
{
    check("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "03-29T01:00:00 03-30T00:30:00");
    check("0,30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "03-29T01:00:00 03-30T00:00:00");
    check("0 2,3 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", "03-29T01:00:00 03-30T00:00:00");
    check("*/10 30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z",
          "03-29T01:00:00 03-30T00:30:00");
    check("0 0 * * *", "America/Santiago", "2026-09-05T12:00:00Z", "09-06T04:00:00 09-07T03:00:00");
    check("15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z",
          "10-03T15:30:00 10-04T15:15:00");
}

static void a_repeated_time_has_its_first_slot_only(void **state)
{
    check("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "10-25T00:30:00 10-26T01:30:00");
    check("30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z",
          "11-01T05:30:00 11-02T06:30:00");
    check("45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00:00Z",
          "04-04T14:45:00 04-05T15:15:00");
}

static void wild_expressions_follow_the_clock_on_the_wall(void **state)
{
    check("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z",
          "03-29T00:30:00 03-29T01:00:00 03-29T01:30:00");
    check("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:00:00Z",
          "10-25T00:30:00 10-25T01:00:00 10-25T01:30:00 10-25T02:00:00");
    check("30 */2 * * *", "Europe/Berlin", "2026-03-28T22:00:00Z",
          "03-28T23:30:00 03-29T02:30:00 03-29T04:30:00");
    check("*/30 2 * * *", "Europe/Berlin", "2026-10-25T00:00:00Z",
          "10-25T00:30:00 10-25T01:00:00 10-25T01:30:00 10-26T01:00:00");
    check("@hourly", "Europe/Berlin", "2026-10-25T00:00:00Z",
          "10-25T01:00:00 10-25T02:00:00 10-25T03:00:00");
}

/* Samoa left out 30 December 2011. */
static void a_day_that_is_left_out_is_no_summer_time(void **state)
{
    check("30 2 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z",
          "12-29T12:30:00 12-30T12:30:00 12-31T12:30:00");
    check("30 2 30 12 *", "Pacific/Apia", "2011-01-01T00:00:00Z", "12-29T12:30:00");
}

/* --- against the watcher */

struct window {
    const char *zone;
    const char *from;
};

/* The two nights of seven zones, and a night without. */
static const struct window windows[] = {
    {"Europe/Berlin", "2026-03-28T00:00:00Z"},
    {"Europe/Berlin", "2026-10-24T00:00:00Z"},
    {"America/New_York", "2026-03-07T12:00:00Z"},
    {"America/New_York", "2026-10-31T12:00:00Z"},
    {"Australia/Lord_Howe", "2026-04-04T00:00:00Z"},
    {"Australia/Lord_Howe", "2026-10-03T00:00:00Z"},
    {"America/Santiago", "2026-04-04T12:00:00Z"},
    {"America/Santiago", "2026-09-05T12:00:00Z"},
    {"Africa/Casablanca", "2026-02-14T12:00:00Z"},
    {"Africa/Casablanca", "2026-03-21T12:00:00Z"},
    {"Asia/Kolkata", "2026-03-28T00:00:00Z"},
    {"Pacific/Apia", "2011-12-29T12:00:00Z"},
    {"Pacific/Apia", "2011-04-02T00:00:00Z"},
    {"Pacific/Apia", "2011-09-24T00:00:00Z"},
    {"Europe/Berlin", "2044-10-29T00:00:00Z"},
    {"Europe/Dublin", "2026-03-28T12:00:00Z"},
};

struct tick {
    int64_t second;
    int64_t local; /* what the wall shows, as seconds */
    struct tm tm;
};

static void see(struct tick *tick, int64_t second)
{
    time_t time = second;
    tick->second = second;
    assert_non_null(localtime_r(&time, &tick->tm));
    tick->local = second + tick->tm.tm_gmtoff;
}

/* What was drawn by lot, for the watcher, and its text. */
struct drawn {
    char text[400];
    bool fields[6][64]; /* from seconds on */
    bool star[6];
};

static const int mins[6] = {0, 0, 0, 1, 1, 0}, maxs[6] = {59, 59, 23, 31, 12, 6};

static int draw(int low, int high)
{
    return low + (int)(random() % (high - low + 1));
}

static void draw_item(struct drawn *drawn, int field, char *text, size_t size)
{
    int min = mins[field], max = maxs[field];
    int low = draw(min, max), high = draw(low, max), step = draw(1, 7);
    int kind = draw(0, 5);
    if (field == 2 && kind < 3) low = draw(0, 3); /* where something happens */
    switch (kind) {
    case 0:
        (void)snprintf(text, size, "%d-%d", low, high < low ? high = low : high);
        step = 1;
        break;
    case 1:
        (void)snprintf(text, size, "%d-%d/%d", low, high < low ? high = low : high, step);
        break;
    case 2:
    case 3:
        (void)snprintf(text, size, "%d", high = low);
        break;
    case 4:
        (void)snprintf(text, size, "*/%d", step);
        low = min;
        high = max;
        break;
    default:
        (void)snprintf(text, size, "*");
        low = min;
        high = max;
        step = 1;
    }
    for (int i = low; i <= high; i += step)
        drawn->fields[field][i] = true;
}

static void draw_expression(struct drawn *ret_drawn, bool seconds)
{
    struct drawn drawn = {.fields[0][0] = true};
    size_t len = 0;
    if (seconds) drawn.fields[0][0] = false;
    for (int field = seconds ? 0 : 1; field < 6; field++) {
        int items = draw(0, 3) == 0 ? draw(2, 3) : 1;
        bool any = field == 4 || (field != 2 && field != 1 && draw(0, 2) == 0);
        for (int i = 0; i < items; i++) {
            char item[40] = "*";
            if (any)
                for (int bit = mins[field]; bit <= maxs[field]; bit++)
                    drawn.fields[field][bit] = true;
            else
                draw_item(&drawn, field, item, sizeof item);
            if (i == 0) drawn.star[field] = item[0] == '*';
            len += (size_t)snprintf(drawn.text + len, sizeof drawn.text - len, "%s%s",
                                    i > 0 ? "," : "", item);
        }
        if (field < 5) drawn.text[len++] = ' ';
    }
    drawn.text[len] = '\0';
    *ret_drawn = drawn;
}

static bool shows(const struct drawn *drawn, const struct tm *tm)
{
    bool month_day = drawn->fields[3][tm->tm_mday], week_day = drawn->fields[5][tm->tm_wday];
    bool both = drawn->star[3] || drawn->star[5];
    return drawn->fields[0][tm->tm_sec] && drawn->fields[1][tm->tm_min] &&
           drawn->fields[2][tm->tm_hour] && drawn->fields[4][tm->tm_mon + 1] &&
           (both ? month_day && week_day : month_day || week_day);
}

/* What the wall would have shown in a gap. */
static bool would_show(const struct drawn *drawn, int64_t after, int64_t before, int64_t unit)
{
    for (int64_t local = after + unit; local < before; local += unit) {
        struct tm tm;
        time_t time = local;
        assert_non_null(gmtime_r(&time, &tm));
        if (shows(drawn, &tm)) return true;
    }
    return false;
}

/* crond's way: a virtual clock that never goes back for fixed jobs, except for a correction. */
static bool fires(const struct drawn *drawn, const struct tick *ticks, size_t i, int64_t unit,
                  int64_t *virtual_clock)
{
    bool wild = drawn->star[1] || drawn->star[2];
    int64_t jump = ticks[i].local - ticks[i - 1].local - unit, limit = 3 * 3600;
    bool again = ticks[i].local <= *virtual_clock;
    if (jump <= -limit) again = false;
    if (!again) *virtual_clock = ticks[i].local;
    if (!wild && jump > 0 && jump < limit &&
        would_show(drawn, ticks[i - 1].local, ticks[i].local, unit))
        return true;
    return shows(drawn, &ticks[i].tm) && (wild || !again);
}

static void compare(const struct window *window, const struct tick *ticks, size_t count,
                    int64_t unit, const struct drawn *drawn)
{
    struct mh_cron cron = parse(drawn->text);
    struct mh_zone *zone = open_zone(window->zone);
    int64_t virtual_clock = ticks[0].local;
    int64_t first = 0, last = 0;
    int64_t next = mh_cron_next(&cron, zone, ticks[0].second * 1000);
    for (size_t i = 1; i < count; i++) {
        bool ours = next == ticks[i].second * 1000;
        if (ours != fires(drawn, ticks, i, unit, &virtual_clock)) {
            char text[MH_TIME_TEXT];
            mh_time_format(ticks[i].second * 1000, text);
            fail_msg("%s in %s: %s slot at %s", drawn->text, window->zone, ours ? "a" : "no", text);
        }
        if (!ours) continue;
        if (first == 0) first = next;
        last = next;
        next = mh_cron_next(&cron, zone, next);
    }
    if (first != 0)
        assert_int_equal(mh_cron_last(&cron, zone, first, ticks[count - 1].second * 1000), last);
    mh_zone_free(zone);
}

/* Where an expression never comes true there is nothing to compare. */
static bool is_possible(const struct drawn *drawn)
{
    struct mh_cron cron;
    struct mh_err err = {0};
    if (mh_cron_parse(drawn->text, &cron, &err) == 0) return true;
    if (strstr(err.text, "no month") == NULL) fail_msg("%s", err.text);
    return false;
}

static void compare_all(int64_t unit, size_t count, int64_t skip, int expressions)
{
    struct tick *ticks = calloc(count, sizeof *ticks);
    assert_non_null(ticks);
    srandom(SEED);
    for (size_t w = 0; w < MH_LEN(windows); w++) {
        (void)setenv("TZ", windows[w].zone, 1);
        tzset();
        for (size_t i = 0; i < count; i++)
            see(&ticks[i], at(windows[w].from) / 1000 + skip + (int64_t)i * unit);
        for (int i = 0; i < expressions; i++) {
            struct drawn drawn;
            draw_expression(&drawn, unit == 1);
            if (is_possible(&drawn)) compare(&windows[w], ticks, count, unit, &drawn);
        }
    }
    free(ticks);
    (void)unsetenv("TZ");
    tzset();
}

static void slots_are_those_of_crond_minute_by_minute(void **state)
{
    compare_all(60, (size_t)48 * 60, 0, 60);
}

static void slots_are_those_of_crond_second_by_second(void **state)
{
    compare_all(1, (size_t)8 * 3600, 10 * 3600, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_lists_of_numbers_ranges_and_steps),
        cmocka_unit_test(six_fields_begin_with_seconds),
        cmocka_unit_test(nicknames_stand_for_expressions),
        cmocka_unit_test(two_restricted_days_are_either_and_a_star_makes_them_both),
        cmocka_unit_test(the_rarest_day_is_found),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(a_skipped_time_has_a_slot_at_the_end_of_the_gap),
        cmocka_unit_test(a_repeated_time_has_its_first_slot_only),
        cmocka_unit_test(wild_expressions_follow_the_clock_on_the_wall),
        cmocka_unit_test(a_day_that_is_left_out_is_no_summer_time),
        cmocka_unit_test(slots_are_those_of_crond_minute_by_minute),
        cmocka_unit_test(slots_are_those_of_crond_second_by_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
