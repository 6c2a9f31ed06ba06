#include "base/seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEX_1 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX_2 "1f1e1d1c1b1a191817161514131211100f0e0d0c0b0a09080706050403020100"
#define B64_1 "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

struct sealed {
    struct mh_buf bytes;
    char key_id[MH_SEAL_KEY_ID];
};

static struct mh_seal open_with(const char *key, const char *old)
{
    struct mh_seal seal;
    assert_int_equal(mh_seal_open(&seal, key, old, NULL), 0);
    return seal;
}

static struct sealed put(const char *key, const char *bound, const char *secret)
{
    struct sealed sealed;
    struct mh_seal seal = open_with(key, NULL);
    mh_buf_init(&sealed.bytes, 1000);
    assert_int_equal(
        mh_seal_put(&seal, bound, strlen(bound), secret, strlen(secret), &sealed.bytes, NULL), 0);
    memcpy(sealed.key_id, mh_seal_key_id(&seal), sizeof sealed.key_id);
    mh_seal_close(&seal);
    return sealed;
}

static int get(const struct mh_seal *seal, const struct sealed *sealed, const char *bound,
               char *ret_secret)
{
    size_t len;
    int r = mh_seal_get(seal, sealed->key_id, bound, strlen(bound), sealed->bytes.data,
                        sealed->bytes.len, ret_secret, &len, NULL);
    if (r == 0) ret_secret[len] = '\0';
    return r;
}

static void a_secret_opens_with_its_key_and_what_it_is_bound_to(void **state)
{
    char secret[100];
    struct sealed sealed = put(HEX_1, "acme github", "s3cret");
    struct mh_seal seal = open_with(B64_1, NULL); /* the same key, written otherwise */
    assert_int_equal(sealed.bytes.len, strlen("s3cret") + MH_SEAL_EXTRA);
    assert_null(memmem(sealed.bytes.data, sealed.bytes.len, "s3cret", 6));
    assert_int_equal(get(&seal, &sealed, "acme github", secret), 0);
    assert_string_equal(secret, "s3cret");
    assert_int_equal(get(&seal, &sealed, "other github", secret), MH_EINVAL);
    mh_seal_close(&seal);
    mh_buf_release(&sealed.bytes);
}

static void an_altered_secret_does_not_open(void **state)
{
    char secret[100];
    struct sealed sealed = put(HEX_1, "b", "s3cret");
    struct mh_seal seal = open_with(HEX_1, NULL);
    for (size_t i = 0; i < sealed.bytes.len; i++) {
        sealed.bytes.data[i] ^= 1;
        assert_int_equal(get(&seal, &sealed, "b", secret), MH_EINVAL);
        sealed.bytes.data[i] ^= 1;
    }
    size_t whole = sealed.bytes.len;
    for (sealed.bytes.len = 0; sealed.bytes.len < whole; sealed.bytes.len++)
        assert_int_equal(get(&seal, &sealed, "b", secret), MH_EINVAL);
    mh_seal_close(&seal);
    mh_buf_release(&sealed.bytes);
}

static void an_old_key_opens_and_the_new_one_seals(void **state)
{
    char secret[100];
    struct sealed sealed = put(HEX_1, "b", "s3cret");
    struct mh_seal both = open_with(HEX_2, HEX_1), without = open_with(HEX_2, NULL);
    assert_string_not_equal(mh_seal_key_id(&both), sealed.key_id);
    assert_int_equal(get(&both, &sealed, "b", secret), 0);
    assert_int_equal(get(&without, &sealed, "b", secret), MH_ENOENT);
    mh_seal_close(&both);
    mh_seal_close(&without);
    mh_buf_release(&sealed.bytes);
}

static void the_same_secret_is_sealed_differently_each_time(void **state)
{
    struct sealed one = put(HEX_1, "b", "s"), two = put(HEX_1, "b", "s");
    assert_memory_not_equal(one.bytes.data, two.bytes.data, one.bytes.len);
    mh_buf_release(&one.bytes);
    mh_buf_release(&two.bytes);
}

static void keys_are_32_bytes_in_hex_or_base64(void **state)
{
    assert_true(mh_seal_keys_valid(HEX_1, true));
    assert_true(mh_seal_keys_valid(B64_1, true));
    assert_true(mh_seal_keys_valid(HEX_1 "," B64_1, false));
    assert_false(mh_seal_keys_valid(HEX_1 "," B64_1, true));
    assert_false(mh_seal_keys_valid("", true));
    assert_false(mh_seal_keys_valid(HEX_1 ",", false));
    assert_false(mh_seal_keys_valid("0001", true));
    assert_false(mh_seal_keys_valid(B64_1 "=", true));
}

static void keys_are_wiped(void **state)
{
    static const struct mh_seal_key none[MH_SEAL_KEYS_MAX];
    struct mh_seal seal = open_with(HEX_1, HEX_2);
    mh_seal_close(&seal);
    assert_memory_equal(seal.keys, none, sizeof none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_opens_with_its_key_and_what_it_is_bound_to),
        cmocka_unit_test(an_altered_secret_does_not_open),
        cmocka_unit_test(an_old_key_opens_and_the_new_one_seals),
        cmocka_unit_test(the_same_secret_is_sealed_differently_each_time),
        cmocka_unit_test(keys_are_32_bytes_in_hex_or_base64),
        cmocka_unit_test(keys_are_wiped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
