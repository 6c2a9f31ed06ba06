#include "http/jwt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW    INT64_C(1800000000)
#define SECRET "a secret of thirty-two bytes or more"

static struct mh_crypto crypto;

static void sign(const char *claims, struct mh_buf *out)
{
    mh_buf_init(out, 4 * MH_JWT_MAX);
    assert_int_equal(mh_jwt_sign(&crypto, SECRET, claims, out, NULL), 0);
}

static int verify(const char *claims, const char *secret, int64_t now_s)
{
    const struct mh_jwt_rules rules = {.crypto = &crypto, .secret = secret};
    const char *read = NULL;
    struct mh_buf token;
    struct mh_arena arena;
    struct mh_err err;
    mh_arena_init(&arena, 1 << 16);
    sign(claims, &token);
    int r =
        mh_jwt_verify(&rules, mh_buf_text(&token), token.len, now_s * 1000, &arena, &read, &err);
    if (r == 0) assert_string_equal(read, claims);
    mh_arena_release(&arena);
    mh_buf_release(&token);
    return r;
}

static void what_was_signed_is_read_back(void **state)
{
    assert_int_equal(verify("{\"exp\":1800000001,\"a\":\"\xc3\xa4\"}", SECRET, NOW), 0);
}

static void a_token_holds_for_its_time_and_half_a_minute(void **state)
{
    static const char claims[] = "{\"exp\":1800000000,\"nbf\":1799999900}";
    assert_int_equal(verify(claims, SECRET, NOW + 29), 0);
    assert_int_equal(verify(claims, SECRET, NOW + 30), MH_EINVAL);
    assert_int_equal(verify(claims, SECRET, NOW - 130), 0);
    assert_int_equal(verify(claims, SECRET, NOW - 131), MH_EINVAL);
    assert_int_equal(verify("{}", SECRET, NOW), MH_EINVAL);
}

static void another_secret_or_none_refuses(void **state)
{
    static const char claims[] = "{\"exp\":1800000001}";
    assert_int_equal(verify(claims, "another secret", NOW), MH_EINVAL);
    assert_int_equal(verify(claims, NULL, NOW), MH_EINVAL);
}

static void every_altered_byte_refuses(void **state)
{
    const struct mh_jwt_rules rules = {.crypto = &crypto, .secret = SECRET};
    const char *claims;
    struct mh_buf token;
    sign("{\"exp\":1800000001}", &token);
    for (size_t i = 0; i < token.len; i++) {
        struct mh_arena arena;
        char kept = token.data[i];
        mh_arena_init(&arena, 1 << 16);
        token.data[i] = kept == 'A' ? 'B' : 'A';
        assert_int_equal(
            mh_jwt_verify(&rules, token.data, token.len, NOW * 1000, &arena, &claims, NULL),
            MH_EINVAL);
        token.data[i] = kept;
        assert_int_equal(mh_jwt_verify(&rules, token.data, i, NOW * 1000, &arena, &claims, NULL),
                         MH_EINVAL);
        mh_arena_release(&arena);
    }
    mh_buf_release(&token);
}

static int load(void **state)
{
    return mh_crypto_load(&crypto, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_signed_is_read_back),
        cmocka_unit_test(a_token_holds_for_its_time_and_half_a_minute),
        cmocka_unit_test(another_secret_or_none_refuses),
        cmocka_unit_test(every_altered_byte_refuses),
    };
    return cmocka_run_group_tests(tests, load, NULL);
}
