#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"

static void set_returns_the_code_and_keeps_text_and_code(void **state)
{
    struct mh_err err;
    assert_int_equal(mh_err_set(&err, MH_ENOENT, "unable to find job %d: no such job", 7),
                     MH_ENOENT);
    assert_int_equal(err.code, MH_ENOENT);
    assert_string_equal(err.text, "unable to find job 7: no such job");
}

static void without_an_err_the_code_alone_is_passed_on(void **state)
{
    assert_int_equal(mh_err_set(NULL, MH_ELIMIT, "x"), MH_ELIMIT);
    assert_int_equal(mh_err_sys(NULL, EACCES, "x"), MH_EIO);
    assert_int_equal(mh_err_sys(NULL, ENOMEM, "x"), MH_ENOMEM);
    assert_int_equal(mh_err_prefix(NULL, MH_ECONN, "x"), MH_ECONN);
}

static void a_system_error_ends_in_its_cause(void **state)
{
    struct mh_err err;
    assert_int_equal(mh_err_sys(&err, EACCES, "unable to open %s", "f.db"), MH_EIO);
    assert_int_equal(err.code, MH_EIO);
    assert_string_equal(err.text, "unable to open f.db: Permission denied");
}

static void a_long_path_does_not_push_out_the_cause(void **state)
{
    struct mh_err err;
    char path[4096];
    memset(path, 'p', sizeof path);
    path[sizeof path - 1] = '\0';
    (void)mh_err_sys(&err, EACCES, "unable to open %s", path);
    assert_non_null(strstr(err.text, ": Permission denied"));
}

static void a_prefix_goes_in_front_and_leaves_the_code(void **state)
{
    struct mh_err err;
    int r = mh_err_set(&err, MH_ESTORE, "unable to read job: no table");
    assert_int_equal(mh_err_prefix(&err, r, "%s", "sqlite:q.db"), MH_ESTORE);
    assert_int_equal(err.code, MH_ESTORE);
    assert_string_equal(err.text, "sqlite:q.db: unable to read job: no table");
}

static void text_too_long_is_cut_and_ended(void **state)
{
    struct mh_err err;
    char text[2000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    (void)mh_err_set(&err, MH_EINVAL, "%s", text);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    (void)mh_err_prefix(&err, MH_EINVAL, "%s", text);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_non_null(strstr(err.text, ": x"));
}

static void control_characters_become_spaces(void **state)
{
    struct mh_err err;
    (void)mh_err_set(&err, MH_EINVAL, "%s",
                     "a\nb\x1b[31mc\x7f"
                     "d\xc2\x9b"
                     "e\xc3\xa9");
    assert_string_equal(err.text, "a b [31mc d  e\xc3\xa9");
    (void)mh_err_prefix(&err, MH_EINVAL, "%s", "\tp");
    assert_string_equal(err.text, " p: a b [31mc d  e\xc3\xa9");
}

static void an_argument_may_be_the_old_text(void **state)
{
    struct mh_err err;
    (void)mh_err_set(&err, MH_EINVAL, "old");
    (void)mh_err_set(&err, MH_EINVAL, "new and %s", err.text);
    assert_string_equal(err.text, "new and old");
    (void)mh_err_prefix(&err, MH_EINVAL, "%s", err.text);
    assert_string_equal(err.text, "new and old: new and old");
}

static void every_code_has_a_name(void **state)
{
    assert_string_equal(mh_code_name(MH_OK), "MH_OK");
    assert_string_equal(mh_code_name(MH_EINVAL), "MH_EINVAL");
    assert_string_equal(mh_code_name(MH_EPERM), "MH_EPERM");
    assert_string_equal(mh_code_name(MH_EPERM - 1), "unknown code");
    assert_string_equal(mh_code_name(1), "unknown code");
    assert_string_equal(mh_code_name(INT32_MIN), "unknown code");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_returns_the_code_and_keeps_text_and_code),
        cmocka_unit_test(without_an_err_the_code_alone_is_passed_on),
        cmocka_unit_test(a_system_error_ends_in_its_cause),
        cmocka_unit_test(a_long_path_does_not_push_out_the_cause),
        cmocka_unit_test(a_prefix_goes_in_front_and_leaves_the_code),
        cmocka_unit_test(text_too_long_is_cut_and_ended),
        cmocka_unit_test(control_characters_become_spaces),
        cmocka_unit_test(an_argument_may_be_the_old_text),
        cmocka_unit_test(every_code_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
