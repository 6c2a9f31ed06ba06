/* One connection to the server: made, kept, and made again when it is lost, with growing pauses.
 *
 * Nothing here waits. The owner is told when a session is up and when it is gone; between the two
 * it may ask one thing after the other (mh_link_ask), or put the connection into pipeline mode and
 * read the results itself when there is input. After any event the link may be gone: its owner may
 * free it there. */
#ifndef MH_PG_LINK_H
#define MH_PG_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/compiler.h"
#include "base/err.h"
#include "store/postgres/address.h"
#include "store/postgres/pq.h"

/* How long the answer to an ordinary statement is waited for: longer than any takes, and so short
 * that a heartbeat into a dead connection can be sent again before the usual lease ends. */
#define MH_LINK_PATIENCE_MS 15000

struct mh_link;

struct mh_link_events {
    void (*up)(void *arg);    /* a new session, nothing is under way */
    void (*input)(void *arg); /* while nothing is asked: results or notifications may be there */
    void (*down)(void *arg, const struct mh_err *err); /* lost, or not to be had; tried again */
};

/* Begins to connect, in `wait_ms` or once it is hurried. `address` and `pq` are borrowed. */
int mh_link_open(uv_loop_t *loop, const struct mh_pq *pq, struct mh_address *address,
                 int64_t wait_ms, const struct mh_link_events *events, void *arg,
                 struct mh_link **ret_link, struct mh_err *err) MH_MUST_CHECK;
void mh_link_hurry(struct mh_link *link); /* does nothing once it has begun */
void mh_link_close(struct mh_link *link); /* no event any more; accepts NULL */

/* NULL unless it is up. */
PGconn *mh_link_conn(const struct mh_link *link);

/* True behind a pooler, which hands sessions from client to client: nothing may be left in one, and
 * nothing is notified. */
bool mh_link_pooled(const struct mh_link *link);

/* Gives the session up, as lost for this reason; `down` runs within. */
void mh_link_lose(struct mh_link *link, const struct mh_err *err);

/* Sends what libpq holds back. Negative: it is lost, `err` says why; mh_link_lose has not run. */
int mh_link_flush(struct mh_link *link, struct mh_err *err) MH_MUST_CHECK;

/* Unless called again within this time the session is lost; 0: no limit. */
void mh_link_expect(struct mh_link *link, int64_t within_ms);

/* The first error, or the last result; the callee takes it. */
typedef void mh_asked_fn(void *arg, PGresult *result);

struct mh_ask {
    const char *text;          /* one statement; with no parameters, also several */
    const char *const *params; /* as text */
    int param_count;
    int64_t within_ms; /* 0: no limit */
};

/* Not in pipeline mode, and one at a time. `fn` never runs within; where the session is lost it
 * does not run at all. */
void mh_link_ask(struct mh_link *link, const struct mh_ask *ask, mh_asked_fn *fn, void *arg);

#endif
