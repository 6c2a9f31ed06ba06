#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "base/compiler.h"
#include "base/netaddr.h"

static bool is_public(const char *text)
{
    struct sockaddr_in in = {.sin_family = AF_INET};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
        return mh_netaddr_public((const struct sockaddr *)&in);
    assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
    return mh_netaddr_public((const struct sockaddr *)&in6);
}

static void addresses_of_this_machine_and_its_network_are_not_public(void **state)
{
    static const char *const inside[] = {
        "0.0.0.0",         "0.1.2.3",         "10.0.0.1",        "10.255.255.255",  "100.64.0.1",
        "100.127.255.255", "127.0.0.1",       "127.255.255.254", "169.254.169.254", "172.16.0.1",
        "172.31.255.255",  "192.0.0.8",       "192.0.2.1",       "192.168.255.1",   "198.18.0.1",
        "198.19.255.255",  "198.51.100.7",    "203.0.113.7",     "224.0.0.1",       "239.1.1.1",
        "240.0.0.1",       "255.255.255.255",
    };
    for (size_t i = 0; i < MH_LEN(inside); i++)
        if (is_public(inside[i])) fail_msg("%s", inside[i]);
}

static void their_neighbours_are_public(void **state)
{
    static const char *const outside[] = {
        "1.0.0.0",         "9.255.255.255",   "11.0.0.0",
        "100.63.255.255",  "100.128.0.0",     "126.255.255.255",
        "128.0.0.0",       "169.253.255.255", "169.255.0.0",
        "172.15.255.255",  "172.32.0.0",      "192.0.1.0",
        "192.0.3.0",       "192.167.255.255", "192.169.0.0",
        "198.17.255.255",  "198.20.0.0",      "223.255.255.255",
        "8.8.8.8",         "2001:200::1",     "2001:4860:4860::8888",
        "2606:4700::1111", "2a00::1",         "3ffe::1",
    };
    for (size_t i = 0; i < MH_LEN(outside); i++)
        if (!is_public(outside[i])) fail_msg("%s", outside[i]);
}

static void ipv6_is_judged_by_its_range_and_by_the_ipv4_it_carries(void **state)
{
    static const char *const inside[] = {
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::8.8.8.8",
        "2002:7f00:1::",
        "2002:a00:1::1",
        "2001::1",
        "2001:1ff::1",
        "2001:db8::1",
        "100::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "3fff::1",
        "4000::1",
    };
    for (size_t i = 0; i < MH_LEN(inside); i++)
        if (is_public(inside[i])) fail_msg("%s", inside[i]);
    assert_true(is_public("::ffff:8.8.8.8"));
    assert_true(is_public("64:ff9b::8.8.8.8"));
    assert_true(is_public("2002:808:808::1"));
}

static void other_families_are_not_public(void **state)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/tmp/x"};
    char text[MH_NETADDR_TEXT];
    assert_false(mh_netaddr_public((const struct sockaddr *)&local));
    mh_netaddr_text((const struct sockaddr *)&local, text);
    assert_string_equal(text, "?");
}

static void an_address_is_shown_as_numbers(void **state)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(0x7f000001)}};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    char text[MH_NETADDR_TEXT];
    mh_netaddr_text((const struct sockaddr *)&in, text);
    assert_string_equal(text, "127.0.0.1");
    mh_netaddr_text((const struct sockaddr *)&in6, text);
    assert_string_equal(text, "::1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_this_machine_and_its_network_are_not_public),
        cmocka_unit_test(their_neighbours_are_public),
        cmocka_unit_test(ipv6_is_judged_by_its_range_and_by_the_ipv4_it_carries),
        cmocka_unit_test(other_families_are_not_public),
        cmocka_unit_test(an_address_is_shown_as_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
