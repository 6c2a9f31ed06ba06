/* Cuts a command line of millhand.conf into words, as a shell would without expanding anything.
 *
 * Words are separated by blanks; 'single quotes' keep everything, "double quotes" everything but \"
 * and \\, and outside quotes a backslash keeps the next character. */
#ifndef MH_WORDS_H
#define MH_WORDS_H

#include <stddef.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/err.h"

#define MH_WORDS_MAX 256

/* Gives a NULL-terminated array in `arena`. MH_EINVAL: no word, or a quote that is not closed;
 * MH_ELIMIT: too many words. */
int mh_words_split(struct mh_arena *arena, const char *text, const char *const **ret_words,
                   struct mh_err *err) MH_MUST_CHECK;

#endif
