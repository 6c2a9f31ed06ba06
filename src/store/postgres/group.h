/* The requests that were sent before one Sync, and what has come back for them.
 *
 * A flight is one call of the server. What a small dispatch or the look at one job costs there is
 * the call far more than the job, so those that stand one behind the other share one, and each gets
 * its part of the answer. */
#ifndef MH_PG_GROUP_H
#define MH_PG_GROUP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "store/postgres/pq.h"
#include "store/postgres/requests.h"

#define MH_GROUP_MAX 64

struct mh_flight {
    struct mh_request *request; /* the first; those that share its call are linked behind it */
    size_t jobs, own;           /* in the call, and of its first request */
    int op;                     /* that it is sent as, an index of mh_pg_operations */
    PGresult *result;           /* NULL: none yet */
    bool preparing;             /* its statement's preparation is answered first */
    bool unprepared;            /* that has failed */
};

struct mh_group {
    const struct mh_pq *pq; /* borrowed */
    struct mh_flight flights[MH_GROUP_MAX];
    size_t count;
    size_t requests;  /* in all flights */
    size_t at;        /* whose result is next */
    bool speaking;    /* who asks was said first, and that is answered first */
    PGresult *failed; /* of the commit itself */
};

/* Takes the first of the queue: into the call of the last flight where they may share it. */
void mh_group_add(struct mh_group *group, struct mh_requests *queue);

/* Puts those of the flights from number `first` on back to the head of the queue, without their
 * results. */
void mh_group_put_back(struct mh_group *group, size_t first, struct mh_requests *queue);

/* There is nothing in it but one claim. */
bool mh_group_is_lone_claim(const struct mh_group *group);

/* Makes the first request of the flight one for all of them, to be sent. False: out of memory. */
bool mh_flight_pack(struct mh_flight *flight) MH_MUST_CHECK;

/* Gives each of them its part of the reply that the first has got. */
void mh_flight_unpack(struct mh_flight *flight);

/* Takes its requests, one by one; NULL: no more. */
struct mh_request *mh_flight_take(struct mh_flight *flight);

/* Takes the next result, in the order sent: who asks, where that was said; of each request its
 * preparation, if any, and its own; then the commit's, where that failed. Gives the request it
 * ends, or NULL. */
const struct mh_flight *mh_group_result(struct mh_group *group, PGresult *result);

/* The result that is why all of it failed; NULL: it was committed. */
const PGresult *mh_group_cause(const struct mh_group *group);

/* Begins anew: the results are cleared, the requests are whose they are. */
void mh_group_clear(struct mh_group *group);

#endif
