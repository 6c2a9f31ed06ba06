#include "cli/timetext.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"

void mh_age_format(int64_t ms, char ret_text[MH_AGE_TEXT])
{
    int64_t s = ms < 0 ? 0 : ms / 1000;
    static const struct {
        int64_t seconds;
        char letter;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    size_t i = 0;
    while (units[i].seconds > 1 && s < units[i].seconds)
        i++;
    (void)snprintf(ret_text, MH_AGE_TEXT, "%" PRId64 "%c", s / units[i].seconds, units[i].letter);
}

void mh_when_format(int64_t time_ms, int64_t now_ms, char ret_text[MH_WHEN_TEXT])
{
    if (time_ms <= 0) {
        (void)snprintf(ret_text, MH_WHEN_TEXT, "-");
        return;
    }
    char time[MH_TIME_TEXT], age[MH_AGE_TEXT];
    mh_time_format(time_ms, time);
    mh_age_format(time_ms > now_ms ? time_ms - now_ms : now_ms - time_ms, age);
    (void)snprintf(ret_text, MH_WHEN_TEXT, time_ms > now_ms ? "%s (in %s)" : "%s (%s ago)", time,
                   age);
}
