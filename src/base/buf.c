#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 64

void mh_buf_init(struct mh_buf *buf, size_t max)
{
    /* Half of the address space, so that adding the NUL and doubling cannot overflow. */
    *buf = (struct mh_buf){.max = max < SIZE_MAX / 2 ? max : SIZE_MAX / 2};
}

void mh_buf_release(struct mh_buf *buf)
{
    if (buf == NULL) return;
    free(buf->data);
    *buf = (struct mh_buf){0};
}

void mh_buf_reset(struct mh_buf *buf)
{
    buf->len = 0;
    buf->failed = buf->full = false;
    if (buf->data != NULL) buf->data[0] = '\0';
}

static size_t next_capacity(const struct mh_buf *buf, size_t need)
{
    size_t most = buf->max + 1;
    size_t cap = buf->cap > 0 ? buf->cap : FIRST_CAPACITY;
    while (cap < need)
        cap *= 2;
    return cap < most ? cap : most;
}

/* Makes room for `len` more bytes and the NUL. */
static bool grow(struct mh_buf *buf, size_t len)
{
    if (buf->failed) return false;
    if (len > buf->max - buf->len) {
        buf->failed = buf->full = true;
        return false;
    }
    size_t need = buf->len + len + 1;
    if (need <= buf->cap) return true;
    size_t cap = next_capacity(buf, need);
    char *data = realloc(buf->data, cap);
    if (data == NULL) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->cap = cap;
    buf->data[buf->len] = '\0';
    return true;
}

void mh_buf_append(struct mh_buf *buf, const void *bytes, size_t len)
{
    if (len == 0 || !grow(buf, len)) return;
    memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void mh_buf_str(struct mh_buf *buf, const char *text)
{
    mh_buf_append(buf, text, strlen(text));
}

void mh_buf_char(struct mh_buf *buf, char c)
{
    mh_buf_append(buf, &c, 1);
}

void mh_buf_printf(struct mh_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0) {
        buf->failed = true;
        return;
    }
    if (!grow(buf, (size_t)len)) return;
    va_start(args, format);
    (void)vsnprintf(buf->data + buf->len, (size_t)len + 1, format, args); /* measured above */
    va_end(args);
    buf->len += (size_t)len;
}

void mh_buf_consume(struct mh_buf *buf, size_t len)
{
    assert(len <= buf->len);
    if (len == 0) return;
    memmove(buf->data, buf->data + len, buf->len - len + 1);
    buf->len -= len;
}

char *mh_buf_reserve(struct mh_buf *buf, size_t len)
{
    if (!grow(buf, len)) return NULL;
    /* However few of the bytes the caller fills, a NUL follows. */
    return memset(buf->data + buf->len, 0, len + 1);
}

bool mh_buf_failed(const struct mh_buf *buf)
{
    return buf->failed;
}

bool mh_buf_full(const struct mh_buf *buf)
{
    return buf->full;
}

const char *mh_buf_text(const struct mh_buf *buf)
{
    return buf->data != NULL ? buf->data : "";
}

char *mh_buf_take(struct mh_buf *buf, size_t *ret_len)
{
    if (!grow(buf, 0)) return NULL;
    char *data = buf->data;
    if (ret_len != NULL) *ret_len = buf->len;
    mh_buf_init(buf, buf->max);
    return data;
}
