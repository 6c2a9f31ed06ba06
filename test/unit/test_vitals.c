#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/vitals.h"

struct rig {
    uv_loop_t loop;
    struct mh_metrics *metrics;
    struct mh_vitals *vitals;
    struct mh_timer *timer;
    struct mh_buf text;
};

static int open_rig(void **state)
{
    static struct rig rig;
    struct mh_err err;
    rig = (struct rig){.metrics = mh_metrics_new()};
    mh_buf_init(&rig.text, 65536);
    *state = &rig;
    if (uv_loop_init(&rig.loop) < 0) return -1;
    return mh_vitals_new(&rig.loop, rig.metrics, &rig.vitals, &err);
}

static int close_rig(void **state)
{
    struct rig *rig = *state;
    mh_vitals_drop(rig->vitals);
    mh_timer_drop(rig->timer);
    mh_loop_close(&rig->loop);
    mh_metrics_free(rig->metrics);
    mh_buf_release(&rig->text);
    return 0;
}

/* The number of the sample that begins so. */
static double sample(struct rig *rig, const char *beginning)
{
    mh_buf_reset(&rig->text);
    mh_vitals_read(rig->vitals, true);
    mh_metrics_write(rig->metrics, &rig->text);
    const char *at = strstr(mh_buf_text(&rig->text), beginning);
    assert_non_null(at);
    return strtod(at + strlen(beginning), NULL);
}

static void a_process_has_its_vitals(void **state)
{
    struct rig *rig = *state;
    assert_true(sample(rig, "\nmillhand_healthy ") == 1);
    assert_true(sample(rig, "millhand_build_info{version=\"" MILLHAND_VERSION "\"} ") == 1);
    assert_true(sample(rig, "\nmillhand_process_resident_memory_bytes ") > 100000);
    assert_true(sample(rig, "\nmillhand_process_cpu_seconds_total ") > 0);
    assert_true(sample(rig, "\nmillhand_process_start_time_seconds ") > 1.7e9);
}

static void keep_busy(void *arg)
{
    int64_t end_us = mh_clock_mono_us() + 50000;
    (void)arg;
    while (mh_clock_mono_us() < end_us)
        ;
}

static void a_turn_that_takes_long_is_seen(void **state)
{
    struct rig *rig = *state;
    struct mh_err err;
    assert_int_equal(mh_timer_new(&rig->loop, keep_busy, NULL, &rig->timer, &err), 0);
    mh_timer_start(rig->timer, 0, 1);
    for (int i = 0; i < 4; i++)
        (void)uv_run(&rig->loop, UV_RUN_ONCE);
    assert_true(sample(rig, "\nmillhand_loop_lag_seconds_sum ") >= 0.045);
    assert_true(sample(rig, "\nmillhand_loop_lag_seconds_count ") >= 1);
}

static void nothing_keeps_a_loop_alive_for_it(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(uv_run(&rig->loop, UV_RUN_DEFAULT), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_process_has_its_vitals),
        CASE(a_turn_that_takes_long_is_seen),
        CASE(nothing_keeps_a_loop_alive_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
