#include "base/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/plain_json.h"
#include "base/utf8.h"
#include "base/uuid.h"

/* jansson's own texts quote the input, so only its code and position are used. */
static const char *parse_cause(enum json_error_code code)
{
    switch (code) {
    case json_error_stack_overflow:
        return "nested too deep";
    case json_error_invalid_utf8:
        return "not UTF-8";
    case json_error_premature_end_of_input:
        return "it ends too early";
    case json_error_end_of_input_expected:
        return "something follows the value";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "\\u0000 is not allowed";
    case json_error_duplicate_key:
        return "duplicate object key";
    case json_error_numeric_overflow:
        return "number out of range";
    default:
        return "syntax error";
    }
}

static int parse_error(const json_error_t *error, struct mh_err *err)
{
    enum json_error_code code = json_error_code(error);
    /* It says something about whatever it dislikes, and often nothing where memory was missing. */
    if (code == json_error_out_of_memory || error->text[0] == '\0')
        return mh_err_set(err, MH_ENOMEM, "unable to check JSON: out of memory");
    return mh_err_set(err, MH_EINVAL, "not valid JSON at byte %d: %s", error->position,
                      parse_cause(code));
}

int mh_json_check(const char *text, size_t len, enum mh_json_kind kind, struct mh_err *err)
{
    if (mh_plain_json_object(text, len)) return 0;
    const char *nul = len > 0 ? memchr(text, '\0', len) : NULL;
    if (nul != NULL) /* jansson takes it for the end and leaves what follows unread */
        return mh_err_set(err, MH_EINVAL, "not valid JSON at byte %td: NUL byte", nul - text);
    /* Integers as reals: jansson's own are 64 bits wide, and nobody looks at the tree. */
    size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL;
    json_error_t error;
    json_t *tree = json_loadb(len > 0 ? text : "", len, flags, &error);
    /* A string or number that it has no memory for is wrong syntax to it, which would make text of
     * a result that is JSON: so what it dislikes it must dislike twice. */
    if (tree == NULL) tree = json_loadb(len > 0 ? text : "", len, flags, &error);
    if (tree == NULL) return parse_error(&error, err);
    bool object = json_is_object(tree);
    json_decref(tree);
    if (kind == MH_JSON_OBJECT && !object)
        return mh_err_set(err, MH_EINVAL, "must be a JSON object");
    return 0;
}

bool mh_json_same(const char *a, size_t a_len, const char *b, size_t b_len)
{
    if (a_len == b_len && memcmp(a, b, a_len) == 0) return true;
    json_t *one = json_loadb(a, a_len, JSON_DECODE_ANY, NULL);
    json_t *other = json_loadb(b, b_len, JSON_DECODE_ANY, NULL);
    bool same = json_equal(one, other) != 0; /* false where one is NULL */
    json_decref(one);
    json_decref(other);
    return same;
}

/* Everything but the first value or key of its bracket, and what follows a key, has a comma before
 * it. */
static void separate(struct mh_buf *buf)
{
    if (buf->len > 0 && strchr("[{:\n", buf->data[buf->len - 1]) == NULL) mh_buf_char(buf, ',');
}

static void value(struct mh_buf *buf, const char *text, size_t len)
{
    separate(buf);
    mh_buf_append(buf, text, len);
}

void mh_json_begin(struct mh_buf *buf, char bracket)
{
    value(buf, &bracket, 1);
}

void mh_json_end(struct mh_buf *buf, char bracket)
{
    mh_buf_char(buf, bracket);
}

void mh_json_key(struct mh_buf *buf, const char *name)
{
    mh_json_str(buf, name);
    mh_buf_char(buf, ':');
}

void mh_json_str(struct mh_buf *buf, const char *text)
{
    if (text != NULL)
        mh_json_strn(buf, text, strlen(text));
    else
        mh_json_null(buf);
}

/* Characters that go out as they are. DEL and the C1 controls could go, but a terminal that shows
 * the text would obey them. */
static bool plain(const unsigned char *at, size_t length)
{
    if (length == 1) return at[0] >= 0x20 && at[0] != '"' && at[0] != '\\' && at[0] != 0x7f;
    return length > 1 && !(at[0] == 0xc2 && at[1] < 0xa0);
}

static void escape(struct mh_buf *buf, const unsigned char *at, size_t length)
{
    static const char letters[] = "\"\"\\\\\nn\rr\tt\bb\ff"; /* pairs: what, written as */
    if (length == 0) {
        mh_buf_str(buf, "\xef\xbf\xbd");
        return;
    }
    for (const char *pair = letters; length == 1 && *pair != '\0'; pair += 2) {
        if (at[0] == (unsigned char)pair[0]) {
            mh_buf_char(buf, '\\');
            mh_buf_char(buf, pair[1]);
            return;
        }
    }
    /* Two bytes are a C1 control here, whose second byte is its number. */
    mh_buf_printf(buf, "\\u%04x", at[length - 1]);
}

void mh_json_strn(struct mh_buf *buf, const char *text, size_t len)
{
    value(buf, "\"", 1);
    size_t start = 0, at = 0; /* text from start to at is plain and not written yet */
    while (at < len) {
        const unsigned char *here = (const unsigned char *)text + at;
        size_t length = mh_utf8_character(text + at, len - at);
        if (plain(here, length)) {
            at += length;
            continue;
        }
        mh_buf_append(buf, text + start, at - start);
        escape(buf, here, length);
        at += length > 0 ? length : 1;
        start = at;
    }
    mh_buf_append(buf, text + start, at - start);
    mh_buf_char(buf, '"');
}

void mh_json_int(struct mh_buf *buf, int64_t number)
{
    separate(buf);
    mh_buf_printf(buf, "%" PRId64, number);
}

void mh_json_real(struct mh_buf *buf, double number)
{
    if (!isfinite(number)) {
        mh_json_null(buf);
        return;
    }
    char text[32];
    int digits = 15;
    do
        (void)snprintf(text, sizeof text, "%.*g", digits, number);
    while (digits++ < 17 && strtod(text, NULL) != number);
    /* The program that the C library is part of may have set a locale. */
    char *comma = strchr(text, ',');
    if (comma != NULL) *comma = '.';
    value(buf, text, strlen(text));
}

void mh_json_bool(struct mh_buf *buf, bool yes)
{
    if (yes)
        value(buf, "true", 4);
    else
        value(buf, "false", 5);
}

void mh_json_null(struct mh_buf *buf)
{
    value(buf, "null", 4);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void mh_json_raw(struct mh_buf *buf, const char *json, size_t len)
{
    /* White space at the end would hide from separate() what it looks for. */
    while (len > 0 && is_space(json[len - 1]))
        len--;
    separate(buf);
    size_t start = buf->len;
    mh_buf_append(buf, json, len);
    for (size_t i = start; i < buf->len; i++) {
        if (buf->data[i] == '\n' || buf->data[i] == '\r') buf->data[i] = ' ';
    }
}

void mh_json_time(struct mh_buf *buf, int64_t time_ms)
{
    char text[MH_TIME_TEXT];
    if (time_ms == 0) {
        mh_json_null(buf);
        return;
    }
    mh_time_format(time_ms, text);
    mh_json_str(buf, text);
}

/* --- members */

void mh_json_put_str(struct mh_buf *buf, const char *name, const char *text)
{
    mh_json_key(buf, name);
    mh_json_str(buf, text);
}

void mh_json_put_int(struct mh_buf *buf, const char *name, int64_t number)
{
    mh_json_key(buf, name);
    mh_json_int(buf, number);
}

void mh_json_put_bool(struct mh_buf *buf, const char *name, bool yes)
{
    mh_json_key(buf, name);
    mh_json_bool(buf, yes);
}

void mh_json_put_time(struct mh_buf *buf, const char *name, int64_t time_ms)
{
    mh_json_key(buf, name);
    mh_json_time(buf, time_ms);
}

void mh_json_put_uuid(struct mh_buf *buf, const char *name, const struct mh_uuid *id)
{
    char text[MH_UUID_TEXT];
    mh_uuid_format(id, text);
    mh_json_put_str(buf, name, text);
}

void mh_json_put_raw(struct mh_buf *buf, const char *name, const char *json, size_t len)
{
    mh_json_key(buf, name);
    if (json == NULL)
        mh_json_null(buf);
    else
        mh_json_raw(buf, json, len);
}
