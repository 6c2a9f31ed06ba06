#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "queue/member.h"

static json_t *json(const char *text)
{
    json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(value);
    return value;
}

static void reads_a_string(void **state)
{
    struct mh_arena arena;
    struct mh_err err;
    const char *text = NULL;
    json_t *value = json("\"mail\""), *number = json("5");
    mh_arena_init(&arena, 1000);
    assert_int_equal(mh_member_str(&arena, "type", value, &text, &err), 0);
    assert_string_equal(text, "mail");
    assert_int_equal(mh_member_str(&arena, "type", number, &text, &err), MH_EINVAL);
    assert_string_equal(err.text, "type: expected a string");
    json_decref(value);
    json_decref(number);
    mh_arena_release(&arena);
}

static void reads_a_whole_number_within_its_bounds(void **state)
{
    static const char *const wrong[] = {"101", "-1", "1.5", "\"5\"", "1e400000000000"};
    struct mh_err err;
    int number = -1;
    json_t *value = json("100");
    assert_int_equal(mh_member_int("priority", value, 0, 100, &number, &err), 0);
    assert_int_equal(number, 100);
    json_decref(value);
    for (size_t i = 0; i < MH_LEN(wrong); i++) {
        value = json_loads(wrong[i], JSON_DECODE_ANY, NULL); /* NULL: a number out of all range */
        assert_int_equal(mh_member_int("priority", value, 0, 100, &number, &err), MH_EINVAL);
        assert_string_equal(err.text, "priority: expected a whole number from 0 to 100");
        json_decref(value);
    }
    assert_int_equal(number, 100);
}

static void names_an_unknown_member_but_not_all_of_it(void **state)
{
    char name[100];
    struct mh_err err;
    memset(name, 'x', sizeof name);
    const struct mh_member member = {.name = name, .name_len = sizeof name};
    assert_int_equal(mh_member_unknown(&member, &err), MH_EINVAL);
    assert_int_equal(strlen(err.text), strlen("unknown member \"\"") + 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_string),
        cmocka_unit_test(reads_a_whole_number_within_its_bounds),
        cmocka_unit_test(names_an_unknown_member_but_not_all_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
