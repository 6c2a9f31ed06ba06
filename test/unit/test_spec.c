#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "queue/spec.h"

static struct mh_arena arena;
static struct mh_err err;
static struct mh_dispatch job;
static struct mh_spec_defaults defaults;

static int setup(void **state)
{
    mh_arena_init(&arena, 1 << 20);
    defaults = (struct mh_spec_defaults){.allow_tenant = true, .max_payload_bytes = 1000};
    err = (struct mh_err){0};
    return 0;
}

static int teardown(void **state)
{
    mh_arena_release(&arena);
    return 0;
}

static int parse(const char *text)
{
    return mh_spec_parse(text, strlen(text), &defaults, &arena, &job, &err);
}

static void assert_payload(const char *expected)
{
    assert_int_equal(job.payload_len, strlen(expected));
    assert_memory_equal(job.payload, expected, job.payload_len);
}

static void refuses(const char *text, const char *expected)
{
    struct mh_dispatch before = {.priority = 77};
    job = before;
    assert_int_equal(parse(text), MH_EINVAL);
    assert_string_equal(err.text, expected);
    assert_memory_equal(&job, &before, sizeof job);
}

static void a_type_alone_is_a_job(void **state)
{
    assert_int_equal(parse("{\"type\":\"t\"}"), 0);
    assert_string_equal(job.type, "t");
    assert_payload("{}");
    assert_int_equal(job.priority, -1);
    assert_int_equal(job.max_attempts, 0);
    assert_int_equal(job.delay_ms, 0);
    assert_int_equal(job.run_at, 0);
    assert_null(job.unique_key);
    assert_null(job.correlation_id);
    assert_null(job.traceparent);
    assert_true(mh_uuid_equal(&job.tenant_id, &mh_uuid_zero));
    assert_false(mh_uuid_equal(&job.id, &mh_uuid_zero));
}

static void every_member_is_read(void **state)
{
    assert_int_equal(
        parse("{\"type\":\"t\",\"payload\":{\"a\":1},\"priority\":7,\"max_attempts\":9,"
              "\"run_at\":\"2030-01-31T09:00:00+01:00\",\"unique_key\":\"k\\u00e9\","
              "\"correlation_id\":\"c\","
              "\"traceparent\":\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\","
              "\"tenant_id\":\"00000000-0000-0000-0000-0000000000FF\"}"),
        0);
    assert_payload("{\"a\":1}");
    assert_int_equal(job.priority, 7);
    assert_int_equal(job.max_attempts, 9);
    assert_int_equal(job.run_at, INT64_C(1896076800000));
    assert_string_equal(job.unique_key, "k\xc3\xa9");
    assert_string_equal(job.correlation_id, "c");
    assert_string_equal(job.traceparent, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    assert_int_equal(job.tenant_id.b[15], 0xff);
}

static void the_payload_keeps_its_bytes(void **state)
{
    const char *payload = "{ \"n\" : 0.10, \"big\":123456789012345678901234567890,\"e\":1E2 }";
    char text[200];
    (void)snprintf(text, sizeof text, "{\"payload\" :\n %s ,\"type\":\"t\"}", payload);
    assert_int_equal(parse(text), 0);
    assert_payload(payload);
}

static void a_delay_is_a_duration_or_seconds(void **state)
{
    assert_int_equal(parse("{\"type\":\"t\",\"delay\":\"5m\"}"), 0);
    assert_int_equal(job.delay_ms, 300000);
    assert_int_equal(parse("{\"type\":\"t\",\"delay\":90}"), 0);
    assert_int_equal(job.delay_ms, 90000);
    assert_int_equal(parse("{\"type\":\"t\",\"delay\":0.25}"), 0);
    assert_int_equal(job.delay_ms, 250);
    refuses("{\"type\":\"t\",\"delay\":-1}",
            "delay: expected a duration such as \"5m\", or seconds up to 10 years");
    refuses("{\"type\":\"t\",\"delay\":1e300}",
            "delay: expected a duration such as \"5m\", or seconds up to 10 years");
    refuses("{\"type\":\"t\",\"delay\":1,\"run_at\":\"2030-01-31T09:00:00Z\"}",
            "run_at: give it or a delay, not both");
    assert_int_equal(parse("{\"type\":\"t\",\"delay\":\"soon\"}"), MH_EINVAL);
    assert_memory_equal(err.text, "delay: ", 7);
    assert_int_equal(parse("{\"type\":\"t\",\"run_at\":\"2030-01-31\"}"), MH_EINVAL);
    assert_memory_equal(err.text, "run_at: ", 8);
}

static void null_stands_for_not_given(void **state)
{
    assert_int_equal(parse("{\"type\":\"t\",\"priority\":null,\"run_at\":null,\"delay\":null,"
                           "\"unique_key\":null,\"tenant_id\":null}"),
                     0);
    assert_int_equal(job.priority, -1);
    assert_null(job.unique_key);
    refuses("{\"type\":null}", "type: is required");
    assert_int_equal(parse("{\"type\":\"t\",\"payload\":null}"), MH_EINVAL);
    assert_non_null(strstr(err.text, "payload"));
}

static void defaults_fill_in_and_give_way(void **state)
{
    defaults.type = "usual";
    defaults.tenant_id.b[0] = 9;
    assert_int_equal(parse("{}"), 0);
    assert_string_equal(job.type, "usual");
    assert_int_equal(job.tenant_id.b[0], 9);
    assert_int_equal(parse("{\"type\":\"own\","
                           "\"tenant_id\":\"00000000-0000-0000-0000-000000000000\"}"),
                     0);
    assert_string_equal(job.type, "own");
    assert_int_equal(job.tenant_id.b[0], 0);
}

static void a_tenant_is_refused_where_it_is_not_allowed(void **state)
{
    defaults.allow_tenant = false;
    refuses("{\"type\":\"t\",\"tenant_id\":\"00000000-0000-0000-0000-000000000000\"}",
            "tenant_id: cannot be chosen here");
}

static void wrong_values_are_named(void **state)
{
    refuses("{}", "type: is required");
    refuses("{\"type\":5}", "type: expected a string");
    refuses("{\"type\":\"t\",\"priority\":101}", "priority: expected a whole number from 0 to 100");
    refuses("{\"type\":\"t\",\"priority\":-1}", "priority: expected a whole number from 0 to 100");
    refuses("{\"type\":\"t\",\"priority\":1.5}", "priority: expected a whole number from 0 to 100");
    refuses("{\"type\":\"t\",\"priority\":99999999999999999999}",
            "priority: expected a whole number from 0 to 100");
    refuses("{\"type\":\"t\",\"max_attempts\":0}",
            "max_attempts: expected a whole number from 1 to 1000");
    refuses("{\"type\":\"t\",\"unique_key\":[]}", "unique_key: expected a string");
    refuses("{\"type\":\"t\",\"tenant_id\":\"x\"}", "tenant_id: expected a UUID");
}

static void a_misspelt_member_is_not_lost(void **state)
{
    refuses("{\"type\":\"t\",\"priorty\":1}", "unknown member \"priorty\"");
    refuses("{\"type\":\"t\",\"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\":1}",
            "unknown member \"abcdefghijklmnopqrstuvwxyzabcdefghijklmn\"");
}

static void what_is_not_one_object_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "null",
        "{\"type\":\"t\"",
        "{\"type\":\"t\"} x",
        "{\"type\":\"t\",\"type\":\"u\"}",
        "{\"type\":\"t\",\"t\\u0079pe\":\"u\"}",
        "{\"type\":\"t\",\"payload\":{\"a\":\"\\u0000\"}}",
        "{\"type\":\"t\",\"payload\":{\"a\":1,\"a\":2}}",
    };
    for (size_t i = 0; i < MH_LEN(texts); i++)
        assert_int_equal(parse(texts[i]), MH_EINVAL);
}

static void a_payload_past_the_limit_is_refused(void **state)
{
    defaults.max_payload_bytes = 8;
    assert_int_equal(parse("{\"type\":\"t\",\"payload\":{\"a\":12}}"), 0);
    assert_int_equal(parse("{\"type\":\"t\",\"payload\":{\"a\":123}}"), MH_ELIMIT);
    assert_non_null(strstr(err.text, "payload"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_type_alone_is_a_job, setup, teardown),
        cmocka_unit_test_setup_teardown(every_member_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(the_payload_keeps_its_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_delay_is_a_duration_or_seconds, setup, teardown),
        cmocka_unit_test_setup_teardown(null_stands_for_not_given, setup, teardown),
        cmocka_unit_test_setup_teardown(defaults_fill_in_and_give_way, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tenant_is_refused_where_it_is_not_allowed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(wrong_values_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_misspelt_member_is_not_lost, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_one_object_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_payload_past_the_limit_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
