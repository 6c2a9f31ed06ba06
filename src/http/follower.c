#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/feed.h"
#include "http/sse.h"

#define PAST_LIMIT   200                 /* events of one read of the past */
#define PAST_BYTES   ((size_t)256 << 10) /* after which it is told before there is more */
#define OWN_BYTES    ((size_t)4 << 20)   /* with what opens it, and the event begun before that */
#define HEARTBEAT_US INT64_C(15000000)

/* --- what is wanted */

static bool ends_job(enum mh_event_kind kind)
{
    return kind == MH_EVENT_COMPLETED || kind == MH_EVENT_FAILED || kind == MH_EVENT_CANCELLED;
}

/* What of an event decides who wants it. */
struct traits {
    int64_t pos;
    enum mh_event_kind kind;
    int attempts;
    const char *type;
    const struct mh_uuid *job_id;
};

static struct traits of_event(const struct mh_event *event)
{
    return (struct traits){event->pos, event->kind, event->attempts, event->type, &event->job_id};
}

static struct traits of_entry(const struct mh_entry *entry)
{
    return (struct traits){entry->place.pos, entry->kind, entry->attempts, entry->type,
                           &entry->job_id};
}

/* What the job's record told already happened before anything that it did not tell. */
static bool was_told(struct mh_told *told, const struct traits *event)
{
    enum mh_event_kind kind = event->kind;
    int attempts = event->attempts;
    bool was_said = kind == MH_EVENT_PROGRESS || kind == MH_EVENT_LOG;
    if (event->pos <= told->upto) return !was_said || attempts != told->claimed;
    if (!told->any || was_said) return false;
    if (kind == MH_EVENT_DISPATCHED) return true;
    if (kind == MH_EVENT_CLAIMED && attempts <= told->claimed) return true;
    if (kind == MH_EVENT_RETRIED && attempts > 0 && attempts <= told->ended) return true;
    told->any = false;
    return false;
}

static bool wants(struct mh_follower *follower, const struct traits *event)
{
    const struct mh_follow *what = &follower->what;
    if (what->job_id != NULL && !mh_uuid_equal(what->job_id, event->job_id)) return false;
    if (was_told(&follower->what.told, event)) return false;
    if (what->type != NULL && strcmp(what->type, event->type) != 0) return false;
    return what->kinds == 0 || (what->kinds & 1u << event->kind) != 0;
}

/* It has been told, or is not wanted. */
static void pass(struct mh_follower *follower, const struct traits *event)
{
    const struct mh_uuid *own = follower->what.job_id;
    if (own != NULL && mh_uuid_equal(own, event->job_id) && ends_job(event->kind) &&
        event->pos > follower->what.told.upto)
        follower->ending = true;
}

/* --- the past, from the store */

/* Those above the cursor come by the ring. */
static void take_past(struct mh_follower *follower, const struct mh_reply *reply)
{
    size_t i = 0;
    for (; i < reply->count && reply->events[i].pos <= reply->cursor; i++) {
        const struct mh_event *event = &reply->events[i];
        if (follower->own.len >= PAST_BYTES || follower->ending) return;
        follower->after = (struct mh_place){event->pos, event->index};
        const struct traits traits = of_event(event);
        /* Without an id of its own: whoever comes again goes on later. */
        bool is_old = event->pos <= follower->what.told.upto;
        if (wants(follower, &traits))
            mh_sse_event(&follower->own, is_old ? NULL : &follower->after, event);
        pass(follower, &traits);
    }
    if (i < PAST_LIMIT) follower->after = (struct mh_place){reply->cursor, INT_MAX};
}

static void on_past(void *arg, const struct mh_reply *reply)
{
    struct mh_follower *follower = arg;
    struct mh_place before = follower->after;
    follower->reading = false;
    if (follower->request == NULL) {
        mh_hub_drop_follower(follower);
        return;
    }
    mh_hub_note(follower->feed->hub, reply);
    if (reply->code < 0) {
        mh_http_stream_cut(follower->request); /* it comes again */
        return;
    }
    bool unknown = reply->cursor < follower->after.pos; /* an id of another store, or of an older */
    follower->checked = !unknown;
    bool is_gap = reply->gap && before.pos >= follower->what.told.upto;
    if (unknown || is_gap) mh_sse_gap(&follower->own);
    if (unknown)
        follower->after = (struct mh_place){0};
    else
        take_past(follower, reply);
    /* Where nothing has moved, the next tick looks again. */
    if (follower->own.len > 0 || mh_place_compare(&before, &follower->after) != 0)
        mh_follower_go_on(follower);
}

static void read_past(struct mh_follower *follower)
{
    const struct mh_event_filter filter = {.after_pos = follower->after.pos,
                                           .after_index = follower->after.index,
                                           .job_id = follower->what.job_id,
                                           .limit = PAST_LIMIT};
    struct mh_err err;
    if (mh_store_events(mh_feed_store(follower->feed), &filter, on_past, follower, &err) == 0)
        follower->reading = true;
    else
        mh_http_stream_cut(follower->request);
}

/* All that the ring does not have any more must have been told before it is begun with. */
static void look_back(struct mh_follower *follower)
{
    struct mh_feed *feed = follower->feed;
    if (!feed->begun || follower->reading || follower->own.len > 0) return;
    bool known = follower->checked || mh_place_compare(&follower->after, &feed->settled) <= 0;
    if (known && mh_place_compare(&feed->ring.floor, &follower->after) <= 0) {
        follower->state = MH_FOLLOWING_LIVE;
        follower->next = feed->ring.first;
    } else {
        read_past(follower);
    }
}

/* --- going on */

static void begin_now(struct mh_follower *follower)
{
    struct mh_feed *feed = follower->feed;
    follower->state = MH_FOLLOWING_LIVE;
    follower->next = feed->ring.end;
    mh_sse_comment(&follower->own, "connected");
    mh_sse_id(&follower->own, &feed->settled);
}

static bool is_lost(const struct mh_follower *follower)
{
    return follower->next < follower->feed->ring.first;
}

/* Passes over what it does not want, so that it is not woken for that. */
static void skip(struct mh_follower *follower)
{
    const struct mh_entry *entry;
    while (follower->offset == 0 && !follower->ending &&
           (entry = mh_ring_get(&follower->feed->ring, follower->next)) != NULL) {
        const struct traits traits = of_entry(entry);
        bool is_new = mh_place_compare(&entry->place, &follower->after) > 0;
        if (is_new && wants(follower, &traits)) return;
        if (is_new) pass(follower, &traits);
        follower->next++;
    }
}

void mh_follower_go_on(struct mh_follower *follower)
{
    const struct mh_feed *feed = follower->feed;
    if (follower->request == NULL) return;
    if (follower->state == MH_FOLLOWING_BEGINS && feed->begun) begin_now(follower);
    if (follower->state == MH_FOLLOWING_PAST && !follower->ending) look_back(follower);
    if (follower->state == MH_FOLLOWING_LIVE) {
        if (is_lost(follower)) {
            mh_http_stream_cut(follower->request);
            return;
        }
        skip(follower);
    }
    if (follower->own.len > 0 || follower->ending ||
        (follower->state == MH_FOLLOWING_LIVE && follower->next < feed->ring.end))
        mh_http_stream_wake(follower->request);
}

/* --- telling */

static size_t take_own(struct mh_follower *follower, char *bytes, size_t max)
{
    struct mh_buf *own = &follower->own;
    size_t len = own->len < max ? own->len : max;
    if (len == 0) return 0;
    memcpy(bytes, own->data, len);
    mh_buf_consume(own, len);
    if (own->len == 0) { /* most never need it again */
        mh_buf_release(own);
        mh_buf_init(own, OWN_BYTES);
    }
    return len;
}

static size_t take_entries(struct mh_follower *follower, char *bytes, size_t max)
{
    size_t taken = 0;
    while (taken < max) {
        skip(follower);
        const struct mh_entry *entry = mh_ring_get(&follower->feed->ring, follower->next);
        if (entry == NULL || (follower->ending && follower->offset == 0)) break;
        size_t rest = entry->len - follower->offset;
        size_t len = rest < max - taken ? rest : max - taken;
        memcpy(bytes + taken, entry->text + follower->offset, len);
        taken += len;
        follower->offset += len;
        if (len < rest) break;
        follower->offset = 0;
        follower->next++;
        const struct traits traits = of_entry(entry);
        pass(follower, &traits);
    }
    return taken;
}

static ssize_t fill(void *arg, char *bytes, size_t max)
{
    struct mh_follower *follower = arg;
    size_t len = take_own(follower, bytes, max);
    if (len == 0 && follower->state == MH_FOLLOWING_PAST && !follower->ending) look_back(follower);
    if (len == 0 && follower->state == MH_FOLLOWING_LIVE) {
        if (is_lost(follower)) mh_http_stream_cut(follower->request);
        len = take_entries(follower, bytes, max);
    }
    if (len == 0 && follower->ending) return -1;
    if (len == 0) mh_feed_pull(follower->feed);
    if (len > 0) follower->told_us = mh_clock_mono_us();
    return (ssize_t)len;
}

static void over(void *arg)
{
    mh_hub_leave(arg);
}

void mh_follower_answer(struct mh_follower *follower, struct mh_buf *opening)
{
    size_t len = opening->len;
    follower->told_us = mh_clock_mono_us();
    mh_buf_init(&follower->own, OWN_BYTES);
    mh_sse_begin(&follower->own);
    if (follower->what.resumes) mh_sse_comment(&follower->own, "connected");
    mh_buf_append(&follower->own, mh_buf_text(opening), len);
    mh_buf_release(opening);
    mh_http_set_header(follower->request, "X-Accel-Buffering", "no");
    mh_http_stream(
        follower->request,
        &(struct mh_stream){.type = MH_SSE_TYPE, .fill = fill, .over = over, .arg = follower});
}

static void on_job(void *arg, const struct mh_reply *reply)
{
    struct mh_follower *follower = arg;
    follower->reading = false;
    if (follower->request == NULL) {
        mh_hub_drop_follower(follower);
        return;
    }
    if (reply->code == 0 && reply->count == 0) follower->ending = true;
    mh_follower_go_on(follower);
}

/* Of a job that was deleted, or moved to another store, no event tells. */
static void look_for_job(struct mh_follower *follower)
{
    const struct mh_filter filter = {
        .status = MH_STATUS_NONE, .ids = follower->what.job_id, .id_count = 1, .limit = 1};
    if (follower->what.job_id == NULL || follower->reading) return;
    follower->reading =
        mh_store_list(mh_feed_store(follower->feed), &filter, on_job, follower, NULL) == 0;
}

/* A word now and then keeps what is in between from hanging up, and the id from growing old. */
static void say_alive(struct mh_follower *follower)
{
    const struct mh_place *settled = &follower->feed->settled;
    bool is_ahead = mh_place_compare(&follower->after, settled) > 0;
    mh_sse_comment(&follower->own, "");
    if (follower->state == MH_FOLLOWING_LIVE)
        mh_sse_id(&follower->own, is_ahead ? &follower->after : settled);
    look_for_job(follower);
}

void mh_follower_tick(struct mh_follower *follower, int64_t now_us, int64_t now_ms)
{
    bool waits =
        follower->own.len > 0 || follower->offset > 0 ||
        (follower->state == MH_FOLLOWING_LIVE && follower->next < follower->feed->ring.end);
    if (follower->request == NULL) return;
    if (follower->what.until != 0 && now_ms >= follower->what.until) follower->ending = true;
    if (!waits && !follower->ending && now_us - follower->told_us >= HEARTBEAT_US)
        say_alive(follower);
    mh_follower_go_on(follower);
}

void mh_follower_free(struct mh_follower *follower)
{
    mh_buf_release(&follower->own);
    free(follower);
}
