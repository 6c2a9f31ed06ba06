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

static void metrics_are_written_in_the_order_added(void **state)
{
    struct mh_metrics *metrics = *state;
    struct mh_metric *jobs =
        mh_metrics_add(metrics, MH_METRIC_COUNTER, "millhand_jobs_total", "Jobs.", "outcome");
    struct mh_metric *busy =
        mh_metrics_add(metrics, MH_METRIC_GAUGE, "millhand_busy", "Busy.", NULL);
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

static void a_metric_without_label_shows_from_the_start(void **state)
{
    struct mh_metrics *metrics = *state;
    (void)mh_metrics_add(metrics, MH_METRIC_COUNTER, "a_total", "A.", NULL);
    (void)mh_metrics_add(metrics, MH_METRIC_COUNTER, "b_total", "B.", "type");
    assert_string_equal(written(metrics), "# HELP a_total A.\n# TYPE a_total counter\na_total 0\n"
                                          "# HELP b_total B.\n# TYPE b_total counter\n");
}

static void label_values_are_escaped(void **state)
{
    struct mh_metrics *metrics = *state;
    mh_metric_add(mh_metrics_add(metrics, MH_METRIC_COUNTER, "a", "A.", "t"), "x\"y\\z\n", 1);
    assert_non_null(strstr(written(metrics), "\na{t=\"x\\\"y\\\\z\\n\"} 1\n"));
}

static void numbers_read_back_equal(void **state)
{
    struct mh_metrics *metrics = *state;
    struct mh_metric *gauge = mh_metrics_add(metrics, MH_METRIC_GAUGE, "g", "G.", "n");
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
    struct mh_metric *h = mh_metrics_add(metrics, MH_METRIC_HISTOGRAM, "h", "H.", "type");
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
    struct mh_metric *h = mh_metrics_add(metrics, MH_METRIC_HISTOGRAM, "h", "H.", NULL);
    mh_metric_observe(h, NULL, 1);
    const char *text = written(metrics);
    assert_non_null(strstr(text, "\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n"));
}

static void label_values_from_outside_cannot_grow_it_without_end(void **state)
{
    struct mh_metrics *metrics = *state;
    struct mh_metric *jobs = mh_metrics_add(metrics, MH_METRIC_COUNTER, "jobs", "J.", "type");
    for (int i = 0; i < 1000; i++) {
        char type[24];
        (void)snprintf(type, sizeof(type), "type%d", i);
        mh_metric_add(jobs, type, 1);
    }
    mh_metric_add(jobs, "type0", 1);
    const char *text = written(metrics);
    assert_int_equal(count_lines(text, "jobs{"), MH_METRIC_SERIES);
    assert_non_null(strstr(text, "jobs{type=\"type0\"} 2\n"));
    assert_non_null(strstr(text, "jobs{type=\"type198\"} 1\n"));
    assert_non_null(strstr(text, "jobs{type=\"other\"} 801\n"));
}

static void a_metric_that_could_not_be_made_is_ignored(void **state)
{
    (void)state;
    mh_metric_add(NULL, NULL, 1);
    mh_metric_set(NULL, NULL, 1);
    mh_metric_observe(NULL, NULL, 1);
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
        CASE(a_metric_without_label_shows_from_the_start),
        CASE(label_values_are_escaped),
        CASE(numbers_read_back_equal),
        CASE(a_histogram_counts_upwards),
        CASE(a_histogram_without_label_has_only_bounds),
        CASE(label_values_from_outside_cannot_grow_it_without_end),
        CASE(a_metric_that_could_not_be_made_is_ignored),
    };
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
