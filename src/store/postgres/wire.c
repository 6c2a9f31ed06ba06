#include "store/postgres/wire.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/loop.h"
#include "mh_pg_sql.h"
#include "store/postgres/fault.h"
#include "store/postgres/text.h"
#include "store/postgres/work.h"

/* The most requests that share a commit, and bytes of parameters after which no more join: so that
 * the first of them does not wait too long. */
#define GROUP_MAX   64
#define GROUP_BYTES ((size_t)4 << 20)

/* How often one that failed by deadlock or serialization is sent again. */
#define TRIES_MAX 5

#define LONG_PATIENCE_MS (20 * MH_LINK_PATIENCE_MS)
#define OUTAGE_MS        5000  /* how long requests wait for the server to come back */
#define DRAIN_MS         5000  /* how long a closing store waits for it */
#define KEEP_BYTES       65536 /* a larger parameter buffer is given back */

/* One request of the group under way. */
struct flight {
    struct mh_request *request;
    PGresult *result; /* NULL: none yet */
    bool preparing;   /* its statement's preparation is answered first */
};

struct list {
    struct mh_request *first, **last;
};

struct mh_wire {
    const struct mh_pq *pq;
    const struct mh_wire_events *events;
    void *arg;
    struct mh_link *link; /* NULL: down */
    char *texts[MH_OP__COUNT];
    enum { STATEMENT_NONE, STATEMENT_SENT, STATEMENT_READY } statements[MH_OP__COUNT];
    struct mh_pg_work work;
    struct mh_params params;

    struct list queue;
    size_t alone; /* so many of its first are to be sent by themselves */
    int tries;    /* of the first */

    struct flight group[GROUP_MAX];
    size_t flying;    /* in the group; 0: nothing is under way */
    size_t at;        /* whose result is next */
    PGresult *failed; /* of the commit itself */

    struct mh_soon *send;
    struct mh_timer *outage;
    struct mh_err reason; /* for it */
    bool closing;         /* answers go nowhere */
    bool *gone;           /* set when the wire is closed within a callback */
};

/* --- lists of requests */

static void append(struct list *list, struct mh_request *request)
{
    request->next = NULL;
    *list->last = request;
    list->last = &request->next;
}

static void prepend(struct list *list, struct mh_request *request)
{
    if (list->first == NULL) list->last = &request->next;
    request->next = list->first;
    list->first = request;
}

static struct mh_request *take_first(struct list *list)
{
    struct mh_request *request = list->first;
    if (request == NULL) return NULL;
    list->first = request->next;
    if (list->first == NULL) list->last = &list->first;
    return request;
}

static void free_all(struct list *list)
{
    struct mh_request *request;
    while ((request = take_first(list)) != NULL)
        mh_request_free(request);
}

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

static void refuse_all(struct mh_wire *wire, struct list *list, const struct mh_err *err)
{
    struct mh_request *request;
    while ((request = take_first(list)) != NULL) {
        request->reply.code = err->code;
        request->reply.err = *err;
        if (!answer(wire, request)) break;
    }
    free_all(list);
}

/* Only out of what is queued now: an answer may bring more. */
static void refuse_queue(struct mh_wire *wire, const struct mh_err *err)
{
    struct list list = {.first = wire->queue.first};
    list.last = list.first != NULL ? wire->queue.last : &list.first;
    wire->queue = (struct list){.last = &wire->queue.first};
    wire->alone = 0;
    wire->tries = 0;
    refuse_all(wire, &list, err);
}

static void clear_results(struct mh_wire *wire)
{
    for (size_t i = 0; i < wire->flying; i++) {
        wire->pq->clear(wire->group[i].result);
        wire->group[i].result = NULL;
    }
    wire->pq->clear(wire->failed);
    wire->failed = NULL;
}

/* The group goes, its requests to `ret_list`. */
static void land(struct mh_wire *wire, struct list *ret_list)
{
    *ret_list = (struct list){.last = &ret_list->first};
    clear_results(wire);
    for (size_t i = 0; i < wire->flying; i++)
        append(ret_list, wire->group[i].request);
    wire->flying = 0;
}

/* --- sending */

/* Statements keep the number of their operation as their name in the session. */
static const char *name_of(enum mh_op op, char ret_name[4])
{
    ret_name[0] = 'm';
    ret_name[1] = (char)('0' + op / 10);
    ret_name[2] = (char)('0' + op % 10);
    ret_name[3] = '\0';
    return ret_name;
}

static bool send_one(struct mh_wire *wire, struct flight *flight)
{
    PGconn *conn = mh_link_conn(wire->link);
    const struct mh_pq *pq = wire->pq;
    const struct mh_params *params = &wire->params;
    enum mh_op op = flight->request->op;
    char name[4];
    flight->preparing = false;
    if (mh_link_pooled(wire->link))
        return pq->sendQueryParams(conn, wire->texts[op], params->count, NULL, params->values,
                                   params->lengths, params->formats, 1) != 0;
    if (wire->statements[op] == STATEMENT_NONE) {
        if (pq->sendPrepare(conn, name_of(op, name), wire->texts[op], 0, NULL) == 0) return false;
        wire->statements[op] = STATEMENT_SENT;
        flight->preparing = true;
    }
    return pq->sendQueryPrepared(conn, name_of(op, name), params->count, params->values,
                                 params->lengths, params->formats, 1) != 0;
}

/* Parameters of one request; false: they do not fit. */
static bool write_params(struct mh_wire *wire, const struct mh_request *request)
{
    const struct mh_pg_operation *operation = &mh_pg_operations[request->op];
    mh_params_reset(&wire->params);
    if (operation->write != NULL) operation->write(&wire->work, request, &wire->params);
    return mh_params_end(&wire->params);
}

static void choose_group(struct mh_wire *wire)
{
    size_t most = wire->alone > 0 ? 1 : GROUP_MAX;
    while (wire->flying < most && wire->queue.first != NULL)
        wire->group[wire->flying++] = (struct flight){.request = take_first(&wire->queue)};
}

/* What does not go with this group goes with the next. */
static void put_back_from(struct mh_wire *wire, size_t first)
{
    while (wire->flying > first)
        prepend(&wire->queue, wire->group[--wire->flying].request);
}

static bool send_group(struct mh_wire *wire)
{
    bool sent = true;
    size_t bytes = 0;
    for (size_t i = 0; sent && i < wire->flying; i++) {
        if (bytes > GROUP_BYTES) {
            put_back_from(wire, i);
            break;
        }
        sent = write_params(wire, wire->group[i].request) && send_one(wire, &wire->group[i]);
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
    for (size_t i = 0; i < wire->flying; i++)
        if (mh_pg_operations[wire->group[i].request->op].is_long) return LONG_PATIENCE_MS;
    return MH_LINK_PATIENCE_MS;
}

/* Losing the session is what is left where libpq takes nothing more. */
static void send_queue(void *arg)
{
    struct mh_wire *wire = arg;
    if (wire->link == NULL || wire->flying > 0 || wire->queue.first == NULL) return;
    struct mh_err err;
    wire->at = 0;
    choose_group(wire);
    int r = 0;
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

static bool is_error(const struct mh_wire *wire, const PGresult *result)
{
    ExecStatusType status = wire->pq->resultStatus(result);
    return status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK;
}

/* What follows one that failed is only aborted: the first tells why. */
static const PGresult *cause(const struct mh_wire *wire)
{
    if (wire->failed != NULL) return wire->failed;
    for (size_t i = 0; i < wire->flying; i++) {
        const PGresult *result = wire->group[i].result;
        if (result != NULL && is_error(wire, result)) return result;
    }
    return NULL;
}

static void read_one(struct mh_wire *wire, struct flight *flight)
{
    struct mh_request *request = flight->request;
    const struct mh_pg_operation *operation = &mh_pg_operations[request->op];
    struct mh_rows rows = mh_rows(wire->pq, flight->result);
    if (operation->read != NULL) request->reply.code = operation->read(&wire->work, &rows, request);
}

/* The one under way has had its day. */
static void next_group(struct mh_wire *wire)
{
    wire->flying = 0;
    wire->tries = 0;
    if (wire->alone > 0) wire->alone--;
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

/* After an answer the wire may be gone, and libpq's table with it. */
static void answer_group(struct mh_wire *wire)
{
    const struct mh_pq pq = *wire->pq;
    struct flight group[GROUP_MAX];
    size_t count = wire->flying;
    bool here = true;
    for (size_t i = 0; i < count; i++)
        read_one(wire, &wire->group[i]);
    memcpy(group, wire->group, count * sizeof *group);
    next_group(wire);
    for (size_t i = 0; i < count; i++) {
        if (here)
            here = answer_one(wire, group[i].request);
        else
            mh_request_free(group[i].request);
        pq.clear(group[i].result);
    }
    if (here && !wire->closing) mh_soon_ask(wire->send);
}

static void fail_one(struct mh_wire *wire, const PGresult *result)
{
    struct mh_request *request = wire->group[0].request;
    struct mh_reply *reply = &request->reply;
    reply->code = mh_fault(wire->pq, result, mh_pg_operations[request->op].taken, &reply->err);
    clear_results(wire);
    next_group(wire);
    if (answer(wire, request) && !wire->closing) mh_soon_ask(wire->send);
}

/* Back to the front of the queue, to be sent one by one. */
static void take_apart(struct mh_wire *wire)
{
    size_t count = wire->flying;
    clear_results(wire);
    put_back_from(wire, 0);
    if (wire->alone < count) wire->alone = count;
    if (!wire->closing) mh_soon_ask(wire->send);
}

static void conclude(struct mh_wire *wire)
{
    const PGresult *result = cause(wire);
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
    } else if (wire->flying > 1 || (kind == MH_FAULT_AGAIN && ++wire->tries < TRIES_MAX)) {
        take_apart(wire);
    } else {
        fail_one(wire, result);
    }
}

/* In the order sent: of each request its preparation, if any, and its result. */
static void take_result(struct mh_wire *wire, PGresult *result)
{
    struct flight *flight = &wire->group[wire->at];
    if (wire->at >= wire->flying) {
        wire->pq->clear(wire->failed);
        wire->failed = result;
    } else if (flight->preparing && !is_error(wire, result)) {
        flight->preparing = false;
        wire->statements[flight->request->op] = STATEMENT_READY;
        wire->pq->clear(result);
    } else if (flight->preparing) {
        flight->preparing = false; /* its result comes too, as aborted, and is of less use */
        wire->statements[flight->request->op] = STATEMENT_NONE;
        flight->result = result;
    } else {
        if (flight->result == NULL)
            flight->result = result;
        else
            wire->pq->clear(result);
        wire->at++;
    }
}

/* libpq gives NULL behind the results of each statement, and again when nothing more has come. */
void mh_wire_input(struct mh_wire *wire)
{
    PGconn *conn = mh_link_conn(wire->link);
    for (int nulls = 0; wire->flying > 0 && nulls < 2 && !wire->pq->isBusy(conn);) {
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
    if (wire->pq->status(conn) != CONNECTION_BAD) return;
    struct mh_err err;
    (void)mh_err_set(&err, MH_ECONN, "the connection to PostgreSQL was lost");
    mh_link_lose(wire->link, &err);
}

/* --- the link */

void mh_wire_up(struct mh_wire *wire, struct mh_link *link)
{
    wire->link = link;
    memset(wire->statements, 0, sizeof wire->statements);
    mh_buf_reset(&wire->work.cursor);
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
    struct list lost;
    wire->reason = *err;
    wire->reason.code = MH_ECONN;
    if (wire->link != NULL) mh_timer_start(wire->outage, OUTAGE_MS, OUTAGE_MS);
    wire->link = NULL;
    land(wire, &lost);
    struct mh_err reason = wire->reason;
    refuse_all(wire, &lost, &reason);
}

void mh_wire_refuse(struct mh_wire *wire, const struct mh_err *err)
{
    refuse_queue(wire, err);
}

/* --- */

int mh_wire_new(uv_loop_t *loop, const struct mh_pq *pq, const char *schema,
                const struct mh_wire_events *events, void *arg, struct mh_wire **ret_wire,
                struct mh_err *err)
{
    struct mh_wire *wire = calloc(1, sizeof *wire);
    if (wire == NULL) return mh_err_set(err, MH_ENOMEM, "unable to open a store: out of memory");
    wire->pq = pq;
    wire->events = events;
    wire->arg = arg;
    wire->queue.last = &wire->queue.first;
    mh_pg_work_init(&wire->work);
    mh_params_init(&wire->params);
    int r = mh_soon_new(loop, send_queue, wire, &wire->send, err);
    if (r == 0) r = mh_timer_new(loop, on_outage, wire, &wire->outage, err);
    for (int op = 0; r == 0 && op < MH_OP__COUNT; op++) {
        wire->texts[op] = mh_pg_text(mh_pg_operations[op].text, schema);
        if (wire->texts[op] == NULL)
            r = mh_err_set(err, MH_ENOMEM, "unable to open a store: out of memory");
    }
    if (r < 0) {
        mh_wire_close(wire);
        return r;
    }
    mh_timer_start(wire->outage, OUTAGE_MS, OUTAGE_MS);
    *ret_wire = wire;
    return 0;
}

void mh_wire_submit(struct mh_wire *wire, struct mh_request *request)
{
    append(&wire->queue, request);
    if (wire->flying == 0 && wire->link != NULL) mh_soon_ask(wire->send);
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

static void drain(struct mh_wire *wire)
{
    int64_t until_us = mh_clock_mono_us() + (int64_t)DRAIN_MS * 1000;
    for (;;) {
        if (wire->link != NULL) send_queue(wire);
        if (wire->link == NULL || wire->flying == 0) break;
        if (!wait_for_server(wire, until_us)) break;
        mh_wire_input(wire);
    }
}

void mh_wire_close(struct mh_wire *wire)
{
    if (wire == NULL) return;
    struct list left;
    wire->closing = true;
    if (wire->gone != NULL) *wire->gone = true;
    drain(wire);
    land(wire, &left);
    free_all(&left);
    free_all(&wire->queue);
    mh_soon_drop(wire->send);
    mh_timer_drop(wire->outage);
    mh_pg_work_release(&wire->work);
    mh_params_release(&wire->params);
    for (int op = 0; op < MH_OP__COUNT; op++)
        free(wire->texts[op]);
    free(wire);
}
