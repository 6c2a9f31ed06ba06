#include "store/postgres/group.h"

#include <string.h>

#include "store/postgres/work.h"

/* The most jobs of a call that requests share: what one row of `ready` stands for. */
#define CALL_JOBS 64

/* A larger payload costs by the byte, and makes its whole call an unusual one for the claims. */
#define LIGHT_BYTES 4096

/* --- calls that several share */

static bool is_light(const struct mh_request *request)
{
    if (request->op != MH_OP_DISPATCH) return false;
    size_t count = request->in.dispatch.count;
    if (count == 0 || count > CALL_JOBS) return false;
    for (size_t i = 0; i < count; i++)
        if (request->in.dispatch.jobs[i].payload_len > LIGHT_BYTES) return false;
    return true;
}

static bool shares(const struct mh_flight *flight, const struct mh_request *request)
{
    return is_light(flight->request) && is_light(request) &&
           flight->jobs + request->in.dispatch.count <= CALL_JOBS;
}

static void link_last(struct mh_flight *flight, struct mh_request *request)
{
    struct mh_request *last = flight->request;
    while (last->next != NULL)
        last = last->next;
    last->next = request;
    flight->jobs += request->in.dispatch.count;
}

bool mh_flight_pack(struct mh_flight *flight)
{
    struct mh_request *first = flight->request;
    if (first->next == NULL) return true;
    struct mh_dispatch *jobs = mh_arena_array(&first->arena, flight->jobs, sizeof *jobs);
    if (jobs == NULL) return false;
    size_t at = 0;
    for (const struct mh_request *each = first; each != NULL; each = each->next) {
        memcpy(&jobs[at], each->in.dispatch.jobs, each->in.dispatch.count * sizeof *jobs);
        at += each->in.dispatch.count;
    }
    first->in.dispatch.jobs = jobs;
    first->in.dispatch.count = at;
    return true;
}

/* Its own jobs are the first of all. */
static void narrow(struct mh_flight *flight)
{
    if (flight->request->op == MH_OP_DISPATCH) flight->request->in.dispatch.count = flight->own;
}

/* Copied, for what is answered first is gone when the next is. */
static void give_part(struct mh_request *request, const struct mh_reply *whole, size_t at)
{
    size_t count = request->in.dispatch.count;
    struct mh_reply *reply = &request->reply;
    if (whole->code < 0) {
        reply->code = whole->code;
        reply->err = whole->err;
        return;
    }
    struct mh_dispatched *part = mh_pg_array(request, (int)count, sizeof *part);
    if (part == NULL) {
        reply->code = MH_ENOMEM;
        return;
    }
    memcpy(part, &whole->dispatched[at], count * sizeof *part);
    reply->dispatched = part;
    reply->count = count;
}

void mh_flight_unpack(struct mh_flight *flight)
{
    struct mh_request *first = flight->request;
    if (first->next == NULL) return;
    size_t at = flight->own;
    for (struct mh_request *each = first->next; each != NULL; each = each->next) {
        give_part(each, &first->reply, at);
        at += each->in.dispatch.count;
    }
    narrow(flight);
    first->reply.count = flight->own;
}

struct mh_request *mh_flight_take(struct mh_flight *flight)
{
    struct mh_request *request = flight->request;
    if (request != NULL) flight->request = request->next;
    return request;
}

/* --- */

void mh_group_add(struct mh_group *group, struct mh_requests *queue)
{
    struct mh_request *request = mh_requests_take(queue);
    request->next = NULL;
    group->requests++;
    if (group->count > 0 && shares(&group->flights[group->count - 1], request)) {
        link_last(&group->flights[group->count - 1], request);
        return;
    }
    size_t jobs = request->op == MH_OP_DISPATCH ? request->in.dispatch.count : 0;
    group->flights[group->count++] =
        (struct mh_flight){.request = request, .jobs = jobs, .own = jobs};
}

static size_t put_back(struct mh_flight *flight, struct mh_requests *queue)
{
    struct mh_request *before = NULL;
    struct mh_request *request;
    size_t count = 0;
    narrow(flight);
    while ((request = mh_flight_take(flight)) != NULL) {
        if (before == NULL)
            mh_requests_prepend(queue, request);
        else
            mh_requests_insert(queue, before, request);
        before = request;
        count++;
    }
    return count;
}

void mh_group_put_back(struct mh_group *group, size_t first, struct mh_requests *queue)
{
    while (group->count > first) {
        struct mh_flight *flight = &group->flights[--group->count];
        group->pq->clear(flight->result);
        group->requests -= put_back(flight, queue);
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
