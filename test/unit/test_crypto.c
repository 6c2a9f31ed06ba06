#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"

/* Test case 2 of RFC 4231. */
static void hmac_sha256_gives_the_published_value(void **state)
{
    static const unsigned char expected[MH_SHA256_BYTES] = {
        0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24,
        0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27,
        0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
    static const char text[] = "what do ya want for nothing?";
    unsigned char mac[MH_SHA256_BYTES];
    struct mh_crypto crypto;
    assert_int_equal(mh_crypto_load(&crypto, NULL), 0);
    assert_int_equal(mh_crypto_hmac_sha256(&crypto, "Jefe", 4, text, strlen(text), mac), 0);
    assert_memory_equal(mac, expected, sizeof mac);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmac_sha256_gives_the_published_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
