#include "base/utf8.h"

#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* The bytes that a first byte announces: 0 where none may start with it. */
static size_t announced(unsigned char first)
{
    if (first < 0x80) return first != 0;
    if (first < 0xc2) return 0;
    if (first < 0xe0) return 2;
    if (first < 0xf0) return 3;
    return first < 0xf5 ? 4 : 0;
}

size_t mh_utf8_character(const char *text, size_t len)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t length = announced(at[0]);
    if (length > len) return 0;
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80) return 0;
    }
    /* Longer than needed, a surrogate, past U+10FFFF. */
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return length;
}

bool mh_utf8_valid(const char *text, size_t len)
{
    while (len > 0) {
        size_t length = mh_utf8_character(text, len);
        if (length == 0) return false;
        text += length;
        len -= length;
    }
    return true;
}

char *mh_utf8_clean(struct mh_arena *arena, const char *bytes, size_t len, size_t *ret_len)
{
    size_t at = 0, bad = 0;
    for (size_t i = 0; i < len; i++)
        bad += (bytes[i] & 0x80) != 0 || bytes[i] == '\0';
    char *clean = mh_arena_alloc(arena, len + bad * (sizeof REPLACEMENT - 2) + 1);
    for (size_t i = 0; clean != NULL && i < len;) {
        size_t length = mh_utf8_character(bytes + i, len - i);
        const char *from = length > 0 ? bytes + i : REPLACEMENT;
        size_t count = length > 0 ? length : sizeof REPLACEMENT - 1;
        memcpy(clean + at, from, count);
        at += count;
        i += length > 0 ? length : 1;
    }
    if (ret_len != NULL) *ret_len = at;
    return clean;
}

size_t mh_utf8_cut(const char *text, size_t len, size_t max)
{
    if (len <= max) return len;
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
        max--;
    return max;
}
