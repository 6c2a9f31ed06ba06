/* The store, one operation after the other: asks, and runs a loop of its own until the answer came.
 *
 *     struct mh_call call = {.use = take_jobs, .arg = &page};
 *     int r = mh_store_list(sync->store, &filter, mh_call_done, &call, err);
 *     r = mh_sync_await(sync, r, &call, err);
 *
 * `use` sees the reply while it is valid, and only when the operation succeeded. */
#ifndef MH_SYNC_H
#define MH_SYNC_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/compiler.h"
#include "base/err.h"
#include "store/store.h"

struct mh_timer;

struct mh_sync {
    bool open; /* the loop */
    struct mh_store *store;
    struct mh_timer *timer;
    bool rang; /* the timer, or news */
    uv_loop_t loop;
};

struct mh_call {
    mh_reply_fn *use; /* or NULL */
    void *arg;
    bool came;
    int code;
    struct mh_err err;
};

/* Makes the loop alone, for what must be watched before the store is ready. Close it also after an
 * error. */
int mh_sync_begin(struct mh_sync *sync, struct mh_err *err) MH_MUST_CHECK;

/* Opens the store and waits until it is ready; `sync` must be zeroed. Close it also after an error.
 */
int mh_sync_open(struct mh_sync *sync, const struct mh_store_options *options,
                 struct mh_err *err) MH_MUST_CHECK;
void mh_sync_close(struct mh_sync *sync);

/* The `done` of every operation; its `arg` is the call. */
mh_reply_fn mh_call_done;

/* `asked` is what the operation returned: a refusal is passed on. */
int mh_sync_await(struct mh_sync *sync, int asked, struct mh_call *call,
                  struct mh_err *err) MH_MUST_CHECK;

/* From here on mh_sync_pause is ended by news of these kinds, also by news that came before it. */
int mh_sync_watch(struct mh_sync *sync, int kinds, struct mh_err *err) MH_MUST_CHECK;

/* Lets `ms` go by. */
void mh_sync_pause(struct mh_sync *sync, int64_t ms);

#endif
