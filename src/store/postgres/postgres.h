/* The shared store: a schema in a PostgreSQL database, "postgres://…".
 *
 * Two connections at most: one works, in pipeline mode; one listens, from the first watch on. See
 * link.h for connections, wire.h for the pipeline, work.h for the operations, news.h for wake-ups,
 * schema.h for migrations, ENGINE.md for what the server does. */
#ifndef MH_PG_POSTGRES_H
#define MH_PG_POSTGRES_H

#include "store/backend.h"

extern const struct mh_backend mh_pg_backend;
extern const struct mh_backend mh_pg_alias; /* the same by its other scheme, "postgresql://…" */

#endif
