#include "queue/place.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"

static void what_is_written_is_read(void **state)
{
    static const char *const texts[] = {"0", "7", "17.0", "17.3", "999999999999999999.999999999"};
    char text[MH_PLACE_TEXT];
    struct mh_place place;
    (void)state;
    for (size_t i = 0; i < MH_LEN(texts); i++) {
        assert_true(mh_place_parse(texts[i], &place));
        mh_place_format(&place, text);
        assert_string_equal(text, texts[i]);
    }
    assert_true(mh_place_parse("17.3", &place));
    assert_true(place.pos == 17 && place.index == 3);
}

static void what_is_none_is_refused(void **state)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "-1",
                                        "+1",
                                        "1.",
                                        ".1",
                                        "01",
                                        "1.01",
                                        "1 ",
                                        " 1",
                                        "1.2.3",
                                        "1.x",
                                        "0x1f",
                                        "1e3",
                                        "1,2",
                                        "1000000000000000000",
                                        "1.1000000000"};
    struct mh_place place = {-7, -7};
    (void)state;
    for (size_t i = 0; i < MH_LEN(texts); i++)
        assert_false(mh_place_parse(texts[i], &place));
    assert_true(place.pos == -7 && place.index == -7);
}

static void a_row_stands_behind_all_of_its_events(void **state)
{
    static const char *const order[] = {"6", "7.0", "7.1", "7.10", "7", "8.0"};
    struct mh_place places[MH_LEN(order)];
    (void)state;
    for (size_t i = 0; i < MH_LEN(order); i++)
        assert_true(mh_place_parse(order[i], &places[i]));
    for (size_t i = 0; i < MH_LEN(order); i++)
        for (size_t j = 0; j < MH_LEN(order); j++) {
            int sign = mh_place_compare(&places[i], &places[j]);
            assert_true(i < j ? sign < 0 : i > j ? sign > 0 : sign == 0);
        }
    assert_int_equal(places[4].index, INT_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(a_row_stands_behind_all_of_its_events),
    };
    return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
