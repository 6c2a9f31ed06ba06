/* The worker: claims jobs, runs their handlers, writes what became of them, and stops well.
 *
 * Calling order: mh_worker_start with an open (or opening) store; the loop runs; mh_worker_stop
 * once or twice, or --drain and --once stop it by themselves; `stopped` is called, once; then
 * mh_worker_free and mh_store_close. Everything happens on the loop's thread and nothing blocks it.
 * The worker logs; it does not exit. */
#ifndef MH_WORKER_H
#define MH_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/settings.h"
#include "store/store.h"
#include "worker/registry.h"

struct mh_worker;

struct mh_worker_options {
    uv_loop_t *loop;
    struct mh_store *store;
    const struct mh_settings *settings; /* borrowed */
    const struct mh_registry *registry; /* borrowed */
    const char *worker_id;              /* borrowed */
    bool drain;                         /* stop when nothing is due or running */
    bool once;                          /* stop after one job, or at once when none is due */

    /* `clean` is false where jobs could not be handed back in time: their leases will run out. */
    void (*stopped)(void *arg, bool clean);
    void *arg;
};

int mh_worker_start(const struct mh_worker_options *options, struct mh_worker **ret_worker,
                    struct mh_err *err) MH_MUST_CHECK;

/* Stops claiming, hands back what is not started, lets running jobs finish, then TERM, KILL and
 * hands those back too, all within SHUTDOWN_TIMEOUT_MS. A second call does the last part at once.
 */
void mh_worker_stop(struct mh_worker *worker);

/* Kills what still runs. Accepts NULL. */
void mh_worker_free(struct mh_worker *worker);

/* NULL while it works; otherwise the reason, valid until the next call. */
const char *mh_worker_unhealthy(const struct mh_worker *worker);

void mh_worker_metrics(struct mh_worker *worker, struct mh_buf *out);

#endif
