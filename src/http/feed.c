#include "http/feed.h"

#include <limits.h>
#include <string.h>

#include "base/log.h"

/* So many positions ahead, the store may have stopped looking before its end. */
#define LOOK_ROWS 500

struct mh_store *mh_feed_store(struct mh_feed *feed)
{
    mh_store_speak_for(feed->hub->store, &feed->asker);
    return feed->hub->store;
}

/* --- events that were told before they were settled */

static bool was_passed(const struct mh_feed *feed, const struct mh_place *place)
{
    for (size_t i = 0; i < feed->passed_count; i++)
        if (mh_place_compare(&feed->passed[i], place) == 0) return true;
    return false;
}

static void forget_settled(struct mh_feed *feed)
{
    size_t kept = 0;
    for (size_t i = 0; i < feed->passed_count; i++)
        if (mh_place_compare(&feed->passed[i], &feed->settled) > 0)
            feed->passed[kept++] = feed->passed[i];
    feed->passed_count = kept;
}

/* False: to be told by a later read. */
static bool remember(struct mh_feed *feed, const struct mh_place *place)
{
    if (feed->passed_count == MH_FEED_PASSED) return false;
    feed->passed[feed->passed_count++] = *place;
    return true;
}

/* --- reading */

static void pass_on(struct mh_feed *feed, const struct mh_event *event, int64_t cursor)
{
    const struct mh_place place = {event->pos, event->index}, horizon = {cursor, INT_MAX};
    bool settled = event->pos <= cursor;
    if (was_passed(feed, &place) || (!settled && !remember(feed, &place))) return;
    /* Who was not told of it, for want of memory, is to come again and go on from his place. */
    if (!mh_ring_add(&feed->ring, event, settled ? &place : &horizon))
        for (struct mh_follower *one = feed->followers; one != NULL; one = one->sibling)
            if (one->request != NULL) mh_http_stream_cut(one->request);
}

/* As the comment of mh_store_events has it. */
static void move_on(struct mh_feed *feed, const struct mh_reply *reply)
{
    int64_t before = feed->settled.pos;
    if (reply->cursor < before) return; /* another server of the store lags behind */
    const struct mh_event *last = reply->count > 0 ? &reply->events[reply->count - 1] : NULL;
    bool cut_short = reply->count == MH_FEED_LIMIT && last->pos <= reply->cursor;
    feed->settled = cut_short ? (struct mh_place){last->pos, last->index}
                              : (struct mh_place){reply->cursor, INT_MAX};
    feed->more = cut_short || reply->cursor - before >= LOOK_ROWS;
    forget_settled(feed);
}

static void go_on(struct mh_feed *feed)
{
    for (struct mh_follower *one = feed->followers, *next; one != NULL; one = next) {
        next = one->sibling;
        mh_follower_go_on(one);
    }
    mh_feed_pull(feed);
}

static void on_events(void *arg, const struct mh_reply *reply)
{
    struct mh_feed *feed = arg;
    feed->reading = false;
    mh_hub_note(feed->hub, reply);
    if (feed->present == 0) {
        mh_hub_drop(feed);
        return;
    }
    if (reply->code < 0) return;
    for (size_t i = 0; i < reply->count; i++)
        pass_on(feed, &reply->events[i], reply->cursor);
    move_on(feed, reply);
    go_on(feed);
}

static void on_begin(void *arg, const struct mh_reply *reply)
{
    struct mh_feed *feed = arg;
    feed->reading = false;
    mh_hub_note(feed->hub, reply);
    if (feed->present == 0) {
        mh_hub_drop(feed);
        return;
    }
    if (reply->code < 0) return;
    feed->settled = (struct mh_place){reply->cursor, INT_MAX};
    feed->begun = true;
    mh_ring_init(&feed->ring, &feed->settled);
    go_on(feed);
}

void mh_feed_read(struct mh_feed *feed)
{
    const struct mh_event_filter filter = {.after_pos = feed->begun ? feed->settled.pos : -1,
                                           .after_index = feed->settled.index,
                                           .limit = MH_FEED_LIMIT};
    if (feed->reading || !feed->hub->followed) return;
    feed->more = false;
    feed->reading = mh_store_events(mh_feed_store(feed), &filter,
                                    feed->begun ? on_events : on_begin, feed, NULL) == 0;
}

void mh_feed_pull(struct mh_feed *feed)
{
    if (!feed->more || feed->reading) return;
    for (const struct mh_follower *one = feed->followers; one != NULL; one = one->sibling)
        if (one->request != NULL && one->state == MH_FOLLOWING_LIVE && one->next != feed->ring.end)
            return;
    mh_feed_read(feed);
}
