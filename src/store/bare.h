/* The database below a store, bare, for `millhand bench`: what it does at best, with one table and
 * one index and no promises (no ids, no leases, no history), and what is around a measurement.
 *
 * The file system or server, the journal and the synchronous setting are the store's own.
 * Everything blocks. One thread at a time. */
#ifndef MH_BARE_H
#define MH_BARE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/err.h"

/* Where to measure: somewhere that is nobody else's. */
struct mh_bare_place {
    const char *url;
    const char *schema; /* PostgreSQL's */
    bool synchronous_full;
};

struct mh_bare;

/* Connects to a place where there is nothing yet, or a store. Borrows what the place points to.
 * MH_EINVAL: such a store has no bare side. */
int mh_bare_open(const struct mh_bare_place *place, struct mh_bare **ret_bare,
                 struct mh_err *err) MH_MUST_CHECK;

/* Makes the table, where there is nothing yet. */
int mh_bare_make(struct mh_bare *bare, struct mh_err *err) MH_MUST_CHECK;

/* Adds `count` rows with this payload in one transaction. */
int mh_bare_add(struct mh_bare *bare, const char *payload, size_t count,
                struct mh_err *err) MH_MUST_CHECK;

/* Takes up to `count` rows, in the order of the index, reads them and has them out of the way of
 * the next call, in one transaction. Returns how many. */
int mh_bare_take(struct mh_bare *bare, size_t count, struct mh_err *err) MH_MUST_CHECK;

/* Begins to read what is there now and does not end before the close. */
int mh_bare_hold(struct mh_bare *bare, struct mh_err *err) MH_MUST_CHECK;

/* The server's processes on this machine whose clients call themselves so. Returns how many, at
 * most `max`; 0 where there is no server, or not here. */
int mh_bare_servers(struct mh_bare *bare, const char *name, pid_t *ret_pids, size_t max,
                    struct mh_err *err) MH_MUST_CHECK;

/* Removes the place's schema and all that is in it, also where there is none; of files nothing. */
int mh_bare_clear(struct mh_bare *bare, struct mh_err *err) MH_MUST_CHECK;

/* Accepts NULL. */
void mh_bare_close(struct mh_bare *bare);

/* Where writers wait for each other so long that more than one is slower. */
bool mh_bare_one_writer(const struct mh_bare *bare);

/* --- for those that provide it */

struct mh_bare_kind {
    const char *scheme;
    bool one_writer;
    int (*open)(const struct mh_bare_place *place, struct mh_bare **ret_bare, struct mh_err *err);
    int (*make)(struct mh_bare *bare, struct mh_err *err);
    int (*add)(struct mh_bare *bare, const char *payload, size_t count, struct mh_err *err);
    int (*take)(struct mh_bare *bare, size_t count, struct mh_err *err);
    int (*hold)(struct mh_bare *bare, struct mh_err *err);
    int (*servers)(struct mh_bare *bare, const char *name, pid_t *ret_pids, size_t max,
                   struct mh_err *err);
    int (*clear)(struct mh_bare *bare, struct mh_err *err);
    void (*close)(struct mh_bare *bare);
};

/* The first member of each kind's own. */
struct mh_bare {
    const struct mh_bare_kind *kind;
};

#endif
