#include "base/metrics.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,  1,
                                2.5,   5,      10,    30,   60,    120,  300, 900,  1800, 3600};

static const char overflow[] = "other";

/* What belongs to one value of a metric's label. */
struct series {
    char *value; /* NULL where the metric has no label */

    /* One number, or one for each word. Of a histogram the sum, then a count for each bound and one
     * for what is above them all. */
    double numbers[];
};

struct mh_metric {
    struct mh_metric *next;
    const struct mh_metric_spec *spec;
    size_t width; /* numbers of a series */
    size_t count;
    size_t cap;
    struct series **series; /* by value */
};

struct mh_metrics {
    struct mh_metric *first;
    struct mh_metric **end;
};

struct mh_metrics *mh_metrics_new(void)
{
    struct mh_metrics *metrics = calloc(1, sizeof *metrics);
    if (metrics != NULL) metrics->end = &metrics->first;
    return metrics;
}

void mh_metric_clear(struct mh_metric *metric)
{
    if (metric == NULL) return;
    for (size_t i = 0; i < metric->count; i++) {
        free(metric->series[i]->value);
        free(metric->series[i]);
    }
    metric->count = 0;
}

static void free_metric(struct mh_metric *metric)
{
    mh_metric_clear(metric);
    free(metric->series);
    free(metric);
}

void mh_metrics_free(struct mh_metrics *metrics)
{
    if (metrics == NULL) return;
    for (struct mh_metric *metric = metrics->first, *next; metric != NULL; metric = next) {
        next = metric->next;
        free_metric(metric);
    }
    free(metrics);
}

/* Where the value's series is, or belongs. A metric without a label has one, without a value. */
static size_t place_of(const struct mh_metric *metric, const char *value)
{
    size_t low = 0, high = value != NULL ? metric->count : 0;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(metric->series[middle]->value, value) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct series *find_series(const struct mh_metric *metric, const char *value)
{
    size_t at = place_of(metric, value);
    if (at == metric->count) return NULL;
    struct series *found = metric->series[at];
    return value == NULL || strcmp(found->value, value) == 0 ? found : NULL;
}

static bool grow(struct mh_metric *metric)
{
    if (metric->count < metric->cap) return true;
    size_t cap = metric->cap > 0 ? metric->cap * 2 : 1;
    struct series **series = realloc(metric->series, cap * sizeof(struct series *));
    if (series == NULL) return false;
    metric->series = series;
    metric->cap = cap;
    return true;
}

static struct series *add_series(struct mh_metric *metric, const char *value)
{
    if (!grow(metric)) return NULL;
    struct series *series = calloc(1, sizeof *series + metric->width * sizeof series->numbers[0]);
    if (series == NULL) return NULL;
    if (value != NULL && (series->value = strdup(value)) == NULL) {
        free(series);
        return NULL;
    }
    size_t at = place_of(metric, value);
    struct series **place = &metric->series[at];
    memmove(place + 1, place, (metric->count - at) * sizeof(struct series *));
    *place = series;
    metric->count++;
    return series;
}

/* The series of the value, made where it is new; NULL: there is no such metric, or no memory, and
 * nothing is counted. The last place is kept for what does not fit. */
static struct series *get_series(struct mh_metric *metric, const char *value)
{
    if (metric == NULL) return NULL;
    assert((metric->spec->label == NULL) == (value == NULL));
    struct series *series = find_series(metric, value);
    if (series != NULL) return series;
    if (metric->count < MH_METRIC_VALUES - 1) return add_series(metric, value);
    series = find_series(metric, overflow);
    return series != NULL ? series : add_series(metric, overflow);
}

static size_t width_of(const struct mh_metric_spec *spec)
{
    size_t count = 0;
    if (spec->kind == MH_METRIC_HISTOGRAM) return 1 + MH_LEN(bounds) + 1;
    while (spec->words != NULL && spec->words[count] != NULL)
        count++;
    return count > 0 ? count : 1;
}

struct mh_metric *mh_metrics_add(struct mh_metrics *metrics, const struct mh_metric_spec *spec)
{
    struct mh_metric *metric = calloc(1, sizeof *metric);
    if (metric == NULL) return NULL;
    metric->spec = spec;
    metric->width = width_of(spec);
    bool shows = spec->label == NULL && spec->kind != MH_METRIC_GAUGE;
    if (shows && add_series(metric, NULL) == NULL) {
        free_metric(metric);
        return NULL;
    }
    *metrics->end = metric;
    metrics->end = &metric->next;
    return metric;
}

void mh_metric_add_word(struct mh_metric *metric, const char *value, size_t word, double amount)
{
    struct series *series = get_series(metric, value);
    assert(series == NULL || word < metric->width);
    if (series != NULL) series->numbers[word] += amount;
}

void mh_metric_add(struct mh_metric *metric, const char *value, double amount)
{
    mh_metric_add_word(metric, value, 0, amount);
}

void mh_metric_set_word(struct mh_metric *metric, const char *value, size_t word, double to)
{
    struct series *series = get_series(metric, value);
    assert(series == NULL || word < metric->width);
    if (series != NULL) series->numbers[word] = to;
}

void mh_metric_set(struct mh_metric *metric, const char *value, double to)
{
    mh_metric_set_word(metric, value, 0, to);
}

void mh_metric_observe(struct mh_metric *metric, const char *value, double seconds)
{
    struct series *series = get_series(metric, value);
    size_t i = 0;
    if (series == NULL) return;
    while (i < MH_LEN(bounds) && seconds > bounds[i])
        i++;
    series->numbers[0] += seconds;
    series->numbers[1 + i]++;
}

/* --- writing */

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

struct label {
    const char *name;
    const char *value; /* NULL: the sample has no such label */
};

static void put_labels(struct mh_buf *out, const struct label *labels, size_t count)
{
    char before = '{';
    for (size_t i = 0; i < count; i++) {
        if (labels[i].value == NULL) continue;
        mh_buf_printf(out, "%c%s=\"", before, labels[i].name);
        put_escaped(out, labels[i].value);
        mh_buf_char(out, '"');
        before = ',';
    }
    if (before == ',') mh_buf_char(out, '}');
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

static void put_sample(struct mh_buf *out, const char *name, const char *suffix,
                       const struct label labels[2], double number)
{
    mh_buf_str(out, name);
    mh_buf_str(out, suffix);
    put_labels(out, labels, 2);
    mh_buf_char(out, ' ');
    put_number(out, number);
    mh_buf_char(out, '\n');
}

static void put_histogram(struct mh_buf *out, const struct mh_metric_spec *spec,
                          const struct series *series)
{
    char bound[32];
    double total = 0;
    const struct label plain[] = {{spec->label, series->value}, {NULL, NULL}};
    const struct label bounded[] = {{spec->label, series->value}, {"le", bound}};
    for (size_t i = 0; i <= MH_LEN(bounds); i++) {
        total += series->numbers[1 + i];
        if (i < MH_LEN(bounds))
            (void)snprintf(bound, sizeof bound, "%g", bounds[i]); /* has room for each of them */
        else
            (void)snprintf(bound, sizeof bound, "+Inf");
        put_sample(out, spec->name, "_bucket", bounded, total);
    }
    put_sample(out, spec->name, "_sum", plain, series->numbers[0]);
    put_sample(out, spec->name, "_count", plain, total);
}

static void put_numbers(struct mh_buf *out, const struct mh_metric_spec *spec,
                        const struct series *series, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        const struct label labels[] = {{spec->label, series->value},
                                       {spec->word_label, spec->words ? spec->words[i] : NULL}};
        put_sample(out, spec->name, "", labels, series->numbers[i]);
    }
}

void mh_metrics_write(const struct mh_metrics *metrics, struct mh_buf *out)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    for (const struct mh_metric *metric = metrics->first; metric != NULL; metric = metric->next) {
        const struct mh_metric_spec *spec = metric->spec;
        mh_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", spec->name, spec->help, spec->name,
                      kinds[spec->kind]);
        for (size_t i = 0; i < metric->count; i++) {
            if (spec->kind == MH_METRIC_HISTOGRAM)
                put_histogram(out, spec, metric->series[i]);
            else
                put_numbers(out, spec, metric->series[i], metric->width);
        }
    }
}
