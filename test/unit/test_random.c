#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"

static void each_call_gives_other_bytes(void **state)
{
    char first[16], second[16];
    mh_random_bytes(first, sizeof first);
    mh_random_bytes(second, sizeof second);
    assert_memory_not_equal(first, second, sizeof first);
}

static void no_byte_is_left_out(void **state)
{
    char bytes[1000], zeros[20] = {0};
    memset(bytes, 0, sizeof bytes);
    mh_random_bytes(bytes + 20, 960);
    for (int i = 20; i < 980; i += 20)
        assert_memory_not_equal(bytes + i, zeros, 20);
    assert_memory_equal(bytes, zeros, 20);
    assert_memory_equal(bytes + 980, zeros, 20);
}

static void a_seed_repeats_the_numbers(void **state)
{
    char first[13], second[13], other[13];
    mh_random_seed(7);
    mh_random_bytes(first, sizeof first);
    mh_random_seed(7);
    mh_random_bytes(second, sizeof second);
    mh_random_bytes(other, sizeof other);
    mh_random_seed(0);
    assert_memory_equal(first, second, sizeof first);
    assert_memory_not_equal(first, other, sizeof first);
    mh_random_bytes(second, sizeof second);
    assert_memory_not_equal(first, second, sizeof first);
}

static void units_spread_over_zero_to_one(void **state)
{
    int low = 0;
    for (int i = 0; i < 10000; i++) {
        double unit = mh_random_unit();
        assert_true(unit >= 0 && unit < 1);
        low += unit < 0.5;
    }
    assert_in_range(low, 4500, 5500); /* ten standard deviations */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_gives_other_bytes),
        cmocka_unit_test(no_byte_is_left_out),
        cmocka_unit_test(a_seed_repeats_the_numbers),
        cmocka_unit_test(units_spread_over_zero_to_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
