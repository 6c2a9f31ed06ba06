#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

static char folder[64];
static struct mh_buf buf;

static int setup(void **state)
{
    (void)snprintf(folder, sizeof folder, "/tmp/mh-file-XXXXXX");
    mh_buf_init(&buf, 100000);
    return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    mh_buf_release(&buf);
    (void)unlink("f"); /* not every test made one */
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static void write_file(size_t len)
{
    FILE *file = fopen("f", "w");
    assert_non_null(file);
    for (size_t i = 0; i < len; i++)
        assert_int_not_equal(fputc('a' + (int)(i % 26), file), EOF);
    assert_int_equal(fclose(file), 0);
}

static void the_whole_file_is_appended(void **state)
{
    write_file(70000);
    mh_buf_str(&buf, "head ");
    assert_int_equal(mh_file_read("f", &buf, NULL), 0);
    assert_int_equal(buf.len, 70005);
    assert_memory_equal(mh_buf_text(&buf), "head abcdef", 11);
    assert_int_equal(buf.data[70004], 'a' + 69999 % 26);
}

static void an_empty_file_adds_nothing(void **state)
{
    write_file(0);
    assert_int_equal(mh_file_read("f", &buf, NULL), 0);
    assert_string_equal(mh_buf_text(&buf), "");
}

static void the_maximum_of_the_buffer_is_the_limit(void **state)
{
    struct mh_err err = {0};
    struct mh_buf small;
    mh_buf_init(&small, 20000);
    write_file(20000);
    assert_int_equal(mh_file_read("f", &small, &err), 0);
    mh_buf_reset(&small);
    write_file(20001);
    assert_int_equal(mh_file_read("f", &small, &err), MH_ELIMIT);
    assert_string_equal(err.text, "unable to read f: larger than 20000 bytes");
    mh_buf_release(&small);
}

static void a_file_that_is_not_there_has_its_own_code(void **state)
{
    struct mh_err err = {0};
    assert_int_equal(mh_file_read("none", &buf, &err), MH_ENOENT);
    assert_string_equal(err.text, "unable to read none: no such file");
}

static void a_failing_system_call_is_named(void **state)
{
    struct mh_err err = {0};
    assert_int_equal(mh_file_read("/dev/null/x", &buf, &err), MH_EIO);
    assert_string_equal(err.text, "unable to read /dev/null/x: Not a directory");
    assert_int_equal(mh_file_read(folder, &buf, &err), MH_EIO);
    assert_non_null(strstr(err.text, ": Is a directory"));
}

static void a_pipe_is_read_to_its_end(void **state)
{
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(write(fds[1], "through", 7), 7);
    assert_int_equal(close(fds[1]), 0);
    assert_int_equal(mh_file_read_fd(fds[0], "standard input", &buf, NULL), 0);
    assert_string_equal(mh_buf_text(&buf), "through");
    assert_int_equal(close(fds[0]), 0);
}

static void assert_absolute(const char *path, const char *expected)
{
    char *absolute = mh_path_absolute(path);
    assert_string_equal(absolute, expected);
    free(absolute);
}

static void a_relative_path_gets_the_working_directory(void **state)
{
    char expected[128];
    (void)snprintf(expected, sizeof expected, "%s/sub/q.db", folder);
    assert_absolute("sub/q.db", expected);
    assert_absolute("/x/y", "/x/y");
    assert_int_equal(chdir("/"), 0);
    assert_absolute("q.db", "/q.db");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_whole_file_is_appended, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_file_adds_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(the_maximum_of_the_buffer_is_the_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_there_has_its_own_code, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failing_system_call_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_pipe_is_read_to_its_end, setup, teardown),
        cmocka_unit_test_setup_teardown(a_relative_path_gets_the_working_directory, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
