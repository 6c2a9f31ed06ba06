/* The shared store: a schema in a PostgreSQL database, "postgres://…".
 *
 * Two connections at most. The one in front works: it dispatches, claims, finishes and sends
 * heartbeats. The one at the back does what may take long, and listens; it is made for the first
 * watch, or for the first such request once a worker has joined: until then the one in front does
 * all. See link.h for connections, wire.h for the pipeline, work.h for the operations, news.h for
 * wake-ups, schema.h for migrations, ENGINE.md for what the server does. */
#ifndef MH_PG_POSTGRES_H
#define MH_PG_POSTGRES_H

#include "store/backend.h"

extern const struct mh_backend mh_pg_backend;
extern const struct mh_backend mh_pg_alias; /* the same by its other scheme, "postgresql://…" */

#endif
