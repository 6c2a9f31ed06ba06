/* The claimer: decides when to ask the store for work.
 *
 * It is *hungry* from the start, after news, after each poll and at the time the next job becomes
 * due; a claim that comes back short of its limit ends the hunger. At most one claim is under way.
 * How many to ask for and of which types is the owner's to say, each time. While the store is out
 * of reach it tries again with a growing pause. One thread: the loop's. */
#ifndef MH_CLAIMER_H
#define MH_CLAIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/compiler.h"
#include "store/store.h"

struct mh_claimer;

struct mh_claimer_want {
    size_t limit;             /* 0: nothing now */
    const char *const *types; /* borrowed until the next want; NULL: every type */
    size_t type_count;
    bool partial; /* types were left out for want of room */
};

struct mh_claimer_events {
    struct mh_claimer_want (*want)(void *arg);
    void (*took)(void *arg, const struct mh_reply *reply, bool partial);
    void (*failed)(void *arg, const struct mh_err *err);
    void (*hungry)(void *arg); /* mh_claimer_go may have something to do */
};

/* `poll_ms` between two looks for work that no news told of. Copies nothing but the pointers. */
int mh_claimer_new(uv_loop_t *loop, struct mh_store *store, int64_t poll_ms,
                   const struct mh_claimer_events *events, void *arg,
                   struct mh_claimer **ret_claimer, struct mh_err *err) MH_MUST_CHECK;
void mh_claimer_free(struct mh_claimer *claimer);

/* Claims for worker number `worker` from now on. */
void mh_claimer_begin(struct mh_claimer *claimer, int64_t worker);

/* Work may be there, or room for types that were left out. */
void mh_claimer_wake(struct mh_claimer *claimer);
void mh_claimer_room(struct mh_claimer *claimer);

/* Claims, if it is hungry, none is under way and the owner wants some. */
void mh_claimer_go(struct mh_claimer *claimer);

/* No claim any more. */
void mh_claimer_stop(struct mh_claimer *claimer);

/* True while a reply is outstanding. */
bool mh_claimer_busy(const struct mh_claimer *claimer);

/* How long the last claim took, in seconds; 0: there was none. */
double mh_claimer_took_s(const struct mh_claimer *claimer);

#endif
