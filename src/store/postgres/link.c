#include "store/postgres/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/random.h"
#include "mh_pg_sql.h"
#include "store/postgres/fault.h"

#define SERVER_MIN 150000

#define CONNECT_MS     15000
#define PAUSE_FIRST_MS 100
#define PAUSE_MAX_MS   5000

enum state {
    STATE_WAITING,    /* for the next try: the timer runs */
    STATE_LOOKING_UP, /* `lookup` is under way */
    STATE_CONNECTING, /* libpq talks to the server; the timer limits it */
    STATE_SETTING_UP, /* connected, the session is being set up */
    STATE_UP,
};

struct mh_link {
    uv_loop_t *loop;
    const struct mh_pq *pq;
    struct mh_address *address;
    const struct mh_link_events *events;
    void *arg;
    enum state state;
    bool pooled;
    int failures; /* in a row */
    struct mh_timer *timer;
    struct mh_lookup *lookup;
    struct mh_watch *watch;
    PGconn *conn;

    mh_asked_fn *asked; /* NULL: nothing is asked */
    void *asked_arg;
    PGresult *answer; /* so far */
};

static void set_state(struct mh_link *link, enum state state)
{
    static const char *const names[] = {"waiting", "looking up", "connecting", "setting up", "up"};
    mh_log(MH_LOG_DEBUG, "connection to PostgreSQL",
           MH_FIELDS(mh_f_str("location", mh_address_location(link->address)),
                     mh_f_str("was", names[link->state]), mh_f_str("is", names[state])));
    link->state = state;
}

/* --- the end of a session */

/* The watch goes first: libpq closes the descriptor, and another may get its number. */
static void disconnect(struct mh_link *link)
{
    mh_lookup_drop(link->lookup);
    link->lookup = NULL;
    mh_watch_drop(link->watch);
    link->watch = NULL;
    if (link->answer != NULL) link->pq->clear(link->answer);
    link->answer = NULL;
    link->asked = NULL;
    if (link->conn != NULL) link->pq->finish(link->conn);
    link->conn = NULL;
}

static int64_t pause_ms(int failures)
{
    int64_t pause = PAUSE_FIRST_MS;
    while (--failures > 0 && pause < PAUSE_MAX_MS)
        pause *= 2;
    if (pause > PAUSE_MAX_MS) pause = PAUSE_MAX_MS;
    return (int64_t)((double)pause * (0.75 + 0.5 * mh_random_unit()));
}

void mh_link_lose(struct mh_link *link, const struct mh_err *err)
{
    struct mh_err copy = *err; /* it may be about the connection, which goes */
    disconnect(link);
    set_state(link, STATE_WAITING);
    mh_timer_start(link->timer, pause_ms(++link->failures), 0);
    link->events->down(link->arg, &copy);
}

static void lose_by_fault(struct mh_link *link)
{
    struct mh_err err;
    (void)mh_fault_of_link(link->pq, link->conn, mh_address_location(link->address), &err);
    mh_link_lose(link, &err);
}

/* --- asking */

static void read_answers(struct mh_link *link);

static void on_ready(void *arg, int events)
{
    struct mh_link *link = arg;
    const struct mh_pq *pq = link->pq;
    struct mh_err err;
    if ((events & UV_READABLE) != 0 && pq->consumeInput(link->conn) == 0) {
        lose_by_fault(link);
        return;
    }
    if (mh_link_flush(link, &err) < 0) {
        mh_link_lose(link, &err);
        return;
    }
    if (link->asked != NULL)
        read_answers(link);
    else if (link->state == STATE_UP)
        link->events->input(link->arg);
}

/* Of several results the first that is an error counts, else the last. */
static void keep_answer(struct mh_link *link, PGresult *result)
{
    PGresult *other = link->answer;
    ExecStatusType status = other != NULL ? link->pq->resultStatus(other) : PGRES_COMMAND_OK;
    bool keep_old = status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK;
    link->answer = keep_old ? other : result;
    link->pq->clear(keep_old ? result : other);
}

static void read_answers(struct mh_link *link)
{
    const struct mh_pq *pq = link->pq;
    while (!pq->isBusy(link->conn)) {
        PGresult *result = pq->getResult(link->conn);
        if (result != NULL) {
            keep_answer(link, result);
            continue;
        }
        if (pq->status(link->conn) == CONNECTION_BAD) {
            lose_by_fault(link);
            return;
        }
        mh_asked_fn *asked = link->asked;
        PGresult *answer = link->answer;
        link->asked = NULL;
        link->answer = NULL;
        mh_link_expect(link, 0);
        asked(link->asked_arg, answer);
        return;
    }
}

/* Also in states other than up. */
static void ask(struct mh_link *link, const struct mh_ask *ask, mh_asked_fn *fn, void *arg)
{
    const struct mh_pq *pq = link->pq;
    link->asked = fn;
    link->asked_arg = arg;
    mh_link_expect(link, ask->within_ms);
    int sent = ask->params == NULL ? pq->sendQuery(link->conn, ask->text)
                                   : pq->sendQueryParams(link->conn, ask->text, ask->param_count,
                                                         NULL, ask->params, NULL, NULL, 0);
    /* Where it could not be sent the watch finds the connection broken. */
    if (sent == 0) mh_link_expect(link, 1);
    mh_watch_set(link->watch, UV_READABLE | UV_WRITABLE);
}

void mh_link_ask(struct mh_link *link, const struct mh_ask *what, mh_asked_fn *fn, void *arg)
{
    ask(link, what, fn, arg);
}

/* --- a new session */

/* What sql/session.sql answers. */
enum { STANDBY, OWN_SESSION, VERSION };

static bool is_true(const struct mh_link *link, const PGresult *result, int column)
{
    return *link->pq->getvalue(result, 0, column) == 't';
}

static int check_session(struct mh_link *link, const PGresult *result, struct mh_err *err)
{
    const char *location = mh_address_location(link->address);
    if (link->pq->resultStatus(result) != PGRES_TUPLES_OK) {
        int r = mh_fault(link->pq, result, NULL, err);
        return mh_err_prefix(err, r, "unable to use %s", location);
    }
    if (strtol(link->pq->getvalue(result, 0, VERSION), NULL, 10) < SERVER_MIN)
        return mh_err_set(err, MH_ESTORE, "unable to use %s: PostgreSQL 15 or newer is needed",
                          location);
    if (is_true(link, result, STANDBY))
        return mh_err_set(err, MH_ECONN, "unable to use %s: it is a standby, which only reads",
                          location);
    link->pooled = !is_true(link, result, OWN_SESSION);
    return 0;
}

static void on_session(void *arg, PGresult *result)
{
    struct mh_link *link = arg;
    struct mh_err err;
    int r = check_session(link, result, &err);
    link->pq->clear(result);
    if (r < 0) {
        mh_link_lose(link, &err);
        return;
    }
    link->failures = 0;
    set_state(link, STATE_UP);
    link->events->up(link->arg);
}

static void set_up(struct mh_link *link)
{
    char pid[16];
    (void)snprintf(pid, sizeof pid, "%d", link->pq->backendPID(link->conn)); /* fits any int */
    const char *const params[] = {pid};
    set_state(link, STATE_SETTING_UP);
    if (link->pq->setnonblocking(link->conn, 1) != 0) {
        lose_by_fault(link);
        return;
    }
    ask(link,
        &(struct mh_ask){
            .text = mh_pg_sql_session, .params = params, .param_count = 1, .within_ms = CONNECT_MS},
        on_session, link);
}

/* --- connecting */

static void advance(void *arg, int events);

static bool watch_for(struct mh_link *link, int events, mh_watch_fn *fn)
{
    struct mh_err err;
    int fd = link->pq->socket(link->conn);
    if (mh_watch_new(link->loop, fd, events, fn, link, &link->watch, &err) == 0) return true;
    link->watch = NULL;
    mh_link_lose(link, &err);
    return false;
}

/* libpq may close its descriptor in each step and go on with another, of the same number even. */
static void advance(void *arg, int events)
{
    struct mh_link *link = arg;
    (void)events;
    mh_watch_drop(link->watch);
    link->watch = NULL;
    switch (link->pq->connectPoll(link->conn)) {
    case PGRES_POLLING_READING:
        (void)watch_for(link, UV_READABLE, advance); /* a failure is told as a loss */
        break;
    case PGRES_POLLING_WRITING:
        (void)watch_for(link, UV_WRITABLE, advance);
        break;
    case PGRES_POLLING_OK:
        if (watch_for(link, UV_READABLE, on_ready)) set_up(link);
        break;
    default:
        lose_by_fault(link);
        break;
    }
}

static void ignore_notice(void *arg, const char *text)
{
    (void)arg;
    (void)text; /* libpq would write it to standard error */
}

static void on_begun(void *arg, PGconn *conn, const struct mh_err *err)
{
    struct mh_link *link = arg;
    link->lookup = NULL;
    link->conn = conn;
    if (conn == NULL) {
        mh_link_lose(link, err);
    } else if (link->pq->status(conn) == CONNECTION_BAD) {
        lose_by_fault(link);
    } else {
        (void)link->pq->setNoticeProcessor(conn, ignore_notice, NULL); /* returns the old one */
        set_state(link, STATE_CONNECTING);
        mh_link_expect(link, CONNECT_MS);
        (void)watch_for(link, UV_WRITABLE, advance); /* a failure is told as a loss */
    }
}

static void on_timer(void *arg)
{
    struct mh_link *link = arg;
    struct mh_err err;
    if (link->state == STATE_WAITING) {
        set_state(link, STATE_LOOKING_UP);
        if (mh_address_connect(link->address, link->loop, on_begun, link, &link->lookup, &err) == 0)
            return;
        link->lookup = NULL;
    } else {
        (void)mh_err_set(&err, MH_ECONN, "unable to reach %s: no answer in time",
                         mh_address_location(link->address));
    }
    mh_link_lose(link, &err);
}

/* --- */

int mh_link_open(uv_loop_t *loop, const struct mh_pq *pq, struct mh_address *address,
                 int64_t wait_ms, const struct mh_link_events *events, void *arg,
                 struct mh_link **ret_link, struct mh_err *err)
{
    struct mh_link *link = calloc(1, sizeof *link);
    if (link == NULL) return mh_err_set(err, MH_ENOMEM, "unable to connect: out of memory");
    link->loop = loop;
    link->pq = pq;
    link->address = address;
    link->events = events;
    link->arg = arg;
    int r = mh_timer_new(loop, on_timer, link, &link->timer, err);
    if (r < 0) {
        free(link);
        return r;
    }
    mh_timer_start(link->timer, wait_ms, 0);
    *ret_link = link;
    return 0;
}

void mh_link_hurry(struct mh_link *link)
{
    if (link->state == STATE_WAITING && link->failures == 0) mh_timer_start(link->timer, 0, 0);
}

void mh_link_close(struct mh_link *link)
{
    if (link == NULL) return;
    disconnect(link);
    mh_timer_drop(link->timer);
    free(link);
}

PGconn *mh_link_conn(const struct mh_link *link)
{
    return link->state == STATE_UP ? link->conn : NULL;
}

bool mh_link_pooled(const struct mh_link *link)
{
    return link->pooled;
}

int mh_link_flush(struct mh_link *link, struct mh_err *err)
{
    int r = link->pq->flush(link->conn);
    if (r < 0)
        return mh_fault_of_link(link->pq, link->conn, mh_address_location(link->address), err);
    mh_watch_set(link->watch, r > 0 ? UV_READABLE | UV_WRITABLE : UV_READABLE);
    return 0;
}

void mh_link_expect(struct mh_link *link, int64_t within_ms)
{
    if (within_ms == 0)
        mh_timer_stop(link->timer);
    else
        mh_timer_start(link->timer, within_ms, 0);
}
