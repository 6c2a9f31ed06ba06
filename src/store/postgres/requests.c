#include "store/postgres/requests.h"

#include <stddef.h>

void mh_requests_init(struct mh_requests *requests)
{
    *requests = (struct mh_requests){.last = &requests->first};
}

void mh_requests_release(struct mh_requests *requests)
{
    struct mh_request *request;
    while ((request = mh_requests_take(requests)) != NULL)
        mh_request_free(request);
}

void mh_requests_append(struct mh_requests *requests, struct mh_request *request)
{
    request->next = NULL;
    *requests->last = request;
    requests->last = &request->next;
}

void mh_requests_prepend(struct mh_requests *requests, struct mh_request *request)
{
    if (requests->first == NULL) requests->last = &request->next;
    request->next = requests->first;
    requests->first = request;
}

void mh_requests_insert(struct mh_requests *requests, struct mh_request *before,
                        struct mh_request *request)
{
    if (before->next == NULL) requests->last = &request->next;
    request->next = before->next;
    before->next = request;
}

struct mh_request *mh_requests_take(struct mh_requests *requests)
{
    struct mh_request *request = requests->first;
    if (request == NULL) return NULL;
    requests->first = request->next;
    if (requests->first == NULL) requests->last = &requests->first;
    return request;
}

void mh_requests_move(struct mh_requests *requests, struct mh_requests *ret_requests)
{
    mh_requests_init(ret_requests);
    if (requests->first == NULL) return;
    *ret_requests = *requests;
    mh_requests_init(requests);
}
