/* A thread that owns one connection: takes the requests that stand in its queue, together, and
 * posts them back through the door.
 *
 * Started, given work and stopped by the loop's thread. All signals are blocked in it. For a caller
 * that waits for every answer it stays on the loop's own thread, which spares two hand-overs, each
 * as dear as a small commit: the door's event work then is mh_thread_work. */
#ifndef MH_SQLITE_THREAD_H
#define MH_SQLITE_THREAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "store/backend.h"
#include "store/sqlite/db.h"
#include "store/sqlite/door.h"

struct mh_thread;

/* Called on the thread; `db` is zeroed until open has succeeded. */
struct mh_thread_role {
    int (*open)(void *arg, struct mh_db *db, struct mh_err *err);
    void (*work)(void *arg, struct mh_db *db, struct mh_request *requests); /* fills the replies */
    void (*tick)(void *arg, struct mh_db *db); /* once a second while asked for; or NULL */
};

/* With `ready` it opens at once and answers that request when it has; without, at the first work.
 * Where opening failed it is tried again for each work. Takes `ready` when it returns 0. */
typedef int mh_thread_start_fn(const struct mh_thread_role *role, void *arg, struct mh_door *door,
                               struct mh_request *ready, struct mh_thread **ret_thread,
                               struct mh_err *err) MH_MUST_CHECK;
mh_thread_start_fn mh_thread_start;

/* As start, with `ready`, but stays on the loop's thread until mh_thread_part. */
mh_thread_start_fn mh_thread_stay;

/* Carries out what is in the queue, if it has stayed. Accepts NULL. */
void mh_thread_work(struct mh_thread *thread);

/* From here on it is a thread, if it was not yet: only such a one ticks. */
int mh_thread_part(struct mh_thread *thread, struct mh_err *err) MH_MUST_CHECK;

/* Takes the request. */
void mh_thread_submit(struct mh_thread *thread, struct mh_request *request);

void mh_thread_tick(struct mh_thread *thread, bool wanted);

enum mh_thread_end {
    MH_THREAD_DRAIN, /* carry out what is in the queue first */
    MH_THREAD_DROP,  /* interrupt what is under way, free the rest */
};

/* Waits for the thread's end. Accepts NULL. */
void mh_thread_stop(struct mh_thread *thread, enum mh_thread_end end);

#endif
