/* Thread handlers: C functions that run on the threads of a pool, for the C library's worker.
 *
 * A function runs as a run of its type: the same retries, time-out, cancel and lease as for every
 * other kind. What cannot be the same: a thread cannot be killed. One that is told to end and does
 * not look keeps its slot, and the worker keeps the lease, until it returns. The kind is not in
 * handlers.c, since millhand.conf cannot name a function: whoever makes the worker's registry gives
 * each spec its `kind` and `call`.
 *
 * All functions below but the type are called on the thread of the run, until its function returns.
 */
#ifndef MH_HANDLER_THREAD_H
#define MH_HANDLER_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "worker/handler.h"
#include "worker/pool.h"

struct mh_thread_run;

/* Runs a job; returns what becomes of the attempt. */
typedef enum mh_verdict_kind mh_thread_fn(struct mh_thread_run *run, void *arg);

/* What a spec of this kind calls. `conf.concurrency` bounds how many threads are in it at once. */
struct mh_thread_call {
    struct mh_pool *pool; /* one for all specs of a worker; freed after the worker */
    mh_thread_fn *fn;
    void *arg;
};

extern const struct mh_handler_kind mh_handler_thread;

/* Valid until the function returns. */
const struct mh_job *mh_thread_run_job(const struct mh_thread_run *run);

/* True when the function should return soon. */
bool mh_thread_run_stopped(const struct mh_thread_run *run);

void mh_thread_run_progress(struct mh_thread_run *run, double progress);
void mh_thread_run_log(struct mh_thread_run *run, const char *text);

/* The result of a success (copied), instead of the one before. MH_EINVAL: no JSON; MH_ELIMIT:
 * larger than the limit; MH_ENOMEM. */
int mh_thread_run_result(struct mh_thread_run *run, const char *json, size_t len,
                         struct mh_err *err) MH_MUST_CHECK;

/* The error of a failure (copied), instead of the one before. */
void mh_thread_run_error(struct mh_thread_run *run, const char *text);
bool mh_thread_run_has_error(const struct mh_thread_run *run);

/* How long "later" is; a minute unless it is said. */
void mh_thread_run_later(struct mh_thread_run *run, int64_t delay_ms);

#endif
