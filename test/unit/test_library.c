#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/library.h"

static void a_function_is_found_and_can_be_called(void **state)
{
    size_t (*length)(const char *) = NULL;
    void *library = dlopen("libc.so.6", RTLD_LAZY);
    assert_non_null(library);
    assert_true(mh_library_find(library, "strlen", &length));
    assert_int_equal(length("four"), 4);
    assert_int_equal(dlclose(library), 0);
}

static void a_function_that_is_not_there_leaves_the_pointer_alone(void **state)
{
    size_t (*length)(const char *) = NULL;
    void *library = dlopen("libc.so.6", RTLD_LAZY);
    assert_non_null(library);
    assert_false(mh_library_find(library, "millhand_has_no_such", &length));
    assert_null(length);
    assert_int_equal(dlclose(library), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_function_is_found_and_can_be_called),
        cmocka_unit_test(a_function_that_is_not_there_leaves_the_pointer_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
