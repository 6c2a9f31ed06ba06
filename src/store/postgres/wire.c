#include "store/postgres/wire.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/loop.h"
#include "store/postgres/durable.h"
#include "store/postgres/fault.h"
#include "store/postgres/group.h"
#include "store/postgres/requests.h"
#include "store/postgres/statements.h"
#include "store/postgres/work.h"
#include "store/request.h"

/* Bytes of parameters after which no more join a group: so that the first of them does not wait too
 * long. */
#define GROUP_BYTES ((size_t)4 << 20)

/* How often one that failed by deadlock or serialization is sent again. */
#define TRIES_MAX 5

#define LONG_PATIENCE_MS (20 * MH_LINK_PATIENCE_MS)
#define OUTAGE_MS        5000  /* how long requests wait for the server to come back */
#define DRAIN_MS         5000  /* how long a closing store waits for it */
#define KEEP_BYTES       65536 /* a larger parameter buffer is given back */
#define PATIENCE_MIN_MS  1000

/* So many heartbeats after the start of a session ask once more for what a lost claim left: the old
 * session may have been at it still. They come three to a lease. */
#define DOUBTS 3

struct mh_wire {
    const struct mh_pq *pq;
    const struct mh_wire_events *events;
    void *arg;
    struct mh_link *link; /* NULL: down */
    struct mh_statements statements;
    struct mh_pg_work work;
    struct mh_params params;
    int64_t patience_ms;

    struct mh_requests queue;
    size_t alone; /* so many of its first are to be sent by themselves */
    int tries;    /* of the first */

    struct mh_group group; /* under way; empty: nothing is */
    struct mh_durable *durable;

    struct mh_soon *send;
    struct mh_timer *outage;
    struct mh_err reason; /* for it */
    bool closing;         /* answers go nowhere */
    bool *gone;           /* set when the wire is closed within a callback */
};

/* --- answering */

/* False: the wire is gone. */
static bool answer(struct mh_wire *wire, struct mh_request *request)
{
    if (wire->closing) {
        mh_request_free(request);
        return true;
    }
    bool gone = false;
    wire->gone = &gone;
    mh_request_answer(request);
    if (!gone) wire->gone = NULL;
    return !gone;
}

static void refuse_all(struct mh_wire *wire, struct mh_requests *requests, const struct mh_err *err)
{
    struct mh_request *request;
    while ((request = mh_requests_take(requests)) != NULL) {
        request->reply.code = err->code;
        request->reply.err = *err;
        if (!answer(wire, request)) break;
    }
    mh_requests_release(requests);
}

/* Only out of what is queued now: an answer may bring more. */
static void refuse_queue(struct mh_wire *wire, const struct mh_err *err)
{
    struct mh_requests requests;
    mh_requests_move(&wire->queue, &requests);
    wire->alone = 0;
    wire->tries = 0;
    refuse_all(wire, &requests, err);
}

/* --- sending */

static const struct mh_pg_operation *operation_of(const struct mh_request *request)
{
    return &mh_pg_operations[mh_pg_op(request)];
}

static int op_of(const struct mh_wire *wire, const struct mh_flight *flight)
{
    bool alone = mh_group_is_lone_claim(&wire->group) && !mh_link_pooled(wire->link);
    if (!alone) return mh_pg_op(flight->request);
    return wire->work.has_claimed ? MH_PG_CLAIM_ALONE : MH_PG_CLAIM_FIRST;
}

/* What a session sends only once is not prepared. */
static bool send_one(struct mh_wire *wire, struct mh_flight *flight)
{
    PGconn *conn = mh_link_conn(wire->link);
    flight->op = op_of(wire, flight);
    if (mh_link_pooled(wire->link) || flight->op == MH_PG_CLAIM_FIRST)
        return mh_statements_send_text(&wire->statements, conn, flight->op, &wire->params);
    return mh_statements_send(&wire->statements, conn, flight->op, &wire->params,
                              &flight->preparing);
}

/* Parameters of one request; false: they do not fit. */
static bool write_params(struct mh_wire *wire, const struct mh_request *request)
{
    const struct mh_pg_operation *operation = operation_of(request);
    mh_params_reset(&wire->params);
    if (operation->write != NULL) operation->write(&wire->work, request, &wire->params);
    return mh_params_end(&wire->params);
}

/* A group is one transaction, and so has one asker. */
static bool same_asker(const struct mh_request *a, const struct mh_request *b)
{
    if (a->asker == NULL || b->asker == NULL) return a->asker == b->asker;
    return strcmp(a->asker->claims, b->asker->claims) == 0;
}

/* What may take long goes alone: others would wait for it, and its locks for them. */
static bool joins_group(const struct mh_wire *wire, const struct mh_request *request)
{
    const struct mh_group *group = &wire->group;
    if (group->count == 0) return true;
    return wire->alone == 0 && group->requests < MH_GROUP_MAX && !mh_pg_is_long(request) &&
           !mh_pg_is_long(group->flights[0].request) &&
           same_asker(group->flights[0].request, request);
}

/* Says whom the group is for, where that is not the program itself. */
static bool send_asker(struct mh_wire *wire)
{
    const struct mh_asker *asker = wire->group.flights[0].request->asker;
    if (asker == NULL) return true;
    mh_params_reset(&wire->params);
    mh_param_text(&wire->params, asker->claims);
    wire->group.speaking = true;
    return mh_params_end(&wire->params) &&
           mh_statements_send_text(&wire->statements, mh_link_conn(wire->link), MH_PG_SPEAK,
                                   &wire->params);
}

/* What does not go with this group goes with the next. */
static bool send_group(struct mh_wire *wire)
{
    struct mh_group *group = &wire->group;
    bool sent = send_asker(wire);
    size_t bytes = 0;
    for (size_t i = 0; sent && i < group->count; i++) {
        struct mh_flight *flight = &group->flights[i];
        if (bytes > GROUP_BYTES) {
            mh_group_put_back(group, i, &wire->queue);
            break;
        }
        sent =
            mh_flight_pack(flight) && write_params(wire, flight->request) && send_one(wire, flight);
        bytes += wire->params.bytes.len;
    }
    if (wire->params.bytes.cap > KEEP_BYTES) {
        mh_params_release(&wire->params);
        mh_params_init(&wire->params);
    }
    return sent && wire->pq->pipelineSync(mh_link_conn(wire->link)) != 0;
}

static int64_t patience_ms(const struct mh_wire *wire)
{
    return mh_pg_is_long(wire->group.flights[0].request) ? LONG_PATIENCE_MS : wire->patience_ms;
}

/* Losing the session is what is left where libpq takes nothing more. */
static void send_queue(void *arg)
{
    struct mh_wire *wire = arg;
    if (wire->link == NULL || wire->group.count > 0 || wire->queue.first == NULL) return;
    struct mh_err err;
    int r = 0;
    while (wire->queue.first != NULL && joins_group(wire, wire->queue.first))
        mh_group_add(&wire->group, &wire->queue);
    if (!send_group(wire))
        r = mh_err_set(&err, MH_ECONN,
                       "unable to send to PostgreSQL: out of memory, or the "
                       "connection is lost");
    if (r == 0) r = mh_link_flush(wire->link, &err);
    if (r < 0)
        mh_link_lose(wire->link, &err);
    else
        mh_link_expect(wire->link, patience_ms(wire));
}

/* --- receiving */

static void read_one(struct mh_wire *wire, struct mh_flight *flight)
{
    struct mh_request *request = flight->request;
    const struct mh_pg_operation *operation = operation_of(request);
    struct mh_rows rows = mh_rows(wire->pq, flight->result);
    if (operation->read != NULL) request->reply.code = operation->read(&wire->work, &rows, request);
    mh_flight_unpack(flight);
}

static void go_on(struct mh_wire *wire)
{
    if (wire->closing) return;
    mh_soon_ask(wire->send);
    if (wire->queue.first == NULL && wire->events->idle != NULL) wire->events->idle(wire->arg);
}

static bool is_short(const struct mh_request *request)
{
    return request->reply.count < request->in.claim.limit;
}

/* False: the wire is gone. */
static bool answer_one(struct mh_wire *wire, struct mh_request *request)
{
    bool claimed = request->op == MH_OP_CLAIM && request->reply.code == 0;
    bool came_short = claimed && is_short(request);
    bool here = answer(wire, request);
    if (here && claimed && !wire->closing) wire->events->claimed(wire->arg, came_short);
    return here;
}

/* True: the wire is still here. */
static bool answer_flight(struct mh_wire *wire, struct mh_flight *flight, bool here)
{
    struct mh_request *request;
    while ((request = mh_flight_take(flight)) != NULL) {
        if (here)
            here = answer_one(wire, request);
        else
            mh_request_free(request);
    }
    return here;
}

/* The group under way has had its day. */
static void next_group(struct mh_wire *wire)
{
    mh_group_clear(&wire->group);
    wire->tries = 0;
    if (wire->alone > 0) wire->alone--;
}

/* After an answer the wire may be gone, and libpq's table with it; the results are needed until
 * then. */
static void answer_group(struct mh_wire *wire)
{
    const struct mh_pq pq = *wire->pq;
    struct mh_group group = wire->group;
    bool here = true;
    for (size_t i = 0; i < group.count; i++) {
        read_one(wire, &group.flights[i]);
        mh_durable_committed(wire->durable, &group.flights[i]);
    }
    wire->group.count = 0;
    next_group(wire);
    for (size_t i = 0; i < group.count; i++)
        here = answer_flight(wire, &group.flights[i], here);
    group.pq = &pq;
    mh_group_clear(&group);
    if (here) go_on(wire);
}

static void fail_one(struct mh_wire *wire, const PGresult *result)
{
    struct mh_request *request = wire->group.flights[0].request;
    struct mh_reply *reply = &request->reply;
    reply->code = mh_fault(wire->pq, result, operation_of(request)->taken, &reply->err);
    next_group(wire);
    if (answer(wire, request)) go_on(wire);
}

/* Back to the front of the queue, to be sent one by one. */
static void take_apart(struct mh_wire *wire)
{
    size_t count = wire->group.requests;
    mh_group_put_back(&wire->group, 0, &wire->queue);
    mh_group_clear(&wire->group);
    if (wire->alone < count) wire->alone = count;
    if (!wire->closing) mh_soon_ask(wire->send);
}

static void conclude(struct mh_wire *wire)
{
    const PGresult *result = mh_group_cause(&wire->group);
    mh_link_expect(wire->link, 0);
    if (result == NULL) {
        answer_group(wire);
        return;
    }
    enum mh_fault_kind kind = mh_fault_kind(wire->pq, result);
    if (kind == MH_FAULT_LOST) {
        struct mh_err err;
        (void)mh_fault(wire->pq, result, NULL, &err);
        mh_link_lose(wire->link, &err);
    } else if (wire->group.requests > 1 || (kind == MH_FAULT_AGAIN && ++wire->tries < TRIES_MAX)) {
        take_apart(wire);
    } else {
        fail_one(wire, result);
    }
}

static void take_result(struct mh_wire *wire, PGresult *result)
{
    const struct mh_flight *flight = mh_group_result(&wire->group, result);
    if (flight != NULL && flight->unprepared)
        mh_statements_unprepared(&wire->statements, flight->op);
}

/* libpq gives NULL behind the results of each statement, and again when nothing more has come. */
void mh_wire_input(struct mh_wire *wire)
{
    PGconn *conn = mh_link_conn(wire->link);
    for (int nulls = 0; wire->group.count > 0 && nulls < 2 && !wire->pq->isBusy(conn);) {
        PGresult *result = wire->pq->getResult(conn);
        if (result == NULL) {
            nulls++;
            continue;
        }
        nulls = 0;
        if (wire->pq->resultStatus(result) == PGRES_PIPELINE_SYNC) {
            wire->pq->clear(result);
            conclude(wire);
            return;
        }
        take_result(wire, result);
    }
    /* Without memory for the end of a group libpq drops it, and only its message tells. */
    bool starved = wire->group.count > 0 && mh_fault_no_memory(wire->pq->errorMessage(conn));
    if (!starved && wire->pq->status(conn) != CONNECTION_BAD) return;
    struct mh_err err;
    (void)mh_err_set(&err, MH_ECONN, "the connection to PostgreSQL was lost");
    mh_link_lose(wire->link, &err);
}

/* --- claims that were lost */

static void ignore(void *arg, const struct mh_reply *reply)
{
    (void)arg;
    (void)reply; /* it is asked again, or the jobs' lease ends with their worker */
}

/* Gives back what workers of ours hold without knowing: the claim was committed, its answer lost.
 * At the head of the queue, so that no claim is under way before it in its group: what the workers
 * know is then known. Gives how many requests that takes. */
static size_t disown(struct mh_wire *wire)
{
    int64_t worker;
    size_t count = 0;
    while ((worker = mh_pg_work_worker(&wire->work, count)) != 0) {
        struct mh_request *request = mh_request_new((enum mh_op)MH_PG_DISOWN, ignore, NULL);
        if (request == NULL) break;
        request->in.leave.worker = worker;
        mh_requests_prepend(&wire->queue, request);
        count++;
    }
    return count;
}

/* --- the link */

void mh_wire_up(struct mh_wire *wire, struct mh_link *link)
{
    wire->link = link;
    mh_statements_forget(&wire->statements);
    mh_buf_reset(&wire->work.cursor);
    wire->work.has_claimed = false;
    wire->work.doubts = DOUBTS;
    wire->alone += disown(wire); /* nothing is asked for a lease before it is known to stand */
    (void)wire->pq->enterPipelineMode(mh_link_conn(link)); /* fails only while something is asked */
    mh_timer_stop(wire->outage);
    mh_soon_ask(wire->send);
}

static void on_outage(void *arg)
{
    struct mh_wire *wire = arg;
    struct mh_err err = wire->reason;
    refuse_queue(wire, &err);
}

void mh_wire_down(struct mh_wire *wire, const struct mh_err *err)
{
    struct mh_requests lost;
    mh_requests_init(&lost);
    wire->reason = *err;
    wire->reason.code = MH_ECONN;
    if (wire->link != NULL) mh_timer_start(wire->outage, OUTAGE_MS, OUTAGE_MS);
    wire->link = NULL;
    mh_group_put_back(&wire->group, 0, &lost);
    mh_group_clear(&wire->group);
    struct mh_err reason = wire->reason;
    refuse_all(wire, &lost, &reason);
}

void mh_wire_refuse(struct mh_wire *wire, const struct mh_err *err)
{
    refuse_queue(wire, err);
}

/* --- */

static void submit_flush(void *wire, struct mh_request *request)
{
    mh_wire_submit(wire, request);
}

int mh_wire_new(uv_loop_t *loop, const struct mh_pq *pq, const char *schema,
                const struct mh_wire_events *events, void *arg, struct mh_wire **ret_wire,
                struct mh_err *err)
{
    struct mh_wire *wire = calloc(1, sizeof *wire);
    if (wire == NULL) return mh_err_set(err, MH_ENOMEM, "unable to open a store: out of memory");
    wire->pq = pq;
    wire->events = events;
    wire->arg = arg;
    wire->patience_ms = MH_LINK_PATIENCE_MS;
    wire->group.pq = pq;
    mh_requests_init(&wire->queue);
    mh_pg_work_init(&wire->work);
    mh_params_init(&wire->params);
    int r = mh_soon_new(loop, send_queue, wire, &wire->send, err);
    if (r == 0) r = mh_timer_new(loop, on_outage, wire, &wire->outage, err);
    if (r == 0) r = mh_durable_new(loop, submit_flush, wire, &wire->durable, err);
    if (r == 0) r = mh_statements_init(&wire->statements, pq, schema, err);
    if (r < 0) {
        mh_wire_close(wire);
        return r;
    }
    mh_timer_start(wire->outage, OUTAGE_MS, OUTAGE_MS);
    *ret_wire = wire;
    return 0;
}

/* Half the lease is left for a new session and for what is sent again. */
static void take_patience(struct mh_wire *wire, int64_t lease_ms)
{
    int64_t patience_ms = lease_ms / 2 > PATIENCE_MIN_MS ? lease_ms / 2 : PATIENCE_MIN_MS;
    if (patience_ms < wire->patience_ms) wire->patience_ms = patience_ms;
}

void mh_wire_submit(struct mh_wire *wire, struct mh_request *request)
{
    mh_requests_append(&wire->queue, request);
    if (request->op == MH_OP_JOIN) take_patience(wire, request->in.join.lease_ms);
    if (request->op == MH_OP_HEARTBEAT && wire->work.doubts > 0) {
        wire->work.doubts--;
        (void)disown(wire); /* they have been asked for by themselves before */
    }
    if (wire->group.count == 0 && wire->link != NULL) mh_soon_ask(wire->send);
}

void mh_wire_submit_urgent(struct mh_wire *wire, struct mh_request *request)
{
    struct mh_request *before = NULL;
    size_t at = 0;
    for (struct mh_request *each = wire->queue.first; each != NULL; each = each->next)
        if (at++ < wire->alone || !operation_of(each)->reads) before = each;
    if (before != NULL)
        mh_requests_insert(&wire->queue, before, request);
    else
        mh_requests_prepend(&wire->queue, request);
    if (wire->group.count == 0 && wire->link != NULL) mh_soon_ask(wire->send);
}

/* Waits until the server has said something, or takes something more. */
static bool wait_for_server(struct mh_wire *wire, int64_t until_us)
{
    PGconn *conn = mh_link_conn(wire->link);
    int64_t left_us = until_us - mh_clock_mono_us();
    int flushed = wire->pq->flush(conn);
    struct pollfd fd = {.fd = wire->pq->socket(conn),
                        .events = (short)(POLLIN | (flushed > 0 ? POLLOUT : 0))};
    if (flushed < 0 || left_us <= 0 || poll(&fd, 1, (int)(left_us / 1000) + 1) <= 0) return false;
    return (fd.revents & POLLIN) == 0 || wire->pq->consumeInput(conn) != 0;
}

/* False: what is left only reads, and nobody will be told. */
static bool leaves_traces(const struct mh_wire *wire)
{
    for (size_t i = 0; i < wire->group.count; i++)
        if (!operation_of(wire->group.flights[i].request)->reads) return true;
    for (const struct mh_request *request = wire->queue.first; request != NULL;
         request = request->next)
        if (!operation_of(request)->reads) return true;
    return false;
}

static void drain(struct mh_wire *wire)
{
    int64_t until_us = mh_clock_mono_us() + (int64_t)DRAIN_MS * 1000;
    for (;;) {
        if (wire->link != NULL) send_queue(wire);
        if (wire->link == NULL || !leaves_traces(wire)) break;
        if (!wait_for_server(wire, until_us)) break;
        mh_wire_input(wire);
    }
}

void mh_wire_close(struct mh_wire *wire)
{
    if (wire == NULL) return;
    wire->closing = true;
    if (wire->gone != NULL) *wire->gone = true;
    drain(wire);
    mh_group_put_back(&wire->group, 0, &wire->queue);
    mh_group_clear(&wire->group);
    mh_requests_release(&wire->queue);
    mh_soon_drop(wire->send);
    mh_timer_drop(wire->outage);
    mh_durable_drop(wire->durable);
    mh_pg_work_release(&wire->work);
    mh_params_release(&wire->params);
    mh_statements_release(&wire->statements);
    free(wire);
}
