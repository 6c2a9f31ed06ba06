#include "store/sqlite/thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "store/sqlite/commit.h"

/* SQLite's deepest path here takes a tenth of it. */
#define STACK_SIZE ((size_t)256 * 1024)

/* The most requests that share a commit, so that the first of them does not wait too long. */
#define BATCH_MAX 256

#define TICK_US 1000000

struct mh_thread {
    const struct mh_thread_role *role;
    void *arg;
    struct mh_door *door;
    struct mh_request *ready; /* until it has been answered */
    bool parted;              /* from the loop's thread */
    pthread_t pthread;
    struct mh_db db; /* the thread's own */
    bool is_open;
    int64_t ticked_us;

    pthread_mutex_t mutex; /* for what follows */
    pthread_cond_t changed;
    struct mh_request *queue, **last;
    bool ticking;
    bool stopping;
    struct mh_db *busy; /* what may be interrupted */
};

static void lock(struct mh_thread *thread)
{
    (void)pthread_mutex_lock(&thread->mutex); /* cannot fail: no error checks, no owner's death */
}

static void unlock(struct mh_thread *thread)
{
    (void)pthread_mutex_unlock(&thread->mutex);
}

/* --- on the thread */

/* False when it is time to tick. */
static bool wait_for_change(struct mh_thread *thread)
{
    if (!thread->ticking) return pthread_cond_wait(&thread->changed, &thread->mutex) == 0;
    int64_t at_us = thread->ticked_us + TICK_US;
    struct timespec at = {.tv_sec = at_us / 1000000, .tv_nsec = (long)(at_us % 1000000) * 1000};
    return pthread_cond_timedwait(&thread->changed, &thread->mutex, &at) != ETIMEDOUT;
}

/* Under the lock, where it has parted. NULL: there is no work. */
static struct mh_request *cut_batch(struct mh_thread *thread)
{
    struct mh_request *batch = thread->queue;
    struct mh_request **end = &thread->queue;
    for (int i = 0; i < BATCH_MAX && *end != NULL; i++)
        end = &(*end)->next;
    thread->queue = *end;
    if (thread->queue == NULL) thread->last = &thread->queue;
    *end = NULL;
    return batch;
}

/* Waits for work, a tick, or the end. NULL: no work; *ret_end tells which of the others it is. */
static struct mh_request *take(struct mh_thread *thread, bool *ret_end)
{
    lock(thread);
    while (thread->queue == NULL && !thread->stopping && wait_for_change(thread))
        ;
    struct mh_request *batch = cut_batch(thread);
    *ret_end = thread->stopping && batch == NULL;
    unlock(thread);
    return batch;
}

static int open_db(struct mh_thread *thread, struct mh_err *err)
{
    if (thread->is_open) return 0;
    int r = thread->role->open(thread->arg, &thread->db, err);
    if (r < 0) return r;
    thread->is_open = true;
    lock(thread);
    thread->busy = &thread->db;
    unlock(thread);
    return 0;
}

static void close_db(struct mh_thread *thread)
{
    lock(thread);
    thread->busy = NULL;
    unlock(thread);
    if (thread->is_open) mh_db_close(&thread->db);
}

static void answer(struct mh_thread *thread, struct mh_request *requests)
{
    if (thread->parted)
        mh_door_post(thread->door, requests);
    else
        mh_door_put(thread->door, requests);
}

static void work(struct mh_thread *thread, struct mh_request *batch)
{
    struct mh_err err;
    if (open_db(thread, &err) < 0)
        mh_commit_refuse(batch, &err);
    else
        thread->role->work(thread->arg, &thread->db, batch);
    answer(thread, batch);
}

static void open_at_once(struct mh_thread *thread)
{
    struct mh_request *ready = thread->ready;
    if (ready == NULL) return;
    thread->ready = NULL;
    ready->reply.code = open_db(thread, &ready->reply.err);
    answer(thread, ready);
}

static void tick_if_due(struct mh_thread *thread)
{
    lock(thread);
    bool ticking = thread->ticking;
    unlock(thread);
    int64_t now_us = mh_clock_mono_us();
    if (!ticking || now_us < thread->ticked_us + TICK_US) return;
    thread->ticked_us = now_us;
    if (thread->is_open) thread->role->tick(thread->arg, &thread->db);
}

static void *run(void *arg)
{
    struct mh_thread *thread = arg;
    open_at_once(thread);
    for (;;) {
        bool end = false;
        struct mh_request *batch = take(thread, &end);
        if (end) break;
        if (batch != NULL) work(thread, batch);
        tick_if_due(thread);
    }
    close_db(thread);
    return NULL;
}

/* --- on the loop's thread */

static int start(struct mh_thread *thread)
{
    pthread_attr_t attr;
    int r = pthread_attr_init(&attr);
    if (r != 0) return r;
    sigset_t all, before;
    (void)sigfillset(&all);
    r = pthread_attr_setstacksize(&attr, STACK_SIZE);
    if (r == 0) r = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (r == 0) {
        r = pthread_create(&thread->pthread, &attr, run, thread);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL); /* the mask was valid before */
    }
    (void)pthread_attr_destroy(&attr);
    return r;
}

static int init_sync(struct mh_thread *thread)
{
    pthread_condattr_t attr;
    int r = pthread_condattr_init(&attr);
    if (r != 0) return r;
    r = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    if (r == 0) r = pthread_cond_init(&thread->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    if (r == 0) (void)pthread_mutex_init(&thread->mutex, NULL); /* default: cannot fail */
    return r;
}

static void free_thread(struct mh_thread *thread)
{
    (void)pthread_cond_destroy(&thread->changed);
    (void)pthread_mutex_destroy(&thread->mutex);
    free(thread);
}

static int new_thread(const struct mh_thread_role *role, void *arg, struct mh_door *door,
                      struct mh_thread **ret_thread, struct mh_err *err)
{
    struct mh_thread *thread = calloc(1, sizeof *thread);
    if (thread == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to start a thread: out of memory");
    thread->role = role;
    thread->arg = arg;
    thread->door = door;
    thread->last = &thread->queue;
    int r = init_sync(thread);
    if (r != 0) {
        free(thread);
        return mh_err_sys(err, r, "unable to start a thread");
    }
    *ret_thread = thread;
    return 0;
}

int mh_thread_start(const struct mh_thread_role *role, void *arg, struct mh_door *door,
                    struct mh_request *ready, struct mh_thread **ret_thread, struct mh_err *err)
{
    struct mh_thread *thread = NULL;
    int r = new_thread(role, arg, door, &thread, err);
    if (r < 0) return r;
    thread->ready = ready;
    r = mh_thread_part(thread, err);
    if (r < 0) {
        free_thread(thread);
        return r;
    }
    if (ready != NULL) mh_door_expect(door);
    *ret_thread = thread;
    return 0;
}

int mh_thread_stay(const struct mh_thread_role *role, void *arg, struct mh_door *door,
                   struct mh_request *ready, struct mh_thread **ret_thread, struct mh_err *err)
{
    int r = new_thread(role, arg, door, ret_thread, err);
    if (r < 0) return r;
    (*ret_thread)->ready = ready;
    mh_door_expect(door);
    mh_door_ring(door);
    return 0;
}

int mh_thread_part(struct mh_thread *thread, struct mh_err *err)
{
    if (thread->parted) return 0;
    thread->parted = true; /* the thread itself looks */
    int r = start(thread);
    if (r == 0) return 0;
    thread->parted = false;
    return mh_err_sys(err, r, "unable to start a thread");
}

void mh_thread_work(struct mh_thread *thread)
{
    if (thread == NULL || thread->parted) return;
    open_at_once(thread);
    struct mh_request *batch;
    while ((batch = cut_batch(thread)) != NULL)
        work(thread, batch);
}

void mh_thread_submit(struct mh_thread *thread, struct mh_request *request)
{
    mh_door_expect(thread->door);
    request->next = NULL;
    lock(thread);
    *thread->last = request;
    thread->last = &request->next;
    unlock(thread);
    if (thread->parted)
        (void)pthread_cond_signal(&thread->changed); /* unlocked: else it wakes to wait again */
    else
        mh_door_ring(thread->door);
}

void mh_thread_tick(struct mh_thread *thread, bool wanted)
{
    lock(thread);
    thread->ticking = wanted;
    (void)pthread_cond_signal(&thread->changed);
    unlock(thread);
}

static void drop_queue(struct mh_thread *thread)
{
    while (thread->queue != NULL) {
        struct mh_request *request = thread->queue;
        thread->queue = request->next;
        mh_request_free(request);
    }
    thread->last = &thread->queue;
}

void mh_thread_stop(struct mh_thread *thread, enum mh_thread_end end)
{
    if (thread == NULL) return;
    lock(thread);
    thread->stopping = true;
    if (thread->busy != NULL) mh_db_hurry(thread->busy);
    if (end == MH_THREAD_DROP) {
        drop_queue(thread);
        if (thread->busy != NULL) mh_db_interrupt(thread->busy);
    }
    (void)pthread_cond_signal(&thread->changed);
    unlock(thread);
    if (thread->parted) {
        (void)pthread_join(thread->pthread, NULL); /* it is joinable and not this one */
    } else {
        mh_thread_work(thread);
        close_db(thread);
    }
    free_thread(thread);
}
