/* The embedded store: one file, "sqlite:FILE".
 *
 * Three threads at most: one writes, group by group; one reads pages and counts, from the first on;
 * one looks at single jobs, which is quick and must not wait for those. All answer through the
 * door. See db.h for statements, commit.h for transactions, work.h for the operations, wake.h for
 * news between processes, schema.h for the file. */
#ifndef MH_SQLITE_SQLITE_H
#define MH_SQLITE_SQLITE_H

#include "base/compiler.h"
#include "store/backend.h"

extern const struct mh_backend mh_sqlite_backend;

/* The path behind "sqlite:", as it is given. MH_EINVAL where there is none. */
int mh_sqlite_path(const char *url, const char **ret_path, struct mh_err *err) MH_MUST_CHECK;

#endif
