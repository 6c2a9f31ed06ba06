#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/curl.h"

static void every_function_is_there(void **state)
{
    struct mh_curl curl = {0};
    assert_int_equal(mh_curl_load(&curl, NULL), 0);
#define CHECK(name) assert_non_null(curl.name);
    MH_CURL_FUNCTIONS(CHECK)
#undef CHECK
    assert_string_equal(curl.easy_strerror(CURLE_OK), "No error");
}

static void it_may_be_loaded_again(void **state)
{
    struct mh_curl one = {0}, two = {0};
    assert_int_equal(mh_curl_load(&one, NULL), 0);
    assert_int_equal(mh_curl_load(&two, NULL), 0);
    CURL *easy = two.easy_init();
    assert_non_null(easy);
    two.easy_cleanup(easy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_function_is_there),
        cmocka_unit_test(it_may_be_loaded_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
