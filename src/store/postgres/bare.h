/* PostgreSQL itself, by one blocking connection of libpq. */
#ifndef MH_PG_BARE_H
#define MH_PG_BARE_H

#include "store/bare.h"

extern const struct mh_bare_kind mh_pg_bare;
extern const struct mh_bare_kind mh_pg_bare_alias; /* the same by its other scheme */

#endif
