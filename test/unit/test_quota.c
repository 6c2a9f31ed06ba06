#include "http/quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)

static int start(void **state)
{
    struct mh_quota *quota = NULL;
    int r = mh_quota_new(2, &quota, NULL);
    *state = quota;
    return r;
}

static int stop(void **state)
{
    mh_quota_free(*state);
    return 0;
}

static void drain(struct mh_quota *quota, const char *key, int64_t now_us)
{
    for (int i = 0; i < 20; i++)
        assert_int_equal(mh_quota_take(quota, key, now_us), 0);
}

static void ten_seconds_worth_may_come_at_once_and_no_more(void **state)
{
    drain(*state, "a", SECOND);
    int64_t wait_ms = mh_quota_take(*state, "a", SECOND);
    assert_in_range(wait_ms, 500, 501);
    assert_true(mh_quota_take(*state, "a", SECOND + SECOND / 4) > 0);
    assert_int_equal(mh_quota_take(*state, "a", SECOND + wait_ms * 1000), 0);
    assert_true(mh_quota_take(*state, "a", SECOND + wait_ms * 1000) > 0);
    drain(*state, "a", 1000 * SECOND);
    assert_true(mh_quota_take(*state, "a", 1000 * SECOND) > 0);
}

static void each_has_its_own(void **state)
{
    drain(*state, "a", SECOND);
    drain(*state, "b", SECOND);
    assert_true(mh_quota_take(*state, "a", SECOND) > 0);
}

static void the_one_who_asks_is_remembered_among_many(void **state)
{
    char key[16];
    drain(*state, "a", SECOND);
    for (int i = 0; i < 500; i++) {
        (void)snprintf(key, sizeof key, "%d", i);
        assert_int_equal(mh_quota_take(*state, key, SECOND + i), 0);
        assert_true(mh_quota_take(*state, "a", SECOND + i) > 0);
    }
}

static void no_limit_is_any_number(void **state)
{
    struct mh_quota *quota = NULL;
    assert_int_equal(mh_quota_new(0, &quota, NULL), 0);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(mh_quota_take(quota, "a", SECOND), 0);
    mh_quota_free(quota);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(ten_seconds_worth_may_come_at_once_and_no_more),
        CASE(each_has_its_own),
        CASE(the_one_who_asks_is_remembered_among_many),
        CASE(no_limit_is_any_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
