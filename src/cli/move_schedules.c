/* Schedules change hands: each fires in one store only, so they do not stay at the source.
 *
 * One that is neither paused nor has a next slot is *idle* and never fires; outside a move there is
 * none. It is added at the target idle, made idle at the source if it is still as it was read, then
 * woken at the target, and removed at the source. Whatever of this was done before tells what is
 * left to do. */
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "cli/move.h"
#include "cli/say.h"
#include "queue/schedule.h"

#define ARENA_MAX ((size_t)1 << 30)

struct shelf {
    struct mh_arena arena;
    struct mh_schedule *items;
    size_t count;
    bool failed; /* out of memory */
};

/* --- reading */

static void keep_text(struct shelf *shelf, const char **text)
{
    *text = mh_arena_str(&shelf->arena, *text);
    if (*text == NULL) shelf->failed = true;
}

static void keep(struct shelf *shelf, struct mh_schedule *schedule)
{
    keep_text(shelf, &schedule->name);
    keep_text(shelf, &schedule->type);
    keep_text(shelf, &schedule->cron);
    keep_text(shelf, &schedule->tz);
    schedule->payload = mh_arena_copy(&shelf->arena, schedule->payload, schedule->payload_len);
    if (schedule->payload == NULL) shelf->failed = true;
}

static void take_schedules(void *arg, const struct mh_reply *reply)
{
    struct shelf *shelf = arg;
    shelf->items = mh_arena_array(&shelf->arena, reply->count, sizeof *shelf->items);
    shelf->count = shelf->items != NULL ? reply->count : 0;
    shelf->failed = shelf->items == NULL;
    for (size_t i = 0; i < shelf->count; i++) {
        shelf->items[i] = reply->schedules[i];
        keep(shelf, &shelf->items[i]);
    }
}

static int list(struct mh_sync *sync, const struct mh_schedule_filter *filter, struct shelf *shelf,
                struct mh_err *err)
{
    struct mh_call call = {.use = take_schedules, .arg = shelf};
    int r = mh_store_schedule_list(sync->store, filter, mh_call_done, &call, err);
    r = mh_sync_await(sync, r, &call, err);
    if (r == 0 && shelf->failed) r = mh_err_set(err, MH_ENOMEM, "unable to move: out of memory");
    return r;
}

/* 1 and the schedule of this tenant and name, which lives in the shelf; 0: there is none. */
static int find(struct mh_sync *sync, const struct mh_schedule *like, struct shelf *shelf,
                struct mh_schedule *ret_found, struct mh_err *err)
{
    const struct mh_schedule_filter filter = {
        .tenant_id = &like->tenant_id, .name = like->name, .bodies = true};
    int r = list(sync, &filter, shelf, err);
    if (r < 0 || shelf->count == 0) return r;
    *ret_found = shelf->items[0];
    return 1;
}

/* --- writing */

static void take_count(void *arg, const struct mh_reply *reply)
{
    *(size_t *)arg = reply->count;
}

/* 1: added, 0: its tenant is not there. */
static int add(struct mh_sync *sync, const struct mh_schedule *schedule, struct mh_err *err)
{
    struct mh_call call = {0};
    struct mh_err refused = {0};
    int r = mh_store_schedule_add(sync->store, schedule, mh_call_done, &call, &refused);
    r = mh_sync_await(sync, r, &call, &refused);
    if (r < 0 && r != MH_ENOENT) *err = refused;
    return r == MH_ENOENT ? 0 : r < 0 ? r : 1;
}

/* 1: changed, 0: it was changed, fired or removed since it was read. */
static int change(struct mh_sync *sync, const struct mh_schedule *schedule, struct mh_err *err)
{
    size_t count = 0;
    struct mh_call call = {.use = take_count, .arg = &count};
    int r = mh_store_schedule_change(sync->store, schedule, mh_call_done, &call, err);
    r = mh_sync_await(sync, r, &call, err);
    return r < 0 ? r : (int)count;
}

static int remove_it(struct mh_sync *sync, const struct mh_schedule *schedule, struct mh_err *err)
{
    struct mh_call call = {0};
    int r = mh_store_schedule_remove(sync->store, &schedule->tenant_id, schedule->name,
                                     mh_call_done, &call, err);
    return mh_sync_await(sync, r, &call, err);
}

/* --- changing hands */

static bool is_idle(const struct mh_schedule *schedule)
{
    return !schedule->paused && schedule->next_at == 0;
}

static bool are_same(const struct mh_schedule *a, const struct mh_schedule *b)
{
    return strcmp(a->type, b->type) == 0 && strcmp(a->cron, b->cron) == 0 &&
           strcmp(a->tz, b->tz) == 0 && a->priority == b->priority &&
           a->max_attempts == b->max_attempts && a->missed == b->missed &&
           a->overlap == b->overlap && a->paused == b->paused &&
           mh_json_same(a->payload, a->payload_len, b->payload, b->payload_len);
}

/* `there` is idle. 1: it is awake, 0: somebody changed one of the two, to be tried again. The next
 * slot of a source that another run made idle is the first one since. */
static int wake(struct mh_moving *moving, const struct mh_schedule *here,
                const struct mh_schedule *there, struct mh_err *err)
{
    struct mh_schedule woken = *here;
    int r = 1;
    if (is_idle(here)) {
        r = mh_schedule_prepare(&woken, here->updated_at, err);
        if (r < 0) return mh_err_prefix(err, r, "schedule %s", here->name);
    } else {
        struct mh_schedule idle = *here;
        idle.next_at = 0;
        r = change(moving->from, &idle, err);
        if (r <= 0) return r;
    }
    woken.id = there->id;
    woken.revision = there->revision;
    return change(moving->to, &woken, err);
}

/* 1: it is at the target, 0: it stays, negative: failed. */
static int bring(struct mh_moving *moving, const struct mh_schedule *here, struct shelf *shelf,
                 struct mh_err *err)
{
    struct mh_schedule there, first = *here;
    int r = find(moving->to, here, shelf, &there, err);
    if (r == 0) {
        first.next_at = 0;
        r = add(moving->to, &first, err);
        if (r > 0) r = find(moving->to, here, shelf, &there, err);
    }
    if (r <= 0) return r;
    if (is_idle(&there) && !here->paused) {
        r = wake(moving, here, &there, err);
        if (r == 0) moving->left[MH_STAY_CHANGED]++; /* leads to another round */
        return r;
    }
    if (are_same(here, &there) && (here->paused || is_idle(here))) return 1;
    if (moving->round == 0)
        mh_say("schedule %s stays: the target has another of this name", here->name);
    return 0;
}

static int carry(struct mh_moving *moving, const struct mh_schedule *here, struct mh_err *err)
{
    struct shelf shelf = {0};
    mh_arena_init(&shelf.arena, ARENA_MAX);
    int r = bring(moving, here, &shelf, err);
    if (r == 0) moving->schedules_left++;
    if (r > 0) r = remove_it(moving->from, here, err);
    mh_arena_release(&shelf.arena);
    return r;
}

int mh_moving_schedules(struct mh_moving *moving, struct mh_err *err)
{
    struct shelf shelf = {0};
    const struct mh_schedule_filter filter = {
        .tenant_id = moving->tenant != NULL ? &moving->tenant->id : NULL, .bodies = true};
    mh_arena_init(&shelf.arena, ARENA_MAX);
    int r = list(moving->from, &filter, &shelf, err);
    for (size_t i = 0; r == 0 && i < shelf.count; i++)
        r = carry(moving, &shelf.items[i], err);
    mh_arena_release(&shelf.arena);
    return r;
}
