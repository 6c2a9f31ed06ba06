/* The examination of a store and its server (`millhand doctor`), over a connection of its own: one
 * statement after the other, then a notification to itself. */
#ifndef MH_PG_EXAMINE_H
#define MH_PG_EXAMINE_H

#include <uv.h>

#include "base/compiler.h"
#include "store/backend.h"

/* As mh_backend.examine. */
int mh_pg_examine(uv_loop_t *loop, const struct mh_store_options *options,
                  struct mh_request *request, struct mh_err *err) MH_MUST_CHECK;

#endif
