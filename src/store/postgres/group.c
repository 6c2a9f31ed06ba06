#include "store/postgres/group.h"

void mh_group_add(struct mh_group *group, struct mh_requests *queue)
{
    group->flights[group->count++] = (struct mh_flight){.request = mh_requests_take(queue)};
}

void mh_group_put_back(struct mh_group *group, size_t first, struct mh_requests *queue)
{
    while (group->count > first) {
        struct mh_flight *flight = &group->flights[--group->count];
        group->pq->clear(flight->result);
        mh_requests_prepend(queue, flight->request);
    }
}

static bool is_error(const struct mh_group *group, const PGresult *result)
{
    ExecStatusType status = group->pq->resultStatus(result);
    return status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK;
}

const struct mh_flight *mh_group_result(struct mh_group *group, PGresult *result)
{
    struct mh_flight *flight = &group->flights[group->at];
    if (group->speaking) {
        group->speaking = false;
        if (is_error(group, result))
            group->failed = result;
        else
            group->pq->clear(result);
        return NULL;
    }
    if (group->at >= group->count) {
        if (group->failed != NULL) {
            group->pq->clear(result); /* the first tells why */
            return NULL;
        }
        group->pq->clear(group->failed);
        group->failed = result;
        return NULL;
    }
    bool of_preparation = flight->preparing;
    flight->preparing = false;
    if (of_preparation && !is_error(group, result)) {
        group->pq->clear(result);
        return NULL;
    }
    if (of_preparation) {
        flight->unprepared = true; /* its own result comes too, as aborted, and is of less use */
        flight->result = result;
        return NULL;
    }
    if (flight->result == NULL)
        flight->result = result;
    else
        group->pq->clear(result);
    group->at++;
    return flight;
}

/* What follows one that failed is only aborted: the first tells why. */
const PGresult *mh_group_cause(const struct mh_group *group)
{
    if (group->failed != NULL) return group->failed;
    for (size_t i = 0; i < group->count; i++) {
        const PGresult *result = group->flights[i].result;
        if (result != NULL && is_error(group, result)) return result;
    }
    return NULL;
}

void mh_group_clear(struct mh_group *group)
{
    for (size_t i = 0; i < group->count; i++)
        group->pq->clear(group->flights[i].result);
    group->pq->clear(group->failed);
    *group = (struct mh_group){.pq = group->pq};
}
