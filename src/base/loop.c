#include "base/loop.h"

#include <assert.h>
#include <errno.h>
#include <malloc.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Those of libuv's pool, unless UV_THREADPOOL_SIZE has another number. */
#define THREADS      4
#define THREAD_STACK ((size_t)8 << 20)

/* A table of descriptors has a pointer for each: enough for eight thousand. */
static alignas(max_align_t) char kept[65536];
static atomic_bool kept_used;

struct mh_watch {
    uv_poll_t poll; /* first: the close callback frees by it */
    int events;
    mh_watch_fn *fn;
    void *arg;
};

struct mh_timer {
    uv_timer_t timer;
    mh_call_fn *fn;
    void *arg;
};

/* An idle handle runs before the loop polls and, while active, keeps it from waiting. */
struct mh_soon {
    uv_idle_t idle;
    mh_call_fn *fn;
    void *arg;
};

struct mh_bell {
    uv_async_t async;
    mh_call_fn *fn;
    void *arg;
};

static void *resize_or_use_kept(void *old, size_t size)
{
    if (old == kept) return size <= sizeof(kept) ? old : NULL;
    void *resized = realloc(old, size);
    if (resized || size > sizeof(kept) || atomic_exchange(&kept_used, true)) return resized;
    size_t before = malloc_usable_size(old);
    if (old) memcpy(kept, old, before < size ? before : size);
    free(old);
    return kept;
}

static void free_or_keep(void *memory)
{
    if (memory == kept)
        atomic_store(&kept_used, false);
    else
        free(memory);
}

void mh_loop_keep_memory(void)
{
    /* Fails only where a function is missing. */
    (void)uv_replace_allocator(malloc, resize_or_use_kept, calloc, free_or_keep);
}

static void pass_by(void *arg)
{
    uv_mutex_t *gate = arg;
    uv_mutex_lock(gate);
    uv_mutex_unlock(gate);
}

int mh_loop_try_threads(struct mh_err *err)
{
    static atomic_bool tried;
    const uv_thread_options_t options = {UV_THREAD_HAS_STACK_SIZE, THREAD_STACK};
    uv_thread_t threads[THREADS];
    uv_mutex_t gate;
    if (atomic_load(&tried)) return 0;
    int count = 0, r = uv_mutex_init(&gate);
    if (r < 0) return mh_err_sys(err, -r, "unable to start threads");
    uv_mutex_lock(&gate); /* all are there at once */
    while (count < THREADS && r == 0) {
        r = uv_thread_create_ex(&threads[count], &options, pass_by, &gate);
        if (r == 0) count++;
    }
    uv_mutex_unlock(&gate);
    while (count > 0)
        (void)uv_thread_join(&threads[--count]); /* fails for what is no thread */
    uv_mutex_destroy(&gate);
    if (r < 0) return mh_err_set(err, MH_ENOMEM, "unable to start threads: %s", uv_strerror(r));
    atomic_store(&tried, true);
    return 0;
}

/* The handle is the first member of its owner, so freeing it frees the owner. */
static void free_closed(uv_handle_t *handle)
{
    free(handle);
}

static int out_of_memory(struct mh_err *err, const char *what)
{
    return mh_err_set(err, MH_ENOMEM, "unable to make a %s: out of memory", what);
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch_start(struct mh_watch *watch)
{
    int r = watch->events == 0 ? uv_poll_stop(&watch->poll)
                               : uv_poll_start(&watch->poll, watch->events, on_poll);
    assert(r == 0); /* libuv fails here only for a handle that is closing */
    (void)r;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct mh_watch *watch = (struct mh_watch *)poll;
    if (status < 0) {
        /* libuv has stopped the handle; an owner that clears the error goes on being told. */
        watch_start(watch);
        events = UV_READABLE | UV_WRITABLE;
    }
    watch->fn(watch->arg, events);
}

int mh_watch_new(uv_loop_t *loop, int fd, int events, mh_watch_fn *fn, void *arg,
                 struct mh_watch **ret_watch, struct mh_err *err)
{
    struct mh_watch *watch = calloc(1, sizeof(*watch));
    if (!watch) return out_of_memory(err, "watch");
    watch->events = events;
    watch->fn = fn;
    watch->arg = arg;
    int r = uv_poll_init(loop, &watch->poll, fd);
    if (r < 0) {
        free(watch);
        return mh_err_sys(err, -r, "unable to watch descriptor %d", fd);
    }
    watch_start(watch);
    *ret_watch = watch;
    return 0;
}

void mh_watch_set(struct mh_watch *watch, int events)
{
    if (watch->events == events) return;
    watch->events = events;
    watch_start(watch);
}

void mh_watch_drop(struct mh_watch *watch)
{
    if (watch) uv_close((uv_handle_t *)&watch->poll, free_closed);
}

static void on_timer(uv_timer_t *handle)
{
    struct mh_timer *timer = (struct mh_timer *)handle;
    timer->fn(timer->arg);
}

int mh_timer_new(uv_loop_t *loop, mh_call_fn *fn, void *arg, struct mh_timer **ret_timer,
                 struct mh_err *err)
{
    struct mh_timer *timer = calloc(1, sizeof(*timer));
    if (!timer) return out_of_memory(err, "timer");
    timer->fn = fn;
    timer->arg = arg;
    (void)uv_timer_init(loop, &timer->timer); /* cannot fail */
    *ret_timer = timer;
    return 0;
}

void mh_timer_start(struct mh_timer *timer, int64_t after_ms, int64_t repeat_ms)
{
    assert(repeat_ms >= 0);
    /* The loop's idea of now is that of the last poll: a long callback would make the timer early.
     */
    uv_update_time(timer->timer.loop);
    (void)uv_timer_start(&timer->timer, on_timer, after_ms < 0 ? 0 : (uint64_t)after_ms,
                         (uint64_t)repeat_ms); /* fails only for a handle that is closing */
}

void mh_timer_stop(struct mh_timer *timer)
{
    (void)uv_timer_stop(&timer->timer); /* cannot fail */
}

void mh_timer_drop(struct mh_timer *timer)
{
    if (timer) uv_close((uv_handle_t *)&timer->timer, free_closed);
}

static void on_idle(uv_idle_t *idle)
{
    struct mh_soon *soon = (struct mh_soon *)idle;
    (void)uv_idle_stop(idle); /* before the call, which may ask again */
    soon->fn(soon->arg);
}

int mh_soon_new(uv_loop_t *loop, mh_call_fn *fn, void *arg, struct mh_soon **ret_soon,
                struct mh_err *err)
{
    struct mh_soon *soon = calloc(1, sizeof(*soon));
    if (!soon) return out_of_memory(err, "deferred call");
    soon->fn = fn;
    soon->arg = arg;
    (void)uv_idle_init(loop, &soon->idle); /* cannot fail */
    *ret_soon = soon;
    return 0;
}

void mh_soon_ask(struct mh_soon *soon)
{
    (void)uv_idle_start(&soon->idle, on_idle); /* does nothing when asked already */
}

void mh_soon_drop(struct mh_soon *soon)
{
    if (soon) uv_close((uv_handle_t *)&soon->idle, free_closed);
}

static void on_async(uv_async_t *async)
{
    struct mh_bell *bell = (struct mh_bell *)async;
    bell->fn(bell->arg);
}

int mh_bell_new(uv_loop_t *loop, mh_call_fn *fn, void *arg, struct mh_bell **ret_bell,
                struct mh_err *err)
{
    struct mh_bell *bell = calloc(1, sizeof(*bell));
    if (!bell) return out_of_memory(err, "bell");
    bell->fn = fn;
    bell->arg = arg;
    int r = uv_async_init(loop, &bell->async, on_async);
    if (r < 0) {
        free(bell);
        return mh_err_sys(err, -r, "unable to make a bell");
    }
    *ret_bell = bell;
    return 0;
}

void mh_bell_ring(struct mh_bell *bell)
{
    int before = errno;                /* of what a signal has interrupted */
    (void)uv_async_send(&bell->async); /* fails for a closing handle only */
    errno = before;
}

void mh_bell_drop(struct mh_bell *bell)
{
    if (bell) uv_close((uv_handle_t *)&bell->async, free_closed);
}

static void check_closing(uv_handle_t *handle, void *arg)
{
    (void)arg;
    (void)handle; /* with NDEBUG */
    assert(uv_is_closing(handle));
}

void mh_loop_close(uv_loop_t *loop)
{
    uv_walk(loop, check_closing, NULL); /* a forgotten handle would make uv_run wait for ever */
    (void)uv_run(loop, UV_RUN_DEFAULT);
    int r = uv_loop_close(loop);
    assert(r == 0);
    (void)r;
}
