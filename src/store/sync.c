#include "store/sync.h"

#include "base/loop.h"

static void ring(void *arg)
{
    struct mh_sync *sync = arg;
    sync->rang = true;
}

static void hear(void *arg, int news)
{
    ring(arg);
}

void mh_call_done(void *arg, const struct mh_reply *reply)
{
    struct mh_call *call = arg;
    call->came = true;
    call->code = reply->code;
    if (reply->code < 0)
        call->err = reply->err;
    else if (call->use != NULL)
        call->use(call->arg, reply);
}

int mh_sync_await(struct mh_sync *sync, int asked, struct mh_call *call, struct mh_err *err)
{
    if (asked < 0) return asked;
    while (!call->came)
        (void)uv_run(&sync->loop, UV_RUN_ONCE); /* says only whether handles are left */
    if (call->code < 0) *err = call->err;
    return call->code;
}

int mh_sync_begin(struct mh_sync *sync, struct mh_err *err)
{
    if (sync->open) return 0;
    int r = uv_loop_init(&sync->loop);
    if (r < 0) return mh_err_set(err, MH_EIO, "unable to start a loop: %s", uv_strerror(r));
    sync->open = true;
    return mh_timer_new(&sync->loop, ring, sync, &sync->timer, err);
}

int mh_sync_open(struct mh_sync *sync, const struct mh_store_options *options, struct mh_err *err)
{
    int r = mh_sync_begin(sync, err);
    if (r < 0) return r;
    struct mh_call call = {0};
    r = mh_store_open(&sync->loop, options, mh_call_done, &call, &sync->store, err);
    return mh_sync_await(sync, r, &call, err);
}

void mh_sync_close(struct mh_sync *sync)
{
    if (!sync->open) return;
    mh_store_close(sync->store);
    mh_timer_drop(sync->timer);
    mh_loop_close(&sync->loop);
    *sync = (struct mh_sync){0};
}

int mh_sync_watch(struct mh_sync *sync, int kinds, struct mh_err *err)
{
    return mh_store_watch(sync->store, kinds, hear, sync, err);
}

void mh_sync_pause(struct mh_sync *sync, int64_t ms)
{
    mh_timer_start(sync->timer, ms, 0);
    while (!sync->rang)
        (void)uv_run(&sync->loop, UV_RUN_ONCE); /* says only whether handles are left */
    mh_timer_stop(sync->timer);
    sync->rang = false;
}
