#include <float.h>
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/utf8.h"

static int check(const char *text)
{
    return mh_json_check(text, strlen(text), MH_JSON_ANY, NULL);
}

static void any_value_passes(void **state)
{
    static const char *const right[] = {
        "{}",
        "[]",
        "null",
        "true",
        "0",
        "-1.5e3",
        "\"text\"",
        " {\"a\":[1,{\"b\":null}]}\n",
        "\"\\u00e9\\ud83d\\ude00\"",
        "\"\xc3\xa9\"",
        "{\"a\":1,\"b\":{\"a\":1}}",
    };
    for (size_t i = 0; i < MH_LEN(right); i++) {
        if (check(right[i]) != 0) fail_msg("refused: %s", right[i]);
    }
}

static void integers_of_any_length_pass_as_long_as_a_double_reaches(void **state)
{
    assert_int_equal(check("123456789012345678901234567890123456789012345678901234567890"), 0);
    assert_int_equal(check("-9223372036854775809"), 0);
    char digits[401];
    memset(digits, '9', 400);
    digits[400] = '\0';
    assert_int_equal(check(digits), MH_EINVAL);
    assert_int_equal(check("1e400"), MH_EINVAL);
}

static void assert_refused(const char *text, size_t len, const char *cause)
{
    struct mh_err err = {0};
    assert_int_equal(mh_json_check(text, len, MH_JSON_ANY, &err), MH_EINVAL);
    assert_string_equal(err.text, cause);
}

static void the_position_and_the_cause_are_told(void **state)
{
    assert_refused("", 0, "not valid JSON at byte 0: it ends too early");
    assert_refused(NULL, 0, "not valid JSON at byte 0: it ends too early");
    assert_refused("{\"a\":1,\"a\":2}", 13, "not valid JSON at byte 10: duplicate object key");
    assert_refused("[1,2", 4, "not valid JSON at byte 4: it ends too early");
    assert_refused("{} x", 4, "not valid JSON at byte 4: something follows the value");
    assert_refused("\"\\u0000\"", 8, "not valid JSON at byte 8: \\u0000 is not allowed");
    assert_refused("{\"\\u0000\":1}", 12, "not valid JSON at byte 9: \\u0000 is not allowed");
    assert_refused("\"\xff\"", 3, "not valid JSON at byte 1: not UTF-8");
    assert_refused("1e999", 5, "not valid JSON at byte 5: number out of range");
    assert_refused("{a:1}", 5, "not valid JSON at byte 2: syntax error");
}

static void near_json_is_refused(void **state)
{
    static const char *const wrong[] = {
        "{,}",
        "[1,]",
        "{\"a\":}",
        "'a'",
        "01",
        "+1",
        ".5",
        "1.",
        "NaN",
        "Infinity",
        "tru",
        "True",
        "\"\n\"",
        "\"\\x\"",
        "\"\\ud800\"",
        "\"open",
        "// no\n1",
        "1 2",
        "\xef\xbb\xbf{}",
        "\"\xc0\xaf\"",
        "\"\xed\xa0\x80\"",
    };
    for (size_t i = 0; i < MH_LEN(wrong); i++) {
        if (check(wrong[i]) != MH_EINVAL) fail_msg("accepted: %s", wrong[i]);
    }
}

static void a_nul_byte_does_not_hide_what_follows(void **state)
{
    assert_refused("1\0", 2, "not valid JSON at byte 1: NUL byte");
    assert_refused("{}\0{", 4, "not valid JSON at byte 2: NUL byte");
    assert_refused("\"\0\"", 3, "not valid JSON at byte 1: NUL byte");
}

static void an_error_holds_no_part_of_the_input(void **state)
{
    static const char text[] = "{\"token\": hunter2}";
    struct mh_err err = {0};
    assert_int_equal(mh_json_check(text, strlen(text), MH_JSON_ANY, &err), MH_EINVAL);
    assert_null(strstr(err.text, "hunter"));
    assert_null(strstr(err.text, "token"));
}

static void depth_has_a_limit(void **state)
{
    static char text[6000];
    memset(text, '[', 2048);
    memset(text + 2048, ']', 2048);
    assert_int_equal(mh_json_check(text, 4096, MH_JSON_ANY, NULL), 0);
    memset(text, '[', 2049);
    memset(text + 2049, ']', 2049);
    assert_refused(text, 4098, "not valid JSON at byte 2049: nested too deep");
}

static void an_object_can_be_asked_for(void **state)
{
    struct mh_err err = {0};
    assert_int_equal(mh_json_check(" {} ", 4, MH_JSON_OBJECT, &err), 0);
    assert_int_equal(mh_json_check("[]", 2, MH_JSON_OBJECT, &err), MH_EINVAL);
    assert_string_equal(err.text, "must be a JSON object");
}

static void utf8_is_told_from_what_looks_like_it(void **state)
{
    static const char *const right[] = {"",
                                        "a",
                                        "\x7f",
                                        "\xc2\x80",
                                        "\xdf\xbf",
                                        "\xe0\xa0\x80",
                                        "\xed\x9f\xbf",
                                        "\xee\x80\x80",
                                        "\xef\xbf\xbf",
                                        "\xf0\x90\x80\x80",
                                        "\xf4\x8f\xbf\xbf"};
    static const char *const wrong[] = {"\x80",
                                        "\xbf",
                                        "\xc0\x80",
                                        "\xc1\xbf",
                                        "\xc2",
                                        "\xc2"
                                        "a",
                                        "\xe0\x9f\xbf",
                                        "\xed\xa0\x80",
                                        "\xed\xbf\xbf",
                                        "\xe1\x80",
                                        "\xe1\x80"
                                        "a",
                                        "\xf0\x8f\xbf\xbf",
                                        "\xf4\x90\x80\x80",
                                        "\xf5\x80\x80\x80",
                                        "\xff"};
    for (size_t i = 0; i < MH_LEN(right); i++)
        assert_true(mh_utf8_valid(right[i], strlen(right[i])));
    for (size_t i = 0; i < MH_LEN(wrong); i++)
        assert_false(mh_utf8_valid(wrong[i], strlen(wrong[i])));
    assert_false(mh_utf8_valid("a\0b", 3));
    assert_false(mh_utf8_valid("\xe2\x82\xac", 2));
}

static struct mh_buf out;

static int setup(void **state)
{
    mh_buf_init(&out, 100000);
    return 0;
}

static int teardown(void **state)
{
    mh_buf_release(&out);
    return 0;
}

static void commas_are_put_between_what_stands_side_by_side(void **state)
{
    mh_json_begin(&out, '{');
    mh_json_key(&out, "a");
    mh_json_begin(&out, '[');
    mh_json_int(&out, INT64_MIN);
    mh_json_real(&out, 0.5);
    mh_json_bool(&out, true);
    mh_json_bool(&out, false);
    mh_json_null(&out);
    mh_json_begin(&out, '{');
    mh_json_end(&out, '}');
    mh_json_begin(&out, '[');
    mh_json_end(&out, ']');
    mh_json_raw(&out, "{\"b\":1}", 7);
    mh_json_end(&out, ']');
    mh_json_key(&out, "c");
    mh_json_str(&out, "d,");
    mh_json_key(&out, "e");
    mh_json_str(&out, NULL);
    mh_json_end(&out, '}');
    assert_string_equal(mh_buf_text(&out),
                        "{\"a\":[-9223372036854775808,0.5,true,false,null,{},[],{\"b\":1}],"
                        "\"c\":\"d,\",\"e\":null}");
}

static void a_newline_begins_anew(void **state)
{
    mh_json_int(&out, 1);
    mh_buf_char(&out, '\n');
    mh_json_int(&out, 2);
    assert_string_equal(mh_buf_text(&out), "1\n2");
}

static void assert_written(const char *text, size_t len, const char *expected)
{
    mh_buf_reset(&out);
    mh_json_strn(&out, text, len);
    assert_string_equal(mh_buf_text(&out), expected);
}

static void strings_are_escaped(void **state)
{
    assert_written("", 0, "\"\"");
    assert_written("a\"b\\c/", 6, "\"a\\\"b\\\\c/\"");
    assert_written("\n\r\t\b\f\x01\x1b[", 8, "\"\\n\\r\\t\\b\\f\\u0001\\u001b[\"");
    assert_written("\x7f\xc2\x9b\xc2\xa0", 5, "\"\\u007f\\u009b\xc2\xa0\"");
    assert_written("\xc3\xa9\xf0\x9f\x98\x80", 6, "\"\xc3\xa9\xf0\x9f\x98\x80\"");
}

static void bytes_that_are_no_text_are_replaced(void **state)
{
    assert_written("a\xff"
                   "b",
                   3,
                   "\"a\xef\xbf\xbd"
                   "b\"");
    assert_written("a\0b", 3,
                   "\"a\xef\xbf\xbd"
                   "b\"");
    assert_written("\xe2\x82\xac", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_written("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void what_is_written_passes_the_check(void **state)
{
    char all[256];
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    mh_json_strn(&out, all, sizeof all);
    assert_int_equal(mh_json_check(out.data, out.len, MH_JSON_ANY, NULL), 0);
}

static void assert_real(double value, const char *expected)
{
    mh_buf_reset(&out);
    mh_json_real(&out, value);
    assert_string_equal(mh_buf_text(&out), expected);
    assert_int_equal(check(expected), 0);
}

static void reals_are_as_short_as_they_may_be(void **state)
{
    assert_real(0.1, "0.1");
    assert_real(1.0 / 3, "0.3333333333333333");
    assert_real(0.1 + 0.2, "0.30000000000000004");
    assert_real(5, "5");
    assert_real(1e300, "1e+300");
    assert_real(DBL_MAX, "1.7976931348623157e+308");
    assert_real(-DBL_MIN, "-2.2250738585072014e-308");
    assert_real((double)NAN, "null");
    assert_real((double)-INFINITY, "null");
}

static void raw_json_stays_in_one_line_and_takes_a_comma(void **state)
{
    static const char pretty[] = "{\n  \"a\": \"b\\nc\",\r\n  \"d\": 0.10\n}\n";
    mh_json_begin(&out, '[');
    mh_json_raw(&out, pretty, strlen(pretty));
    mh_json_raw(&out, "12345678901234567890 \t", 22);
    mh_json_int(&out, 1);
    mh_json_end(&out, ']');
    assert_string_equal(mh_buf_text(&out), "[{   \"a\": \"b\\nc\",    \"d\": 0.10 },"
                                           "12345678901234567890,1]");
}

static void times_are_text_and_none_is_null(void **state)
{
    mh_json_time(&out, INT64_C(1700000000001));
    mh_json_time(&out, 0);
    assert_string_equal(mh_buf_text(&out), "\"2023-11-14T22:13:20.001Z\",null");
}

static void a_buffer_that_is_full_says_so(void **state)
{
    struct mh_buf small;
    mh_buf_init(&small, 8);
    mh_json_begin(&small, '[');
    mh_json_str(&small, "longer than that");
    mh_json_raw(&small, "1\n", 2);
    mh_json_end(&small, ']');
    assert_true(mh_buf_failed(&small));
    mh_buf_release(&small);
}

static bool same(const char *a, const char *b)
{
    return mh_json_same(a, strlen(a), b, strlen(b));
}

static void values_are_the_same_however_they_are_written(void **state)
{
    (void)state;
    assert_true(same("{\"a\":1,\"b\":[2.5,\"x\"]}", "{ \"b\": [2.5, \"\\u0078\"], \"a\": 1 }"));
    assert_true(same("123456789012345678901234567890", "123456789012345678901234567890"));
    assert_false(same("123456789012345678901234567890", "123456789012345678901234567891"));
    assert_false(same("{\"a\":1}", "{\"a\":2}"));
    assert_false(same("[1,2]", "[2,1]"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_value_passes),
        cmocka_unit_test(integers_of_any_length_pass_as_long_as_a_double_reaches),
        cmocka_unit_test(the_position_and_the_cause_are_told),
        cmocka_unit_test(near_json_is_refused),
        cmocka_unit_test(a_nul_byte_does_not_hide_what_follows),
        cmocka_unit_test(an_error_holds_no_part_of_the_input),
        cmocka_unit_test(depth_has_a_limit),
        cmocka_unit_test(an_object_can_be_asked_for),
        cmocka_unit_test(utf8_is_told_from_what_looks_like_it),
        cmocka_unit_test_setup_teardown(commas_are_put_between_what_stands_side_by_side, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_newline_begins_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(strings_are_escaped, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_that_are_no_text_are_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_written_passes_the_check, setup, teardown),
        cmocka_unit_test_setup_teardown(reals_are_as_short_as_they_may_be, setup, teardown),
        cmocka_unit_test_setup_teardown(raw_json_stays_in_one_line_and_takes_a_comma, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(times_are_text_and_none_is_null, setup, teardown),
        cmocka_unit_test_setup_teardown(a_buffer_that_is_full_says_so, setup, teardown),
        cmocka_unit_test(values_are_the_same_however_they_are_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
