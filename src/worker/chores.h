/* Chores: what any worker does for the whole store, each on a timer of its own.
 *
 * Reclaim takes back the jobs of silent workers twice a lease; prune deletes what ended long ago,
 * in small batches, each minute; so is told of projects whose job was killed that they have no
 * clone any more; statistics go to the log and the metrics each MONITOR_INTERVAL_MS. All are safe
 * when several workers do them at once. One thread: the loop's. */
#ifndef MH_CHORES_H
#define MH_CHORES_H

#include <stdint.h>
#include <uv.h>

#include "base/compiler.h"
#include "base/settings.h"
#include "store/store.h"

struct mh_chores;

struct mh_chores_events {
    void (*reclaimed)(void *arg, int64_t count); /* more than 0 */
    void (*stats)(void *arg, const struct mh_stats *stats);
    void (*failed)(void *arg, const struct mh_err *err);
};

/* Borrows `settings`. Begins at once. */
int mh_chores_new(uv_loop_t *loop, struct mh_store *store, const struct mh_settings *settings,
                  const struct mh_chores_events *events, void *arg, struct mh_chores **ret_chores,
                  struct mh_err *err) MH_MUST_CHECK;

/* No chore begins any more; free it only once the store is closed or its replies have come. */
void mh_chores_stop(struct mh_chores *chores);
void mh_chores_free(struct mh_chores *chores);

#endif
