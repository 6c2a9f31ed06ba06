#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

static void what_is_appended_is_the_content(void **state)
{
    struct mh_buf buf;
    mh_buf_init(&buf, 1000);
    mh_buf_str(&buf, "one ");
    mh_buf_append(&buf, "two\0x", 5);
    mh_buf_char(&buf, ' ');
    mh_buf_printf(&buf, "%d-%s", 3, "four");
    assert_int_equal(buf.len, 16);
    assert_memory_equal(mh_buf_text(&buf), "one two\0x 3-four", 17);
    assert_false(mh_buf_failed(&buf));
    mh_buf_release(&buf);
}

static void an_untouched_or_released_buffer_is_an_empty_text(void **state)
{
    struct mh_buf buf = {0};
    assert_string_equal(mh_buf_text(&buf), "");
    mh_buf_release(&buf);
    mh_buf_release(NULL);
    mh_buf_init(&buf, 10);
    mh_buf_append(&buf, NULL, 0);
    assert_null(buf.data);
    mh_buf_str(&buf, "x");
    mh_buf_release(&buf);
    assert_string_equal(mh_buf_text(&buf), "");
    assert_int_equal(buf.len, 0);
}

static void the_maximum_counts_content_and_not_the_nul(void **state)
{
    struct mh_buf buf;
    mh_buf_init(&buf, 100);
    for (int i = 0; i < 100; i++)
        mh_buf_char(&buf, 'x');
    assert_false(mh_buf_failed(&buf));
    assert_int_equal(strlen(mh_buf_text(&buf)), 100);
    assert_in_range(buf.cap, 101, 101);
    mh_buf_char(&buf, 'x');
    assert_true(mh_buf_failed(&buf));
    assert_int_equal(buf.len, 100);
    mh_buf_release(&buf);
}

static void once_failed_nothing_more_is_appended(void **state)
{
    struct mh_buf buf;
    mh_buf_init(&buf, 4);
    mh_buf_str(&buf, "ab");
    mh_buf_str(&buf, "cde");
    mh_buf_str(&buf, "c");
    mh_buf_printf(&buf, "%s", "");
    assert_null(mh_buf_reserve(&buf, 1));
    assert_string_equal(mh_buf_text(&buf), "ab");
    assert_null(mh_buf_take(&buf, NULL));
    mh_buf_release(&buf);
}

static void reset_empties_and_forgives(void **state)
{
    struct mh_buf buf;
    mh_buf_init(&buf, 4);
    mh_buf_str(&buf, "ab");
    mh_buf_str(&buf, "too long");
    mh_buf_reset(&buf);
    assert_false(mh_buf_failed(&buf));
    assert_string_equal(mh_buf_text(&buf), "");
    mh_buf_str(&buf, "abcd");
    assert_string_equal(mh_buf_text(&buf), "abcd");
    mh_buf_release(&buf);
}

static void consume_removes_from_the_front(void **state)
{
    struct mh_buf buf;
    mh_buf_init(&buf, 100);
    mh_buf_consume(&buf, 0);
    mh_buf_str(&buf, "head tail");
    mh_buf_consume(&buf, 5);
    assert_string_equal(mh_buf_text(&buf), "tail");
    mh_buf_consume(&buf, 4);
    assert_int_equal(buf.len, 0);
    assert_string_equal(mh_buf_text(&buf), "");
    mh_buf_release(&buf);
}

static void a_nul_follows_whatever_was_written_into_reserved_room(void **state)
{
    struct mh_buf buf;
    mh_buf_init(&buf, 1000);
    for (int i = 0; i < 3; i++) {
        char *at = mh_buf_reserve(&buf, 300);
        assert_non_null(at);
        memcpy(at, "abc", 3);
        buf.len += 3;
    }
    assert_string_equal(buf.data, "abcabcabc");
    assert_null(mh_buf_reserve(&buf, 992));
    mh_buf_release(&buf);
}

static void take_gives_the_content_away(void **state)
{
    struct mh_buf buf;
    size_t len = 0;
    mh_buf_init(&buf, 100);
    mh_buf_str(&buf, "mine");
    char *text = mh_buf_take(&buf, &len);
    assert_string_equal(text, "mine");
    assert_int_equal(len, 4);
    free(text);
    assert_string_equal(mh_buf_text(&buf), "");
    text = mh_buf_take(&buf, NULL);
    assert_string_equal(text, "");
    free(text);
    mh_buf_str(&buf, "still usable");
    assert_string_equal(mh_buf_text(&buf), "still usable");
    mh_buf_release(&buf);
}

static void sizes_that_would_overflow_fail(void **state)
{
    struct mh_buf buf;
    mh_buf_init(&buf, SIZE_MAX);
    mh_buf_str(&buf, "abc");
    assert_null(mh_buf_reserve(&buf, SIZE_MAX));
    mh_buf_reset(&buf);
    mh_buf_str(&buf, "abc");
    assert_null(mh_buf_reserve(&buf, SIZE_MAX - 4));
    mh_buf_release(&buf);
}

/* More than any machine has must come back as NULL, as it does without the sanitizer. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void without_memory_it_fails_and_keeps_the_content(void **state)
{
    struct mh_buf buf;
    mh_buf_init(&buf, SIZE_MAX);
    mh_buf_str(&buf, "abc");
    assert_null(mh_buf_reserve(&buf, SIZE_MAX / 8));
    assert_true(mh_buf_failed(&buf));
    assert_string_equal(mh_buf_text(&buf), "abc");
    mh_buf_release(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_appended_is_the_content),
        cmocka_unit_test(an_untouched_or_released_buffer_is_an_empty_text),
        cmocka_unit_test(the_maximum_counts_content_and_not_the_nul),
        cmocka_unit_test(once_failed_nothing_more_is_appended),
        cmocka_unit_test(reset_empties_and_forgives),
        cmocka_unit_test(consume_removes_from_the_front),
        cmocka_unit_test(a_nul_follows_whatever_was_written_into_reserved_room),
        cmocka_unit_test(take_gives_the_content_away),
        cmocka_unit_test(sizes_that_would_overflow_fail),
        cmocka_unit_test(without_memory_it_fails_and_keeps_the_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
