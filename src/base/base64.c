#include "base/base64.h"

#include <stdint.h>
#include <string.h>

#include "base/err.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void mh_base64_encode(const void *bytes, size_t len, struct mh_buf *out)
{
    const unsigned char *in = bytes;
    for (size_t i = 0; i < len; i += 3) {
        size_t have = len - i < 3 ? len - i : 3;
        uint32_t group = (uint32_t)in[i] << 16;
        if (have > 1) group |= (uint32_t)in[i + 1] << 8;
        if (have > 2) group |= in[i + 2];
        for (size_t digit = 0; digit < 4; digit++)
            mh_buf_char(out, digit <= have ? alphabet[group >> (18 - 6 * digit) & 63] : '=');
    }
}

void mh_base64url_encode(const void *bytes, size_t len, struct mh_buf *out)
{
    size_t start = out->len;
    mh_base64_encode(bytes, len, out);
    while (out->len > start && out->data[out->len - 1] == '=')
        out->data[--out->len] = '\0';
    for (size_t i = start; i < out->len; i++) {
        if (out->data[i] == '+') out->data[i] = '-';
        if (out->data[i] == '/') out->data[i] = '_';
    }
}

/* The six bits of a character, or -1. */
static int value_of(char c)
{
    if (c == '-') return 62;
    if (c == '_') return 63;
    const char *found = c != '\0' ? strchr(alphabet, c) : NULL;
    return found != NULL ? (int)(found - alphabet) : -1;
}

/* The length without the padding; MH_EINVAL where that is wrong. */
static int strip(const char *text, size_t len, size_t *ret_len)
{
    size_t digits = len;
    while (digits > 0 && len - digits < 2 && text[digits - 1] == '=')
        digits--;
    if (digits % 4 == 1 || (digits < len && len % 4 != 0)) return MH_EINVAL;
    *ret_len = digits;
    return 0;
}

int mh_base64_decode(const char *text, size_t len, void *ret_bytes, size_t size, size_t *ret_len)
{
    unsigned char *out = ret_bytes;
    size_t digits, count = 0;
    uint32_t bits = 0;
    unsigned held = 0; /* bits not given out yet */
    int r = strip(text, len, &digits);
    if (r < 0) return r;
    for (size_t i = 0; i < digits; i++) {
        int value = value_of(text[i]);
        if (value < 0) return MH_EINVAL;
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held < 8) continue;
        if (count == size) return MH_ELIMIT;
        held -= 8;
        out[count++] = (unsigned char)(bits >> held);
        bits &= (UINT32_C(1) << held) - 1;
    }
    if (bits != 0) return MH_EINVAL;
    *ret_len = count;
    return 0;
}
