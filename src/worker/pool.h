/* The pool: threads that run C functions for a worker's loop.
 *
 * Made, given tasks and freed on the loop's thread. Threads are started as they are needed, at most
 * `size`, and stay; all signals are blocked in them. A task belongs to the pool from
 * mh_pool_submit until its `done` is called on the loop: `work` runs on a thread in between, and
 * may have `told` called on the loop by mh_pool_tell. */
#ifndef MH_POOL_H
#define MH_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>
#include <uv.h>

#include "base/compiler.h"
#include "base/err.h"

struct mh_pool;

/* Embedded in what the owner keeps of a task. */
struct mh_task {
    void (*work)(struct mh_task *task); /* on a thread */
    void (*told)(struct mh_task *task); /* on the loop; once for all that was told until then */
    void (*done)(struct mh_task *task); /* on the loop, last: the task is the owner's again */

    TAILQ_ENTRY(mh_task) link; /* the pool's, like all that follows */
    STAILQ_ENTRY(mh_task) told_link;
    bool is_told;
};

int mh_pool_new(uv_loop_t *loop, size_t size, struct mh_pool **ret_pool,
                struct mh_err *err) MH_MUST_CHECK;

/* MH_ELIMIT, MH_ENOMEM: no thread could be started and there is none. */
int mh_pool_submit(struct mh_pool *pool, struct mh_task *task, struct mh_err *err) MH_MUST_CHECK;

/* On the thread of the task's `work`. */
void mh_pool_tell(struct mh_pool *pool, struct mh_task *task);

/* Waits until no `work` runs any more; what waited for a thread is not begun. No callback follows,
 * no task may be submitted: all of them are their owners' again. */
void mh_pool_finish(struct mh_pool *pool);

/* Finishes and frees. Accepts NULL. */
void mh_pool_free(struct mh_pool *pool);

#endif
