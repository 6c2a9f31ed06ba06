#include "base/utf8.h"

#include "base/json.h"

/* The length of the valid character at the start, 0 where there is none. */
static size_t character(const char *bytes, size_t len)
{
    for (size_t n = 1; n <= 4 && n <= len; n++)
        if (mh_utf8_valid(bytes, n)) return n;
    return 0;
}

char *mh_utf8_clean(struct mh_arena *arena, const char *bytes, size_t len)
{
    char *copy = mh_arena_copy(arena, bytes, len);
    if (copy == NULL || mh_utf8_valid(bytes, len)) return copy;
    for (size_t i = 0; i < len;) {
        size_t n = character(copy + i, len - i);
        if (n == 0) copy[i] = '?';
        i += n > 0 ? n : 1;
    }
    return copy;
}

size_t mh_utf8_cut(const char *text, size_t len, size_t max)
{
    if (len <= max) return len;
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
        max--;
    return max;
}
