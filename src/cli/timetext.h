/* Times as people read them. */
#ifndef MH_TIMETEXT_H
#define MH_TIMETEXT_H

#include <stdint.h>

#define MH_AGE_TEXT 24

/* "0s", "59s", "3m", "2h", "5d": one unit, cut, never rounded up. */
void mh_age_format(int64_t ms, char ret_text[MH_AGE_TEXT]);

/* "2026-11-22T08:00:00.000Z (3m ago)", "… (in 2h)"; "-" for 0. */
#define MH_WHEN_TEXT 64
void mh_when_format(int64_t time_ms, int64_t now_ms, char ret_text[MH_WHEN_TEXT]);

#endif
