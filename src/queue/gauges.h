/* Gauges of what the store holds, as its answers say. One thread. */
#ifndef MH_GAUGES_H
#define MH_GAUGES_H

#include <stddef.h>

#include "base/metrics.h"
#include "store/store.h"

struct mh_gauges {
    struct mh_metric *jobs, *oldest, *workers;
    struct mh_metric *type_jobs, *type_workers, *type_paused; /* or NULL */
};

/* Adds them to `metrics`; the second what mh_gauges_types sets. */
void mh_gauges_init(struct mh_gauges *gauges, struct mh_metrics *metrics);
void mh_gauges_init_types(struct mh_gauges *gauges, struct mh_metrics *metrics);

/* The figures of mh_store_stats and of mh_store_type_list. */
void mh_gauges_stats(struct mh_gauges *gauges, const struct mh_stats *stats);
void mh_gauges_types(struct mh_gauges *gauges, const struct mh_type *types, size_t count);

/* Shows none: better than what was true once. */
void mh_gauges_clear(struct mh_gauges *gauges);

#endif
