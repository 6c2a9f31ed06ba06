/* SQLite itself, by the settings of our connections: journal, synchronous, cache, checkpoints.
 *
 * On the caller's thread, with statements prepared once. Rows are added one by one; what several
 * rows in a statement save is not in it. Nothing is checked, and nobody is woken. */
#ifndef MH_SQLITE_BARE_H
#define MH_SQLITE_BARE_H

#include "store/bare.h"

extern const struct mh_bare_kind mh_sqlite_bare;

#endif
