/* The way back to the loop: answers and news from the store's threads.
 *
 * Made, expected at and closed on the loop's thread; posting is for any thread. It keeps the loop
 * alive while answers are expected. */
#ifndef MH_SQLITE_DOOR_H
#define MH_SQLITE_DOOR_H

#include <uv.h>

#include "base/compiler.h"
#include "store/backend.h"

struct mh_door;

struct mh_door_events {
    void (*work)(void *arg);                               /* the door was rung; may put answers */
    void (*answer)(void *arg, struct mh_request *request); /* takes it */
    void (*news)(void *arg, int kinds);
};

int mh_door_new(uv_loop_t *loop, const struct mh_door_events *events, void *arg,
                struct mh_door **ret_door, struct mh_err *err) MH_MUST_CHECK;

/* One more answer is going to be posted. */
void mh_door_expect(struct mh_door *door);

/* Takes a list of requests, to be answered in its order. */
void mh_door_post(struct mh_door *door, struct mh_request *requests);
void mh_door_news(struct mh_door *door, int kinds);

/* As post, without ringing: from the event work, which answers follow anyway. */
void mh_door_put(struct mh_door *door, struct mh_request *requests);

/* Has the loop call work, soon. */
void mh_door_ring(struct mh_door *door);

/* Nobody posts any more. Frees what was posted and not answered; no event follows, also not when
 * called from one. Accepts NULL. */
void mh_door_close(struct mh_door *door);

#endif
