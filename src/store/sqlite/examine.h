/* The examination of a file and of what it stands on (`millhand doctor`), on one of libuv's
 * threads: to read all of a file takes its time. Nothing is written. */
#ifndef MH_SQLITE_EXAMINE_H
#define MH_SQLITE_EXAMINE_H

#include <uv.h>

#include "base/compiler.h"
#include "store/backend.h"

/* As mh_backend.examine. */
int mh_sqlite_examine(uv_loop_t *loop, const struct mh_store_options *options,
                      struct mh_request *request, struct mh_err *err) MH_MUST_CHECK;

#endif
