/* Counters, gauges and histograms with few labels, as Prometheus text.
 *
 * A metric is described by a constant and may have two labels. The values of `label` may come from
 * outside, as job types do: a metric has at most MH_METRIC_VALUES of them, past that what is new
 * goes to the value "other", so that nobody can grow it without end. The values of `word_label` are
 * few and known beforehand, and given by their place in `words`. Not thread-safe: one loop owns
 * it. */
#ifndef MH_METRICS_H
#define MH_METRICS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"

#define MH_METRIC_VALUES 100

/* Histograms have fixed bounds in seconds, from 1 ms to 1 h. */
enum mh_metric_kind { MH_METRIC_COUNTER, MH_METRIC_GAUGE, MH_METRIC_HISTOGRAM };

struct mh_metric_spec {
    enum mh_metric_kind kind;
    const char *name;         /* "millhand_jobs_finished_total" */
    const char *help;         /* a sentence */
    const char *label;        /* or NULL */
    const char *word_label;   /* or NULL; no histogram has one */
    const char *const *words; /* its values, then NULL */
};

struct mh_metrics;
struct mh_metric;

struct mh_metrics *mh_metrics_new(void); /* NULL: out of memory */
void mh_metrics_free(struct mh_metrics *metrics);

/* `spec` is borrowed. Without `label` a counter or histogram shows from the start, as 0; a gauge
 * shows once it was set. Returns NULL when out of memory; every function below accepts a NULL
 * metric. Owned by `metrics`. */
struct mh_metric *mh_metrics_add(struct mh_metrics *metrics, const struct mh_metric_spec *spec);

/* `value` is that of the label, NULL where there is none. */
void mh_metric_add(struct mh_metric *metric, const char *value, double amount);
void mh_metric_add_word(struct mh_metric *metric, const char *value, size_t word, double amount);

/* A gauge, or a counter that is kept elsewhere. */
void mh_metric_set(struct mh_metric *metric, const char *value, double to);
void mh_metric_set_word(struct mh_metric *metric, const char *value, size_t word, double to);

void mh_metric_observe(struct mh_metric *metric, const char *value, double seconds);

/* Forgets every value: for gauges that are filled anew each time. */
void mh_metric_clear(struct mh_metric *metric);

/* Text format 0.0.4. */
void mh_metrics_write(const struct mh_metrics *metrics, struct mh_buf *out);

#endif
