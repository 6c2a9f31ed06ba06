#include "queue/zonerule.h"

#include <string.h>

#include "queue/civil.h"

#define HOUR      INT64_C(3600)
#define DAY       (24 * HOUR)
#define HOURS_MAX 167 /* of a time; RFC 8536 */

/* --- reading; each moves on and returns true, or returns false */

static bool take(const char **at, char c)
{
    if (**at != c) return false;
    ++*at;
    return true;
}

static bool take_number(const char **at, int min, int max, int *ret_number)
{
    int number = 0;
    const char *p = *at;
    for (; *p >= '0' && *p <= '9' && number <= max; p++)
        number = 10 * number + (*p - '0');
    if (p == *at || number < min || number > max) return false;
    *at = p;
    *ret_number = number;
    return true;
}

/* Three letters or more, or anything in angle brackets. */
static bool take_name(const char **at)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    static const char quoted[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                 "0123456789+-";
    bool brackets = take(at, '<');
    size_t len = strspn(*at, brackets ? quoted : letters);
    *at += len;
    return len >= 3 && (!brackets || take(at, '>'));
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(const char **at, int64_t *ret_seconds)
{
    int hours, minutes = 0, seconds = 0;
    bool minus = take(at, '-');
    if (!minus) (void)take(at, '+'); /* may be left out */
    if (!take_number(at, 0, HOURS_MAX, &hours)) return false;
    if (take(at, ':')) {
        if (!take_number(at, 0, 59, &minutes)) return false;
        if (take(at, ':') && !take_number(at, 0, 59, &seconds)) return false;
    }
    int64_t all = hours * HOUR + minutes * 60 + seconds;
    *ret_seconds = minus ? -all : all;
    return true;
}

/* West of Greenwich is positive there. */
static bool take_offset(const char **at, int64_t *ret_offset)
{
    int64_t west;
    if (!take_time(at, &west) || west < -DAY - HOUR || west > DAY + HOUR) return false;
    *ret_offset = -west;
    return true;
}

static bool take_when(const char **at, struct mh_zone_when *ret_when)
{
    struct mh_zone_when when = {.seconds = 2 * HOUR};
    bool good;
    if (take(at, 'M')) {
        when.kind = MH_ZONE_WHEN_NTH;
        good = take_number(at, 1, 12, &when.month) && take(at, '.') &&
               take_number(at, 1, 5, &when.week) && take(at, '.') &&
               take_number(at, 0, 6, &when.weekday);
    } else if (take(at, 'J')) {
        when.kind = MH_ZONE_WHEN_NO_LEAP;
        good = take_number(at, 1, 365, &when.day);
    } else {
        when.kind = MH_ZONE_WHEN_DAY;
        good = take_number(at, 0, 365, &when.day);
    }
    if (!good || (take(at, '/') && !take_time(at, &when.seconds))) return false;
    *ret_when = when;
    return true;
}

bool mh_zone_rule_parse(const char *text, struct mh_zone_rule *ret_rule)
{
    struct mh_zone_rule rule = {0};
    const char *at = text;
    if (!take_name(&at) || !take_offset(&at, &rule.offset)) return false;
    rule.summer = *at != '\0';
    if (rule.summer) {
        rule.summer_offset = rule.offset + HOUR;
        if (!take_name(&at)) return false;
        if (*at != ',' && !take_offset(&at, &rule.summer_offset)) return false;
        if (!take(&at, ',') || !take_when(&at, &rule.from) || !take(&at, ',') ||
            !take_when(&at, &rule.until) || *at != '\0')
            return false;
    }
    *ret_rule = rule;
    return true;
}

/* --- the changes of a year */

static int64_t nth_weekday(const struct mh_zone_when *when, int year)
{
    int64_t first = mh_day_of(&(struct mh_date){year, when->month, 1});
    int day = 1 + (when->weekday - mh_weekday_of(first) + 7) % 7 + 7 * (when->week - 1);
    while (day > mh_month_days(year, when->month))
        day -= 7;
    return first + day - 1;
}

/* In seconds of local time. */
static int64_t local_time(const struct mh_zone_when *when, int year)
{
    int64_t day = mh_day_of(&(struct mh_date){year, 1, 1});
    if (when->kind == MH_ZONE_WHEN_NTH)
        day = nth_weekday(when, year);
    else if (when->kind == MH_ZONE_WHEN_DAY)
        day += when->day;
    else
        day += when->day - 1 + (when->day >= 60 && mh_month_days(year, 2) == 29);
    return day * DAY + when->seconds;
}

void mh_zone_rule_turns(const struct mh_zone_rule *rule, int year, struct mh_zone_turn ret_turns[2])
{
    struct mh_zone_turn on = {local_time(&rule->from, year) - rule->offset, rule->summer_offset};
    struct mh_zone_turn off = {local_time(&rule->until, year) - rule->summer_offset, rule->offset};
    bool on_first = on.at < off.at;
    ret_turns[0] = on_first ? on : off;
    ret_turns[1] = on_first ? off : on;
}
