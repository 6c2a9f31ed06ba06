#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "queue/record.h"

#define T0 INT64_C(1700000000000) /* 2023-11-14T22:13:20Z */

static struct mh_buf out;

static int setup(void **state)
{
    mh_buf_init(&out, 100000);
    return 0;
}

static int teardown(void **state)
{
    mh_buf_release(&out);
    return 0;
}

static struct mh_job full_job(void)
{
    struct mh_job job = {
        .type = "mail.send",
        .status = MH_STATUS_COMPLETED,
        .priority = 5,
        .payload = "{\"n\":0.10}",
        .payload_len = 10,
        .result = "[1]",
        .result_len = 3,
        .error = "boom",
        .progress = 0.5,
        .worker_id = "h-1-2",
        .attempts = 2,
        .max_attempts = 3,
        .run_at = T0,
        .next_retry_at = T0 + 1,
        .unique_key = "k",
        .correlation_id = "c",
        .created_at = T0 + 2,
        .started_at = T0 + 3,
        .completed_at = T0 + 4,
        .traceparent = "00-1-2-01",
    };
    job.id.b[15] = 1;
    return job;
}

static void a_job_has_the_fields_of_the_contract_in_its_order(void **state)
{
    struct mh_job job = full_job();
    mh_record_job(&out, &job);
    assert_string_equal(mh_buf_text(&out),
                        "{\"id\":\"00000000-0000-0000-0000-000000000001\","
                        "\"tenant_id\":\"00000000-0000-0000-0000-000000000000\","
                        "\"type\":\"mail.send\",\"status\":\"completed\",\"priority\":5,"
                        "\"payload\":{\"n\":0.10},\"result\":[1],\"error\":\"boom\","
                        "\"progress\":0.5,\"worker_id\":\"h-1-2\",\"attempts\":2,"
                        "\"max_attempts\":3,\"run_at\":\"2023-11-14T22:13:20.000Z\","
                        "\"next_retry_at\":\"2023-11-14T22:13:20.001Z\",\"unique_key\":\"k\","
                        "\"correlation_id\":\"c\",\"created_at\":\"2023-11-14T22:13:20.002Z\","
                        "\"started_at\":\"2023-11-14T22:13:20.003Z\","
                        "\"completed_at\":\"2023-11-14T22:13:20.004Z\","
                        "\"traceparent\":\"00-1-2-01\"}");
}

static void what_a_job_does_not_have_is_null(void **state)
{
    struct mh_job job = {.type = "t",
                         .payload = "{}",
                         .payload_len = 2,
                         .progress = -1,
                         .correlation_id = "c",
                         .run_at = T0,
                         .created_at = T0};
    mh_record_job(&out, &job);
    static const char *const nulls[] = {"result",     "error",         "progress",
                                        "worker_id",  "next_retry_at", "unique_key",
                                        "started_at", "completed_at",  "traceparent"};
    for (size_t i = 0; i < MH_LEN(nulls); i++) {
        char member[40];
        (void)snprintf(member, sizeof member, "\"%s\":null", nulls[i]);
        assert_non_null(strstr(mh_buf_text(&out), member));
    }
}

static void a_record_is_one_line_whatever_its_payload(void **state)
{
    struct mh_job job = full_job();
    job.payload = "{\n\t\"a\":\r\n1,\"b\":\"x\\ny\"}";
    job.payload_len = strlen(job.payload);
    mh_record_job(&out, &job);
    assert_non_null(strstr(mh_buf_text(&out), "\"payload\":{ \t\"a\":  1,\"b\":\"x\\ny\"},"));
    assert_null(strchr(mh_buf_text(&out), '\n'));
}

static void records_can_follow_each_other_in_an_array(void **state)
{
    struct mh_attempt attempts[] = {
        {.number = 1,
         .worker_id = "w",
         .started_at = T0,
         .ended_at = T0,
         .outcome = "failed",
         .error = "e",
         .log = "line\n"},
        {.number = 2,
         .worker_id = "w",
         .started_at = T0,
         .ended_at = T0,
         .outcome = "lease expired"},
    };
    struct mh_job job = full_job();
    mh_record_history(&out, &job, attempts, 2);
    assert_non_null(
        strstr(mh_buf_text(&out),
               ",\"history\":[{\"number\":1,\"worker_id\":\"w\",\"started_at\":\"2023-11-14T22:13:"
               "20.000Z\","
               "\"ended_at\":\"2023-11-14T22:13:20.000Z\",\"outcome\":\"failed\",\"error\":\"e\","
               "\"log\":\"line\\n\"},{\"number\":2,"));
    assert_non_null(strstr(mh_buf_text(&out), "\"error\":null,\"log\":null}]}"));
}

static void the_small_records_are_objects(void **state)
{
    struct mh_tenant tenant = {.name = "acme \"x\"", .plan = MH_PLAN_PRO, .created_at = T0};
    mh_record_tenant(&out, &tenant);
    assert_string_equal(
        mh_buf_text(&out),
        "{\"id\":\"00000000-0000-0000-0000-000000000000\",\"name\":\"acme "
        "\\\"x\\\"\",\"plan\":\"pro\",\"created_at\":\"2023-11-14T22:13:20.000Z\"}");
    mh_buf_reset(&out);
    struct mh_type type = {.name = "t",
                           .paused = true,
                           .pending = 4,
                           .processing = 1,
                           .limits = {.per_key = 2, .key = "k"}};
    mh_record_type(&out, &type);
    assert_string_equal(
        mh_buf_text(&out),
        "{\"name\":\"t\",\"paused\":true,\"pending\":4,\"processing\":1,\"workers\":0,"
        "\"limits\":{\"max\":null,\"per_tenant\":null,\"per_key\":2,\"key\":\"k\"}}");
    mh_buf_reset(&out);
    struct mh_worker_row worker = {.id = "w",
                                   .started_at = T0,
                                   .beat_at = T0,
                                   .silent_ms = 1500,
                                   .lease_ms = 30000,
                                   .processing = 2,
                                   .types = "[\"t\"]"};
    mh_record_worker(&out, &worker);
    assert_string_equal(mh_buf_text(&out),
                        "{\"id\":\"w\",\"started_at\":\"2023-11-14T22:13:20.000Z\",\"beat_at\":"
                        "\"2023-11-14T22:13:20.000Z\",\"silent_ms\":1500,\"lease_ms\":30000,"
                        "\"processing\":2,\"types\":[\"t\"]}");
}

static void stats_without_a_pending_job_have_no_oldest(void **state)
{
    struct mh_stats stats = {.count = {1, 2, 3, 4, 5}, .oldest_pending_ms = -1, .workers = 6};
    mh_record_stats(&out, &stats);
    assert_string_equal(mh_buf_text(&out),
                        "{\"pending_count\":1,\"processing_count\":2,\"completed_count\":3,"
                        "\"failed_count\":4,\"cancelled_count\":5,\"oldest_pending_ms\":null,"
                        "\"workers\":6}");
    mh_buf_reset(&out);
    stats.oldest_pending_ms = 0;
    mh_record_stats(&out, &stats);
    assert_non_null(strstr(mh_buf_text(&out), "\"oldest_pending_ms\":0,"));
}

static void a_buffer_too_small_fails_and_is_not_written_past(void **state)
{
    struct mh_job job = full_job();
    for (size_t max = 0; max < 600; max++) {
        struct mh_buf small;
        mh_buf_init(&small, max);
        mh_record_job(&small, &job);
        assert_true(mh_buf_failed(&small) || small.len > 500);
        assert_true(small.len <= max);
        mh_buf_release(&small);
    }
}

static void an_event_has_what_applies_to_it(void **state)
{
    struct mh_event event = {.kind = MH_EVENT_RETRIED,
                             .at = T0,
                             .type = "a",
                             .worker_id = "w",
                             .attempts = 1,
                             .progress = -1,
                             .text = "exit status 1",
                             .next_retry_at = T0 + 1};
    mh_record_event(&out, &event);
    assert_string_equal(mh_buf_text(&out),
                        "{\"event\":\"retried\",\"time\":\"2023-11-14T22:13:20.000Z\","
                        "\"job_id\":\"00000000-0000-0000-0000-000000000000\","
                        "\"tenant_id\":\"00000000-0000-0000-0000-000000000000\",\"type\":\"a\","
                        "\"worker_id\":\"w\",\"attempts\":1,\"error\":\"exit status 1\","
                        "\"next_retry_at\":\"2023-11-14T22:13:20.001Z\"}");
    mh_buf_reset(&out);
    event = (struct mh_event){
        .kind = MH_EVENT_PROGRESS, .at = T0, .type = "a", .progress = 0.5, .text = "half"};
    mh_record_event(&out, &event);
    assert_non_null(strstr(mh_buf_text(&out), "\"progress\":0.5,\"message\":\"half\"}"));
    assert_null(strstr(mh_buf_text(&out), "worker_id"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_job_has_the_fields_of_the_contract_in_its_order, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_event_has_what_applies_to_it, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_job_does_not_have_is_null, setup, teardown),
        cmocka_unit_test_setup_teardown(a_record_is_one_line_whatever_its_payload, setup, teardown),
        cmocka_unit_test_setup_teardown(records_can_follow_each_other_in_an_array, setup, teardown),
        cmocka_unit_test_setup_teardown(the_small_records_are_objects, setup, teardown),
        cmocka_unit_test_setup_teardown(stats_without_a_pending_job_have_no_oldest, setup,
                                        teardown),
        cmocka_unit_test(a_buffer_too_small_fails_and_is_not_written_past),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
