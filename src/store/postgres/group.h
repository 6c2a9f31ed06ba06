/* The requests that were sent before one Sync, and what has come back for them. */
#ifndef MH_PG_GROUP_H
#define MH_PG_GROUP_H

#include <stdbool.h>
#include <stddef.h>

#include "store/postgres/pq.h"
#include "store/postgres/requests.h"

#define MH_GROUP_MAX 64

struct mh_flight {
    struct mh_request *request;
    PGresult *result; /* NULL: none yet */
    bool preparing;   /* its statement's preparation is answered first */
    bool unprepared;  /* that has failed */
};

struct mh_group {
    const struct mh_pq *pq; /* borrowed */
    struct mh_flight flights[MH_GROUP_MAX];
    size_t count;
    size_t at;        /* whose result is next */
    bool speaking;    /* who asks was said first, and that is answered first */
    PGresult *failed; /* of the commit itself */
};

/* Takes the first of the queue. */
void mh_group_add(struct mh_group *group, struct mh_requests *queue);

/* Puts those from number `first` on back to the head of the queue, without their results. */
void mh_group_put_back(struct mh_group *group, size_t first, struct mh_requests *queue);

/* Takes the next result, in the order sent: who asks, where that was said; of each request its
 * preparation, if any, and its own; then the commit's, where that failed. Gives the request it
 * ends, or NULL. */
const struct mh_flight *mh_group_result(struct mh_group *group, PGresult *result);

/* The result that is why all of it failed; NULL: it was committed. */
const PGresult *mh_group_cause(const struct mh_group *group);

/* Begins anew: the results are cleared, the requests are whose they are. */
void mh_group_clear(struct mh_group *group);

#endif
