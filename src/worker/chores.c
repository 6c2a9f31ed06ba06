#include "worker/chores.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/loop.h"
#include "base/random.h"

#define RECLAIM_LIMIT 1000
#define PRUNE_LIMIT   500
#define PRUNE_MS      60000
#define PROJECTS_MS   60000
#define FIRST_MS      1000 /* a worker that never runs for a minute does these too */
#define DAY_MS        INT64_C(86400000)

/* A store that has more to do is asked again after a breath, so that others get their turn. */
#define MORE_MS 50

struct chore;

struct chore_kind {
    int (*ask)(struct chore *chore, mh_reply_fn *done, struct mh_err *err);
    void (*took)(struct chore *chore, const struct mh_reply *reply);
    size_t limit; /* a reply with so many has more to do; 0: never */
};

struct chore {
    struct mh_chores *chores;
    const struct chore_kind *kind;
    struct mh_timer *timer;
    int64_t every_ms; /* 0: never */
};

enum { CHORE_RECLAIM, CHORE_PRUNE, CHORE_PROJECTS, CHORE_STATS, CHORE__COUNT };

struct mh_chores {
    struct mh_store *store;
    const struct mh_settings *settings;
    const struct mh_chores_events *events;
    void *arg;
    bool stopped;
    struct chore all[CHORE__COUNT];
};

static void plan(struct chore *chore, int64_t after_ms)
{
    double jitter = 0.9 + 0.2 * mh_random_unit(); /* many workers shall not do it together */
    if (chore->every_ms > 0 && !chore->chores->stopped)
        mh_timer_start(chore->timer, (int64_t)((double)after_ms * jitter), 0);
}

static void on_reply(void *arg, const struct mh_reply *reply)
{
    struct chore *chore = arg;
    struct mh_chores *chores = chore->chores;
    bool more = reply->code == 0 && chore->kind->limit > 0 && reply->count >= chore->kind->limit;
    plan(chore, more ? MORE_MS : chore->every_ms);
    if (reply->code < 0)
        chores->events->failed(chores->arg, &reply->err);
    else
        chore->kind->took(chore, reply);
}

static void on_timer(void *arg)
{
    struct chore *chore = arg;
    struct mh_err err = {0};
    if (chore->kind->ask(chore, on_reply, &err) == 0) return;
    plan(chore, chore->every_ms);
    chore->chores->events->failed(chore->chores->arg, &err);
}

static int ask_reclaim(struct chore *chore, mh_reply_fn *done, struct mh_err *err)
{
    return mh_store_reclaim(chore->chores->store, RECLAIM_LIMIT, done, chore, err);
}

static void took_reclaim(struct chore *chore, const struct mh_reply *reply)
{
    if (reply->count > 0)
        chore->chores->events->reclaimed(chore->chores->arg, (int64_t)reply->count);
}

static int ask_prune(struct chore *chore, mh_reply_fn *done, struct mh_err *err)
{
    const struct mh_settings *settings = chore->chores->settings;
    return mh_store_prune(chore->chores->store, settings->retention_days * DAY_MS,
                          settings->failed_retention_days * DAY_MS, PRUNE_LIMIT, done, chore, err);
}

static void took_quietly(struct chore *chore, const struct mh_reply *reply)
{
    (void)chore; /* nobody is told of what nobody misses */
    (void)reply;
}

static int ask_projects(struct chore *chore, mh_reply_fn *done, struct mh_err *err)
{
    return mh_store_project_sweep(chore->chores->store, done, chore, err);
}

static int ask_stats(struct chore *chore, mh_reply_fn *done, struct mh_err *err)
{
    return mh_store_stats(chore->chores->store, NULL, done, chore, err);
}

static void took_stats(struct chore *chore, const struct mh_reply *reply)
{
    chore->chores->events->stats(chore->chores->arg, reply->stats);
}

static const struct chore_kind kinds[CHORE__COUNT] = {
    [CHORE_RECLAIM] = {ask_reclaim, took_reclaim, RECLAIM_LIMIT},
    [CHORE_PRUNE] = {ask_prune, took_quietly, PRUNE_LIMIT},
    [CHORE_PROJECTS] = {ask_projects, took_quietly, 0},
    [CHORE_STATS] = {ask_stats, took_stats, 0},
};

int mh_chores_new(uv_loop_t *loop, struct mh_store *store, const struct mh_settings *settings,
                  const struct mh_chores_events *events, void *arg, struct mh_chores **ret_chores,
                  struct mh_err *err)
{
    const int64_t every_ms[CHORE__COUNT] = {settings->lease_ms / 2, PRUNE_MS, PROJECTS_MS,
                                            settings->monitor_interval_ms};
    struct mh_chores *chores = calloc(1, sizeof *chores);
    if (chores == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to start the chores: out of memory");
    *chores =
        (struct mh_chores){.store = store, .settings = settings, .events = events, .arg = arg};
    for (int i = 0; i < CHORE__COUNT; i++) {
        struct chore *chore = &chores->all[i];
        *chore = (struct chore){.chores = chores, .kind = &kinds[i], .every_ms = every_ms[i]};
        int r = mh_timer_new(loop, on_timer, chore, &chore->timer, err);
        if (r < 0) {
            mh_chores_free(chores);
            return r;
        }
        bool soon = i == CHORE_PRUNE || i == CHORE_PROJECTS;
        plan(chore, soon ? FIRST_MS : chore->every_ms);
    }
    *ret_chores = chores;
    return 0;
}

void mh_chores_stop(struct mh_chores *chores)
{
    chores->stopped = true;
    for (int i = 0; i < CHORE__COUNT; i++)
        mh_timer_stop(chores->all[i].timer);
}

void mh_chores_free(struct mh_chores *chores)
{
    if (chores == NULL) return;
    for (int i = 0; i < CHORE__COUNT; i++)
        mh_timer_drop(chores->all[i].timer);
    free(chores);
}
