/* What hub.c, feed.c and follower.c share: the events of one tenant, or of all, read once for all
 * who follow them. For nobody else.
 *
 * A feed reads on from `settled`. Events above what the store calls settled are told at once, and
 * remembered in `passed`, since the store gives them again; the id that goes with them is that of
 * the place everything before which is settled: whoever goes on from there misses nothing. */
#ifndef MH_FEED_H
#define MH_FEED_H

#include "http/hub.h"
#include "http/ring.h"
#include "http/stream.h"

#define MH_FEED_PASSED 1024 /* events above the settled place; what is more has to wait */
#define MH_FEED_LIMIT  500  /* events of one read */

enum mh_following {
    MH_FOLLOWING_BEGINS, /* from now on, once the feed knows where that is */
    MH_FOLLOWING_PAST,   /* from the store: `after` is below what the ring has */
    MH_FOLLOWING_LIVE,   /* from the ring: `next` is to come */
};

struct mh_follower {
    struct mh_feed *feed;
    struct mh_http_request *request; /* NULL: gone, and kept for the read under way */
    enum mh_following state;
    struct mh_follow what; /* its job_id and type point to the copies below, or are NULL */
    struct mh_uuid job_id;
    char type[MH_TYPE_MAX + 1];
    struct mh_place after; /* what is not beyond it has been told, or is not wanted */
    bool checked;          /* the store knows the place `after` */
    bool reading;
    bool ending;       /* what has been begun is told, and no more */
    struct mh_buf own; /* goes before what the ring has */
    uint64_t next;     /* number of the entry … */
    size_t offset;     /* … so much of which has been told */
    int64_t told_us;   /* when something was told last */
    struct mh_follower *sibling;
};

struct mh_feed {
    struct mh_hub *hub;
    struct mh_uuid tenant_id;
    char claims[64];
    struct mh_asker asker;
    bool all; /* of every tenant */
    bool reading;
    bool begun; /* `settled` is known */
    bool more;  /* the store has more already: read on as soon as it has been told */
    struct mh_place settled;
    struct mh_place passed[MH_FEED_PASSED];
    size_t passed_count;
    struct mh_ring ring;
    struct mh_follower *followers; /* also those kept for a read */
    size_t present;                /* not those */
    struct mh_feed *next;
};

struct mh_hub {
    struct mh_store *store;
    struct mh_timer *tick;  /* while somebody follows */
    struct mh_timer *renew; /* of following in the store */
    bool followed;          /* the store writes events */
    bool failing;           /* said that the store cannot be read */
    size_t present;
    struct mh_feed *feeds;
};

/* feed.c: the store, asked for whom the feed is for. */
struct mh_store *mh_feed_store(struct mh_feed *feed);

/* Reads on, unless a read is under way. */
void mh_feed_read(struct mh_feed *feed);

/* Reads on where there is more and everybody has what there was. */
void mh_feed_pull(struct mh_feed *feed);

/* follower.c: goes on as far as it can: reads its past, begins with the ring, wakes its stream. */
void mh_follower_go_on(struct mh_follower *follower);

/* Once a tick: says something now and then, and ends what may go on no longer. */
void mh_follower_tick(struct mh_follower *follower, int64_t now_us, int64_t now_ms);

/* Takes `opening`. */
void mh_follower_answer(struct mh_follower *follower, struct mh_buf *opening);
void mh_follower_free(struct mh_follower *follower);

/* hub.c: the follower's client is gone. */
void mh_hub_leave(struct mh_follower *follower);

/* hub.c: frees the follower, and the feed, where nobody needs them any more. */
void mh_hub_drop_follower(struct mh_follower *follower);
void mh_hub_drop(struct mh_feed *feed);

/* Says once that the store does not answer, or that it does again. */
void mh_hub_note(struct mh_hub *hub, const struct mh_reply *reply);

#endif
