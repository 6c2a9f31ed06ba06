/* Counters, gauges and histograms with few labels, as Prometheus text.
 *
 * A registry is a list of metrics, each with at most MH_METRIC_SERIES label values: past that, what
 * is new goes to the label value "other", so that job types from outside cannot grow it without
 * end. Not thread-safe: one loop owns it. */
#ifndef MH_METRICS_H
#define MH_METRICS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"

#define MH_METRIC_SERIES 200

enum mh_metric_kind { MH_METRIC_COUNTER, MH_METRIC_GAUGE, MH_METRIC_HISTOGRAM };

struct mh_metrics;
struct mh_metric;

struct mh_metrics *mh_metrics_new(void); /* NULL: out of memory */
void mh_metrics_free(struct mh_metrics *metrics);

/* `name` ("millhand_jobs_total"), `help` and `label` (NULL: no label) are borrowed literals.
 * Histograms have fixed bounds in seconds from 1 ms to 1 h. Returns NULL when out of memory; every
 * function below accepts a NULL metric. Owned by `metrics`. */
struct mh_metric *mh_metrics_add(struct mh_metrics *metrics, enum mh_metric_kind kind,
                                 const char *name, const char *help, const char *label);

void mh_metric_add(struct mh_metric *metric, const char *label_value,
                   double amount); /* counter, gauge */
void mh_metric_set(struct mh_metric *metric, const char *label_value, double value); /* gauge */
void mh_metric_observe(struct mh_metric *metric, const char *label_value,
                       double seconds); /* histogram */

/* Text format 0.0.4. */
void mh_metrics_write(const struct mh_metrics *metrics, struct mh_buf *out);

#endif
