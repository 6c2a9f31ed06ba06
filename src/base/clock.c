#include "base/clock.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND_MS    INT64_C(1000)
#define MINUTE_MS    (60 * SECOND_MS)
#define HOUR_MS      (60 * MINUTE_MS)
#define DAY_MS       (24 * HOUR_MS)
#define DURATION_MAX (3650 * DAY_MS)

static const struct unit {
    const char *name;
    int64_t ms;
} units[] = {{"w", 7 * DAY_MS}, {"d", DAY_MS},    {"h", HOUR_MS},
             {"m", MINUTE_MS},  {"s", SECOND_MS}, {"ms", 1}};

static _Atomic int64_t fake_ms; /* 0: the real clock */

static int64_t read_clock_ns(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now); /* cannot fail for these two clocks */
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int64_t mh_clock_now_ms(void)
{
    int64_t fake = atomic_load(&fake_ms);
    return fake != 0 ? fake : read_clock_ns(CLOCK_REALTIME) / 1000000;
}

int64_t mh_clock_mono_us(void)
{
    return read_clock_ns(CLOCK_MONOTONIC) / 1000;
}

void mh_clock_fake(int64_t now_ms)
{
    atomic_store(&fake_ms, now_ms);
}

/* Writes `width` digits and the character behind them. */
static char *put(char *at, int value, int width, char behind)
{
    for (int i = width - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    at[width] = behind;
    return at + width + 1;
}

void mh_time_format(int64_t time_ms, char ret_text[MH_TIME_TEXT])
{
    if (time_ms < 0) time_ms = 0;
    if (time_ms > MH_TIME_MAX) time_ms = MH_TIME_MAX;
    time_t seconds = (time_t)(time_ms / SECOND_MS);
    struct tm tm;
    (void)gmtime_r(&seconds, &tm); /* fails only for years that do not fit an int */
    ret_text = put(ret_text, tm.tm_year + 1900, 4, '-');
    ret_text = put(ret_text, tm.tm_mon + 1, 2, '-');
    ret_text = put(ret_text, tm.tm_mday, 2, 'T');
    ret_text = put(ret_text, tm.tm_hour, 2, ':');
    ret_text = put(ret_text, tm.tm_min, 2, ':');
    ret_text = put(ret_text, tm.tm_sec, 2, '.');
    ret_text = put(ret_text, (int)(time_ms % SECOND_MS), 3, 'Z');
    *ret_text = '\0';
}

/* Reads exactly `width` digits and one of the characters `behind`, and moves on; false and unmoved
 * where they are not there. An empty `behind` asks for none. */
static bool take(const char **at, int width, const char *behind, int *ret_value)
{
    int value = 0;
    const char *p = *at;
    for (int i = 0; i < width; i++, p++) {
        if (*p < '0' || *p > '9') return false;
        value = value * 10 + (*p - '0');
    }
    if (*behind != '\0' && (*p == '\0' || strchr(behind, *p++) == NULL)) return false;
    *at = p;
    *ret_value = value;
    return true;
}

static bool take_fraction(const char **at, int *ret_ms)
{
    int ms = 0, scale = 100;
    const char *p = *at;
    if (*p != '.') {
        *ret_ms = 0;
        return true;
    }
    for (p++; *p >= '0' && *p <= '9'; p++, scale /= 10)
        ms += (*p - '0') * scale;
    if (p == *at + 1) return false;
    *at = p;
    *ret_ms = ms;
    return true;
}

static bool take_offset(const char **at, int64_t *ret_ms)
{
    char sign = **at;
    if (sign == '\0') return false;
    ++*at;
    if (sign == 'Z' || sign == 'z') {
        *ret_ms = 0;
        return true;
    }
    int hours, minutes;
    if ((sign != '+' && sign != '-') || !take(at, 2, ":", &hours) || !take(at, 2, "", &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    int64_t ms = hours * HOUR_MS + minutes * MINUTE_MS;
    *ret_ms = sign == '-' ? -ms : ms;
    return true;
}

/* A day that its month does not have comes back from timegm in another one. The second is added
 * apart, as the sixtieth of a leap second would too. */
static bool to_seconds(struct tm *tm, int64_t *ret_seconds)
{
    if (tm->tm_hour > 23 || tm->tm_min > 59 || tm->tm_sec > 60) /* 60: a leap second */
        return false;
    int month = tm->tm_mon, second = tm->tm_sec;
    tm->tm_sec = 0;
    *ret_seconds = timegm(tm) + second;
    return tm->tm_mon == month;
}

static bool parse_time(const char *at, int64_t *ret_ms)
{
    struct tm tm = {0};
    int ms;
    int64_t seconds, offset_ms;
    bool ok = take(&at, 4, "-", &tm.tm_year) && take(&at, 2, "-", &tm.tm_mon) &&
              take(&at, 2, "Tt ", &tm.tm_mday) && take(&at, 2, ":", &tm.tm_hour) &&
              take(&at, 2, ":", &tm.tm_min) && take(&at, 2, "", &tm.tm_sec) &&
              take_fraction(&at, &ms) && take_offset(&at, &offset_ms) && *at == '\0';
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    if (!ok || !to_seconds(&tm, &seconds)) return false;
    *ret_ms = seconds * SECOND_MS + ms - offset_ms;
    return *ret_ms >= 0 && *ret_ms <= MH_TIME_MAX;
}

int mh_time_parse(const char *text, int64_t *ret_ms, struct mh_err *err)
{
    int64_t ms;
    if (!parse_time(text, &ms))
        return mh_err_set(err, MH_EINVAL,
                          "unable to read the time \"%.40s\": expected a date from 1970 to 9999, a "
                          "time and an offset, such as 2026-11-22T08:00:00Z or "
                          "2026-11-22T08:00:00+01:00",
                          text);
    *ret_ms = ms;
    return 0;
}

/* Digits, at most one more than the longest duration has in milliseconds. */
static bool take_count(const char **at, int64_t *ret_count)
{
    const char *p = *at;
    int64_t count = 0;
    for (; *p >= '0' && *p <= '9'; p++) {
        count = count * 10 + (*p - '0');
        if (count > DURATION_MAX) return false;
    }
    if (p == *at) return false;
    *at = p;
    *ret_count = count;
    return true;
}

/* Finds the unit at `*at` among those from `*first` on, so that units come in falling order and
 * once each. */
static bool take_unit(const char **at, size_t *first, int64_t *ret_ms)
{
    size_t length = strspn(*at, "wdhms");
    for (size_t i = *first; i < MH_LEN(units); i++) {
        if (strlen(units[i].name) == length && memcmp(units[i].name, *at, length) == 0) {
            *at += length;
            *first = i + 1;
            *ret_ms = units[i].ms;
            return true;
        }
    }
    return false;
}

static bool parse_duration(const char *at, int64_t *ret_ms)
{
    int64_t count, unit_ms;
    int64_t total = 0;
    size_t first = 0;
    if (at[strspn(at, "0123456789")] == '\0') {
        bool ok = take_count(&at, &count);
        *ret_ms = ok ? count * SECOND_MS : 0;
        return ok && *ret_ms <= DURATION_MAX;
    }
    while (*at != '\0') {
        if (!take_count(&at, &count) || !take_unit(&at, &first, &unit_ms) ||
            count > (DURATION_MAX - total) / unit_ms)
            return false;
        total += count * unit_ms;
    }
    *ret_ms = total;
    return true;
}

int mh_duration_parse(const char *text, int64_t *ret_ms, struct mh_err *err)
{
    int64_t ms;
    if (!parse_duration(text, &ms))
        return mh_err_set(err, MH_EINVAL,
                          "unable to read the duration \"%.40s\": expected seconds or units w d h "
                          "m s ms, such as 90, 250ms or 1h30m, and at most 3650d",
                          text);
    *ret_ms = ms;
    return 0;
}

void mh_duration_format(int64_t ms, char *ret_text, size_t size)
{
    assert(ms >= 0);
    if (ms == 0) {
        (void)snprintf(ret_text, size, "0s");
        return;
    }
    size_t low = 1; /* without weeks: 30d says more than 4w2d */
    while (ms % units[low].ms != 0)
        low++;
    /* The highest unit that leaves less than one of the unit above the lowest: 1d30m, but 25h1m. */
    size_t high = 1;
    while (high < low && ms % units[high].ms >= units[low - 1].ms)
        high++;
    int64_t lead = ms / units[high].ms, rest = ms % units[high].ms / units[low].ms;
    if (lead > 0 && rest > 0)
        (void)snprintf(ret_text, size, "%" PRId64 "%s%" PRId64 "%s", lead, units[high].name, rest,
                       units[low].name);
    else
        (void)snprintf(ret_text, size, "%" PRId64 "%s", ms / units[low].ms, units[low].name);
}
