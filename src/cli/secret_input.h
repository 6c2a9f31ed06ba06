/* A secret from whoever types it, or from a pipe. */
#ifndef MH_SECRET_INPUT_H
#define MH_SECRET_INPUT_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/err.h"

/* Reads standard input to its end, or on a terminal a line after `prompt`, which is not echoed; the
 * line break at its end does not count. It fits into `size` bytes with a NUL. MH_ELIMIT: too long;
 * MH_ECANCELED: the person gave up. Wipe it. */
int mh_secret_read(const char *prompt, char *ret_text, size_t size, size_t *ret_len,
                   struct mh_err *err) MH_MUST_CHECK;

#endif
