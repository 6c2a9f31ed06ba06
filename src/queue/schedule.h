/* What a schedule does next: the rules between its expression and the store.
 *
 * A slot is fired when it has come. Where several have come, because nobody was there to fire them
 * in time, `missed` decides: *one* dispatches one job, of the last of them; *all* a job for each, a
 * thousand at a time; *skip* lets them go by, but for the last if it is at most a minute late.
 * A job's correlation id says what it is of: "NAME@2026-03-29T01:00:00Z". Thread-safe. */
#ifndef MH_QUEUE_SCHEDULE_H
#define MH_QUEUE_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/err.h"
#include "store/store.h"

/* So late a slot is still fired in time. */
#define MH_SCHEDULE_LATE_MS 60000

/* Checks expression and zone, and sets `next_at` to the first slot after `now_ms`, the store's
 * clock, and after every slot that was handled; 0 where it is paused. MH_EINVAL: the expression or
 * the zone is wrong; MH_ENOENT: there are no zones on this machine. */
int mh_schedule_prepare(struct mh_schedule *schedule, int64_t now_ms,
                        struct mh_err *err) MH_MUST_CHECK;

/* The slots after a time, at most `max`; how many. Errors as above. */
int mh_schedule_slots(const char *cron, const char *tz, int64_t after_ms, int64_t *ret_slots,
                      int max, struct mh_err *err) MH_MUST_CHECK;

/* What to hand to mh_store_schedule_fire for a schedule that is due at `now_ms`, by the store's
 * clock. What it points to lives in `arena`. Errors as above. */
int mh_schedule_firing(const struct mh_schedule *schedule, int64_t now_ms, struct mh_arena *arena,
                       struct mh_firing *ret_firing, struct mh_err *err) MH_MUST_CHECK;

#endif
