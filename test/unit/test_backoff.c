#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "queue/backoff.h"

static void the_first_attempt_waits_the_base(void **state)
{
    assert_int_equal(mh_backoff_ms(1, MH_BACKOFF_BASE_MS, MH_BACKOFF_CAP_MS, 0), 1000);
}

static void each_further_attempt_doubles_it(void **state)
{
    assert_int_equal(mh_backoff_ms(2, 1000, 3600000, 0), 2000);
    assert_int_equal(mh_backoff_ms(3, 1000, 3600000, 0), 4000);
    assert_int_equal(mh_backoff_ms(12, 1000, 3600000, 0), 2048000);
}

static void the_cap_holds_however_many_attempts(void **state)
{
    assert_int_equal(mh_backoff_ms(13, 1000, 3600000, 0), 3600000);
    assert_int_equal(mh_backoff_ms(1000, 1000, 3600000, 0), 3600000);
    assert_int_equal(mh_backoff_ms(1000, 1, INT64_MAX / 2, 0), INT64_MAX / 2);
    assert_int_equal(mh_backoff_ms(1, 5000, 2000, 0), 2000);
}

static void jitter_adds_up_to_a_quarter_also_to_the_cap(void **state)
{
    assert_int_equal(mh_backoff_ms(1, 1000, 3600000, 0.5), 1125);
    assert_int_equal(mh_backoff_ms(20, 1000, 3600000, 0.5), 4050000);
    int64_t most = mh_backoff_ms(1, 1000000, 3600000, 0.999999);
    assert_in_range(most, 1249990, 1249999);
}

static void a_base_of_nothing_waits_for_nothing(void **state)
{
    assert_int_equal(mh_backoff_ms(7, 0, 3600000, 0.9), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_attempt_waits_the_base),
        cmocka_unit_test(each_further_attempt_doubles_it),
        cmocka_unit_test(the_cap_holds_however_many_attempts),
        cmocka_unit_test(jitter_adds_up_to_a_quarter_also_to_the_cap),
        cmocka_unit_test(a_base_of_nothing_waits_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
