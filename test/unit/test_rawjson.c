#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "queue/rawjson.h"

/* The value of `name` in `text`, or "-" where there is no such member. */
static const char *value_of(const char *text, const char *name)
{
    static char found[200];
    struct mh_member member;
    struct mh_rawjson scan = mh_rawjson_begin(text, strlen(text));
    while (mh_rawjson_next(&scan, &member)) {
        if (!mh_rawjson_is(&member, name)) continue;
        assert_in_range(member.value_len, 1, sizeof found - 1);
        memcpy(found, member.value, member.value_len);
        found[member.value_len] = '\0';
        return found;
    }
    return "-";
}

static void gives_values_as_they_were_written(void **state)
{
    const char *text =
        " {\"a\": 1.50 ,\n\"b\":\t{\"x\" : [1, {\"y\":2}]} , \"c\":\"}\\\"{\",\"d\":[]}";
    assert_string_equal(value_of(text, "a"), "1.50");
    assert_string_equal(value_of(text, "b"), "{\"x\" : [1, {\"y\":2}]}");
    assert_string_equal(value_of(text, "c"), "\"}\\\"{\"");
    assert_string_equal(value_of(text, "d"), "[]");
}

static void a_number_of_any_length_is_a_value(void **state)
{
    assert_string_equal(value_of("{\"n\":123456789012345678901234567890}", "n"),
                        "123456789012345678901234567890");
    assert_string_equal(value_of("{\"n\":-1e5,\"t\":true}", "t"), "true");
}

static void an_object_without_members_has_none(void **state)
{
    assert_string_equal(value_of("{}", "a"), "-");
    assert_string_equal(value_of(" { } ", "a"), "-");
}

static void inner_members_are_not_members(void **state)
{
    assert_string_equal(value_of("{\"o\":{\"a\":1}}", "a"), "-");
    assert_string_equal(value_of("{\"s\":\"\\\"a\\\":1\"}", "a"), "-");
}

static void a_name_is_the_same_however_it_is_escaped(void **state)
{
    assert_string_equal(value_of("{\"pay\\u006coad\":1}", "payload"), "1");
    assert_string_equal(value_of("{\"pay\\u006Coad\":1}", "payload"), "1");
    assert_string_equal(value_of("{\"pay\\u016coad\":1}", "payload"), "-");
    assert_string_equal(value_of("{\"a\\/b\\n\":1}", "a/b\n"), "1");
    assert_string_equal(value_of("{\"payloads\":1}", "payload"), "-");
    assert_string_equal(value_of("{\"payloa\":1}", "payload"), "-");
    assert_string_equal(value_of("{\"\":1}", ""), "1");
    assert_string_equal(value_of("{\"a\\\\\":1,\"b\":2}", "b"), "2");
}

static void text_that_ends_early_is_not_read_past(void **state)
{
    static const char whole[] = "{\"a\\u0041\":{\"b\":[\"c\\\"\"]},\"d\":1}";
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        char part[sizeof whole];
        memcpy(part, whole, len);
        struct mh_member member;
        struct mh_rawjson scan = mh_rawjson_begin(part, len);
        while (mh_rawjson_next(&scan, &member)) {
            assert_true(member.name + member.name_len <= part + len);
            assert_true(member.value + member.value_len <= part + len);
            (void)mh_rawjson_is(&member, "aA");
        }
    }
}

static void items_of_an_array_are_found(void **state)
{
    static const char text[] = " [ {\"a\":[1,2]} ,7,\"x]\", [ ] ,null ] ";
    static const char *const items[] = {"{\"a\":[1,2]}", "7", "\"x]\"", "[ ]", "null"};
    struct mh_rawjson scan = mh_rawjson_begin(text, sizeof text - 1);
    const char *item;
    size_t len, count = 0;
    while (mh_rawjson_next_item(&scan, &item, &len)) {
        assert_true(count < MH_LEN(items));
        assert_int_equal(len, strlen(items[count]));
        assert_memory_equal(item, items[count++], len);
    }
    assert_int_equal(count, MH_LEN(items));
    scan = mh_rawjson_begin("[ ]", 3);
    assert_false(mh_rawjson_next_item(&scan, &item, &len));
    for (size_t end = 0; end < sizeof text - 1; end++) {
        scan = mh_rawjson_begin(text, end);
        while (mh_rawjson_next_item(&scan, &item, &len))
            assert_true(item + len <= text + end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_values_as_they_were_written),
        cmocka_unit_test(a_number_of_any_length_is_a_value),
        cmocka_unit_test(an_object_without_members_has_none),
        cmocka_unit_test(inner_members_are_not_members),
        cmocka_unit_test(a_name_is_the_same_however_it_is_escaped),
        cmocka_unit_test(text_that_ends_early_is_not_read_past),
        cmocka_unit_test(items_of_an_array_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
