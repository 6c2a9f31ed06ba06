/* Base64 (RFC 4648): written with the standard alphabet and padding, read with either alphabet and
 * with or without the padding. Thread-safe. */
#ifndef MH_BASE64_H
#define MH_BASE64_H

#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"

void mh_base64_encode(const void *bytes, size_t len, struct mh_buf *out);

/* With the URL's alphabet and without padding. */
void mh_base64url_encode(const void *bytes, size_t len, struct mh_buf *out);

/* Decodes `text` into at most `size` bytes, their number in *ret_len. MH_EINVAL: not base64, which
 * includes bits behind the last byte that are not 0, so that a value has one form; MH_ELIMIT: more
 * than `size` bytes. */
int mh_base64_decode(const char *text, size_t len, void *ret_bytes, size_t size,
                     size_t *ret_len) MH_MUST_CHECK;

#endif
