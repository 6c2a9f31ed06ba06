/* Clocks, and times as text.
 *
 * Points in time are milliseconds since 1970-01-01T00:00:00Z in an int64_t, 0 meaning "none".
 * Leases, due times and every stored time use the wall clock of the store; timers inside a process
 * use the monotonic clock. Both are reached through here only, so that a test can set them.
 * Thread-safe, except mh_clock_fake. */
#ifndef MH_CLOCK_H
#define MH_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

#define MH_TIME_TEXT 25 /* "2026-11-22T08:00:00.000Z" and its NUL */

/* 9999-12-31T23:59:59.999Z, the last time that has a text form. */
#define MH_TIME_MAX INT64_C(253402300799999)

int64_t mh_clock_now_ms(void);  /* wall clock */
int64_t mh_clock_mono_us(void); /* monotonic, for durations */

/* Makes mh_clock_now_ms return `now_ms` until it is called again; 0 gives the real clock back.
 * Tests only. */
void mh_clock_fake(int64_t now_ms);

/* RFC 3339 in UTC with milliseconds; a time outside 0…MH_TIME_MAX is shown as the nearer end. */
void mh_time_format(int64_t time_ms, char ret_text[MH_TIME_TEXT]);

/* RFC 3339 with any offset ("2026-11-22T08:00:00+01:00"); seconds' fraction of any length is cut to
 * milliseconds; a space may stand for the T. An offset is required: a time without one means
 * different things on different machines. */
int mh_time_parse(const char *text, int64_t *ret_ms, struct mh_err *err) MH_MUST_CHECK;

/* "250ms", "30s", "5m", "1h30m", "7d", "2w"; a bare number is seconds. At most 10 years, never
 * negative. */
int mh_duration_parse(const char *text, int64_t *ret_ms, struct mh_err *err) MH_MUST_CHECK;

/* The exact form with at most two units, days the largest ("7d", "1h30m", "5m", "250ms", "0s"), as
 * help texts and errors show it. `ms` is not negative; 32 bytes hold any. */
void mh_duration_format(int64_t ms, char *ret_text, size_t size);

#endif
