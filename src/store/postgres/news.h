/* What others did: told by notifications on a connection that listens, or by a hint about
 * everything once a second where those are not to be had: behind a pooler, while the connection is
 * lost, and while it is busy with something else, for the server notifies only who waits.
 *
 * Dispatchers notify only while somebody sleeps, for a commit that notifies is dear. So a store
 * that keeps claiming as much as it asks for is awake, one whose claims come back short is asleep,
 * and one that does not claim at all too. Falling asleep is done in two steps, so that no job falls
 * between them: the server is told, then the owner is given a hint to claim once more. */
#ifndef MH_PG_NEWS_H
#define MH_PG_NEWS_H

#include <stdbool.h>
#include <uv.h>

#include "base/compiler.h"
#include "store/postgres/link.h"
#include "store/postgres/wire.h"
#include "store/store.h"

struct mh_ear;

struct mh_ear_events {
    void (*news)(void *arg, int kinds);      /* the ear may be closed within */
    void (*hears)(void *arg, bool notified); /* whether news come by themselves has changed */
};

/* Listens for `kinds`, a mask of enum mh_news, by way of `wire`, which is borrowed and is to be
 * closed before the ear, for its answers come to it. */
int mh_ear_open(uv_loop_t *loop, const struct mh_pq *pq, int kinds, struct mh_wire *wire,
                const struct mh_ear_events *events, void *arg, struct mh_ear **ret_ear,
                struct mh_err *err) MH_MUST_CHECK;
void mh_ear_close(struct mh_ear *ear); /* accepts NULL */

/* The connection of the wire is up, has had input, is down. After `input` the ear may be gone. */
void mh_ear_up(struct mh_ear *ear, struct mh_link *link);
void mh_ear_input(struct mh_ear *ear);
void mh_ear_down(struct mh_ear *ear);

/* The wire is given something else to do; has nothing to do any more. */
void mh_ear_busy(struct mh_ear *ear);
void mh_ear_idle(struct mh_ear *ear);

/* A claim came back, with as much as was asked for or with less. */
void mh_ear_claimed(struct mh_ear *ear, bool short_of_limit);

/* The other connection was lost: is this one still good? */
void mh_ear_doubt(struct mh_ear *ear);

#endif
