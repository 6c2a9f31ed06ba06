/* What goes to standard error: one line each, "millhand: …". */
#ifndef MH_SAY_H
#define MH_SAY_H

#include "base/compiler.h"
#include "base/err.h"

void mh_say(const char *format, ...) MH_PRINTF(1, 2);

/* Says the error and returns the exit status for it: 2 for MH_EINVAL, else 1. */
int mh_say_error(const struct mh_err *err);

#endif
