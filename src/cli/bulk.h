/* Many jobs from a file of JSON lines: every line is checked before the first is dispatched. */
#ifndef MH_BULK_H
#define MH_BULK_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/err.h"
#include "cli/command.h"
#include "queue/spec.h"

struct mh_bulk {
    const char *file; /* "-": standard input */
    struct mh_spec_defaults defaults;
    size_t keep_max; /* ids to keep in ret_ids instead of printing them; 0: print, keep none */
};

/* Dispatches the lines of the file, 1,000 to an operation, and prints their ids as the store takes
 * them. With `keep_max`, *ret_ids (free it) has them instead. MH_EINVAL: a line is wrong (each was
 * said, as FILE:LINE), and nothing was dispatched. */
int mh_bulk(struct mh_cli *cli, const struct mh_bulk *bulk, struct mh_uuid **ret_ids,
            size_t *ret_count, struct mh_err *err) MH_MUST_CHECK;

#endif
