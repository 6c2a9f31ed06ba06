/* A queue of requests, linked through the requests themselves. */
#ifndef MH_PG_REQUESTS_H
#define MH_PG_REQUESTS_H

#include "store/backend.h"

struct mh_requests {
    struct mh_request *first;
    struct mh_request **last; /* where the next is linked: into the last request, or `first` */
};

void mh_requests_init(struct mh_requests *requests);

/* Frees those that are in it, without an answer. */
void mh_requests_release(struct mh_requests *requests);

void mh_requests_append(struct mh_requests *requests, struct mh_request *request);
void mh_requests_prepend(struct mh_requests *requests, struct mh_request *request);

/* Behind one that is in it. */
void mh_requests_insert(struct mh_requests *requests, struct mh_request *before,
                        struct mh_request *request);

/* The first, or NULL. */
struct mh_request *mh_requests_take(struct mh_requests *requests);

/* Makes *ret_requests of all that `requests` has, and that empty. */
void mh_requests_move(struct mh_requests *requests, struct mh_requests *ret_requests);

#endif
