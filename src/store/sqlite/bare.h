/* SQLite itself, by the settings of our connections. */
#ifndef MH_SQLITE_BARE_H
#define MH_SQLITE_BARE_H

#include "store/bare.h"

extern const struct mh_bare_kind mh_sqlite_bare;

#endif
