#include "base/dotenv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"

/* Collects the pairs as NAME<value> one behind the other. */
static int collect(void *arg, const char *name, const char *value)
{
    mh_buf_printf(arg, "%s<%s>", name, value);
    return 0;
}

static const char *pairs(const char *text)
{
    static char out[1024];
    struct mh_buf buf;
    struct mh_err err;
    mh_buf_init(&buf, sizeof(out) - 1);
    if (mh_dotenv_parse(".env", text, strlen(text), collect, &buf, &err) < 0)
        fail_msg("%s", err.text);
    assert_false(mh_buf_failed(&buf));
    memcpy(out, mh_buf_text(&buf), buf.len + 1);
    mh_buf_release(&buf);
    return out;
}

static const char *error_of(const char *text, size_t len)
{
    static struct mh_err err;
    struct mh_buf buf;
    mh_buf_init(&buf, 1024);
    assert_int_equal(mh_dotenv_parse(".env", text, len, collect, &buf, &err), MH_EINVAL);
    mh_buf_release(&buf);
    return err.text;
}

#define ERROR_OF(text) error_of(text, strlen(text))

static void lines_are_pairs_comments_or_blank(void **state)
{
    (void)state;
    assert_string_equal(pairs(""), "");
    assert_string_equal(pairs("# x\n\n  \t\n   # A=1\nA=1\n  B=2  \nC=3"), "A<1>B<2>C<3>");
    assert_string_equal(pairs("A=1\r\nB=\"2\"\r\n\r\n"), "A<1>B<2>");
    assert_string_equal(pairs("\xef\xbb\xbf"
                              "A=1"),
                        "A<1>");
    assert_string_equal(pairs("A=1\nA=2"), "A<1>A<2>");
}

static void export_is_allowed(void **state)
{
    (void)state;
    assert_string_equal(pairs("export A=1\nexport\tB=2\nexport=3\nexported=4"),
                        "A<1>B<2>export<3>exported<4>");
}

static void bare_values_are_trimmed_and_end_at_a_comment(void **state)
{
    (void)state;
    assert_string_equal(pairs("A = two words \nB=#1\nC=x#y\nD=x # y\nE=\nF= # none\nG=x\t#y"),
                        "A<two words>B<#1>C<x#y>D<x>E<>F<>G<x>");
    assert_string_equal(pairs("A=it's \"b\"\nB=a=b\nC=\\n$A"), "A<it's \"b\">B<a=b>C<\\n$A>");
}

static void single_quotes_keep_everything(void **state)
{
    (void)state;
    assert_string_equal(pairs("A=' a \\n $B \"c\" # d ' # e\nB=''"), "A< a \\n $B \"c\" # d >B<>");
}

static void double_quotes_know_escapes(void **state)
{
    (void)state;
    assert_string_equal(pairs("A=\" a\\n\\r\\t\\\"\\\\\\$ # \" # c\nB=\"\"\nC=\"\\x\\\\n\""),
                        "A< a\n\r\t\"\\$ # >B<>C<\\x\\n>");
}

static void what_is_wrong_is_named_by_its_line(void **state)
{
    (void)state;
    assert_string_equal(ERROR_OF("A=1\n\nwords\n"), "unable to read .env:3: expected NAME=value");
    assert_string_equal(ERROR_OF("=1"), "unable to read .env:1: expected NAME=value");
    assert_string_equal(ERROR_OF("A B=1"), "unable to read .env:1: expected NAME=value");
    assert_string_equal(ERROR_OF("A='x\nB=y'"),
                        "unable to read .env:1: the value's quote is not closed on its line");
    assert_string_equal(ERROR_OF("A=\"x\\\""),
                        "unable to read .env:1: the value's quote is not closed on its line");
    assert_string_equal(ERROR_OF("A=\"x\" y"),
                        "unable to read .env:1: text follows the closing quote");
    assert_string_equal(error_of("A=x\0y", 5), "unable to read .env:1: it has a NUL byte");
}

static void an_error_does_not_show_the_value(void **state)
{
    (void)state;
    assert_null(strstr(ERROR_OF("KEY=\"hunter2"), "hunter2"));
    assert_null(strstr(ERROR_OF("hunter2"), "hunter2"));
}

static int refuse(void *arg, const char *name, const char *value)
{
    (void)name;
    (void)value;
    ++*(int *)arg;
    return MH_ESTATE;
}

static void a_negative_return_ends_the_parse(void **state)
{
    (void)state;
    int calls = 0;
    assert_int_equal(mh_dotenv_parse(".env", "A=1\nB=2", 7, refuse, &calls, NULL), MH_ESTATE);
    assert_int_equal(calls, 1);
}

static void sizes_are_limited(void **state)
{
    (void)state;
    struct mh_err err;
    struct mh_buf text, out;
    mh_buf_init(&text, 2 * 1024 * 1024);
    mh_buf_init(&out, 2 * 1024 * 1024);
    for (int i = 0; i < 1000; i++)
        mh_buf_str(&text, "A=1\n");
    assert_int_equal(mh_dotenv_parse(".env", text.data, text.len, collect, &out, &err), 0);
    mh_buf_str(&text, "A=1\n");
    assert_int_equal(mh_dotenv_parse(".env", text.data, text.len, collect, &out, &err), MH_EINVAL);
    assert_string_equal(err.text, "unable to read .env:1001: more than 1,000 names");
    while (text.len <= 1024 * 1024)
        mh_buf_str(&text, "# a comment\n");
    assert_int_equal(mh_dotenv_parse(".env", text.data, text.len, collect, &out, &err), MH_ELIMIT);
    mh_buf_release(&text);
    mh_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_pairs_comments_or_blank),
        cmocka_unit_test(export_is_allowed),
        cmocka_unit_test(bare_values_are_trimmed_and_end_at_a_comment),
        cmocka_unit_test(single_quotes_keep_everything),
        cmocka_unit_test(double_quotes_know_escapes),
        cmocka_unit_test(what_is_wrong_is_named_by_its_line),
        cmocka_unit_test(an_error_does_not_show_the_value),
        cmocka_unit_test(a_negative_return_ends_the_parse),
        cmocka_unit_test(sizes_are_limited),
    };
    return cmocka_run_group_tests_name("dotenv", tests, NULL, NULL);
}
