/* One batch of a move: read at the source, held at the target, erased at the source. */
#include <string.h>

#include "base/arena.h"
#include "cli/move.h"

#define ARENA_MAX ((size_t)1 << 30)

/* A job that is about to leave. */
struct leaver {
    struct mh_leaving leaving;
    struct mh_parcel parcel; /* its job is there as long as the reply that brought it */
};

struct batch {
    struct mh_moving *moving;
    struct mh_arena arena;
    int64_t cursor;
    struct leaver leavers[MH_MOVING_BATCH];
    size_t count;
    bool failed; /* out of memory */

    struct mh_parcel parcels[MH_MOVING_BATCH]; /* sent to be held … */
    struct mh_leaving sent[MH_MOVING_BATCH];   /* … and, once held, to be erased */
    size_t sent_count;
    size_t erased;
    struct mh_call hold;
    int hold_asked;
    struct mh_err hold_err;
};

static int check_memory(const struct batch *batch, struct mh_err *err)
{
    return batch->failed ? mh_err_set(err, MH_ENOMEM, "unable to move: out of memory") : 0;
}

static void copy_text(struct batch *batch, const char **text)
{
    if (*text == NULL) return;
    *text = mh_arena_str(&batch->arena, *text);
    if (*text == NULL) batch->failed = true;
}

/* --- who may leave */

static void take_leaving(void *arg, const struct mh_reply *reply)
{
    struct batch *batch = arg;
    batch->cursor = reply->cursor;
    for (size_t i = 0; i < reply->count && batch->count < MH_MOVING_BATCH; i++) {
        if (reply->leaving[i].stamp == NULL) {
            batch->moving->left[MH_STAY_RUNS]++;
            continue;
        }
        struct mh_leaving *leaving = &batch->leavers[batch->count++].leaving;
        *leaving = reply->leaving[i];
        copy_text(batch, &leaving->stamp);
    }
}

static int find_leavers(struct batch *batch, bool ended, struct mh_err *err)
{
    struct mh_moving *moving = batch->moving;
    const struct mh_tenant *tenant = moving->tenant;
    const struct mh_export export = {.ended = ended,
                                     .tenant_id = tenant != NULL ? &tenant->id : NULL,
                                     .cursor = batch->cursor,
                                     .limit = MH_MOVING_BATCH};
    struct mh_call call = {.use = take_leaving, .arg = batch};
    int r = mh_store_move_export(moving->from->store, &export, mh_call_done, &call, err);
    r = mh_sync_await(moving->from, r, &call, err);
    return r < 0 ? r : check_memory(batch, err);
}

/* --- their attempts */

struct history {
    struct batch *batch;
    struct mh_parcel *parcel;
};

static void take_attempts(void *arg, const struct mh_reply *reply)
{
    const struct history *history = arg;
    struct batch *batch = history->batch;
    struct mh_attempt *attempts = mh_arena_array(&batch->arena, reply->count, sizeof *attempts);
    if (attempts == NULL) {
        batch->failed = true;
        return;
    }
    for (size_t i = 0; i < reply->count; i++) {
        attempts[i] = reply->attempts[i];
        copy_text(batch, &attempts[i].worker_id);
        copy_text(batch, &attempts[i].outcome);
        copy_text(batch, &attempts[i].error);
        copy_text(batch, &attempts[i].log);
    }
    history->parcel->attempts = attempts;
    history->parcel->attempt_count = reply->count;
}

static int read_attempts(struct batch *batch, struct mh_err *err)
{
    struct mh_sync *from = batch->moving->from;
    for (size_t i = 0; i < batch->count; i++) {
        struct leaver *leaver = &batch->leavers[i];
        if (!leaver->leaving.has_history) continue;
        struct history history = {.batch = batch, .parcel = &leaver->parcel};
        struct mh_call call = {.use = take_attempts, .arg = &history};
        int r = mh_store_attempts(from->store, &leaver->leaving.id, mh_call_done, &call, err);
        r = mh_sync_await(from, r, &call, err);
        if (r == 0) r = check_memory(batch, err);
        if (r < 0) return r;
    }
    return 0;
}

/* --- their records, passed on while they last */

static const struct leaver *find_leaver(const struct batch *batch, const struct mh_uuid *id)
{
    for (size_t i = 0; i < batch->count; i++)
        if (mh_uuid_equal(&batch->leavers[i].leaving.id, id)) return &batch->leavers[i];
    return NULL;
}

static void send_jobs(void *arg, const struct mh_reply *reply)
{
    struct batch *batch = arg;
    struct mh_moving *moving = batch->moving;
    for (size_t i = reply->count; i-- > 0;) { /* oldest first */
        const struct mh_job *job = &reply->jobs[i];
        const struct leaver *leaver = find_leaver(batch, &job->id);
        if (leaver == NULL || job->status == MH_STATUS_PROCESSING) continue;
        size_t at = batch->sent_count++;
        batch->sent[at] = leaver->leaving;
        batch->parcels[at] = leaver->parcel;
        batch->parcels[at].job = job;
    }
    batch->hold_asked =
        mh_store_move_hold(moving->to->store, &moving->at_target, batch->parcels, batch->sent_count,
                           mh_call_done, &batch->hold, &batch->hold_err);
}

static void stay(struct mh_moving *moving, enum mh_stay why, const struct mh_uuid *id,
                 const struct mh_uuid *holder)
{
    moving->left[why]++;
    if (moving->stay_count == MH_STAYS_SAID) return;
    moving->stays[moving->stay_count++] =
        (struct mh_stays){.id = *id, .holder = *holder, .why = why};
}

/* Keeps of what was sent what is held now. */
static void take_holds(void *arg, const struct mh_reply *reply)
{
    static const enum mh_stay whys[] = {
        [MH_HOLD_ID_TAKEN] = MH_STAY_ID,
        [MH_HOLD_KEY_TAKEN] = MH_STAY_KEY,
        [MH_HOLD_NO_TENANT] = MH_STAY_TENANT,
    };
    struct batch *batch = arg;
    size_t held = 0;
    for (size_t i = 0; i < reply->count && i < batch->sent_count; i++) {
        const struct mh_hold *hold = &reply->holds[i];
        if (hold->what == MH_HOLD_HELD)
            batch->sent[held++] = batch->sent[i];
        else
            stay(batch->moving, whys[hold->what], &batch->sent[i].id, &hold->holder);
    }
    batch->sent_count = held;
}

/* Those that a large page left out are found again by the next round. */
static int hold(struct batch *batch, struct mh_err *err)
{
    struct mh_moving *moving = batch->moving;
    struct mh_uuid ids[MH_MOVING_BATCH];
    for (size_t i = 0; i < batch->count; i++)
        ids[i] = batch->leavers[i].leaving.id;
    const struct mh_filter filter = {.status = MH_STATUS_NONE,
                                     .ids = ids,
                                     .id_count = batch->count,
                                     .limit = batch->count,
                                     .bodies = true};
    struct mh_call call = {.use = send_jobs, .arg = batch};
    batch->hold = (struct mh_call){.use = take_holds, .arg = batch};
    int r = mh_store_list(moving->from->store, &filter, mh_call_done, &call, err);
    r = mh_sync_await(moving->from, r, &call, err);
    if (r < 0) return r;
    if (batch->hold_asked < 0) *err = batch->hold_err;
    return mh_sync_await(moving->to, batch->hold_asked, &batch->hold, err);
}

/* --- the step that decides */

static void take_erased(void *arg, const struct mh_reply *reply)
{
    *(size_t *)arg = reply->count;
}

static int erase(struct batch *batch, struct mh_err *err)
{
    struct mh_moving *moving = batch->moving;
    struct mh_call call = {.use = take_erased, .arg = &batch->erased};
    int r = mh_store_move_erase(moving->from->store, &moving->at_source, batch->sent,
                                batch->sent_count, mh_call_done, &call, err);
    return mh_sync_await(moving->from, r, &call, err);
}

static int run_batch(struct batch *batch, bool ended, struct mh_err *err)
{
    int64_t others = batch->moving->left[MH_STAY_KEY] + batch->moving->left[MH_STAY_ID] +
                     batch->moving->left[MH_STAY_TENANT];
    int r = find_leavers(batch, ended, err);
    if (r < 0 || batch->count == 0) return r;
    r = read_attempts(batch, err);
    if (r == 0) r = hold(batch, err);
    if (r == 0 && batch->sent_count > 0) r = erase(batch, err);
    if (r < 0) return r;
    int64_t *left = batch->moving->left;
    others = left[MH_STAY_KEY] + left[MH_STAY_ID] + left[MH_STAY_TENANT] - others;
    left[MH_STAY_CHANGED] += (int64_t)batch->count - (int64_t)batch->erased - others;
    batch->moving->moved += (int64_t)batch->erased;
    return 0;
}

int mh_moving_batch(struct mh_moving *moving, bool ended, int64_t *cursor, struct mh_err *err)
{
    struct batch batch = {.moving = moving, .cursor = *cursor};
    mh_arena_init(&batch.arena, ARENA_MAX);
    int r = run_batch(&batch, ended, err);
    mh_arena_release(&batch.arena);
    if (r == 0) *cursor = batch.cursor;
    return r;
}
