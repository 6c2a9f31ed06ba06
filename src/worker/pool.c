#include "worker/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/loop.h"

TAILQ_HEAD(task_list, mh_task);
STAILQ_HEAD(told_list, mh_task);

struct mh_pool {
    struct mh_bell *bell;
    struct mh_soon *soon;
    struct task_list fresh; /* submitted in this round of the loop */
    size_t fresh_count;
    pthread_t *threads;
    size_t size;
    size_t count; /* threads there are */
    bool finished;

    pthread_mutex_t mutex; /* for what follows */
    pthread_cond_t changed;
    size_t idle;    /* threads that wait */
    size_t waiting; /* tasks that wait for one */
    bool waking;    /* an idle thread was called and has not come yet */
    bool stopping;
    struct task_list queue;
    struct task_list done;
    struct told_list told;
};

static void lock(struct mh_pool *pool)
{
    (void)pthread_mutex_lock(&pool->mutex); /* cannot fail: no error checks, no owner's death */
}

static void unlock(struct mh_pool *pool)
{
    (void)pthread_mutex_unlock(&pool->mutex);
}

/* --- on a thread ---- */

static bool is_news(const struct mh_pool *pool)
{
    return !TAILQ_EMPTY(&pool->done) || !STAILQ_EMPTY(&pool->told);
}

/* Puts it onto a list for the loop, which has been rung for already where there is something. */
static void post(struct mh_pool *pool, struct mh_task *task, bool done)
{
    lock(pool);
    bool rung = is_news(pool);
    if (done) {
        TAILQ_INSERT_TAIL(&pool->done, task, link);
    } else if (!task->is_told) {
        STAILQ_INSERT_TAIL(&pool->told, task, told_link);
        task->is_told = true;
    }
    unlock(pool);
    if (!rung) mh_bell_ring(pool->bell);
}

void mh_pool_tell(struct mh_pool *pool, struct mh_task *task)
{
    post(pool, task, false);
}

/* One idle thread is called at a time, and calls the next where there is more to do than it takes:
 * short tasks are then done by few threads, without a change of thread for each. Locked; where it
 * is true the caller signals once it is unlocked, or else the thread wakes to wait for the lock. */
static bool wants_call(struct mh_pool *pool)
{
    if (pool->waiting == 0 || pool->idle == 0 || pool->waking) return false;
    pool->waking = true;
    return true;
}

/* Locked. */
static void wait_for_task(struct mh_pool *pool)
{
    pool->idle++;
    while (pool->waiting == 0 && !pool->stopping) {
        (void)pthread_cond_wait(&pool->changed, &pool->mutex); /* fails for no valid pair */
        pool->waking = false;
    }
    pool->idle--;
}

/* NULL: it is time to end. */
static struct mh_task *take(struct mh_pool *pool)
{
    lock(pool);
    wait_for_task(pool);
    struct mh_task *task = pool->stopping ? NULL : TAILQ_FIRST(&pool->queue);
    bool call = false;
    if (task != NULL) {
        TAILQ_REMOVE(&pool->queue, task, link);
        pool->waiting--;
        call = wants_call(pool);
    }
    unlock(pool);
    if (call) (void)pthread_cond_signal(&pool->changed);
    return task;
}

static void *run(void *arg)
{
    struct mh_pool *pool = arg;
    struct mh_task *task;
    while ((task = take(pool)) != NULL) {
        task->work(task);
        post(pool, task, true);
    }
    return NULL;
}

/* --- on the loop ---- */

/* From here on it may be told again. */
static struct mh_task *take_told(struct mh_pool *pool, struct told_list *told)
{
    struct mh_task *task = STAILQ_FIRST(told);
    if (task == NULL) return NULL;
    lock(pool);
    STAILQ_REMOVE_HEAD(told, told_link);
    task->is_told = false;
    unlock(pool);
    return task;
}

/* What was told comes before the end of the same task. Whoever is called may submit, not finish. */
static void on_bell(void *arg)
{
    struct mh_pool *pool = arg;
    struct told_list told = STAILQ_HEAD_INITIALIZER(told);
    struct task_list done = TAILQ_HEAD_INITIALIZER(done);
    struct mh_task *task;
    lock(pool);
    STAILQ_CONCAT(&told, &pool->told);
    TAILQ_CONCAT(&done, &pool->done, link);
    unlock(pool);
    while ((task = take_told(pool, &told)) != NULL)
        task->told(task);
    while ((task = TAILQ_FIRST(&done)) != NULL) {
        TAILQ_REMOVE(&done, task, link);
        task->done(task);
    }
}

static int start_thread(struct mh_pool *pool, struct mh_err *err)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* fails for a wrong `how` only */
    int r = pthread_create(&pool->threads[pool->count], NULL, run, pool);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r != 0) return mh_err_sys(err, r, "unable to start a thread");
    pool->count++;
    return 0;
}

/* Threads for tasks that no idle one will take; where none can be started the others do them. */
static void start_threads(struct mh_pool *pool, size_t missing)
{
    struct mh_err err;
    for (; missing > 0 && pool->count < pool->size; missing--)
        if (start_thread(pool, &err) < 0) return;
}

/* All that one round of the loop submitted, together: a thread that is called for each is asleep
 * again before the next is there. */
static void hand_over(void *arg)
{
    struct mh_pool *pool = arg;
    lock(pool);
    TAILQ_CONCAT(&pool->queue, &pool->fresh, link);
    pool->waiting += pool->fresh_count;
    size_t missing = pool->waiting > pool->idle ? pool->waiting - pool->idle : 0;
    if (missing > pool->fresh_count) missing = pool->fresh_count;
    bool call = wants_call(pool);
    unlock(pool);
    pool->fresh_count = 0;
    if (call) (void)pthread_cond_signal(&pool->changed);
    start_threads(pool, missing);
}

int mh_pool_submit(struct mh_pool *pool, struct mh_task *task, struct mh_err *err)
{
    int r = pool->count == 0 ? start_thread(pool, err) : 0;
    if (r < 0) return r;
    task->is_told = false;
    TAILQ_INSERT_TAIL(&pool->fresh, task, link);
    pool->fresh_count++;
    mh_soon_ask(pool->soon);
    return 0;
}

int mh_pool_new(uv_loop_t *loop, size_t size, struct mh_pool **ret_pool, struct mh_err *err)
{
    struct mh_pool *pool = calloc(1, sizeof *pool);
    pthread_t *threads = calloc(size, sizeof *threads);
    if (pool == NULL || threads == NULL) {
        free(pool);
        free(threads);
        return mh_err_set(err, MH_ENOMEM, "unable to make threads: out of memory");
    }
    pool->threads = threads;
    pool->size = size;
    int r = mh_bell_new(loop, on_bell, pool, &pool->bell, err);
    if (r == 0) r = mh_soon_new(loop, hand_over, pool, &pool->soon, err);
    if (r < 0) {
        mh_bell_drop(pool->bell);
        free(threads);
        free(pool);
        return r;
    }
    TAILQ_INIT(&pool->fresh);
    (void)pthread_mutex_init(&pool->mutex, NULL); /* with default attributes neither can fail */
    (void)pthread_cond_init(&pool->changed, NULL);
    TAILQ_INIT(&pool->queue);
    TAILQ_INIT(&pool->done);
    STAILQ_INIT(&pool->told);
    *ret_pool = pool;
    return 0;
}

void mh_pool_finish(struct mh_pool *pool)
{
    if (pool->finished) return;
    pool->finished = true;
    lock(pool);
    pool->stopping = true;
    (void)pthread_cond_broadcast(&pool->changed);
    unlock(pool);
    for (size_t i = 0; i < pool->count; i++)
        (void)pthread_join(pool->threads[i], NULL); /* it is joinable and not this one */
    mh_bell_drop(pool->bell);
    mh_soon_drop(pool->soon);
    pool->bell = NULL;
    pool->soon = NULL;
}

void mh_pool_free(struct mh_pool *pool)
{
    if (pool == NULL) return;
    mh_pool_finish(pool);
    (void)pthread_cond_destroy(&pool->changed);
    (void)pthread_mutex_destroy(&pool->mutex);
    free(pool->threads);
    free(pool);
}
