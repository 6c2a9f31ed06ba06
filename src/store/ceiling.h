/* The ceiling: what the database below a store does at best, for `millhand bench` to stand beside.
 *
 * A bare table with one index and no promises: no ids, no leases, no history. The file system, the
 * journal and the synchronous setting are the store's own. Everything blocks. One thread at a time.
 */
#ifndef MH_CEILING_H
#define MH_CEILING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/err.h"

struct mh_ceiling;

/* Makes the table at `url`, where there is nothing yet. MH_EINVAL: no ceiling is known for such a
 * store. */
int mh_ceiling_open(const char *url, bool synchronous_full, struct mh_ceiling **ret_ceiling,
                    struct mh_err *err) MH_MUST_CHECK;

/* Adds `count` rows with this payload in one transaction. */
int mh_ceiling_add(struct mh_ceiling *ceiling, const char *payload, size_t count,
                   struct mh_err *err) MH_MUST_CHECK;

/* Takes up to `count` rows out, in the order of the index, and reads them, in one transaction.
 * Returns how many. */
int mh_ceiling_take(struct mh_ceiling *ceiling, size_t count, struct mh_err *err) MH_MUST_CHECK;

/* Accepts NULL. */
void mh_ceiling_close(struct mh_ceiling *ceiling);

#endif
