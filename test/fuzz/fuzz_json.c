#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "fuzz.h"

#define MAX_OUT ((size_t)16 << 20)

static json_t *load(const char *text, size_t len)
{
    json_error_t error;
    size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL;
    return json_loadb(text, len, flags, &error);
}

static bool accepted(const char *text, size_t len)
{
    return mh_json_check(text, len, MH_JSON_ANY, NULL) == 0;
}

/* What was accepted is a value that can be written and read again without change. */
static void check_round_trip(const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    require(text != NULL);
    require(accepted(text, strlen(text)));
    json_t *again = load(text, strlen(text));
    require(json_equal(value, again) == 1);
    json_decref(again);
    free(text);
}

/* Spliced into an array it is the same value, and one line. */
static void check_splice(const char *text, size_t len, const json_t *value)
{
    struct mh_buf out;
    mh_buf_init(&out, MAX_OUT);
    mh_json_begin(&out, '[');
    mh_json_raw(&out, text, len);
    mh_json_int(&out, 7);
    mh_json_end(&out, ']');
    require(!mh_buf_failed(&out));
    require(memchr(out.data, '\n', out.len) == NULL && memchr(out.data, '\r', out.len) == NULL);
    json_t *array = load(out.data, out.len);
    /* One level more may be one too many. */
    require(array != NULL || json_is_array(value) || json_is_object(value));
    if (array != NULL) {
        require(json_array_size(array) == 2);
        require(json_equal(json_array_get(array, 0), value) == 1);
    }
    json_decref(array);
    mh_buf_release(&out);
}

static void check_accepted(const char *text, size_t len)
{
    json_t *value = load(text, len);
    require(value != NULL);
    require(mh_utf8_valid(text, len));
    bool object = mh_json_check(text, len, MH_JSON_OBJECT, NULL) == 0;
    require(object == (json_is_object(value) != 0));
    check_round_trip(value);
    check_splice(text, len, value);
    json_decref(value);
}

static void check_refused(const char *text, size_t len)
{
    struct mh_err err = {0};
    require(mh_json_check(text, len, MH_JSON_ANY, &err) == MH_EINVAL);
    require(strncmp(err.text, "not valid JSON at byte ", 23) == 0);
    require(mh_json_check(text, len, MH_JSON_OBJECT, NULL) == MH_EINVAL);
}

/* Any bytes become a string that is accepted, and text stays what it was. */
static void check_string(const char *text, size_t len)
{
    struct mh_buf out;
    mh_buf_init(&out, MAX_OUT);
    mh_json_strn(&out, text, len);
    require(!mh_buf_failed(&out));
    require(accepted(out.data, out.len));

    json_t *value = load(out.data, out.len);
    json_t *same = json_stringn(text, len); /* NULL where it is not UTF-8 */
    bool valid = same != NULL && (len == 0 || memchr(text, '\0', len) == NULL);
    require(mh_utf8_valid(text, len) == valid);
    require(json_is_string(value) && (json_equal(value, same) == 1) == valid);
    json_decref(same);
    json_decref(value);
    mh_buf_release(&out);
}

static void check_real(const char *text, size_t len)
{
    double number;
    if (len < sizeof number) return;
    memcpy(&number, text, sizeof number);
    struct mh_buf out;
    mh_buf_init(&out, MAX_OUT);
    mh_json_real(&out, number);
    json_t *value = load(out.data, out.len);
    require(isfinite(number) ? json_real_value(value) == number : json_is_null(value));
    json_decref(value);
    mh_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    if (accepted(text, size))
        check_accepted(text, size);
    else
        check_refused(text, size);
    check_string(text, size);
    check_real(text, size);
    return 0;
}
