/* The finisher: writes what became of runs, as many at once as there are.
 *
 * At most one flush is under way; what ends meanwhile waits and goes with the next one. There is no
 * timer on the fast path: an idle worker writes a result in one round trip, and under load the
 * batches grow by themselves. A flush is in the order in which its jobs were claimed, which is the
 * cheapest for a store. While the store is out of reach results are kept and tried again with
 * a growing pause. One thread: the loop's. */
#ifndef MH_FINISHER_H
#define MH_FINISHER_H

#include <stddef.h>
#include <uv.h>

#include "base/compiler.h"
#include "store/store.h"
#include "worker/run.h"

struct mh_finisher;

struct mh_finisher_events {
    /* Before these ends are written: what the runs told last, which must come first. */
    void (*notes)(void *arg, struct mh_note *notes, size_t count);
    /* `status` as mh_store_finish answers it. Takes the run. */
    void (*finished)(void *arg, struct mh_run *run, enum mh_status status);
    void (*flushed)(
        void *arg); /* after the last `finished` of a flush: there may be more to write */
    void (*failed)(void *arg, const struct mh_err *err);
};

int mh_finisher_new(uv_loop_t *loop, struct mh_store *store,
                    const struct mh_finisher_events *events, void *arg,
                    struct mh_finisher **ret_finisher, struct mh_err *err) MH_MUST_CHECK;

/* Frees the runs it still has. */
void mh_finisher_free(struct mh_finisher *finisher);

/* Takes an ended run. */
void mh_finisher_add(struct mh_finisher *finisher, struct mh_run *run);

/* Writes what waits, unless a flush is under way or a pause lasts. */
void mh_finisher_go(struct mh_finisher *finisher);

/* Runs that are not written yet. */
size_t mh_finisher_pending(const struct mh_finisher *finisher);

#endif
