#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/plain_json.h"

static bool is_plain(const char *text)
{
    return mh_plain_json_object(text, strlen(text));
}

static void what_is_ordinary_is_plain(void **state)
{
    static const char *const plain[] = {
        "{}",
        " { \"a\" : [ ] , \"b\" : { } }\n",
        "{\"a\":-0.25,\"b\":0,\"c\":[true,false,null,\"\\n\\\"\\\\\"]}",
        "{\"gr\xc3\xbc\xc3\x9f\":\"\xf0\x9f\x98\x80\"}",
        "{\"a\":{\"a\":1},\"aa\":1,\"\":1}",
    };
    for (size_t i = 0; i < MH_LEN(plain); i++) {
        if (!is_plain(plain[i])) fail_msg("not plain: %s", plain[i]);
        if (mh_json_check(plain[i], strlen(plain[i]), MH_JSON_OBJECT, NULL) != 0)
            fail_msg("refused: %s", plain[i]);
    }
}

static void what_is_rare_or_wrong_is_not_plain(void **state)
{
    static const char *const others[] = {
        "",
        " ",
        "[]",
        "1",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1,}",
        "{\"a\":[1,]}",
        "{\"a\":1}x",
        "{\"a\":01}",
        "{\"a\":1.}",
        "{\"a\":-}",
        "{\"a\":1e9}",
        "{\"a\":123456789012345678}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\",
        "{\"a\":\"\n\"}",
        "{\"a\":\"\xed\xa0\x80\"}",
        "{\"a\":\"\xc3",
        "{\"a\":1,\"b\":2,\"a\":3}",
        "{\"a\\n\":1}",
        "{\"a\":[[[[[[[[1]]]]]]]]}",
        "{a:1}",
        "{\"a\":tru}",
    };
    for (size_t i = 0; i < MH_LEN(others); i++)
        if (is_plain(others[i])) fail_msg("plain: %s", others[i]);
    assert_false(mh_plain_json_object("{}\0", 3));
    assert_false(mh_plain_json_object("{\"\0\":1}", 7));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_ordinary_is_plain),
        cmocka_unit_test(what_is_rare_or_wrong_is_not_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
