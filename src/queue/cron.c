#include "queue/cron.h"

#include <stdio.h>
#include <string.h>

#include "queue/civil.h"

#define DAY INT64_C(86400)

/* Longer than any expression waits for its day: forty years, for a 29 February that is a Monday. */
#define HORIZON (50 * 366 * DAY)

/* A change of the clock that is as large has nothing to do with summer time. */
#define CORRECTION (3 * 3600)

/* --- reading */

struct field {
    const char *name;
    int min, max;
    const char *names; /* three letters each, from `first` on; or NULL */
    int first;
};

enum { SECOND, MINUTE, HOUR, DAY_OF_MONTH, MONTH, DAY_OF_WEEK, FIELD__COUNT };

static const struct field fields[FIELD__COUNT] = {
    [SECOND] = {"second", 0, 59, NULL, 0},
    [MINUTE] = {"minute", 0, 59, NULL, 0},
    [HOUR] = {"hour", 0, 23, NULL, 0},
    [DAY_OF_MONTH] = {"day of month", 1, 31, NULL, 0},
    [MONTH] = {"month", 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC", 1},
    [DAY_OF_WEEK] = {"day of week", 0, 7, "SUNMONTUEWEDTHUFRISAT", 0},
};

struct word {
    const char *text;
    size_t len;
};

static const struct {
    const char *name;
    const char *meaning;
} nicknames[] = {
    {"@annually", "0 0 1 1 *"}, {"@daily", "0 0 * * *"},   {"@hourly", "0 * * * *"},
    {"@midnight", "0 0 * * *"}, {"@monthly", "0 0 1 * *"}, {"@weekly", "0 0 * * 0"},
    {"@yearly", "0 0 1 1 *"},
};

static int refuse(const struct field *field, const struct word *word, const char *why,
                  struct mh_err *err)
{
    return mh_err_set(err, MH_EINVAL, "cron: %s \"%.*s\": %s", field->name,
                      word->len > 40 ? 40 : (int)word->len, word->text, why);
}

/* Takes the part of `rest` before the first `c`, all of it where there is none; false: nothing is
 * left to take. */
static bool cut(struct word *rest, char c, struct word *ret_part)
{
    if (rest->text == NULL) return false;
    const char *found = memchr(rest->text, c, rest->len);
    *ret_part = *rest;
    if (found == NULL) {
        rest->text = NULL;
        return true;
    }
    ret_part->len = (size_t)(found - rest->text);
    rest->text = found + 1;
    rest->len -= ret_part->len + 1;
    return true;
}

static bool is(const struct word *word, const char *text)
{
    return word->len == strlen(text) && memcmp(word->text, text, word->len) == 0;
}

/* At most three digits. */
static bool read_number(const struct word *word, int *ret_number)
{
    int number = 0;
    if (word->len == 0 || word->len > 3) return false;
    for (size_t i = 0; i < word->len; i++) {
        if (word->text[i] < '0' || word->text[i] > '9') return false;
        number = 10 * number + (word->text[i] - '0');
    }
    *ret_number = number;
    return true;
}

static bool read_name(const struct field *field, const struct word *word, int *ret_number)
{
    if (field->names == NULL || word->len != 3) return false;
    for (int i = 0; field->names[3 * i] != '\0'; i++) {
        if (strncasecmp(field->names + 3 * i, word->text, 3) != 0) continue;
        *ret_number = field->first + i;
        return true;
    }
    return false;
}

static int read_value(const struct field *field, const struct word *word, int *ret_value,
                      struct mh_err *err)
{
    char why[100];
    int value;
    if (read_name(field, word, ret_value)) return 0;
    if (read_number(word, &value) && value >= field->min && value <= field->max) {
        *ret_value = value;
        return 0;
    }
    (void)snprintf(why, sizeof why, "expected %d to %d%s, or * and with - , / what is made of them",
                   field->min, field->max, field->names == NULL ? "" : ", a name of three letters");
    return refuse(field, word, why, err);
}

/* "*", "3", "3-5": what is before a step. */
static int read_range(const struct field *field, const struct word *word, int *ret_low,
                      int *ret_high, struct mh_err *err)
{
    struct word rest = *word, first, last;
    *ret_low = field->min;
    *ret_high = field->max;
    if (is(word, "*")) return 0;
    (void)cut(&rest, '-', &first); /* there is something */
    int r = read_value(field, &first, ret_low, err);
    *ret_high = *ret_low;
    if (r == 0 && rest.text != NULL) {
        last = rest;
        r = read_value(field, &last, ret_high, err);
    }
    if (r < 0) return r;
    if (field == &fields[DAY_OF_WEEK] && *ret_high == 0 && *ret_low > 0)
        *ret_high = 7; /* FRI-SUN */
    if (*ret_low > *ret_high)
        return refuse(field, word, "a range begins with the smaller number", err);
    return 0;
}

static int read_item(const struct field *field, const struct word *item, uint64_t *bits,
                     struct mh_err *err)
{
    struct word rest = *item, range;
    int low, high, step = 1;
    (void)cut(&rest, '/', &range); /* there is something */
    int r = read_range(field, &range, &low, &high, err);
    if (r < 0) return r;
    if (rest.text != NULL && (!read_number(&rest, &step) || step == 0))
        return refuse(field, item, "a step is a number from 1 to 999", err);
    if (rest.text != NULL && !is(&range, "*") && memchr(range.text, '-', range.len) == NULL)
        return refuse(field, item, "a step needs * or a range before it, such as 5-59/15", err);
    for (int i = low; i <= high; i += step)
        *bits |= UINT64_C(1) << i;
    return 0;
}

static int read_field(const struct field *field, const struct word *word, uint64_t *ret_bits,
                      struct mh_err *err)
{
    struct word rest = *word, item;
    uint64_t bits = 0;
    while (cut(&rest, ',', &item)) {
        int r = read_item(field, &item, &bits, err);
        if (r < 0) return r;
    }
    *ret_bits = bits;
    return 0;
}

/* Splits at blanks; the number of words, also where they are more than `max`. */
static int split(const char *text, struct word *words, int max)
{
    int count = 0;
    for (;;) {
        text += strspn(text, " \t");
        size_t len = strcspn(text, " \t");
        if (len == 0) return count;
        if (count < max) words[count] = (struct word){text, len};
        count++;
        text += len;
    }
}

static const char *expand(const char *text)
{
    for (size_t i = 0; i < MH_LEN(nicknames); i++)
        if (strcmp(text, nicknames[i].name) == 0) return nicknames[i].meaning;
    return text;
}

/* With both days named, some day of the week comes every month. */
static bool comes_true(const struct mh_cron *cron)
{
    if (cron->either_day) return true;
    for (int month = 1; month <= 12; month++)
        if ((cron->months >> month & 1) != 0 &&
            (cron->days & ((UINT64_C(2) << mh_month_days(2000, month)) - 1)) != 0)
            return true;
    return false;
}

static int read_fields(const struct word *words, struct mh_cron *ret_cron, struct mh_err *err)
{
    uint64_t bits[FIELD__COUNT];
    for (int i = 0; i < FIELD__COUNT; i++) {
        int r = read_field(&fields[i], &words[i], &bits[i], err);
        if (r < 0) return r;
    }
    if ((bits[DAY_OF_WEEK] & 0x80) != 0) bits[DAY_OF_WEEK] |= 1;
    *ret_cron = (struct mh_cron){
        .seconds = bits[SECOND],
        .minutes = bits[MINUTE],
        .hours = bits[HOUR],
        .days = bits[DAY_OF_MONTH],
        .months = bits[MONTH],
        .weekdays = bits[DAY_OF_WEEK] & 0x7f,
        .either_day = *words[DAY_OF_MONTH].text != '*' && *words[DAY_OF_WEEK].text != '*',
        .wild = *words[MINUTE].text == '*' || *words[HOUR].text == '*',
    };
    return 0;
}

int mh_cron_parse(const char *text, struct mh_cron *ret_cron, struct mh_err *err)
{
    struct word words[FIELD__COUNT] = {{"0", 1}};
    struct mh_cron cron;
    if (strlen(text) > MH_CRON_MAX)
        return mh_err_set(err, MH_EINVAL, "cron: at most %d bytes", MH_CRON_MAX);
    if (*text == '@' && expand(text) == text)
        return mh_err_set(err, MH_EINVAL,
                          "cron: \"%.40s\": expected @yearly, @monthly, @weekly, @daily or @hourly",
                          text);
    int count = split(expand(text), words + 1, FIELD__COUNT - 1);
    if (count == FIELD__COUNT) (void)split(text, words, FIELD__COUNT);
    if (count != FIELD__COUNT && count != FIELD__COUNT - 1)
        return mh_err_set(err, MH_EINVAL,
                          "cron: \"%.100s\": expected 5 fields (minute, hour, day of month, month, "
                          "day of week) or 6 with seconds first, not %d",
                          text, count);
    int r = read_fields(words, &cron, err);
    if (r < 0) return r;
    if (!comes_true(&cron))
        return mh_err_set(err, MH_EINVAL, "cron: \"%.100s\": no month of these has such a day",
                          text);
    *ret_cron = cron;
    return 0;
}

/* --- searching, in seconds of local time */

/* The lowest number from `from` on; -1: there is none. */
static int next_bit(uint64_t bits, int from)
{
    bits = from < 64 ? bits >> from << from : 0;
    return bits != 0 ? __builtin_ctzll(bits) : -1;
}

/* The first time of day from `from` on, in seconds; -1: none is left. */
static int64_t next_time(const struct mh_cron *cron, int64_t from)
{
    int hour = (int)(from / 3600), minute = (int)(from / 60 % 60), second = (int)(from % 60);
    if ((cron->hours >> hour & 1) != 0) {
        if ((cron->minutes >> minute & 1) != 0 && next_bit(cron->seconds, second) >= 0)
            return hour * 3600 + minute * 60 + next_bit(cron->seconds, second);
        minute = next_bit(cron->minutes, minute + 1);
        if (minute >= 0) return hour * 3600 + minute * 60 + next_bit(cron->seconds, 0);
    }
    hour = next_bit(cron->hours, hour + 1);
    if (hour < 0) return -1;
    return hour * 3600 + next_bit(cron->minutes, 0) * 60 + next_bit(cron->seconds, 0);
}

static bool matches_day(const struct mh_cron *cron, const struct mh_date *date, int64_t day)
{
    bool of_month = (cron->days >> date->day & 1) != 0;
    bool of_week = (cron->weekdays >> mh_weekday_of(day) & 1) != 0;
    return cron->either_day ? of_month || of_week : of_month && of_week;
}

/* The first day from `day` on and before `end`; `end`: there is none. */
static int64_t next_day(const struct mh_cron *cron, int64_t day, int64_t end)
{
    while (day < end) {
        struct mh_date date = mh_date_of(day);
        int days = mh_month_days(date.year, date.month);
        if ((cron->months >> date.month & 1) == 0) {
            day += days - date.day + 1;
            continue;
        }
        for (; date.day <= days && day < end; date.day++, day++)
            if (matches_day(cron, &date, day)) return day;
    }
    return end;
}

static int64_t day_of_second(int64_t second)
{
    return second >= 0 ? second / DAY : -((-second + DAY - 1) / DAY);
}

/* The first match from `from` on and before `end`; `end`: there is none. */
static int64_t next_match(const struct mh_cron *cron, int64_t from, int64_t end)
{
    int64_t first = day_of_second(from), last = day_of_second(end) + 1;
    int64_t day = next_day(cron, first, last);
    int64_t time = next_time(cron, day == first ? from - first * DAY : 0);
    if (time < 0) {
        day = next_day(cron, first + 1, last);
        time = next_time(cron, 0);
    }
    if (day >= last || day * DAY + time >= end) return end;
    return day * DAY + time;
}

/* --- the same in UTC */

/* The first slot of a span from `from` on and before `end`; `end`: there is none. */
static int64_t next_in_span(const struct mh_cron *cron, const struct mh_zone_span *span,
                            int64_t from, int64_t end)
{
    int64_t shift = span->offset - span->before;
    bool summer_time = !cron->wild && shift > -CORRECTION && shift < CORRECTION;
    int64_t begin = from + span->offset;
    if (summer_time && from == span->start) {
        int64_t skipped = span->start + span->before;
        if (next_match(cron, skipped, begin) < begin) return from;
    }
    if (summer_time && shift < 0 && begin < span->start + span->before)
        begin = span->start + span->before;
    if (begin >= end + span->offset) return end;
    return next_match(cron, begin, end + span->offset) - span->offset;
}

int64_t mh_cron_next(const struct mh_cron *cron, const struct mh_zone *zone, int64_t after_ms)
{
    int64_t from = after_ms / 1000 + 1, horizon = from + HORIZON;
    while (from < horizon) {
        struct mh_zone_span span = mh_zone_span(zone, from);
        int64_t end = span.end < horizon ? span.end : horizon;
        int64_t slot = next_in_span(cron, &span, from, end);
        if (slot < end) return slot * 1000;
        from = end;
    }
    return 0;
}

int64_t mh_cron_last(const struct mh_cron *cron, const struct mh_zone *zone, int64_t from_ms,
                     int64_t until_ms)
{
    int64_t slot = from_ms, low = from_ms / 1000, high = until_ms / 1000;
    while (low < high) { /* the last slot is at `low` or later, and not after `high` */
        int64_t middle = low + (high - low) / 2;
        int64_t next = mh_cron_next(cron, zone, middle * 1000);
        if (next != 0 && next <= until_ms) {
            slot = next;
            low = next / 1000;
        } else {
            high = middle;
        }
    }
    return slot;
}
