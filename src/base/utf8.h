/* UTF-8: told from other bytes, and made of them. Text in a store is UTF-8 without NUL.
 * Thread-safe. */
#ifndef MH_UTF8_H
#define MH_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* The length of the character at `text`, 0 where there is none: a NUL or not UTF-8. `len` is at
 * least 1. */
size_t mh_utf8_character(const char *text, size_t len);

/* True when it is valid UTF-8 without NUL. */
bool mh_utf8_valid(const char *text, size_t len);

/* A NUL-terminated copy in `arena` in which every byte that is not part of valid UTF-8, and every
 * NUL, is U+FFFD; its length in *ret_len when that is not NULL. NULL: out of memory. */
char *mh_utf8_clean(struct mh_arena *arena, const char *bytes, size_t len, size_t *ret_len);

/* The largest length up to `max` that does not cut a character of valid UTF-8 text in two. */
size_t mh_utf8_cut(const char *text, size_t len, size_t max);

#endif
