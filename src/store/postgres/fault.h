/* What PostgreSQL's errors mean to us, and the words for them.
 *
 * Only the primary message of a server is ever shown, and not that of data exceptions: others quote
 * what they complain about, which may be somebody's payload. */
#ifndef MH_PG_FAULT_H
#define MH_PG_FAULT_H

#include <stdbool.h>

#include "base/err.h"
#include "store/postgres/pq.h"

enum mh_fault_kind {
    MH_FAULT_FINAL, /* it would fail again */
    MH_FAULT_AGAIN, /* serialization or deadlock: nothing was done, ask again */
    MH_FAULT_LOST,  /* this connection is of no more use */
};

enum mh_fault_kind mh_fault_kind(const struct mh_pq *pq, const PGresult *result);

/* Fills `err` from a result that is an error and returns its code. `taken` is what to say where
 * something that must be unique is not, or NULL. */
int mh_fault(const struct mh_pq *pq, const PGresult *result, const char *taken, struct mh_err *err);

/* The same for a connection, whose message has no data in it; always MH_ECONN. */
int mh_fault_of_link(const struct mh_pq *pq, const PGconn *conn, const char *location,
                     struct mh_err *err);

/* True for the words, or the lack of any, by which libpq tells that it had no memory. */
bool mh_fault_no_memory(const char *text);

#endif
