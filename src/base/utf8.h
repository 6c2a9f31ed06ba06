/* Text from outside made fit to be stored: UTF-8 without NUL. Thread-safe. */
#ifndef MH_UTF8_H
#define MH_UTF8_H

#include <stddef.h>

#include "base/arena.h"

/* A NUL-terminated copy in `arena` in which every byte that is not part of valid UTF-8, and every
 * NUL, is a question mark; the length stays. NULL: out of memory. */
char *mh_utf8_clean(struct mh_arena *arena, const char *bytes, size_t len);

/* The largest length up to `max` that does not cut a character of valid UTF-8 text in two. */
size_t mh_utf8_cut(const char *text, size_t len, size_t max);

#endif
