/* The jobs of each tenant, which pages and the removal of a tenant walk.
 *
 * It would be an index of jobs, were it not that with many tenants each job changes another page of
 * it, which costs more than all the rest of a dispatch. So jobs are brought in sorted, thousands at
 * once, by the operation that makes them enough; the newest are looked for among all jobs. */
#ifndef MH_SQLITE_OWNED_H
#define MH_SQLITE_OWNED_H

#include <stdint.h>

#include "base/compiler.h"
#include "store/sqlite/work.h"

/* The operation has added the jobs with these seqs, which follow all others. */
void mh_owned_added(struct mh_work *work, int64_t first, int64_t last);

/* After the last of them in an operation. */
int mh_owned_write(struct mh_work *work, struct mh_err *err) MH_MUST_CHECK;

/* Brings in all that there are. */
int mh_owned_complete(struct mh_work *work, struct mh_err *err) MH_MUST_CHECK;

/* The job goes. */
int mh_owned_remove(struct mh_work *work, int64_t tenant, int64_t lane, int64_t seq,
                    struct mh_err *err) MH_MUST_CHECK;

#endif
