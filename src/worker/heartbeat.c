#include "worker/heartbeat.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/loop.h"

#define BEATS_PER_LEASE 3
#define NOTE_MS         250
#define ASK_MS          2000
#define AGAIN_MS        1000

/* More than a worker can hold: 1,000 slots and as many claimed ahead as a claim takes. */
#define HELD_MAX 2048

struct mh_heartbeat {
    struct mh_store *store;
    const struct mh_heartbeat_events *events;
    void *arg;
    int64_t worker;
    int64_t every_ms;
    int64_t answered_us; /* monotonic; 0: not begun */
    bool beating;
    bool again;       /* asked for while a beat was under way */
    int noting;       /* calls under way */
    bool followed;    /* when last asked … */
    int64_t asked_us; /* … at this time; 0: never */
    bool note_planned;
    struct mh_timer *timer;
    struct mh_timer *note_timer;
    struct mh_held held[HELD_MAX]; /* of the beat under way */
};

/* A lease survives one lost beat, not many: after a failure the next comes soon. */
static void plan(struct mh_heartbeat *heartbeat, bool well)
{
    int64_t every_ms = heartbeat->every_ms;
    mh_timer_start(heartbeat->timer, well || every_ms < AGAIN_MS ? every_ms : AGAIN_MS, 0);
}

static void on_beat(void *arg, const struct mh_reply *reply)
{
    struct mh_heartbeat *heartbeat = arg;
    heartbeat->beating = false;
    if (heartbeat->worker != 0) plan(heartbeat, reply->code == 0);
    if (reply->code < 0) {
        heartbeat->events->failed(heartbeat->arg, &reply->err);
        return;
    }
    for (size_t i = 0; i < reply->count; i++)
        if (reply->statuses[i] != MH_STATUS_PROCESSING)
            heartbeat->events->gone(heartbeat->arg, &heartbeat->held[i], reply->statuses[i]);
    heartbeat->answered_us = mh_clock_mono_us();
    heartbeat->events->beat(heartbeat->arg);
    if (heartbeat->again) mh_heartbeat_now(heartbeat);
}

static void on_timer(void *arg)
{
    mh_heartbeat_now(arg);
}

void mh_heartbeat_now(struct mh_heartbeat *heartbeat)
{
    struct mh_err err = {0};
    heartbeat->again = heartbeat->beating;
    if (heartbeat->worker == 0 || heartbeat->beating) return;
    size_t count = heartbeat->events->held(heartbeat->arg, heartbeat->held, HELD_MAX);
    heartbeat->beating = true;
    if (mh_store_heartbeat(heartbeat->store, heartbeat->worker, heartbeat->held, count, on_beat,
                           heartbeat, &err) == 0)
        return;
    heartbeat->beating = false;
    plan(heartbeat, false);
    heartbeat->events->failed(heartbeat->arg, &err);
}

static void on_noted(void *arg, const struct mh_reply *reply)
{
    struct mh_heartbeat *heartbeat = arg;
    heartbeat->noting--;
    heartbeat->followed = reply->code == 0 && reply->followed;
    if (reply->code < 0)
        heartbeat->events->failed(heartbeat->arg, &reply->err); /* the next note is the newer one */
}

/* Texts are for those who follow. While nobody does they are kept back, but for now and then, when
 * the answer tells whether somebody does by now. Returns how many notes are left. */
static size_t keep_texts_back(struct mh_heartbeat *heartbeat, struct mh_note *notes, size_t count)
{
    int64_t now_us = mh_clock_mono_us();
    bool ask = now_us - heartbeat->asked_us >= ASK_MS * 1000 || heartbeat->asked_us == 0;
    if (ask) heartbeat->asked_us = now_us;
    if (ask || heartbeat->followed) return count;
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (notes[i].progress < 0) continue;
        notes[kept] = notes[i];
        notes[kept].message = notes[kept].log = NULL;
        notes[kept++].log_len = 0;
    }
    return kept;
}

void mh_heartbeat_send(struct mh_heartbeat *heartbeat, struct mh_note *notes, size_t count)
{
    if (count > 0) count = keep_texts_back(heartbeat, notes, count);
    if (count == 0) return;
    if (mh_store_note(heartbeat->store, notes, count, on_noted, heartbeat, NULL) == 0)
        heartbeat->noting++;
}

static void on_note_timer(void *arg)
{
    struct mh_heartbeat *heartbeat = arg;
    struct mh_note notes[HELD_MAX];
    heartbeat->note_planned = false;
    if (heartbeat->noting > 0) {
        mh_heartbeat_note(heartbeat);
        return;
    }
    mh_heartbeat_send(heartbeat, notes, heartbeat->events->notes(heartbeat->arg, notes, HELD_MAX));
}

void mh_heartbeat_note(struct mh_heartbeat *heartbeat)
{
    if (heartbeat->note_planned) return;
    heartbeat->note_planned = true;
    mh_timer_start(heartbeat->note_timer, NOTE_MS, 0);
}

int mh_heartbeat_new(uv_loop_t *loop, struct mh_store *store, int64_t lease_ms,
                     const struct mh_heartbeat_events *events, void *arg,
                     struct mh_heartbeat **ret_heartbeat, struct mh_err *err)
{
    struct mh_heartbeat *heartbeat = calloc(1, sizeof *heartbeat);
    if (heartbeat == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to start the heartbeat: out of memory");
    heartbeat->store = store;
    heartbeat->every_ms = lease_ms / BEATS_PER_LEASE;
    heartbeat->events = events;
    heartbeat->arg = arg;
    int r = mh_timer_new(loop, on_timer, heartbeat, &heartbeat->timer, err);
    if (r == 0) r = mh_timer_new(loop, on_note_timer, heartbeat, &heartbeat->note_timer, err);
    if (r < 0) {
        mh_heartbeat_free(heartbeat);
        return r;
    }
    *ret_heartbeat = heartbeat;
    return 0;
}

void mh_heartbeat_free(struct mh_heartbeat *heartbeat)
{
    if (heartbeat == NULL) return;
    mh_timer_drop(heartbeat->timer);
    mh_timer_drop(heartbeat->note_timer);
    free(heartbeat);
}

void mh_heartbeat_begin(struct mh_heartbeat *heartbeat, int64_t worker)
{
    heartbeat->worker = worker;
    mh_timer_stop(heartbeat->timer);
    heartbeat->answered_us = worker != 0 ? mh_clock_mono_us() : 0;
    if (worker != 0) mh_timer_start(heartbeat->timer, heartbeat->every_ms, 0);
}

bool mh_heartbeat_late(const struct mh_heartbeat *heartbeat)
{
    int64_t silent_us = mh_clock_mono_us() - heartbeat->answered_us;
    return heartbeat->answered_us != 0 && silent_us > 2 * heartbeat->every_ms * 1000;
}
