#include "base/metrics.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,  1,
                                2.5,   5,      10,    30,   60,    120,  300, 900,  1800, 3600};

static const char overflow[] = "other";

/* One label value of a metric. */
struct series {
    char *label_value;   /* NULL where the metric has no label */
    double value;        /* a histogram's sum */
    uint64_t *in_bucket; /* histogram: a count for each bound and one for what is above them all */
};

struct mh_metric {
    struct mh_metric *next;
    enum mh_metric_kind kind;
    const char *name;
    const char *help;
    const char *label;
    size_t count;
    size_t cap;
    struct series *series;
};

struct mh_metrics {
    struct mh_metric *first;
    struct mh_metric **end;
};

struct mh_metrics *mh_metrics_new(void)
{
    struct mh_metrics *metrics = calloc(1, sizeof(*metrics));
    if (metrics) metrics->end = &metrics->first;
    return metrics;
}

static void metric_free(struct mh_metric *metric)
{
    for (size_t i = 0; i < metric->count; i++) {
        free(metric->series[i].label_value);
        free(metric->series[i].in_bucket);
    }
    free(metric->series);
    free(metric);
}

void mh_metrics_free(struct mh_metrics *metrics)
{
    if (!metrics) return;
    for (struct mh_metric *metric = metrics->first, *next; metric; metric = next) {
        next = metric->next;
        metric_free(metric);
    }
    free(metrics);
}

static struct series *find_series(const struct mh_metric *metric, const char *label_value)
{
    for (size_t i = 0; i < metric->count; i++) {
        const char *have = metric->series[i].label_value;
        if (!have || strcmp(have, label_value) == 0) return &metric->series[i];
    }
    return NULL;
}

/* Makes room for one more; a metric holds at most MH_METRIC_SERIES. */
static bool grow(struct mh_metric *metric)
{
    if (metric->count < metric->cap) return true;
    size_t cap = metric->cap ? metric->cap * 2 : 1;
    struct series *series = realloc(metric->series, cap * sizeof(*series));
    if (!series) return false;
    metric->series = series;
    metric->cap = cap;
    return true;
}

static struct series *add_series(struct mh_metric *metric, const char *label_value)
{
    struct series series = {0};
    bool histogram = metric->kind == MH_METRIC_HISTOGRAM;
    if (!grow(metric)) return NULL;
    if (label_value) series.label_value = strdup(label_value);
    if (histogram) series.in_bucket = calloc(MH_LEN(bounds) + 1, sizeof(*series.in_bucket));
    if ((label_value && !series.label_value) || (histogram && !series.in_bucket)) {
        free(series.label_value);
        free(series.in_bucket);
        return NULL;
    }
    metric->series[metric->count] = series;
    return &metric->series[metric->count++];
}

/* The series of the label value, made where it is new; NULL: out of memory, the value is not
 * counted. The last place is kept for what does not fit. */
static struct series *get_series(struct mh_metric *metric, const char *label_value)
{
    assert(!metric->label == !label_value);
    struct series *series = find_series(metric, label_value);
    if (series) return series;
    if (metric->count < MH_METRIC_SERIES - 1) return add_series(metric, label_value);
    series = find_series(metric, overflow);
    return series ? series : add_series(metric, overflow);
}

struct mh_metric *mh_metrics_add(struct mh_metrics *metrics, enum mh_metric_kind kind,
                                 const char *name, const char *help, const char *label)
{
    struct mh_metric *metric = calloc(1, sizeof(*metric));
    if (!metric) return NULL;
    metric->kind = kind;
    metric->name = name;
    metric->help = help;
    metric->label = label;
    /* Without a label the metric shows from the start, as 0. */
    if (!label && !add_series(metric, NULL)) {
        metric_free(metric);
        return NULL;
    }
    *metrics->end = metric;
    metrics->end = &metric->next;
    return metric;
}

void mh_metric_add(struct mh_metric *metric, const char *label_value, double amount)
{
    struct series *series = metric ? get_series(metric, label_value) : NULL;
    if (series) series->value += amount;
}

void mh_metric_set(struct mh_metric *metric, const char *label_value, double value)
{
    struct series *series = metric ? get_series(metric, label_value) : NULL;
    if (series) series->value = value;
}

void mh_metric_observe(struct mh_metric *metric, const char *label_value, double seconds)
{
    struct series *series = metric ? get_series(metric, label_value) : NULL;
    if (!series) return;
    size_t i = 0;
    while (i < MH_LEN(bounds) && seconds > bounds[i])
        i++;
    series->in_bucket[i]++;
    series->value += seconds;
}

static void put_escaped(struct mh_buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            mh_buf_str(out, "\\n");
        else if (*text == '"' || *text == '\\')
            mh_buf_printf(out, "\\%c", *text);
        else
            mh_buf_char(out, *text);
    }
}

/* {label="value",le="bound"}, or what of it there is. */
static void put_labels(struct mh_buf *out, const struct mh_metric *metric,
                       const struct series *series, const char *bound)
{
    if (!series->label_value && !bound) return;
    mh_buf_char(out, '{');
    if (series->label_value) {
        mh_buf_printf(out, "%s=\"", metric->label);
        put_escaped(out, series->label_value);
        mh_buf_char(out, '"');
    }
    if (series->label_value && bound) mh_buf_char(out, ',');
    if (bound) mh_buf_printf(out, "le=\"%s\"", bound);
    mh_buf_char(out, '}');
}

/* The shortest form that reads back equal. */
static void put_number(struct mh_buf *out, double value)
{
    char text[32];
    if (isnan(value) || isinf(value)) {
        mh_buf_str(out, isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, value); /* 24 characters at most */
        if (strtod(text, NULL) == value) break;
    }
    mh_buf_str(out, text);
}

static void put_sample(struct mh_buf *out, const struct mh_metric *metric, const char *suffix,
                       const struct series *series, const char *bound, double value)
{
    mh_buf_str(out, metric->name);
    mh_buf_str(out, suffix);
    put_labels(out, metric, series, bound);
    mh_buf_char(out, ' ');
    put_number(out, value);
    mh_buf_char(out, '\n');
}

static void put_histogram(struct mh_buf *out, const struct mh_metric *metric,
                          const struct series *series)
{
    char bound[32];
    uint64_t total = 0;
    for (size_t i = 0; i < MH_LEN(bounds); i++) {
        total += series->in_bucket[i];
        (void)snprintf(bound, sizeof(bound), "%g", bounds[i]);
        put_sample(out, metric, "_bucket", series, bound, (double)total);
    }
    total += series->in_bucket[MH_LEN(bounds)];
    put_sample(out, metric, "_bucket", series, "+Inf", (double)total);
    put_sample(out, metric, "_sum", series, NULL, series->value);
    put_sample(out, metric, "_count", series, NULL, (double)total);
}

void mh_metrics_write(const struct mh_metrics *metrics, struct mh_buf *out)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    for (const struct mh_metric *metric = metrics->first; metric; metric = metric->next) {
        mh_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
                      kinds[metric->kind]);
        for (size_t i = 0; i < metric->count; i++) {
            const struct series *series = &metric->series[i];
            if (metric->kind == MH_METRIC_HISTOGRAM)
                put_histogram(out, metric, series);
            else
                put_sample(out, metric, "", series, NULL, series->value);
        }
    }
}
