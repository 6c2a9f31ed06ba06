#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/words.h"

static void assert_words(const char *text, const char *const *expected)
{
    struct mh_arena arena;
    const char *const *words = NULL;
    mh_arena_init(&arena, 1 << 20);
    assert_int_equal(mh_words_split(&arena, text, &words, NULL), 0);
    size_t i = 0;
    for (; expected[i] != NULL; i++)
        assert_string_equal(words[i], expected[i]);
    assert_null(words[i]);
    mh_arena_release(&arena);
}

static void assert_refused(const char *text, int code)
{
    struct mh_arena arena;
    const char *const *words = NULL;
    struct mh_err err = {0};
    mh_arena_init(&arena, 1 << 20);
    assert_int_equal(mh_words_split(&arena, text, &words, &err), code);
    assert_true(err.text[0] != '\0');
    assert_null(words);
    mh_arena_release(&arena);
}

static void blanks_separate_words(void **state)
{
    assert_words("python3 -u  handlers/a.py\t",
                 (const char *const[]){"python3", "-u", "handlers/a.py", NULL});
}

static void quotes_keep_blanks_and_each_other(void **state)
{
    assert_words("a 'b c' \"d 'e'\" f\"g\"h",
                 (const char *const[]){"a", "b c", "d 'e'", "fgh", NULL});
    assert_words("'' x", (const char *const[]){"", "x", NULL});
}

static void a_backslash_keeps_the_next_character(void **state)
{
    assert_words("a\\ b \"c\\\"d\\n\" 'e\\f'",
                 (const char *const[]){"a b", "c\"d\\n", "e\\f", NULL});
}

static void an_open_quote_or_no_word_is_refused(void **state)
{
    assert_refused("a 'b", MH_EINVAL);
    assert_refused("\"", MH_EINVAL);
    assert_refused("  ", MH_EINVAL);
    assert_refused("", MH_EINVAL);
}

static void too_many_words_are_refused(void **state)
{
    char text[2 * (MH_WORDS_MAX + 1) + 1];
    for (size_t i = 0; i < sizeof text - 1; i++)
        text[i] = i % 2 == 0 ? 'x' : ' ';
    text[sizeof text - 1] = '\0';
    assert_refused(text, MH_ELIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_separate_words),
        cmocka_unit_test(quotes_keep_blanks_and_each_other),
        cmocka_unit_test(a_backslash_keeps_the_next_character),
        cmocka_unit_test(an_open_quote_or_no_word_is_refused),
        cmocka_unit_test(too_many_words_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
