#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"

static void assert_clean(const char *bytes, size_t len, const char *expected)
{
    struct mh_arena arena;
    size_t clean_len = 0;
    mh_arena_init(&arena, 1 << 16);
    const char *text = mh_utf8_clean(&arena, bytes, len, &clean_len);
    assert_non_null(text);
    assert_string_equal(text, expected);
    assert_int_equal(clean_len, strlen(expected));
    mh_arena_release(&arena);
}

static void what_is_no_text_is_replaced(void **state)
{
    assert_clean("plain", 5, "plain");
    assert_clean("a\0b", 3,
                 "a\xef\xbf\xbd"
                 "b");
    assert_clean("\xff\xc3\xa9\xe2\x82", 5, "\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd");
    assert_clean("", 0, "");
}

static void a_cut_keeps_characters_whole(void **state)
{
    assert_int_equal(mh_utf8_cut("abc", 3, 5), 3);
    assert_int_equal(mh_utf8_cut("abc", 3, 2), 2);
    assert_int_equal(mh_utf8_cut("a\xe2\x82\xac", 4, 3), 1);
    assert_int_equal(mh_utf8_cut("a\xe2\x82\xac", 4, 4), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_text_is_replaced),
        cmocka_unit_test(a_cut_keeps_characters_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
