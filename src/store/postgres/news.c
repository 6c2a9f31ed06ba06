#include "store/postgres/news.h"

#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "mh_pg_sql.h"
#include "store/postgres/link.h"
#include "store/postgres/text.h"

#define TICK_MS 1000

/* How long a claimer that gets all it asks for is still notified: longer than the pauses between
 * jobs that come one at a time. */
#define AWAKE_MS 100

/* How soon it is asked again whether whoever dispatches at this moment has seen us asleep. */
#define AGAIN_FIRST_MS 2
#define AGAIN_MAX_MS   100

/* What is asked here takes no time: a connection that does not answer has lost its other end. */
#define ANSWER_MS 10000

struct mh_ear {
    const struct mh_pq *pq;
    const struct mh_ear_events *events;
    void *arg;
    struct mh_link *link;
    int kinds;
    char *sleep_text, *awake_text, *follow_text;
    struct mh_timer *tick;  /* runs while nothing is heard */
    struct mh_timer *awake; /* runs while claims come back full */
    struct mh_timer *again; /* runs while falling asleep */
    bool *gone;             /* set when the ear is closed within a callback */

    bool wants_sleep;
    bool busy;     /* something is asked */
    bool hears;    /* our own notification came back */
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

static void set_hears(struct mh_ear *ear, bool hears)
{
    ear->hears = hears;
    if (hears)
        mh_timer_stop(ear->tick);
    else
        mh_timer_start(ear->tick, TICK_MS, TICK_MS);
    ear->events->hears(ear->arg, hears);
}

/* --- asking the server for what is wanted */

static void settle(struct mh_ear *ear);

static void ask(struct mh_ear *ear, const char *text, mh_asked_fn *fn)
{
    ear->busy = true;
    mh_link_ask(ear->link, &(struct mh_ask){.text = text, .within_ms = ANSWER_MS}, fn, ear);
}

/* Notifications may have come before the answer. */
static void on_done(void *arg, PGresult *result)
{
    struct mh_ear *ear = arg;
    ear->pq->clear(result);
    ear->busy = false;
    settle(ear);
}

/* Where it cannot be asked at all hints once a second do. */
static void on_slept(void *arg, PGresult *result)
{
    struct mh_ear *ear = arg;
    bool told = ear->pq->resultStatus(result) == PGRES_TUPLES_OK;
    bool seen = told && *ear->pq->getvalue(result, 0, 0) == 't';
    ear->pq->clear(result);
    ear->busy = false;
    ear->asleep = true;
    if (!told) {
        set_hears(ear, false);
    } else if (seen) {
        ear->again_ms = 0;
    } else {
        ear->again_ms = ear->again_ms == 0 ? AGAIN_FIRST_MS : 2 * ear->again_ms;
        if (ear->again_ms > AGAIN_MAX_MS) ear->again_ms = AGAIN_MAX_MS;
        mh_timer_start(ear->again, ear->again_ms, 0);
    }
    if (tell(ear, MH_NEWS_DUE)) settle(ear);
}

static void fall_asleep(struct mh_ear *ear)
{
    ask(ear, ear->sleep_text, on_slept);
}

/* Takes one step towards what is wanted. */
static void go_on(struct mh_ear *ear)
{
    if (ear->busy || !ear->hears) return;
    if (!ear->followed && (ear->kinds & MH_NEWS_ENDED) != 0) {
        ear->followed = true;
        ask(ear, ear->follow_text, on_done);
    } else if (ear->wants_sleep && !ear->asleep && (ear->kinds & MH_NEWS_DUE) != 0) {
        fall_asleep(ear);
    } else if (!ear->wants_sleep && ear->asleep) {
        ear->asleep = false;
        ear->again_ms = 0;
        mh_timer_stop(ear->again);
        ask(ear, ear->awake_text, on_done);
    } else if (ear->doubted) {
        ear->doubted = false;
        ask(ear, ear->asleep ? ear->sleep_text : ear->awake_text, on_done);
    }
}

static void on_again(void *arg)
{
    struct mh_ear *ear = arg;
    if (!ear->busy && ear->hears && ear->asleep && ear->wants_sleep) fall_asleep(ear);
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
    if (strcmp(notify->relname, "millhand_new_job") == 0) return MH_NEWS_DUE;
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
static void settle(struct mh_ear *ear)
{
    bool probe = false;
    int kinds = hear(ear, &probe);
    if (probe && !ear->hears) {
        set_hears(ear, true);
        kinds = ear->kinds;
    }
    if (kinds != 0 && !tell(ear, kinds)) return;
    go_on(ear);
}

static void on_input(void *arg)
{
    settle(arg);
}

static void on_up(void *arg)
{
    struct mh_ear *ear = arg;
    if (!mh_link_pooled(ear->link)) {
        ask(ear, mh_pg_sql_listen, on_done);
        return;
    }
    mh_link_close(ear->link); /* for good: it stays behind its pooler */
    ear->link = NULL;
}

static void on_down(void *arg, const struct mh_err *err)
{
    struct mh_ear *ear = arg;
    ear->busy = ear->asleep = ear->followed = ear->doubted = false;
    ear->again_ms = 0;
    mh_timer_stop(ear->again);
    if (ear->hears) set_hears(ear, false);
}

static void on_tick(void *arg)
{
    struct mh_ear *ear = arg;
    (void)tell(ear, ear->kinds); /* nothing follows */
}

static const struct mh_link_events events = {.up = on_up, .input = on_input, .down = on_down};

/* --- */

static bool fill_texts(struct mh_ear *ear, const char *schema)
{
    ear->sleep_text = mh_pg_text(mh_pg_sql_sleep, schema);
    ear->awake_text = mh_pg_text(mh_pg_sql_awake, schema);
    ear->follow_text = mh_pg_text(mh_pg_sql_follow, schema);
    return ear->sleep_text != NULL && ear->awake_text != NULL && ear->follow_text != NULL;
}

int mh_ear_open(uv_loop_t *loop, const struct mh_pq *pq, struct mh_address *address,
                const char *schema, int kinds, const struct mh_ear_events *ear_events, void *arg,
                struct mh_ear **ret_ear, struct mh_err *err)
{
    struct mh_ear *ear = calloc(1, sizeof *ear);
    if (ear == NULL || !fill_texts(ear, schema)) {
        mh_ear_close(ear);
        return mh_err_set(err, MH_ENOMEM, "unable to watch the store: out of memory");
    }
    ear->pq = pq;
    ear->events = ear_events;
    ear->arg = arg;
    ear->kinds = kinds;
    ear->wants_sleep = true;
    int r = mh_timer_new(loop, on_tick, ear, &ear->tick, err);
    if (r == 0) r = mh_timer_new(loop, on_awake, ear, &ear->awake, err);
    if (r == 0) r = mh_timer_new(loop, on_again, ear, &ear->again, err);
    if (r == 0) r = mh_link_open(loop, pq, address, &events, ear, &ear->link, err);
    if (r < 0) {
        mh_ear_close(ear);
        return r;
    }
    mh_timer_start(ear->tick, TICK_MS, TICK_MS);
    *ret_ear = ear;
    return 0;
}

void mh_ear_close(struct mh_ear *ear)
{
    if (ear == NULL) return;
    if (ear->gone != NULL) *ear->gone = true;
    mh_link_close(ear->link);
    mh_timer_drop(ear->tick);
    mh_timer_drop(ear->awake);
    mh_timer_drop(ear->again);
    free(ear->sleep_text);
    free(ear->awake_text);
    free(ear->follow_text);
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

void mh_ear_doubt(struct mh_ear *ear)
{
    ear->doubted = true;
    go_on(ear);
}
