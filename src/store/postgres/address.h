/* Where a PostgreSQL server is and how to log in: what libpq makes of the URL, the environment, a
 * service file and its defaults.
 *
 * libpq would look names up while everybody waits; so that is done here, on libuv's threads, and
 * libpq is given addresses. Everything else stays its own. */
#ifndef MH_PG_ADDRESS_H
#define MH_PG_ADDRESS_H

#include <uv.h>

#include "base/compiler.h"
#include "base/err.h"
#include "store/postgres/pq.h"

struct mh_address;

/* `pq` is borrowed. MH_EINVAL for what libpq refuses. */
int mh_address_new(const struct mh_pq *pq, const char *url, struct mh_address **ret_address,
                   struct mh_err *err) MH_MUST_CHECK;
void mh_address_free(struct mh_address *address); /* accepts NULL */

/* A URL without the password, for people. */
const char *mh_address_location(const struct mh_address *address);

/* A name under way to its numbers. */
struct mh_lookup;

/* `conn` is a connection begun, for PQconnectPoll, which the callee takes; NULL: `err` says why. */
typedef void mh_begun_fn(void *arg, PGconn *conn, const struct mh_err *err);

/* Looks the names up and begins a connection; `fn` runs later, unless the lookup is dropped. */
int mh_address_connect(struct mh_address *address, uv_loop_t *loop, mh_begun_fn *fn, void *arg,
                       struct mh_lookup **ret_lookup, struct mh_err *err) MH_MUST_CHECK;

/* Within `fn` it is gone already. Accepts NULL. */
void mh_lookup_drop(struct mh_lookup *lookup);

#endif
