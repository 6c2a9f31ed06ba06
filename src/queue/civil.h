/* Days of the calendar by number: the Gregorian calendar, without time zones.
 *
 * Day 0 is 1970-01-01, a Thursday. Years are 1 to 9999. Thread-safe. */
#ifndef MH_CIVIL_H
#define MH_CIVIL_H

#include <stdint.h>

struct mh_date {
    int year;
    int month; /* from 1 */
    int day;   /* from 1 */
};

int64_t mh_day_of(const struct mh_date *date);
struct mh_date mh_date_of(int64_t day);

/* 0 is Sunday. */
int mh_weekday_of(int64_t day);

/* 28 to 31. */
int mh_month_days(int year, int month);

#endif
