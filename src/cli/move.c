#include "cli/move.h"

#include <signal.h>
#include <string.h>

#include "base/clock.h"

/* --- being asked to end */

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    stopped = 1;
}

bool mh_moving_stopped(void)
{
    return stopped != 0;
}

bool mh_moving_over(const struct mh_moving *moving)
{
    return stopped != 0 || (moving->deadline_us != 0 && mh_clock_mono_us() >= moving->deadline_us);
}

static void heed_signals(void)
{
    struct sigaction action = {.sa_handler = stop, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
    (void)sigaction(SIGINT, &action, NULL); /* fails for no signal that there is */
    (void)sigaction(SIGTERM, &action, NULL);
}

/* --- setting right what is half done: the end of a batch, and the beginning of every run */

struct ids {
    struct mh_uuid items[MH_MOVING_BATCH];
    size_t count;
};

static void take_ids(void *arg, const struct mh_reply *reply)
{
    struct ids *ids = arg;
    ids->count = reply->count < MH_MOVING_BATCH ? reply->count : MH_MOVING_BATCH;
    if (ids->count > 0) memcpy(ids->items, reply->ids, ids->count * sizeof *ids->items);
}

static void take_count(void *arg, const struct mh_reply *reply)
{
    *(size_t *)arg = reply->count;
}

static int release(struct mh_moving *moving, const struct ids *ids, struct mh_err *err)
{
    struct mh_call released = {0}, forgotten = {0};
    int r = mh_store_move_release(moving->to->store, &moving->at_target, ids->items, ids->count,
                                  mh_call_done, &released, err);
    r = mh_sync_await(moving->to, r, &released, err);
    if (r < 0) return r;
    r = mh_store_move_forget(moving->from->store, &moving->at_source, ids->items, ids->count,
                             mh_call_done, &forgotten, err);
    return mh_sync_await(moving->from, r, &forgotten, err);
}

static int release_erased(struct mh_moving *moving, int64_t *ret_count, struct mh_err *err)
{
    struct ids ids = {0};
    int64_t count = 0;
    do {
        struct mh_call call = {.use = take_ids, .arg = &ids};
        int r = mh_store_move_erased(moving->from->store, &moving->at_source, MH_MOVING_BATCH,
                                     mh_call_done, &call, err);
        r = mh_sync_await(moving->from, r, &call, err);
        if (r == 0 && ids.count > 0) r = release(moving, &ids, err);
        if (r < 0) return r;
        count += (int64_t)ids.count;
    } while (ids.count == MH_MOVING_BATCH);
    *ret_count = count;
    return 0;
}

static int drop_others(struct mh_moving *moving, struct mh_err *err)
{
    size_t count = 0;
    do {
        struct mh_call call = {.use = take_count, .arg = &count};
        int r = mh_store_move_drop(moving->to->store, &moving->at_target, MH_MOVING_BATCH,
                                   mh_call_done, &call, err);
        r = mh_sync_await(moving->to, r, &call, err);
        if (r < 0) return r;
    } while (count == MH_MOVING_BATCH);
    return 0;
}

/* Of the jobs held at the target those that the source has erased are the target's now; the others
 * never left, and no other run can erase them any more. */
static int settle(struct mh_moving *moving, int64_t *ret_count, struct mh_err *err)
{
    int r = release_erased(moving, ret_count, err);
    return r < 0 ? r : drop_others(moving, err);
}

/* What a move the other way left half done. */
static int settle_back(struct mh_moving *moving, int64_t *ret_count, struct mh_err *err)
{
    struct mh_moving back = {.from = moving->to,
                             .to = moving->from,
                             .at_source = moving->at_target,
                             .at_target = moving->at_source};
    return settle(&back, ret_count, err);
}

/* --- beginning */

static int identify(struct mh_sync *sync, struct mh_uuid *ret_id, struct mh_err *err)
{
    struct ids ids = {0};
    struct mh_call call = {.use = take_ids, .arg = &ids};
    int r = mh_store_move_identify(sync->store, mh_call_done, &call, err);
    r = mh_sync_await(sync, r, &call, err);
    if (r == 0) *ret_id = ids.items[0];
    return r;
}

static int take_over(struct mh_sync *sync, const struct mh_move *move, struct mh_err *err)
{
    struct mh_call call = {0};
    int r = mh_store_move_begin(sync->store, move, mh_call_done, &call, err);
    return mh_sync_await(sync, r, &call, err);
}

int mh_moving_begin(struct mh_moving *moving, struct mh_err *err)
{
    moving->at_source.run = moving->at_target.run = mh_uuid_new();
    int r = identify(moving->from, &moving->at_target.peer, err);
    if (r == 0) r = identify(moving->to, &moving->at_source.peer, err);
    if (r < 0) return r;
    if (mh_uuid_equal(&moving->at_source.peer, &moving->at_target.peer))
        return mh_err_set(err, MH_EINVAL,
                          "unable to move: both are the same store, or one is a copy of the other");
    heed_signals();
    int64_t back = 0;
    r = take_over(moving->from, &moving->at_source, err);
    if (r == 0) r = take_over(moving->to, &moving->at_target, err);
    if (r == 0) r = settle(moving, &moving->repaired, err);
    return r < 0 ? r : settle_back(moving, &back, err);
}

/* --- a round */

/* 1: to the last job, 0: ended early. */
static int carry(struct mh_moving *moving, bool ended, struct mh_err *err)
{
    int64_t cursor = 0;
    do {
        int64_t released = 0;
        int r = mh_moving_batch(moving, ended, &cursor, err);
        if (r == 0) r = settle(moving, &released, err);
        if (r < 0) return r;
        mh_progress_set(&moving->progress, moving->moved);
    } while (cursor != 0 && !mh_moving_over(moving));
    return cursor == 0;
}

int mh_moving_round(struct mh_moving *moving, struct mh_err *err)
{
    int64_t before = moving->moved;
    memset(moving->left, 0, sizeof moving->left);
    moving->stay_count = 0;
    moving->schedules_left = 0;
    int r = mh_moving_records(moving, err);
    if (r == 0) r = carry(moving, false, err);
    if (r > 0) r = carry(moving, true, err);
    moving->whole = r > 0;
    moving->moved_last = moving->moved - before;
    moving->round++;
    return r < 0 ? r : 0;
}
