#include "http/hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "http/feed.h"

#define TICK_MS  250
#define RENEW_MS (5 * 60 * 1000)
#define AGAIN_MS 2000

void mh_hub_note(struct mh_hub *hub, const struct mh_reply *reply)
{
    bool fails = reply->code < 0;
    if (fails && !hub->failing)
        mh_log(MH_LOG_WARN, "events cannot be read", MH_FIELDS(mh_f_str("error", reply->err.text)));
    if (!fails && hub->failing) mh_log(MH_LOG_INFO, "events can be read again", NULL);
    hub->failing = fails;
}

/* --- following in the store */

static void on_followed(void *arg, const struct mh_reply *reply)
{
    struct mh_hub *hub = arg;
    mh_hub_note(hub, reply);
    if (reply->code == 0) hub->followed = true;
    mh_timer_start(hub->renew, reply->code == 0 ? RENEW_MS : AGAIN_MS, 0);
}

static void renew(void *arg)
{
    struct mh_hub *hub = arg;
    mh_store_speak_for(hub->store, NULL);
    if (mh_store_follow(hub->store, on_followed, hub, NULL) < 0)
        mh_timer_start(hub->renew, AGAIN_MS, 0);
}

/* --- feeds */

static struct mh_feed *find_feed(const struct mh_hub *hub, const struct mh_uuid *tenant_id)
{
    for (struct mh_feed *feed = hub->feeds; feed != NULL; feed = feed->next)
        if (feed->all ? tenant_id == NULL
                      : tenant_id != NULL && mh_uuid_equal(&feed->tenant_id, tenant_id))
            return feed;
    return NULL;
}

/* Who sees all, also where the program's own login does not. */
static const struct mh_asker everybody = {
    .sees_all = true, .claims = "{\"app_metadata\":{\"role\":\"super_admin\"}}"};

/* The claims are those of any token of the tenant's: what is shared by several is not one's own. */
static struct mh_feed *add_feed(struct mh_hub *hub, const struct mh_uuid *tenant_id)
{
    char text[MH_UUID_TEXT];
    struct mh_feed *feed = calloc(1, sizeof *feed);
    if (feed == NULL) return NULL;
    feed->hub = hub;
    feed->all = tenant_id == NULL;
    if (tenant_id == NULL) {
        feed->asker = everybody;
    } else {
        feed->tenant_id = *tenant_id;
        mh_uuid_format(tenant_id, text);
        (void)snprintf(feed->claims, sizeof feed->claims, "{\"tenant_id\":\"%s\"}", text);
        feed->asker = (struct mh_asker){.tenant_id = *tenant_id, .claims = feed->claims};
    }
    feed->next = hub->feeds;
    hub->feeds = feed;
    return feed;
}

static void free_feed(struct mh_feed *feed)
{
    for (struct mh_follower *one = feed->followers, *next; one != NULL; one = next) {
        next = one->sibling;
        mh_follower_free(one);
    }
    mh_ring_release(&feed->ring);
    free(feed);
}

void mh_hub_drop(struct mh_feed *feed)
{
    struct mh_feed **link = &feed->hub->feeds;
    if (feed->followers != NULL || feed->reading) return;
    while (*link != feed)
        link = &(*link)->next;
    *link = feed->next;
    free_feed(feed);
}

void mh_hub_drop_follower(struct mh_follower *follower)
{
    struct mh_feed *feed = follower->feed;
    struct mh_follower **link = &feed->followers;
    while (*link != follower)
        link = &(*link)->sibling;
    *link = follower->sibling;
    mh_follower_free(follower);
    mh_hub_drop(feed);
}

void mh_hub_leave(struct mh_follower *follower)
{
    struct mh_hub *hub = follower->feed->hub;
    follower->request = NULL;
    follower->feed->present--;
    if (--hub->present == 0) mh_timer_stop(hub->tick);
    if (!follower->reading) mh_hub_drop_follower(follower);
}

static void tick(void *arg)
{
    struct mh_hub *hub = arg;
    int64_t now_us = mh_clock_mono_us(), now_ms = mh_clock_now_ms();
    for (struct mh_feed *feed = hub->feeds; feed != NULL; feed = feed->next) {
        mh_feed_read(feed);
        for (struct mh_follower *one = feed->followers; one != NULL; one = one->sibling)
            mh_follower_tick(one, now_us, now_ms);
    }
}

/* --- followers */

static struct mh_follower *add_follower(struct mh_feed *feed, struct mh_http_request *request,
                                        const struct mh_follow *follow)
{
    struct mh_follower *follower = calloc(1, sizeof *follower);
    if (follower == NULL) return NULL;
    follower->feed = feed;
    follower->request = request;
    follower->state = follow->resumes ? MH_FOLLOWING_PAST : MH_FOLLOWING_BEGINS;
    follower->what = *follow;
    follower->what.tenant_id = NULL; /* the feed's */
    follower->after = follow->resumes ? follow->after : (struct mh_place){0};
    if (follow->job_id != NULL) {
        follower->job_id = *follow->job_id;
        follower->what.job_id = &follower->job_id;
    }
    if (follow->type != NULL) {
        (void)snprintf(follower->type, sizeof follower->type, "%s", follow->type);
        follower->what.type = follower->type;
    }
    follower->sibling = feed->followers;
    feed->followers = follower;
    return follower;
}

static void refuse(struct mh_http_request *request, const char *code, const char *message)
{
    mh_http_set_header(request, "Retry-After", "5");
    mh_http_error(request, 503, code, message);
}

void mh_hub_follow(struct mh_hub *hub, struct mh_http_request *request,
                   const struct mh_follow *follow, struct mh_buf *opening)
{
    struct mh_follower *follower = NULL;
    struct mh_feed *feed = find_feed(hub, follow->tenant_id);
    if (hub->present >= MH_HUB_FOLLOWERS || (feed != NULL && feed->present >= MH_HUB_OF_TENANT)) {
        mh_buf_release(opening);
        refuse(request, "TOO_MANY_FOLLOWERS", "as many follow as may: try again later");
        return;
    }
    if (feed == NULL) feed = add_feed(hub, follow->tenant_id);
    if (feed != NULL) follower = add_follower(feed, request, follow);
    if (follower == NULL) {
        if (feed != NULL) mh_hub_drop(feed);
        mh_buf_release(opening);
        refuse(request, "OUT_OF_MEMORY", "out of memory");
        return;
    }
    feed->present++;
    if (hub->present++ == 0) mh_timer_start(hub->tick, TICK_MS, TICK_MS);
    mh_follower_answer(follower, opening);
    if (!feed->begun) mh_feed_read(feed);
    mh_follower_go_on(follower);
}

size_t mh_hub_followers(const struct mh_hub *hub)
{
    return hub->present;
}

/* --- opening */

int mh_hub_open(uv_loop_t *loop, struct mh_store *store, struct mh_hub **ret_hub,
                struct mh_err *err)
{
    struct mh_hub *hub = calloc(1, sizeof *hub);
    if (hub == NULL) return mh_err_set(err, MH_ENOMEM, "unable to serve: out of memory");
    hub->store = store;
    int r = mh_timer_new(loop, tick, hub, &hub->tick, err);
    if (r == 0) r = mh_timer_new(loop, renew, hub, &hub->renew, err);
    if (r < 0) {
        mh_hub_close(hub);
        return r;
    }
    renew(hub);
    *ret_hub = hub;
    return 0;
}

void mh_hub_close(struct mh_hub *hub)
{
    if (hub == NULL) return;
    mh_timer_drop(hub->tick);
    mh_timer_drop(hub->renew);
    for (struct mh_feed *feed = hub->feeds, *next; feed != NULL; feed = next) {
        next = feed->next;
        free_feed(feed);
    }
    free(hub);
}
