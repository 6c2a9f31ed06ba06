/* The rule at the end of a zone's file, for the years after its last change: POSIX's TZ, such as
 * "CET-1CEST,M3.5.0,M10.5.0/3", with RFC 8536's wider hours. For zone.c. Thread-safe. */
#ifndef MH_ZONERULE_H
#define MH_ZONERULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

#define MH_ZONE_RULE_MAX 100 /* bytes */

struct mh_zone_when { /* a day of the year, and seconds from its midnight */
    enum { MH_ZONE_WHEN_NTH, MH_ZONE_WHEN_DAY, MH_ZONE_WHEN_NO_LEAP } kind;
    int month, week, weekday; /* NTH; week 5 is the last */
    int day;                  /* DAY from 0, NO_LEAP from 1: 29 February is not counted */
    int64_t seconds;          /* may lie on another day */
};

struct mh_zone_rule {
    int64_t offset; /* local time is UTC and so many seconds … */
    bool summer;    /* … and if this is true, at times … */
    int64_t summer_offset;
    struct mh_zone_when from, until; /* by the clock that is left */
};

struct mh_zone_turn {
    int64_t at; /* in UTC */
    int64_t offset;
};

/* False: it is no such rule. */
bool mh_zone_rule_parse(const char *text, struct mh_zone_rule *ret_rule) MH_MUST_CHECK;

/* The two changes of a year, in their order; of two at one moment the second holds. */
void mh_zone_rule_turns(const struct mh_zone_rule *rule, int year,
                        struct mh_zone_turn ret_turns[2]);

#endif
