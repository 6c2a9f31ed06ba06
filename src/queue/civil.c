#include "queue/civil.h"

#include <stdbool.h>

/* Years are counted from March here, so that a leap day is the last of its year and months before
 * it have the same length in every year. Day 0 of that count is 0000-03-01. */
#define DAYS_TO_1970   719468
#define DAYS_PER_CYCLE 146097 /* 400 years */

/* Days from 1 March to the first of a month that is counted from March. */
static int days_before(int month)
{
    return (153 * month + 2) / 5;
}

int64_t mh_day_of(const struct mh_date *date)
{
    int64_t year = date->month > 2 ? date->year : date->year - 1;
    int month = (date->month + 9) % 12;
    return 365 * year + year / 4 - year / 100 + year / 400 + days_before(month) + date->day - 1 -
           DAYS_TO_1970;
}

struct mh_date mh_date_of(int64_t day)
{
    int64_t cycle = (day + DAYS_TO_1970) / DAYS_PER_CYCLE;
    int64_t rest = (day + DAYS_TO_1970) % DAYS_PER_CYCLE;
    int64_t year = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
    int of_year = (int)(rest - (365 * year + year / 4 - year / 100));
    int month = (5 * of_year + 2) / 153;
    return (struct mh_date){
        .year = (int)(400 * cycle + year) + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = of_year - days_before(month) + 1,
    };
}

int mh_weekday_of(int64_t day)
{
    return (int)(((day + 4) % 7 + 7) % 7);
}

int mh_month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}
