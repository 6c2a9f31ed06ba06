/* What a worker measures of itself: the metrics behind /metrics, and the speed that sizes its
 * claims.
 *
 * One thread: the loop's. The registry belongs to the measures. */
#ifndef MH_MEASURES_H
#define MH_MEASURES_H

#include <stdint.h>

#include "base/buf.h"
#include "base/metrics.h"
#include "worker/run.h"

struct mh_measures {
    struct mh_metrics *registry;
    struct mh_metric *claimed, *finished, *retries, *reclaimed, *lost, *store_errors;
    struct mh_metric *duration, *pickup;
    struct mh_metric *running, *depth, *oldest;
};

int mh_measures_init(struct mh_measures *measures) MH_MUST_CHECK; /* MH_ENOMEM */
void mh_measures_release(struct mh_measures *measures);

void mh_measures_claim(struct mh_measures *measures, const struct mh_job *job);

/* A run has ended here; `status` is what the store made of it (MH_STATUS_NONE: the lease was lost).
 */
void mh_measures_end(struct mh_measures *measures, const struct mh_run *run, enum mh_status status);
void mh_measures_stats(struct mh_measures *measures, const struct mh_stats *stats);

#endif
