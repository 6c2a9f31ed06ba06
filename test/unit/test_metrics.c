#include "base/metrics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *written(const struct mh_metrics *metrics)
{
    static char text[65536];
    struct mh_buf out;
    mh_buf_init(&out, sizeof(text) - 1);
    mh_metrics_write(metrics, &out);
    assert_false(mh_buf_failed(&out));
    memcpy(text, mh_buf_text(&out), out.len + 1);
    mh_buf_release(&out);
    return text;
}

static int count_lines(const char *text, const char *beginning)
{
    int count = 0;
    for (const char *at = text; *at; at = strchr(at, '\n') + 1) {
        if (strncmp(at, beginning, strlen(beginning)) == 0) count++;
    }
    return count;
}

/* A metric with at most one label. */
static struct mh_metric *add(struct mh_metrics *metrics, enum mh_metric_kind kind, const char *name,
                             const char *help, const char *label)
{
    static struct mh_metric_spec specs[8];
    static size_t next;
    struct mh_metric_spec *spec = &specs[next++ % 8];
    *spec = (struct mh_metric_spec){.kind = kind, .name = name, .help = help, .label = label};
    return mh_metrics_add(metrics, spec);
}

static void metrics_are_written_in_the_order_added(void **state)
{
    struct mh_metrics *metrics = *state;
    struct mh_metric *jobs =
        add(metrics, MH_METRIC_COUNTER, "millhand_jobs_total", "Jobs.", "outcome");
    struct mh_metric *busy = add(metrics, MH_METRIC_GAUGE, "millhand_busy", "Busy.", NULL);
    mh_metric_add(jobs, "completed", 1);
    mh_metric_add(jobs, "failed", 1);
    mh_metric_add(jobs, "completed", 2);
    mh_metric_set(busy, NULL, 4);
    mh_metric_add(busy, NULL, -1.5);
    assert_string_equal(written(metrics), "# HELP millhand_jobs_total Jobs.\n"
                                          "# TYPE millhand_jobs_total counter\n"
                                          "millhand_jobs_total{outcome=\"completed\"} 3\n"
                                          "millhand_jobs_total{outcome=\"failed\"} 1\n"
                                          "# HELP millhand_busy Busy.\n"
                                          "# TYPE millhand_busy gauge\n"
                                          "millhand_busy 2.5\n");
}

static void a_counter_without_label_shows_from_the_start_and_a_gauge_once_it_is_set(void **state)
{
    struct mh_metrics *metrics = *state;
    (void)add(metrics, MH_METRIC_COUNTER, "a_total", "A.", NULL);
    (void)add(metrics, MH_METRIC_COUNTER, "b_total", "B.", "type");
    (void)add(metrics, MH_METRIC_GAUGE, "c", "C.", NULL);
    assert_string_equal(written(metrics), "# HELP a_total A.\n# TYPE a_total counter\na_total 0\n"
                                          "# HELP b_total B.\n# TYPE b_total counter\n"
                                          "# HELP c C.\n# TYPE c gauge\n");
}

static const char *const statuses[] = {"completed", "failed", NULL};

static void a_second_label_has_its_words_and_no_others(void **state)
{
    struct mh_metrics *metrics = *state;
    static const struct mh_metric_spec spec = {
        MH_METRIC_COUNTER, "j", "J.", .label = "type", .word_label = "status", .words = statuses};
    struct mh_metric *jobs = mh_metrics_add(metrics, &spec);
    mh_metric_add_word(jobs, "mail", 1, 2);
    mh_metric_set_word(jobs, "mail", 0, 7);
    assert_non_null(strstr(written(metrics), "\nj{type=\"mail\",status=\"completed\"} 7\n"
                                             "j{type=\"mail\",status=\"failed\"} 2\n"));
}

static void a_metric_with_words_alone_shows_each(void **state)
{
    struct mh_metrics *metrics = *state;
    static const struct mh_metric_spec spec = {MH_METRIC_COUNTER, "j", "J.", .word_label = "status",
                                               .words = statuses};
    (void)mh_metrics_add(metrics, &spec);
    assert_non_null(strstr(written(metrics), "\nj{status=\"completed\"} 0\n"
                                             "j{status=\"failed\"} 0\n"));
}

static void what_is_cleared_is_gone(void **state)
{
    struct mh_metrics *metrics = *state;
    struct mh_metric *gauge = add(metrics, MH_METRIC_GAUGE, "g", "G.", "type");
    mh_metric_set(gauge, "a", 1);
    mh_metric_clear(gauge);
    mh_metric_add(gauge, "b", 2);
    assert_non_null(strstr(written(metrics), "# TYPE g gauge\ng{type=\"b\"} 2\n"));
}

static void label_values_are_escaped(void **state)
{
    struct mh_metrics *metrics = *state;
    mh_metric_add(add(metrics, MH_METRIC_COUNTER, "a", "A.", "t"), "x\"y\\z\n", 1);
    assert_non_null(strstr(written(metrics), "\na{t=\"x\\\"y\\\\z\\n\"} 1\n"));
}

static void numbers_read_back_equal(void **state)
{
    struct mh_metrics *metrics = *state;
    struct mh_metric *gauge = add(metrics, MH_METRIC_GAUGE, "g", "G.", "n");
    mh_metric_set(gauge, "a", 0.1);
    mh_metric_set(gauge, "b", 1.0 / 3);
    mh_metric_set(gauge, "c", 9007199254740991.0);
    mh_metric_set(gauge, "d", NAN);
    mh_metric_set(gauge, "e", -INFINITY);
    assert_non_null(strstr(written(metrics), "g{n=\"a\"} 0.1\ng{n=\"b\"} 0.3333333333333333\n"
                                             "g{n=\"c\"} 9007199254740991\ng{n=\"d\"} NaN\n"
                                             "g{n=\"e\"} -Inf\n"));
}

static void a_histogram_counts_upwards(void **state)
{
    struct mh_metrics *metrics = *state;
    struct mh_metric *h = add(metrics, MH_METRIC_HISTOGRAM, "h", "H.", "type");
    mh_metric_observe(h, "a", 0.0005);
    mh_metric_observe(h, "a", 0.001); /* a bound belongs to its bucket */
    mh_metric_observe(h, "a", 2);
    mh_metric_observe(h, "a", 5000);
    const char *text = written(metrics);
    assert_non_null(strstr(text, "# TYPE h histogram\nh_bucket{type=\"a\",le=\"0.001\"} 2\n"));
    assert_non_null(strstr(text, "h_bucket{type=\"a\",le=\"1\"} 2\n"));
    assert_non_null(strstr(text, "h_bucket{type=\"a\",le=\"2.5\"} 3\n"));
    assert_non_null(strstr(text, "h_bucket{type=\"a\",le=\"3600\"} 3\n"
                                 "h_bucket{type=\"a\",le=\"+Inf\"} 4\n"
                                 "h_sum{type=\"a\"} 5002.0015\nh_count{type=\"a\"} 4\n"));
}

static void a_histogram_without_label_has_only_bounds(void **state)
{
    struct mh_metrics *metrics = *state;
    struct mh_metric *h = add(metrics, MH_METRIC_HISTOGRAM, "h", "H.", NULL);
    mh_metric_observe(h, NULL, 1);
    const char *text = written(metrics);
    assert_non_null(strstr(text, "\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n"));
}

static void label_values_from_outside_cannot_grow_it_without_end(void **state)
{
    struct mh_metrics *metrics = *state;
    struct mh_metric *jobs = add(metrics, MH_METRIC_COUNTER, "jobs", "J.", "type");
    for (int i = 0; i < 1000; i++) {
        char type[24];
        (void)snprintf(type, sizeof(type), "type%d", i);
        mh_metric_add(jobs, type, 1);
    }
    mh_metric_add(jobs, "type0", 1);
    const char *text = written(metrics);
    assert_int_equal(count_lines(text, "jobs{"), MH_METRIC_VALUES);
    assert_non_null(strstr(text, "jobs{type=\"type0\"} 2\n"));
    assert_non_null(strstr(text, "jobs{type=\"type98\"} 1\n"));
    assert_non_null(strstr(text, "jobs{type=\"other\"} 901\n"));
}

static void a_metric_that_could_not_be_made_is_ignored(void **state)
{
    (void)state;
    mh_metric_add(NULL, NULL, 1);
    mh_metric_set(NULL, NULL, 1);
    mh_metric_observe(NULL, NULL, 1);
    mh_metric_clear(NULL);
    mh_metrics_free(NULL);
}

static int make(void **state)
{
    *state = mh_metrics_new();
    return *state ? 0 : -1;
}

static int drop(void **state)
{
    mh_metrics_free(*state);
    return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(metrics_are_written_in_the_order_added),
        CASE(a_counter_without_label_shows_from_the_start_and_a_gauge_once_it_is_set),
        CASE(a_second_label_has_its_words_and_no_others),
        CASE(a_metric_with_words_alone_shows_each),
        CASE(what_is_cleared_is_gone),
        CASE(label_values_are_escaped),
        CASE(numbers_read_back_equal),
        CASE(a_histogram_counts_upwards),
        CASE(a_histogram_without_label_has_only_bounds),
        CASE(label_values_from_outside_cannot_grow_it_without_end),
        CASE(a_metric_that_could_not_be_made_is_ignored),
    };
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
