/* What a process that serves others measures of itself: its version, whether it is well, its memory
 * and processor time, and how long its loop keeps what comes in waiting.
 *
 * The last is measured at each turn of the loop, from the moment it woke up until it was ready to
 * sleep again, and wakes nobody. One loop, one thread. */
#ifndef MH_VITALS_H
#define MH_VITALS_H

#include <stdbool.h>
#include <uv.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/metrics.h"

struct mh_vitals;

/* Adds its metrics to `metrics`, which must live as long. MH_ENOMEM. */
int mh_vitals_new(uv_loop_t *loop, struct mh_metrics *metrics, struct mh_vitals **ret_vitals,
                  struct mh_err *err) MH_MUST_CHECK;

/* Brings what only matters to a reader up to date, before the metrics are written. */
void mh_vitals_read(struct mh_vitals *vitals, bool healthy);

/* Before the loop is closed. Accepts NULL. */
void mh_vitals_drop(struct mh_vitals *vitals);

#endif
