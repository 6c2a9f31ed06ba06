/* A secret that millhand.conf names by its variable: the value of NAME, or the content of the file
 * that NAME_FILE names. Thread-safe. */
#ifndef MH_SECRET_H
#define MH_SECRET_H

#include "base/arena.h"
#include "base/compiler.h"
#include "base/err.h"

/* Gives a string in `arena`, without a newline at its end. MH_EINVAL: neither variable is set, or
 * both are, or the file is empty. The error names the variable and never holds the value. */
int mh_secret_find(char *const *environment, const char *name, struct mh_arena *arena,
                   const char **ret_secret, struct mh_err *err) MH_MUST_CHECK;

#endif
