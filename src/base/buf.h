/* A byte buffer that grows up to a maximum given at init.
 *
 * Appending never needs a check of its own: the first append that does not fit (memory or maximum)
 * makes the buffer *failed*, later ones do nothing, and `mh_buf_failed` is asked once, when the
 * content is complete. The content is always followed by a NUL that does not count in `len`. Zeroed
 * memory is a released buffer; release accepts it. Not thread-safe. */
#ifndef MH_BUF_H
#define MH_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct mh_buf {
    char *data; /* NULL until the first append; use mh_buf_text for a pointer that is never NULL */
    size_t len;
    size_t cap;
    size_t max;
    bool failed;
    bool full;
};

/* `max` is the most content bytes it will ever hold. Allocates nothing. */
void mh_buf_init(struct mh_buf *buf, size_t max);
void mh_buf_release(struct mh_buf *buf);

/* Empties it, clears `failed`, keeps the memory. */
void mh_buf_reset(struct mh_buf *buf);

void mh_buf_append(struct mh_buf *buf, const void *bytes, size_t len);
void mh_buf_str(struct mh_buf *buf, const char *text);
void mh_buf_char(struct mh_buf *buf, char c);
void mh_buf_printf(struct mh_buf *buf, const char *format, ...) MH_PRINTF(2, 3);

/* Removes `len` bytes (at most buf->len) from the front. */
void mh_buf_consume(struct mh_buf *buf, size_t len);

/* Makes room for `len` more bytes and returns where they go, or NULL (then failed). Follow with
 * buf->len += written. */
char *mh_buf_reserve(struct mh_buf *buf, size_t len);

/* True when something did not fit since init or the last reset. */
bool mh_buf_failed(const struct mh_buf *buf);

/* True when it was the maximum that it did not fit into, rather than memory. */
bool mh_buf_full(const struct mh_buf *buf);

/* The content as a NUL-terminated string, "" when empty; valid until the next change. */
const char *mh_buf_text(const struct mh_buf *buf);

/* Returns the content (owned by the caller, free() it, NUL-terminated, len in *ret_len when not
 * NULL) and empties the buffer; NULL when failed or out of memory. */
char *mh_buf_take(struct mh_buf *buf, size_t *ret_len);

#endif
