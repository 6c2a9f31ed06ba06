#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/text.h"

static struct mh_buf out;

static int setup(void **state)
{
    mh_buf_init(&out, 1000);
    return 0;
}

static int teardown(void **state)
{
    mh_buf_release(&out);
    return 0;
}

static const char *line(const char *text)
{
    mh_buf_reset(&out);
    mh_text_line(&out, text, strlen(text));
    return mh_buf_text(&out);
}

static const char *json(const char *text)
{
    mh_buf_reset(&out);
    mh_text_json(&out, text, strlen(text));
    return mh_buf_text(&out);
}

static void a_line_stays_one_line(void **state)
{
    assert_string_equal(line("a\nb\r\n\tc"), "a b   c");
}

static void what_steers_a_terminal_is_replaced(void **state)
{
    assert_string_equal(line("\x1b[31mred"), "\xef\xbf\xbd[31mred");
    assert_string_equal(line("a\x7f"
                             "b"),
                        "a\xef\xbf\xbd"
                        "b");
    assert_string_equal(line("a\xc2\x9b"
                             "b"),
                        "a\xef\xbf\xbd"
                        "b"); /* CSI */
    assert_string_equal(line("a\xe2\x80\xae"
                             "b"),
                        "a\xef\xbf\xbd"
                        "b"); /* RLO */
    assert_string_equal(line("a\xe2\x81\xa6"
                             "b\xe2\x80\xa8"),
                        "a\xef\xbf\xbd"
                        "b\xef\xbf\xbd");
}

static void other_text_is_kept(void **state)
{
    const char *text = "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80";
    assert_string_equal(line(text), text);
}

static void bytes_that_are_not_utf8_are_replaced_one_by_one(void **state)
{
    assert_string_equal(line("a\xff"
                             "b"),
                        "a\xef\xbf\xbd"
                        "b");
    assert_string_equal(line("\xa2\x80"), "\xef\xbf\xbd\xef\xbf\xbd");
    assert_string_equal(line("a\xe2\x82"), "a\xef\xbf\xbd\xef\xbf\xbd");
    assert_string_equal(line("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd"); /* longer than needed */
}

static void a_nul_inside_does_not_end_the_text(void **state)
{
    mh_text_line(&out, "a\0b", 3);
    assert_string_equal(mh_buf_text(&out), "a\xef\xbf\xbd"
                                           "b");
}

static void a_block_keeps_its_lines_and_tabs(void **state)
{
    mh_text_block(&out, "one\r\n\ttwo\n\nfour\x1b", 16, "| ");
    assert_string_equal(mh_buf_text(&out), "| one\n| \ttwo\n| \n| four\xef\xbf\xbd\n");
}

static void json_keeps_its_value(void **state)
{
    assert_string_equal(json("{\"a\":\"\xc2\x9b\x7f\"}"), "{\"a\":\"\\u009b\\u007f\"}");
    assert_string_equal(json("\"\xe2\x80\xae\""), "\"\\u202e\"");
    assert_string_equal(json("{\"\xc3\xbc\": 1}"), "{\"\xc3\xbc\": 1}");
}

static void columns_count_what_is_seen(void **state)
{
    assert_int_equal(mh_text_columns("abc", 3), 3);
    assert_int_equal(mh_text_columns("\xc3\xbc", 2), 1);
    assert_int_equal(mh_text_columns("\xe6\xbc\xa2", 3), 2); /* a wide one */
    assert_int_equal(mh_text_columns("e\xcc\x81", 3), 1);    /* a mark above */
}

static void fit_cuts_no_character_in_two(void **state)
{
    assert_int_equal(mh_text_fit("\xe6\xbc\xa2\xe6\xbc\xa2", 6, 3), 3);
    assert_int_equal(mh_text_fit("\xe6\xbc\xa2", 3, 1), 0);
    assert_int_equal(mh_text_fit("abc", 3, 10), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_stays_one_line, setup, teardown),
        cmocka_unit_test_setup_teardown(what_steers_a_terminal_is_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(other_text_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_that_are_not_utf8_are_replaced_one_by_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_nul_inside_does_not_end_the_text, setup, teardown),
        cmocka_unit_test_setup_teardown(a_block_keeps_its_lines_and_tabs, setup, teardown),
        cmocka_unit_test_setup_teardown(json_keeps_its_value, setup, teardown),
        cmocka_unit_test_setup_teardown(columns_count_what_is_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(fit_cuts_no_character_in_two, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
