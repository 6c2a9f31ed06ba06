/* The environment of handlers: clean, so that no secret of the worker reaches them.
 *
 * PATH, HOME, LANG and TZ as the worker has them, and what env= of millhand.conf lists: NAME is
 * passed on, NAME=value set. The store's URL and every other secret setting are refused there by
 * name. */
#ifndef MH_CHILD_ENV_H
#define MH_CHILD_ENV_H

#include "base/arena.h"
#include "base/compiler.h"
#include "base/err.h"

/* Gives a NULL-terminated array in `arena`. `listed` (may be NULL) is the value of env=. MH_EINVAL:
 * a name that is none, or that names a secret. */
int mh_child_env(struct mh_arena *arena, char *const *environment, const char *listed,
                 const char *const **ret_env, struct mh_err *err) MH_MUST_CHECK;

#endif
