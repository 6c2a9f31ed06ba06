/* Cron expressions: what they mean, and when the next slot is.
 *
 * Five fields as in crontab(5), minute, hour, day of month, month and day of week, or six with
 * seconds first; or @yearly (@annually), @monthly, @weekly, @daily (@midnight), @hourly. A field is
 * a list by commas of *, numbers and ranges a-b, the last two of which may be names of months and
 * days; * and ranges may have a step /n. 0 and 7 are Sunday. What cronie does is done here too:
 *
 * - Where neither day of month nor day of week begins with *, either may match; else both must.
 * - An expression whose minute or hour begins with * is *wild*: it follows the clock on the wall,
 * so that it has no slots in the hour that is skipped in spring and has them twice in the hour that
 *   comes again in autumn. Any other is *fixed*: what would fall into the skipped hour has one slot
 *   at its end, and what falls into the repeated hour has its first one only. Changes of three
 *   hours or more are not summer time, and everything follows the clock.
 *
 * A slot is a moment in milliseconds since 1970, a whole second. Thread-safe. */
#ifndef MH_CRON_H
#define MH_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "queue/zone.h"

#define MH_CRON_MAX 200 /* bytes of an expression */

struct mh_cron {
    uint64_t seconds, minutes, hours, days, months, weekdays; /* a bit for each number */
    bool either_day; /* day of month or day of week; false: both */
    bool wild;
};

/* MH_EINVAL names the field and what is wrong in it; also for an expression that never comes true,
 * such as 30 February. */
int mh_cron_parse(const char *text, struct mh_cron *ret_cron, struct mh_err *err) MH_MUST_CHECK;

/* The first slot after a time; 0: there is none within fifty years. */
int64_t mh_cron_next(const struct mh_cron *cron, const struct mh_zone *zone, int64_t after_ms);

/* The last slot from `from_ms`, which is one, to `until_ms`. */
int64_t mh_cron_last(const struct mh_cron *cron, const struct mh_zone *zone, int64_t from_ms,
                     int64_t until_ms);

#endif
