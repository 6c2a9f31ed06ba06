#include "cli/text.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
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

struct range {
    uint32_t first, last;
};

/* Marks that stand over the character before them, and joiners. */
static const struct range marks[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a},
    {0x064b, 0x065f}, {0x0900, 0x0902}, {0x093c, 0x093c}, {0x0e31, 0x0e31},
    {0x0e34, 0x0e3a}, {0x0e47, 0x0e4e}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff},
    {0x200b, 0x200d}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
};

/* East Asian characters and pictures. */
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},   {0xa960, 0xa97f},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},
    {0xffe0, 0xffe6},   {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1faff},
    {0x20000, 0x3fffd},
};

static bool is_in(const struct range *ranges, size_t count, uint32_t code)
{
    size_t i = 0;
    while (i < count && code > ranges[i].last)
        i++;
    return i < count && code >= ranges[i].first;
}

/* Not wcwidth: it asks the locale, and cron has none. */
static size_t code_columns(uint32_t code)
{
    if (is_in(marks, MH_LEN(marks), code)) return 0;
    return is_in(wide, MH_LEN(wide), code) ? 2 : 1;
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
