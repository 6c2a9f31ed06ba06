/* What both ends of a move share. */
#ifndef MH_SQLITE_MOVE_H
#define MH_SQLITE_MOVE_H

#include "base/compiler.h"
#include "store/sqlite/work.h"

/* MH_ESTATE: another run has begun between the two stores since. */
int mh_move_check(struct mh_work *work, const struct mh_move *move,
                  struct mh_err *err) MH_MUST_CHECK;

#endif
