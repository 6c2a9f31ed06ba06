#include "store/postgres/news.h"

#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "store/postgres/work.h"
#include "store/request.h"

#define TICK_MS 1000

/* How long a claimer that gets all it asks for is still notified: longer than the pauses between
 * jobs that come one at a time. */
#define AWAKE_MS 100

/* How soon it is asked again whether whoever dispatches at this moment has seen us asleep. */
#define AGAIN_FIRST_MS 2
#define AGAIN_MAX_MS   100

struct mh_ear {
    const struct mh_pq *pq;
    const struct mh_ear_events *events;
    void *arg;
    struct mh_wire *wire;
    struct mh_link *link; /* NULL: down, or nothing can be heard through it */
    int kinds;
    struct mh_timer *tick;  /* runs while nothing is heard, or perhaps nothing */
    struct mh_timer *awake; /* runs while claims come back full */
    struct mh_timer *again; /* runs while falling asleep */
    bool *gone;             /* set when the ear is closed within a callback */

    bool wants_sleep;
    bool asking;   /* something is asked */
    bool hears;    /* our own notification came back */
    bool busy;     /* the wire is; what is notified comes late */
    bool asleep;   /* the server has been told */
    bool followed; /* ends of jobs */
    int again_ms;  /* 0: surely seen asleep */
    bool doubted;
    bool awaking; /* the timer `awake` runs */
};

/* False: the ear is gone. */
static bool tell(struct mh_ear *ear, int kinds)
{
    bool gone = false;
    if ((kinds & ear->kinds) == 0) return true;
    ear->gone = &gone;
    ear->events->news(ear->arg, kinds & ear->kinds);
    if (!gone) ear->gone = NULL;
    return !gone;
}

static void set_tick(struct mh_ear *ear)
{
    if (ear->hears && !ear->busy)
        mh_timer_stop(ear->tick);
    else
        mh_timer_start(ear->tick, TICK_MS, TICK_MS);
}

static void set_hears(struct mh_ear *ear, bool hears)
{
    ear->hears = hears;
    set_tick(ear);
    ear->events->hears(ear->arg, hears);
}

/* --- asking the server for what is wanted */

static void go_on(struct mh_ear *ear);

/* Without memory to ask there are the hints. */
static void ask(struct mh_ear *ear, enum mh_pg_op op, mh_reply_fn *fn)
{
    struct mh_request *request = mh_request_new((enum mh_op)op, fn, ear);
    if (request == NULL) {
        set_hears(ear, false);
        return;
    }
    ear->asking = true;
    mh_wire_submit(ear->wire, request);
}

static void on_done(void *arg, const struct mh_reply *reply)
{
    struct mh_ear *ear = arg;
    (void)reply; /* where it failed the proof does not come, or the connection is down */
    ear->asking = false;
    go_on(ear);
}

/* Where it cannot be asked at all hints once a second do. */
static void on_slept(void *arg, const struct mh_reply *reply)
{
    struct mh_ear *ear = arg;
    ear->asking = false;
    if (ear->link == NULL) return;
    ear->asleep = true;
    if (reply->code < 0) {
        set_hears(ear, false);
    } else if (reply->count > 0) {
        ear->again_ms = 0;
    } else {
        ear->again_ms = ear->again_ms == 0 ? AGAIN_FIRST_MS : 2 * ear->again_ms;
        if (ear->again_ms > AGAIN_MAX_MS) ear->again_ms = AGAIN_MAX_MS;
        mh_timer_start(ear->again, ear->again_ms, 0);
    }
    if (tell(ear, MH_NEWS_DUE)) go_on(ear);
}

static void fall_asleep(struct mh_ear *ear)
{
    ask(ear, MH_PG_SLEEP, on_slept);
}

/* Takes one step towards what is wanted. */
static void go_on(struct mh_ear *ear)
{
    if (ear->asking || !ear->hears) return;
    if (!ear->followed && (ear->kinds & MH_NEWS_ENDED) != 0) {
        ear->followed = true;
        ask(ear, MH_PG_FOLLOW, on_done);
    } else if (ear->wants_sleep && !ear->asleep && (ear->kinds & MH_NEWS_DUE) != 0) {
        fall_asleep(ear);
    } else if (!ear->wants_sleep && ear->asleep) {
        ear->asleep = false;
        ear->again_ms = 0;
        mh_timer_stop(ear->again);
        ask(ear, MH_PG_AWAKE, on_done);
    } else if (ear->doubted) {
        ear->doubted = false;
        ask(ear, ear->asleep ? MH_PG_SLEEP : MH_PG_AWAKE, on_done);
    }
}

static void on_again(void *arg)
{
    struct mh_ear *ear = arg;
    if (!ear->asking && ear->hears && ear->asleep && ear->wants_sleep) fall_asleep(ear);
}

static void on_awake(void *arg)
{
    struct mh_ear *ear = arg;
    ear->awaking = false;
    ear->wants_sleep = false;
    go_on(ear);
}

/* --- hearing */

static int kinds_of(const PGnotify *notify)
{
    if (strcmp(notify->relname, "millhand_new_job") == 0)
        return strcmp(notify->extra, "schedule") == 0 ? MH_NEWS_SCHEDULE : MH_NEWS_DUE;
    if (strcmp(notify->extra, "cancelled") == 0) return MH_NEWS_CANCELLED | MH_NEWS_ENDED;
    return strcmp(notify->extra, "ended") == 0 ? MH_NEWS_ENDED : 0;
}

/* The news that have come. The probe of another process is none. */
static int hear(struct mh_ear *ear, bool *ret_probe)
{
    PGconn *conn = mh_link_conn(ear->link);
    PGnotify *notify;
    int kinds = 0;
    while (conn != NULL && (notify = ear->pq->notifies(conn)) != NULL) {
        if (notify->be_pid == ear->pq->backendPID(conn) && strcmp(notify->extra, "probe") == 0)
            *ret_probe = true;
        kinds |= kinds_of(notify);
        ear->pq->freemem(notify);
    }
    return kinds;
}

/* What was missed while nothing was heard is made up for by a hint about everything. */
void mh_ear_input(struct mh_ear *ear)
{
    bool probe = false;
    if (ear->link == NULL) return;
    int kinds = hear(ear, &probe);
    if (probe && !ear->hears) {
        set_hears(ear, true);
        kinds = ear->kinds;
    }
    if (kinds == 0 || tell(ear, kinds)) go_on(ear);
}

/* Behind a pooler there is nothing to be heard. */
void mh_ear_up(struct mh_ear *ear, struct mh_link *link)
{
    if (mh_link_pooled(link)) return;
    ear->link = link;
    ask(ear, MH_PG_LISTEN, on_done);
}

void mh_ear_down(struct mh_ear *ear)
{
    ear->link = NULL;
    ear->asking = ear->asleep = ear->followed = ear->doubted = ear->busy = false;
    ear->again_ms = 0;
    mh_timer_stop(ear->again);
    if (ear->hears) set_hears(ear, false);
}

void mh_ear_busy(struct mh_ear *ear)
{
    if (ear->busy) return;
    ear->busy = true;
    if (ear->hears) set_tick(ear);
}

void mh_ear_idle(struct mh_ear *ear)
{
    if (!ear->busy) return;
    ear->busy = false;
    if (ear->hears) set_tick(ear);
}

static void on_tick(void *arg)
{
    struct mh_ear *ear = arg;
    (void)tell(ear, ear->kinds); /* nothing follows */
}

/* --- */

int mh_ear_open(uv_loop_t *loop, const struct mh_pq *pq, int kinds, struct mh_wire *wire,
                const struct mh_ear_events *events, void *arg, struct mh_ear **ret_ear,
                struct mh_err *err)
{
    struct mh_ear *ear = calloc(1, sizeof *ear);
    if (ear == NULL) return mh_err_set(err, MH_ENOMEM, "unable to watch the store: out of memory");
    ear->pq = pq;
    ear->events = events;
    ear->arg = arg;
    ear->wire = wire;
    ear->kinds = kinds;
    ear->wants_sleep = true;
    int r = mh_timer_new(loop, on_tick, ear, &ear->tick, err);
    if (r == 0) r = mh_timer_new(loop, on_awake, ear, &ear->awake, err);
    if (r == 0) r = mh_timer_new(loop, on_again, ear, &ear->again, err);
    if (r < 0) {
        mh_ear_close(ear);
        return r;
    }
    set_tick(ear);
    *ret_ear = ear;
    return 0;
}

void mh_ear_close(struct mh_ear *ear)
{
    if (ear == NULL) return;
    if (ear->gone != NULL) *ear->gone = true;
    mh_timer_drop(ear->tick);
    mh_timer_drop(ear->awake);
    mh_timer_drop(ear->again);
    free(ear);
}

void mh_ear_claimed(struct mh_ear *ear, bool short_of_limit)
{
    if (!short_of_limit) {
        if (ear->wants_sleep && !ear->awaking) mh_timer_start(ear->awake, AWAKE_MS, 0);
        ear->awaking = true;
        return;
    }
    mh_timer_stop(ear->awake);
    ear->awaking = false;
    ear->wants_sleep = true;
    go_on(ear);
}

/* Until it has answered there are the hints. */
void mh_ear_doubt(struct mh_ear *ear)
{
    if (ear->link == NULL) return;
    ear->doubted = true;
    mh_ear_busy(ear);
    go_on(ear);
}
