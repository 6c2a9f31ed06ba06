/* Group commit: requests that stand in the queue together share a transaction. */
#ifndef MH_SQLITE_COMMIT_H
#define MH_SQLITE_COMMIT_H

#include <stdbool.h>

#include "store/backend.h"
#include "store/sqlite/db.h"

/* True for what takes the lock for writing. */
bool mh_commit_writes(enum mh_op op);

/* Carries out the requests of a list, in its order, and fills their replies. An operation that
 * fails harms no other; where the transaction itself fails, all do. Returns what the list made
 * happen, a mask of enum mh_news, once it is committed. */
int mh_commit(struct mh_db *db, struct mh_request *requests);

/* Fills the replies of a list with an error. */
void mh_commit_refuse(struct mh_request *requests, const struct mh_err *err);

#endif
