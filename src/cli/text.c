#include "cli/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <wchar.h>

#include "base/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Takes the character at `text` (len > 0) and returns its length. What is not UTF-8 gives length 1
 * and UINT32_MAX; a NUL is U+0000. */
static size_t decode(const char *text, size_t len, uint32_t *ret_code)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t length = mh_utf8_character(text, len);
    if (length <= 1) {
        *ret_code = length == 1 || at[0] == 0 ? at[0] : UINT32_MAX;
        return 1;
    }
    uint32_t code = at[0] & (0x7fU >> length);
    for (size_t i = 1; i < length; i++)
        code = code << 6 | (at[i] & 0x3fU);
    *ret_code = code;
    return length;
}

/* Steers a terminal: C0, DEL, C1, marks that turn the direction of writing or break the line. */
static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

static void put_clean(struct mh_buf *out, const char *text, size_t len, bool keep_tabs)
{
    for (size_t i = 0; i < len;) {
        uint32_t code;
        size_t length = decode(text + i, len - i, &code);
        if (code == '\t' && keep_tabs)
            mh_buf_char(out, '\t');
        else if (code == '\n' || code == '\r' || code == '\t')
            mh_buf_char(out, ' ');
        else if (code == UINT32_MAX || is_control(code))
            mh_buf_str(out, REPLACEMENT);
        else
            mh_buf_append(out, text + i, length);
        i += length;
    }
}

void mh_text_line(struct mh_buf *out, const char *text, size_t len)
{
    put_clean(out, text, len, false);
}

void mh_text_block(struct mh_buf *out, const char *text, size_t len, const char *indent)
{
    for (size_t start = 0, end; start < len; start = end + 1) {
        for (end = start; end < len && text[end] != '\n';)
            end++;
        bool crlf = end > start && text[end - 1] == '\r';
        mh_buf_str(out, indent);
        put_clean(out, text + start, end - start - crlf, true);
        mh_buf_char(out, '\n');
    }
}

void mh_text_json(struct mh_buf *out, const char *json, size_t len)
{
    for (size_t i = 0; i < len;) {
        uint32_t code;
        size_t length = decode(json + i, len - i, &code);
        /* Below 0x20 there are only the blanks between tokens. */
        if (code >= 0x20 && code <= 0xffff && is_control(code))
            mh_buf_printf(out, "\\u%04x", (unsigned)code);
        else
            mh_buf_append(out, json + i, length);
        i += length;
    }
}

static size_t code_columns(uint32_t code)
{
    int columns = wcwidth((wchar_t)code);
    return columns < 0 ? 1 : (size_t)columns;
}

size_t mh_text_columns(const char *text, size_t len)
{
    size_t columns = 0;
    for (size_t i = 0; i < len;) {
        uint32_t code;
        i += decode(text + i, len - i, &code);
        columns += code_columns(code);
    }
    return columns;
}

size_t mh_text_fit(const char *text, size_t len, size_t columns)
{
    size_t i = 0;
    while (i < len) {
        uint32_t code;
        size_t length = decode(text + i, len - i, &code), more = code_columns(code);
        if (more > columns) break;
        columns -= more;
        i += length;
    }
    return i;
}
