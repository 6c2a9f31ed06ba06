#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "queue/gauges.h"

static char text[65536];

static const char *written(const struct mh_metrics *metrics)
{
    struct mh_buf out;
    mh_buf_init(&out, sizeof text - 1);
    mh_metrics_write(metrics, &out);
    memcpy(text, mh_buf_text(&out), out.len + 1);
    mh_buf_release(&out);
    return text;
}

static void every_status_has_its_name(void **state)
{
    struct mh_metrics *metrics = mh_metrics_new();
    struct mh_gauges gauges;
    struct mh_stats stats = {.oldest_pending_ms = 1500, .workers = 3};
    char line[80];
    mh_gauges_init(&gauges, metrics);
    for (int i = 0; i < MH_STATUS__COUNT; i++)
        stats.count[i] = i + 1;
    mh_gauges_stats(&gauges, &stats);
    (void)written(metrics);
    for (int i = 0; i < MH_STATUS__COUNT; i++) {
        (void)snprintf(line, sizeof line, "\nmillhand_queue_jobs{status=\"%s\"} %d\n",
                       mh_status_name((enum mh_status)i), i + 1);
        assert_non_null(strstr(text, line));
    }
    assert_non_null(strstr(text, "\nmillhand_queue_oldest_pending_seconds 1.5\n"));
    assert_non_null(strstr(text, "\nmillhand_queue_workers 3\n"));
    mh_gauges_clear(&gauges);
    assert_null(strstr(written(metrics), "\nmillhand_queue_jobs{"));
    mh_metrics_free(metrics);
}

static void types_past_the_most_add_up(void **state)
{
    struct mh_metrics *metrics = mh_metrics_new();
    struct mh_gauges gauges;
    static char names[300][8];
    struct mh_type types[300] = {{0}};
    mh_gauges_init(&gauges, metrics);
    mh_gauges_init_types(&gauges, metrics);
    for (int i = 0; i < 300; i++) {
        (void)snprintf(names[i], sizeof names[i], "t%d", i);
        types[i] = (struct mh_type){.name = names[i], .pending = 2, .workers = 1};
    }
    for (int round = 0; round < 2; round++)
        mh_gauges_types(&gauges, types, 300);
    (void)written(metrics);
    assert_non_null(strstr(text, "\nmillhand_queue_type_jobs{type=\"t0\",status=\"pending\"} 2\n"));
    assert_non_null(
        strstr(text, "\nmillhand_queue_type_jobs{type=\"other\",status=\"pending\"} 402\n"));
    assert_non_null(strstr(text, "\nmillhand_queue_type_workers{type=\"other\"} 201\n"));
    mh_metrics_free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_name),
        cmocka_unit_test(types_past_the_most_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
