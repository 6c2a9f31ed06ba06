/* The words of the contract, as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "store/job.h"

static void a_status_reads_back_from_its_name(void **state)
{
    const char *const names[] = {"pending", "processing", "completed", "failed", "cancelled"};
    for (int i = 0; i < MH_STATUS__COUNT; i++) {
        assert_string_equal(mh_status_name((enum mh_status)i), names[i]);
        assert_int_equal(mh_status_parse(names[i]), i);
    }
    assert_int_equal(mh_status_parse("Pending"), MH_STATUS_NONE);
    assert_int_equal(mh_status_parse(""), MH_STATUS_NONE);
    assert_string_equal(mh_status_name(MH_STATUS_NONE), "none");
}

static void a_plan_reads_back_from_its_name(void **state)
{
    const struct {
        const char *name;
        int priority;
    } plans[] = {{"free", 0}, {"starter", 5}, {"pro", 10}, {"enterprise", 10}};
    for (int i = 0; i < MH_PLAN__COUNT; i++) {
        enum mh_plan plan = MH_PLAN__COUNT;
        assert_string_equal(mh_plan_name((enum mh_plan)i), plans[i].name);
        assert_int_equal(mh_plan_priority((enum mh_plan)i), plans[i].priority);
        assert_int_equal(mh_plan_parse(plans[i].name, &plan), 0);
        assert_int_equal(plan, i);
    }
    enum mh_plan untouched = MH_PLAN_PRO;
    assert_int_equal(mh_plan_parse("gold", &untouched), MH_EINVAL);
    assert_int_equal(untouched, MH_PLAN_PRO);
}

static void a_type_has_letters_digits_and_four_marks(void **state)
{
    char longest[MH_TYPE_MAX + 2];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_true(mh_type_valid("a"));
    assert_true(mh_type_valid("Mail.send-now_2:eu"));
    assert_true(mh_type_valid(longest + 1));
    assert_false(mh_type_valid(longest));
    assert_false(mh_type_valid(""));
    assert_false(mh_type_valid("a b"));
    assert_false(mh_type_valid("a/b"));
    assert_false(mh_type_valid("caf\xc3\xa9"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_status_reads_back_from_its_name),
        cmocka_unit_test(a_plan_reads_back_from_its_name),
        cmocka_unit_test(a_type_has_letters_digits_and_four_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
