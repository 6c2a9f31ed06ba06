/* The intake: how much more a worker takes on, and what becomes of the jobs that a claim brought.
 *
 * Its members are set by its owner, who answers the claimer's two questions with it: how many jobs
 * to ask for (mh_intake_want), and what with those that came (mh_intake_take). Each becomes a run
 * in the slots; one that cannot run at all becomes one too and ends at once. One thread: the
 * loop's. */
#ifndef MH_INTAKE_H
#define MH_INTAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/settings.h"
#include "worker/claimer.h"
#include "worker/crew.h"
#include "worker/measures.h"
#include "worker/slots.h"

struct mh_intake {
    struct mh_store *store;
    const struct mh_settings *settings;
    struct mh_crew *crew;
    struct mh_slots *slots;
    struct mh_measures *measures;
    bool once;                          /* one job in all */
    const struct mh_run_events *events; /* of the runs it makes */
    void (*failed)(void *arg, const struct mh_err *err);
    void *arg; /* for both */
    size_t taken;
};

/* What would be of use now, for a worker that is working, where a claim takes so long. */
struct mh_claimer_want mh_intake_want(const struct mh_intake *intake, double claim_s);

/* Takes the jobs of a claim. */
void mh_intake_take(struct mh_intake *intake, const struct mh_reply *claimed);

#endif
