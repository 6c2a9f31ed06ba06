#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/lines.h"

/* What came, one line each: "text" or, cut, "text~". */
static struct mh_buf seen;
static struct mh_lines lines;

static void record(void *arg, const char *line, size_t len, bool cut)
{
    assert_int_equal(strlen(line), len);
    mh_buf_printf(&seen, "%s%s|", line, cut ? "~" : "");
}

static void stop_at_first(void *arg, const char *line, size_t len, bool cut)
{
    record(arg, line, len, cut);
    lines.stopped = true;
}

static int setup(void **state)
{
    mh_buf_init(&seen, 10000);
    mh_lines_init(&lines, 8, record, NULL);
    return 0;
}

static int teardown(void **state)
{
    mh_lines_release(&lines);
    mh_buf_release(&seen);
    return 0;
}

static void feed(const char *text)
{
    mh_lines_feed(&lines, text, strlen(text));
}

static void each_line_comes_once_and_without_its_newline(void **state)
{
    feed("one\ntwo\n\nthree\n");
    assert_string_equal(mh_buf_text(&seen), "one|two||three|");
}

static void a_line_may_come_in_pieces(void **state)
{
    feed("o");
    feed("n");
    feed("e");
    assert_string_equal(mh_buf_text(&seen), "");
    feed("\nt");
    feed("wo\n");
    assert_string_equal(mh_buf_text(&seen), "one|two|");
}

static void the_last_line_needs_no_newline(void **state)
{
    feed("one\ntwo");
    mh_lines_end(&lines);
    assert_string_equal(mh_buf_text(&seen), "one|two|");
    mh_lines_end(&lines);
    assert_string_equal(mh_buf_text(&seen), "one|two|");
}

static void the_end_of_a_stream_of_whole_lines_adds_none(void **state)
{
    feed("one\n");
    mh_lines_end(&lines);
    assert_string_equal(mh_buf_text(&seen), "one|");
}

static void a_line_of_the_maximum_is_whole(void **state)
{
    feed("12345678\n1234");
    feed("5678");
    mh_lines_end(&lines);
    assert_string_equal(mh_buf_text(&seen), "12345678|12345678|");
}

static void a_longer_line_is_cut_and_its_rest_dropped(void **state)
{
    feed("123456789\nnext\n");
    assert_string_equal(mh_buf_text(&seen), "12345678~|next|");
}

static void a_line_without_end_is_given_as_soon_as_it_is_too_long(void **state)
{
    feed("12345678");
    assert_string_equal(mh_buf_text(&seen), "");
    feed("9");
    assert_string_equal(mh_buf_text(&seen), "12345678~|");
    feed("more of it, much more");
    mh_lines_end(&lines);
    assert_string_equal(mh_buf_text(&seen), "12345678~|");
}

static void bytes_after_a_stop_are_ignored(void **state)
{
    lines.fn = stop_at_first;
    feed("one\ntwo\n");
    feed("three\n");
    mh_lines_end(&lines);
    assert_string_equal(mh_buf_text(&seen), "one|");
}

static void a_stop_at_a_cut_line_holds_too(void **state)
{
    lines.fn = stop_at_first;
    feed("123456789\ntwo\n");
    mh_lines_end(&lines);
    assert_string_equal(mh_buf_text(&seen), "12345678~|");
}

static void lost_memory_ends_it(void **state)
{
    lines.part.max = 4; /* as if the fifth byte found no memory */
    feed("1234\n12345\n12\n");
    assert_true(lines.failed);
    feed("next\n");
    mh_lines_end(&lines);
    assert_string_equal(mh_buf_text(&seen), "1234|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_line_comes_once_and_without_its_newline, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_line_may_come_in_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_line_needs_no_newline, setup, teardown),
        cmocka_unit_test_setup_teardown(the_end_of_a_stream_of_whole_lines_adds_none, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_line_of_the_maximum_is_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(a_longer_line_is_cut_and_its_rest_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(a_line_without_end_is_given_as_soon_as_it_is_too_long,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_after_a_stop_are_ignored, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stop_at_a_cut_line_holds_too, setup, teardown),
        cmocka_unit_test_setup_teardown(lost_memory_ends_it, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
