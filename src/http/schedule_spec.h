/* A schedule as JSON says it: the body of POST and PATCH /v1/schedules.
 *
 * Members: name (of a new one alone), type, cron, tz, payload, priority (null: from the plan),
 * max_attempts, missed, overlap ("allow", "skip"), paused. An unknown member is refused. The
 * payload keeps the bytes it came with. */
#ifndef MH_SCHEDULE_SPEC_H
#define MH_SCHEDULE_SPEC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/err.h"
#include "store/schedule.h"

/* Puts what `text`, a JSON object that was checked, says over `schedule`; strings live in `arena`
 * or are borrowed from `text`. MH_EINVAL with the member named. */
int mh_schedule_spec_apply(const char *text, size_t len, bool allow_name, struct mh_arena *arena,
                           struct mh_schedule *schedule, struct mh_err *err) MH_MUST_CHECK;

#endif
