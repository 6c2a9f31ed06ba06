#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"
#include "base/err.h"

static const struct pair {
    const char *plain, *coded;
} pairs[] = {
    /* of RFC 4648, section 10 */
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xfe", "+//+"},
};

static void bytes_are_written_and_read_back(void **state)
{
    for (size_t i = 0; i < MH_LEN(pairs); i++) {
        char bytes[16];
        size_t len = 99;
        struct mh_buf out;
        mh_buf_init(&out, 64);
        mh_base64_encode(pairs[i].plain, strlen(pairs[i].plain), &out);
        assert_string_equal(mh_buf_text(&out), pairs[i].coded);
        assert_int_equal(mh_base64_decode(out.data, out.len, bytes, sizeof bytes, &len), 0);
        assert_int_equal(len, strlen(pairs[i].plain));
        assert_memory_equal(bytes, pairs[i].plain, len);
        mh_buf_release(&out);
    }
}

static void the_form_for_urls_has_its_alphabet_and_no_padding(void **state)
{
    struct mh_buf out;
    mh_buf_init(&out, 64);
    mh_buf_str(&out, "a+/=");
    mh_base64url_encode("\xfb\xff\xfe", 3, &out);
    mh_base64url_encode("f", 1, &out);
    assert_string_equal(mh_buf_text(&out), "a+/=-__-Zg");
    mh_buf_release(&out);
}

static int decode(const char *text, size_t size)
{
    unsigned char bytes[16];
    size_t len;
    return mh_base64_decode(text, strlen(text), bytes, size, &len);
}

static void the_other_alphabet_and_no_padding_are_read_too(void **state)
{
    unsigned char bytes[4];
    size_t len;
    assert_int_equal(mh_base64_decode("-__-", 4, bytes, sizeof bytes, &len), 0);
    assert_memory_equal(bytes, "\xfb\xff\xfe", 3);
    assert_int_equal(decode("Zg", 16), 0);
    assert_int_equal(decode("Zm8", 16), 0);
}

static void what_is_no_base64_is_refused(void **state)
{
    static const char *const wrong[] = {"Z",    "Zm9vY", "Z===", "Zg=",   "=",         "====",
                                        "Zm=v", "Zm 9v", "Zh==", "Zm9=x", "Zm9vYg===", "Zm9v\xc3"};
    for (size_t i = 0; i < MH_LEN(wrong); i++)
        assert_int_equal(decode(wrong[i], 16), MH_EINVAL);
}

static void more_than_fits_is_refused(void **state)
{
    assert_int_equal(decode("Zm9v", 3), 0);
    assert_int_equal(decode("Zm9v", 2), MH_ELIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_written_and_read_back),
        cmocka_unit_test(the_form_for_urls_has_its_alphabet_and_no_padding),
        cmocka_unit_test(the_other_alphabet_and_no_padding_are_read_too),
        cmocka_unit_test(what_is_no_base64_is_refused),
        cmocka_unit_test(more_than_fits_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
