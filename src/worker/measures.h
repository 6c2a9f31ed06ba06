/* What a worker measures of itself: the metrics behind its /metrics.
 *
 * One thread: the loop's. */
#ifndef MH_MEASURES_H
#define MH_MEASURES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "queue/gauges.h"
#include "worker/crew.h"
#include "worker/run.h"
#include "worker/slots.h"

struct mh_vitals;

enum mh_measure {
    MH_MEASURE_CLAIMED,
    MH_MEASURE_FINISHED,
    MH_MEASURE_RETRIES,
    MH_MEASURE_PICKUP,
    MH_MEASURE_DURATION,
    MH_MEASURE_SLOTS,
    MH_MEASURE_RUNNING,
    MH_MEASURE_WAITING,
    MH_MEASURE_RESTARTS,
    MH_MEASURE_RECLAIMED,
    MH_MEASURE_LOST,
    MH_MEASURE_STORE_ERRORS,
    MH_MEASURE__COUNT,
};

struct mh_measures {
    struct mh_metrics *registry;
    struct mh_vitals *vitals;
    struct mh_metric *all[MH_MEASURE__COUNT];
    struct mh_gauges gauges;
};

int mh_measures_init(struct mh_measures *measures, uv_loop_t *loop,
                     struct mh_err *err) MH_MUST_CHECK; /* MH_ENOMEM */
void mh_measures_release(struct mh_measures *measures); /* accepts a zeroed one */

/* Counts one, or more, of what has no label. */
void mh_measures_count(struct mh_measures *measures, enum mh_measure measure, int64_t amount);

void mh_measures_claim(struct mh_measures *measures, const struct mh_job *job);

/* A run has ended here; `status` is what the store made of it (MH_STATUS_NONE: the lease was lost).
 */
void mh_measures_end(struct mh_measures *measures, const struct mh_run *run, enum mh_status status);
void mh_measures_stats(struct mh_measures *measures, const struct mh_stats *stats);

/* As Prometheus text, with what slots and handlers are like now. */
void mh_measures_write(struct mh_measures *measures, const struct mh_slots *slots,
                       const struct mh_crew *crew, bool healthy, struct mh_buf *out);

#endif
