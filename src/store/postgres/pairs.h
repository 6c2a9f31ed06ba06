/* What claimed jobs are called inside the server: (lease, id) to seq.
 *
 * A table that doubles as it fills. Jobs are added when claimed and forgotten when the server has
 * said that they are held no longer: so it is also the list of the leases that a worker knows. */
#ifndef MH_PG_PAIRS_H
#define MH_PG_PAIRS_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/uuid.h"

/* What is found for a job that is not held: no job has this number. */
#define MH_SEQ_NONE (-1)

struct mh_pair {
    struct mh_uuid id;
    int64_t lease; /* 0: the place is free */
    int64_t seq;
    int64_t worker;
};

struct mh_pairs {
    struct mh_pair *places;
    size_t count, room; /* a power of two, or 0 */
};

/* Accepts a zeroed table. */
void mh_pairs_release(struct mh_pairs *pairs);

/* Copies the pair, which is of a lease. 0 or MH_ENOMEM. */
int mh_pairs_add(struct mh_pairs *pairs, const struct mh_pair *pair) MH_MUST_CHECK;
int64_t mh_pairs_find(const struct mh_pairs *pairs, int64_t lease, const struct mh_uuid *id);
void mh_pairs_forget(struct mh_pairs *pairs, int64_t lease, const struct mh_uuid *id);
void mh_pairs_forget_worker(struct mh_pairs *pairs, int64_t worker);

/* Forgets the worker's pairs that are of none of these leases. */
void mh_pairs_keep(struct mh_pairs *pairs, int64_t worker, const int64_t *leases, size_t count);

/* The worker's next pair from place *at on, which then is behind it; NULL: no more. */
const struct mh_pair *mh_pairs_next(const struct mh_pairs *pairs, int64_t worker, size_t *at);

#endif
