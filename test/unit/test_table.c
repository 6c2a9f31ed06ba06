#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/table.h"

static const struct mh_column columns[] = {
    {.title = "NAME", .max = 10, .shrink = 6},
    {.title = "N", .align = MH_ALIGN_RIGHT},
    {.title = "NOTE"},
};

static struct mh_out out;
static struct mh_table table;

static int setup(void **state)
{
    mh_out_init(&out, open("/dev/null", O_WRONLY));
    mh_table_begin(&table, columns, MH_LEN(columns), &out);
    return 0;
}

static int teardown(void **state)
{
    (void)close(out.fd); /* nothing was kept */
    mh_out_release(&out);
    return 0;
}

static void row(const char *name, int64_t n, const char *note)
{
    mh_table_cell(&table, name);
    mh_table_int(&table, n);
    mh_table_cell(&table, note);
}

static void assert_printed(const char *expected)
{
    mh_table_end(&table);
    assert_string_equal(mh_buf_text(&out.waiting), expected);
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
    row("a", 5, "x");
    row("abcdef", 12345, NULL);
    assert_printed("NAME        N  NOTE\n"
                   "a           5  x\n"
                   "abcdef  12345\n");
}

static void a_table_without_rows_prints_nothing(void **state)
{
    assert_printed("");
}

static void a_long_cell_is_cut_with_an_ellipsis(void **state)
{
    row("abcdefghij", 1, "");
    row("abcdefghijk", 1, "");
    assert_printed("NAME        N  NOTE\n"
                   "abcdefghij  1\n"
                   "abcdefghi\xe2\x80\xa6  1\n");
}

static void a_wide_cell_is_cut_by_columns_not_bytes(void **state)
{
    row("\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2", 1, "");
    assert_printed("NAME        N  NOTE\n"
                   "\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\xe6\xbc\xa2\xe2\x80\xa6   1\n");
}

static void columns_shrink_to_fit_a_terminal(void **state)
{
    out.columns = 15;
    row("abcdefghij", 1, "note");
    assert_printed("NAME    N  NOTE\n"
                   "abcde\xe2\x80\xa6  1  note\n");
}

static void control_characters_do_not_get_through(void **state)
{
    row("a\x1b[2Jb", 1, "c\nd");
    assert_printed("NAME    N  NOTE\n"
                   "a\xef\xbf\xbd[2Jb  1  c d\n");
}

static void a_page_does_not_repeat_the_head(void **state)
{
    for (int i = 0; i < 1001; i++)
        row("a", i, "");
    mh_table_end(&table);
    const char *text = mh_buf_text(&out.waiting);
    assert_non_null(strstr(text, "NAME    N  NOTE\na       0\n"));
    assert_null(strstr(text + 4, "NAME"));
    assert_non_null(strstr(text, "a     999\na     1000\n"));
}

static void colours_appear_only_where_they_are_wanted(void **state)
{
    mh_table_coloured(&table, "a", MH_COLOUR_RED);
    row("1", 2, "");
    assert_null(strchr(mh_buf_text(&out.waiting), '\x1b'));
    mh_table_end(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(columns_are_as_wide_as_their_widest_cell, setup, teardown),
        cmocka_unit_test_setup_teardown(a_table_without_rows_prints_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_cell_is_cut_with_an_ellipsis, setup, teardown),
        cmocka_unit_test_setup_teardown(a_wide_cell_is_cut_by_columns_not_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(columns_shrink_to_fit_a_terminal, setup, teardown),
        cmocka_unit_test_setup_teardown(control_characters_do_not_get_through, setup, teardown),
        cmocka_unit_test_setup_teardown(a_page_does_not_repeat_the_head, setup, teardown),
        cmocka_unit_test_setup_teardown(colours_appear_only_where_they_are_wanted, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
