/* Requests in, answers out, over one connection, through libpq's pipeline.
 *
 * Self-clocking: what is submitted while an answer is awaited waits, and then goes as one group,
 * before one Sync: one round trip, one transaction, one commit. An idle wire sends what one turn of
 * the loop brought. Small dispatches that stand one behind the other are one call in it, and so are
 * looks at one job. A group that fails did nothing; its requests are then sent alone, each in a
 * transaction of its own, so that the one that fails harms no other. What may take long goes alone
 * too. Order is kept throughout.
 *
 * While the server is out of reach requests wait for it, but not for ever: they then fail with
 * MH_ECONN, as do those that were under way when it was lost. A claim among these may have been
 * carried out all the same: each new session begins by giving back what the workers that joined
 * here hold without knowing. */
#ifndef MH_PG_WIRE_H
#define MH_PG_WIRE_H

#include <uv.h>

#include "base/compiler.h"
#include "store/backend.h"
#include "store/postgres/link.h"

struct mh_wire;

struct mh_wire_events {
    /* How the last of the claims came out, for whoever decides about sleeping. */
    void (*claimed)(void *arg, bool short_of_limit);
    void (*idle)(void *arg); /* nothing is queued or under way any more; may be NULL */
};

/* `schema` is borrowed: the quoted identifier. */
int mh_wire_new(uv_loop_t *loop, const struct mh_pq *pq, const char *schema,
                const struct mh_wire_events *events, void *arg, struct mh_wire **ret_wire,
                struct mh_err *err) MH_MUST_CHECK;

/* Carries out what is queued, as far as the server does it within a few seconds, without answering;
 * then the link may be closed. Accepts NULL. */
void mh_wire_close(struct mh_wire *wire);

/* Takes the request. */
void mh_wire_submit(struct mh_wire *wire, struct mh_request *request);

/* The same, for one that overtakes what only reads and is not sent yet. */
void mh_wire_submit_urgent(struct mh_wire *wire, struct mh_request *request);

/* The link, which is the caller's, is up, has input, is down. After `input` and `down` the wire may
 * be gone. */
void mh_wire_up(struct mh_wire *wire, struct mh_link *link);
void mh_wire_input(struct mh_wire *wire);
void mh_wire_down(struct mh_wire *wire, const struct mh_err *err);

/* Answers what is queued with an error; the wire may then be gone. */
void mh_wire_refuse(struct mh_wire *wire, const struct mh_err *err);

#endif
