#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store/terms.h"

static struct mh_buf words;
static struct mh_arena arena;

static int setup(void **state)
{
    mh_buf_init(&words, 1 << 22);
    mh_arena_init(&arena, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    mh_buf_release(&words);
    mh_arena_release(&arena);
    return 0;
}

static const char *words_of(const char *text)
{
    mh_buf_reset(&words);
    mh_terms_add(&words, 7, text, strlen(text));
    return mh_buf_text(&words);
}

static void names_are_split_at_case_and_underscores_and_kept_whole(void **state)
{
    assert_string_equal(words_of("HTTPServer_v2"), "7xhttp 7xserver 7xv2 7xhttpserverv2 ");
    assert_string_equal(words_of("mh_job_text(job, TEXT);"), "7xmh 7xjob 7xtext 7xmhjobtext ");
    assert_string_equal(words_of("a_ __b x2Y"), "7xa 7xb 7xx2 7xy 7xx2y ");
    assert_string_equal(words_of("\xc3\xa4rger +-*/ "), "7x\xc3\xa4rger ");
    assert_string_equal(words_of(""), "");
}

static void a_word_is_kept_once_however_many_there_are(void **state)
{
    char text[60000];
    size_t len = 0;
    for (int i = 0; i < 5000; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "w%d ", i % 2500);
    mh_terms_add(&words, 1, text, len);
    size_t count = 0;
    for (const char *at = mh_buf_text(&words); (at = strchr(at, ' ')) != NULL; at++)
        count++;
    assert_int_equal(count, 2500);
}

static void a_name_is_one_word_too(void **state)
{
    mh_terms_add_name(&words, 7, "HTTPServer_v2");
    mh_terms_add_name(&words, 7, "+");
    assert_string_equal(mh_buf_text(&words), "7yhttpserverv2 ");
}

static struct mh_terms ask(const char *query)
{
    struct mh_terms terms;
    assert_int_equal(mh_terms_ask(&arena, query, &terms, NULL), 0);
    return terms;
}

static void a_query_is_split_alike(void **state)
{
    struct mh_terms terms = ask("  parseReq Mh_x ");
    assert_int_equal(terms.count, 4);
    assert_string_equal(terms.items[0], "parse");
    assert_string_equal(terms.items[1], "req");
    assert_string_equal(terms.items[3], "x");
    assert_string_equal(terms.whole, "parsereq mh_x");
    assert_string_equal(terms.name, "parsereqmhx");
    struct mh_err err;
    assert_int_equal(mh_terms_ask(&arena, " ?! ", &terms, &err), MH_EINVAL);
    assert_int_equal(mh_terms_ask(&arena, "\xff", &terms, &err), MH_EINVAL);
}

static void excerpts_are_lines_with_all_words_or_the_best_one(void **state)
{
    static const char text[] = "one\none two\nthree\nTwo_one\n";
    struct mh_excerpt excerpts[3];
    struct mh_terms terms = ask("one two");
    assert_int_equal(mh_terms_excerpts(&terms, text, strlen(text), 3, excerpts), 2);
    assert_int_equal(excerpts[0].line, 2);
    assert_int_equal(excerpts[1].line, 4);
    terms = ask("three two one");
    assert_int_equal(mh_terms_excerpts(&terms, text, strlen(text), 3, excerpts), 1);
    assert_int_equal(excerpts[0].line, 2);
    terms = ask("none");
    assert_int_equal(mh_terms_excerpts(&terms, text, strlen(text), 3, excerpts), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_are_split_at_case_and_underscores_and_kept_whole,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_word_is_kept_once_however_many_there_are, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_name_is_one_word_too, setup, teardown),
        cmocka_unit_test_setup_teardown(a_query_is_split_alike, setup, teardown),
        cmocka_unit_test_setup_teardown(excerpts_are_lines_with_all_words_or_the_best_one, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
