/* The due jobs of several types, in the order they are to be claimed.
 *
 * Each lane has an index of its own of what is due. Lanes of the highest priority come first, those
 * of one priority are merged by the time of becoming due: the heads of each are read a few at a
 * time, from the last that was given on, whether or not it is claimed yet. Of a lane whose type has
 * limits only those come that may run now. */
#ifndef MH_SQLITE_LANES_H
#define MH_SQLITE_LANES_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "store/sqlite/work.h"

struct mh_lane;

/* A job that is due. */
struct mh_due {
    int64_t seq;
    const char *type; /* in the arena of the lanes */
    int priority;
    bool in_span;
};

struct mh_lanes {
    struct mh_work *work;
    struct mh_arena *arena;
    struct mh_lane *lanes; /* highest priority first */
    size_t count;
    size_t first, end;           /* the lanes of the priority that is being merged … */
    struct mh_lane *now, *rival; /* … and of them the first two, or NULL */
    size_t chunk;                /* how many heads of each are read at a time */
};

/* Finds the lanes of the types in `claim`. */
int mh_lanes_find(struct mh_lanes *lanes, struct mh_work *work, const struct mh_claim *claim,
                  struct mh_arena *arena, struct mh_err *err) MH_MUST_CHECK;

/* 1 and the next job to claim, of at most `want` more; 0: nothing is due. */
int mh_lanes_next(struct mh_lanes *lanes, size_t want, struct mh_due *ret_due,
                  struct mh_err *err) MH_MUST_CHECK;

/* Whether the heads that were read are all given. mh_lanes_next may then go on to lanes with
 * limits, for which what was given before must be claimed. */
bool mh_lanes_ends_next(const struct mh_lanes *lanes);

/* How long until the next job becomes due; -1: none is scheduled. For lanes with nothing due. */
int mh_lanes_next_due(const struct mh_lanes *lanes, int64_t *ret_ms,
                      struct mh_err *err) MH_MUST_CHECK;

/* How many jobs in these lanes are processing. */
int mh_lanes_running(const struct mh_lanes *lanes, int64_t *ret_count,
                     struct mh_err *err) MH_MUST_CHECK;

#endif
