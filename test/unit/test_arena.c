#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static void blocks_are_zeroed_aligned_and_apart(void **state)
{
    struct mh_arena arena;
    char *blocks[200];
    mh_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < 200; i++) {
        blocks[i] = mh_arena_alloc(&arena, i);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
        for (size_t k = 0; k < i; k++)
            assert_int_equal(blocks[i][k], 0);
        memset(blocks[i], (int)i, i);
    }
    for (size_t i = 0; i < 200; i++) {
        for (size_t k = 0; k < i; k++)
            assert_int_equal((unsigned char)blocks[i][k], i);
    }
    mh_arena_release(&arena);
}

static void it_holds_no_more_than_its_maximum(void **state)
{
    struct mh_arena arena;
    mh_arena_init(&arena, 10000);
    assert_null(mh_arena_alloc(&arena, 10000));
    size_t got = 0;
    while (mh_arena_alloc(&arena, 100) != NULL)
        got += 100;
    assert_in_range(got, 8000, 10000);
    assert_in_range(arena.held, got, 10000);
    mh_arena_release(&arena);
}

static void a_block_too_large_leaves_it_usable(void **state)
{
    struct mh_arena arena;
    mh_arena_init(&arena, 10000);
    assert_non_null(mh_arena_alloc(&arena, 10));
    assert_null(mh_arena_alloc(&arena, 20000));
    assert_null(mh_arena_alloc(&arena, SIZE_MAX));
    assert_null(mh_arena_alloc(&arena, SIZE_MAX / 2));
    assert_non_null(mh_arena_alloc(&arena, 10));
    mh_arena_release(&arena);
}

static void a_large_block_does_not_waste_the_room_in_front(void **state)
{
    struct mh_arena arena;
    mh_arena_init(&arena, 1 << 20);
    assert_non_null(mh_arena_alloc(&arena, 10));
    assert_non_null(mh_arena_alloc(&arena, 100000));
    size_t held = arena.held;
    assert_non_null(mh_arena_alloc(&arena, 500));
    assert_int_equal(arena.held, held);
    mh_arena_release(&arena);
}

static void an_array_too_large_to_count_is_refused(void **state)
{
    struct mh_arena arena;
    mh_arena_init(&arena, SIZE_MAX);
    assert_null(mh_arena_array(&arena, SIZE_MAX / 8 + 2, 8));
    int64_t *numbers = mh_arena_array(&arena, 1000, sizeof *numbers);
    assert_non_null(numbers);
    assert_int_equal(numbers[999], 0);
    assert_non_null(mh_arena_array(&arena, 0, 8));
    assert_non_null(mh_arena_array(&arena, 8, 0));
    mh_arena_release(&arena);
}

static void copies_end_in_a_nul(void **state)
{
    struct mh_arena arena;
    mh_arena_init(&arena, 10000);
    assert_string_equal(mh_arena_copy(&arena, "abcdef", 3), "abc");
    assert_string_equal(mh_arena_copy(&arena, "", 0), "");
    assert_string_equal(mh_arena_str(&arena, "text"), "text");
    assert_null(mh_arena_str(&arena, NULL));
    assert_null(mh_arena_copy(&arena, NULL, 0));
    assert_null(mh_arena_copy(&arena, "x", SIZE_MAX));
    mh_arena_release(&arena);
}

static void released_it_is_empty_and_serves_again(void **state)
{
    struct mh_arena arena = {0};
    mh_arena_release(&arena);
    mh_arena_release(NULL);
    assert_null(mh_arena_alloc(&arena, 1));
    mh_arena_init(&arena, 10000);
    assert_non_null(mh_arena_alloc(&arena, 8000));
    mh_arena_release(&arena);
    assert_int_equal(arena.held, 0);
    assert_non_null(mh_arena_alloc(&arena, 8000));
    mh_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_zeroed_aligned_and_apart),
        cmocka_unit_test(it_holds_no_more_than_its_maximum),
        cmocka_unit_test(a_block_too_large_leaves_it_usable),
        cmocka_unit_test(a_large_block_does_not_waste_the_room_in_front),
        cmocka_unit_test(an_array_too_large_to_count_is_refused),
        cmocka_unit_test(copies_end_in_a_nul),
        cmocka_unit_test(released_it_is_empty_and_serves_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
