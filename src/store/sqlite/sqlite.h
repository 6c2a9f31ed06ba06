/* The embedded store: one file, "sqlite:FILE".
 *
 * Two threads at most: one writes, group by group; one reads, from the first look on. Both answer
 * through the door. See db.h for statements, commit.h for transactions, work.h for the operations,
 * wake.h for news between processes, schema.h for the file. */
#ifndef MH_SQLITE_SQLITE_H
#define MH_SQLITE_SQLITE_H

#include "store/backend.h"

extern const struct mh_backend mh_sqlite_backend;

#endif
