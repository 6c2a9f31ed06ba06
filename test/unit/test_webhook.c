#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"
#include "base/webhook.h"

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

/* The vector of the reference libraries (github.com/standard-webhooks/standard-webhooks). */
#define ID        "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define TIMESTAMP 1614265330
#define BODY      "{\"test\": 2432232314}"
#define SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static void assert_signature(const char *secrets, const char *expected)
{
    struct mh_crypto crypto;
    struct mh_webhook_keys keys;
    struct mh_buf message, out;
    mh_buf_init(&message, 4096);
    mh_buf_init(&out, 4096);
    assert_int_equal(mh_crypto_load(&crypto, NULL), 0);
    assert_int_equal(mh_webhook_keys_parse(secrets, &keys), 0);
    mh_webhook_begin(&message, ID, TIMESTAMP);
    mh_buf_str(&message, BODY);
    assert_int_equal(mh_webhook_sign(&crypto, &keys, &message, &out), 0);
    assert_string_equal(mh_buf_text(&out), expected);
    mh_buf_release(&message);
    mh_buf_release(&out);
}

static void a_message_gets_the_published_signature(void **state)
{
    assert_signature(SECRET, SIGNATURE);
}

static void each_of_several_secrets_signs(void **state)
{
    assert_signature(SECRET "  " SECRET, SIGNATURE " " SIGNATURE);
}

static int parse(const char *secrets)
{
    struct mh_webhook_keys keys;
    return mh_webhook_keys_parse(secrets, &keys);
}

static void what_is_no_secret_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        " ",
        "secret",
        "whsec_",
        "whsec_c2hvcnQ=",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa!!",
        SECRET "," SECRET,
        SECRET " short",
        SECRET " " SECRET " " SECRET " " SECRET " " SECRET,
        SECRET "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    };
    for (size_t i = 0; i < MH_LEN(wrong); i++)
        assert_int_equal(parse(wrong[i]), MH_EINVAL);
    assert_int_equal(parse(" " SECRET " "), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_gets_the_published_signature),
        cmocka_unit_test(each_of_several_secrets_signs),
        cmocka_unit_test(what_is_no_secret_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
