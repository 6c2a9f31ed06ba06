#include "http/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void literals_become_addresses(void **state)
{
    (void)state;
    struct mh_address address;
    assert_int_equal(mh_address_set("127.0.0.1", 8080, &address, NULL), 0);
    assert_string_equal(address.text, "127.0.0.1:8080");
    assert_int_equal(address.len, sizeof(struct sockaddr_in));
    assert_int_equal(mh_address_set("::1", 1, &address, NULL), 0);
    assert_string_equal(address.text, "[::1]:1");
    assert_int_equal(address.len, sizeof(struct sockaddr_in6));
}

static void names_are_refused(void **state)
{
    (void)state;
    struct mh_err err;
    struct mh_address address;
    assert_int_equal(mh_address_set("localhost", 8080, &address, &err), MH_EINVAL);
    assert_string_equal(err.text, "\"localhost\" is not an IPv4 or IPv6 address");
}

static void everywhere_is_asked_on_loopback(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"0.0.0.0", "127.0.0.1:80"},
                                           {"::", "[::1]:80"},
                                           {"192.0.2.1", "192.0.2.1:80"},
                                           {"2001:db8::1", "[2001:db8::1]:80"}};
    for (size_t i = 0; i < MH_LEN(cases); i++) {
        struct mh_address address;
        assert_int_equal(mh_address_set(cases[i][0], 80, &address, NULL), 0);
        mh_address_to_loopback(&address);
        assert_string_equal(address.text, cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_become_addresses),
        cmocka_unit_test(names_are_refused),
        cmocka_unit_test(everywhere_is_asked_on_loopback),
    };
    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
