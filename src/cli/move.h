/* Carrying jobs from one store to another, as doc/move.md has it.
 *
 *     struct mh_moving moving = {.from = …, .to = …, .tenant = …};
 *     int r = mh_moving_begin(&moving, err);
 *     while (r == 0 && …) r = mh_moving_round(&moving, err);
 *
 * After an error, and where the process is killed, jobs may be half moved; the next move between
 * the two stores begins by setting them right. */
#ifndef MH_MOVE_H
#define MH_MOVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "cli/progress.h"
#include "store/move.h"
#include "store/sync.h"

#define MH_MOVING_BATCH 200
#define MH_STAYS_SAID   20 /* jobs that stay and are named */

/* Why a job stays where it is. */
enum mh_stay {
    MH_STAY_RUNS,    /* it is processing */
    MH_STAY_CHANGED, /* while it was about to leave: to be tried again at once */
    MH_STAY_KEY,     /* its unique key is taken at the target, by `holder` */
    MH_STAY_ID,      /* its id is, for good */
    MH_STAY_TENANT,  /* its tenant is not there and cannot be made */
    MH_STAY__COUNT,
};

struct mh_stays {
    struct mh_uuid id, holder;
    enum mh_stay why;
};

struct mh_moving {
    struct mh_sync *from, *to;      /* open, borrowed */
    const struct mh_tenant *tenant; /* whose jobs, borrowed; NULL: everybody's, and records that are
                                       nobody's */
    int64_t deadline_us;            /* by mh_clock_mono_us; 0: none */
    struct mh_progress progress;
    int64_t moved;    /* by this run */
    int64_t repaired; /* left half moved by another, moved now */
    int round;        /* the one under way, from 0 */

    /* By the last round. */
    bool whole; /* it looked at every job; false: it ended early */
    int64_t moved_last;
    int64_t left[MH_STAY__COUNT];
    int64_t schedules_left;
    struct mh_stays stays[MH_STAYS_SAID]; /* for the last three reasons */
    size_t stay_count;

    struct mh_move at_source, at_target; /* set by mh_moving_begin */
};

/* Makes this the only run between the two stores and completes what earlier ones left half done.
 * MH_EINVAL: both are one store. */
int mh_moving_begin(struct mh_moving *moving, struct mh_err *err) MH_MUST_CHECK;

/* Carries the small records, then every job that may leave: those that have not ended first, each
 * kind from the oldest. Ends early, with nothing half done, once mh_moving_over. */
int mh_moving_round(struct mh_moving *moving, struct mh_err *err) MH_MUST_CHECK;

/* True once it was asked to end, or its time is up. */
bool mh_moving_over(const struct mh_moving *moving);

/* True once the program was asked to end, by SIGINT or SIGTERM, after mh_moving_begin. The second
 * such signal ends it. */
bool mh_moving_stopped(void);

/* --- the parts of a round */

/* Tenants, what is set for types; schedules; projects and credentials. */
int mh_moving_records(struct mh_moving *moving, struct mh_err *err) MH_MUST_CHECK;
int mh_moving_schedules(struct mh_moving *moving, struct mh_err *err) MH_MUST_CHECK;
int mh_moving_projects(struct mh_moving *moving, struct mh_err *err) MH_MUST_CHECK;

/* The next jobs behind the cursor are held at the target and erased at the source. *cursor is 0
 * after the last ones. */
int mh_moving_batch(struct mh_moving *moving, bool ended, int64_t *cursor,
                    struct mh_err *err) MH_MUST_CHECK;

#endif
