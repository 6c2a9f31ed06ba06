#include "store/postgres/group.h"

#include <string.h>

#include "store/postgres/work.h"

/* The most jobs of a dispatch that requests share: what one row of `ready` stands for. */
#define CALL_JOBS 64

/* The most jobs of a look that requests share: the server leaves out none of so few, however large
 * they are. */
#define CALL_LOOKS 16

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

/* A look at one job, as whoever has dispatched it over HTTP takes. */
static bool is_glance(const struct mh_request *request)
{
    const struct mh_filter *list = &request->in.list;
    return request->op == MH_OP_LIST && list->ids != NULL && list->id_count == 1 &&
           list->limit > 0 && list->cursor == 0 && list->status == MH_STATUS_NONE &&
           list->type == NULL;
}

static bool same_tenant(const struct mh_filter *a, const struct mh_filter *b)
{
    if (a->tenant_id == NULL || b->tenant_id == NULL) return a->tenant_id == b->tenant_id;
    return mh_uuid_equal(a->tenant_id, b->tenant_id);
}

static bool shares(const struct mh_flight *flight, const struct mh_request *request)
{
    const struct mh_request *first = flight->request;
    if (is_glance(first) && is_glance(request))
        return flight->jobs < CALL_LOOKS && first->in.list.bodies == request->in.list.bodies &&
               same_tenant(&first->in.list, &request->in.list);
    return is_light(first) && is_light(request) &&
           flight->jobs + request->in.dispatch.count <= CALL_JOBS;
}

static size_t count_jobs(const struct mh_request *request)
{
    if (request->op == MH_OP_DISPATCH) return request->in.dispatch.count;
    return request->op == MH_OP_LIST ? request->in.list.id_count : 0;
}

static void link_last(struct mh_flight *flight, struct mh_request *request)
{
    struct mh_request *last = flight->request;
    while (last->next != NULL)
        last = last->next;
    last->next = request;
    flight->jobs += count_jobs(request);
}

static bool pack_dispatches(struct mh_flight *flight)
{
    struct mh_request *first = flight->request;
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

static bool pack_glances(struct mh_flight *flight)
{
    struct mh_filter *list = &flight->request->in.list;
    struct mh_uuid *ids = mh_arena_array(&flight->request->arena, flight->jobs, sizeof *ids);
    if (ids == NULL) return false;
    size_t at = 0;
    for (const struct mh_request *each = flight->request; each != NULL; each = each->next)
        ids[at++] = each->in.list.ids[0];
    list->ids = ids;
    list->id_count = list->limit = at;
    return true;
}

bool mh_flight_pack(struct mh_flight *flight)
{
    if (flight->request->next == NULL) return true;
    return flight->request->op == MH_OP_LIST ? pack_glances(flight) : pack_dispatches(flight);
}

/* Its own jobs are the first of all. */
static void narrow(struct mh_flight *flight)
{
    struct mh_request *first = flight->request;
    if (first->op == MH_OP_DISPATCH)
        first->in.dispatch.count = flight->own;
    else if (first->op == MH_OP_LIST)
        first->in.list.id_count = flight->own;
}

/* Copied, for what is answered first is gone when the next is. */
static int give_dispatched(struct mh_request *request, const struct mh_reply *whole, size_t at)
{
    size_t count = request->in.dispatch.count;
    struct mh_dispatched *part = mh_pg_array(request, (int)count, sizeof *part);
    if (part == NULL) return MH_ENOMEM;
    memcpy(part, &whole->dispatched[at], count * sizeof *part);
    request->reply.dispatched = part;
    request->reply.count = count;
    return 0;
}

/* One that is not found is in no place of the answer. */
static int give_job(struct mh_request *request, const struct mh_reply *whole)
{
    struct mh_job *part = mh_pg_array(request, 1, sizeof *part);
    if (part == NULL) return MH_ENOMEM;
    size_t count = 0;
    for (size_t i = 0; count == 0 && i < whole->count; i++)
        if (mh_uuid_equal(&whole->jobs[i].id, request->in.list.ids)) part[count++] = whole->jobs[i];
    request->reply.jobs = part;
    request->reply.count = count;
    request->reply.cursor = 0;
    return 0;
}

static void give_part(struct mh_request *request, const struct mh_reply *whole, size_t at)
{
    if (whole->code < 0) {
        request->reply.code = whole->code;
        request->reply.err = whole->err;
        return;
    }
    bool looks = request->op == MH_OP_LIST;
    request->reply.code = looks ? give_job(request, whole) : give_dispatched(request, whole, at);
}

void mh_flight_unpack(struct mh_flight *flight)
{
    struct mh_request *first = flight->request;
    if (first->next == NULL) return;
    const struct mh_reply whole = first->reply;
    size_t at = 0;
    narrow(flight);
    for (struct mh_request *each = first; each != NULL; each = each->next) {
        give_part(each, &whole, at);
        at += count_jobs(each);
    }
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
    size_t jobs = count_jobs(request);
    group->flights[group->count++] =
        (struct mh_flight){.request = request, .jobs = jobs, .own = jobs};
}

bool mh_group_is_lone_claim(const struct mh_group *group)
{
    return group->requests == 1 && group->flights[0].request->op == MH_OP_CLAIM;
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
