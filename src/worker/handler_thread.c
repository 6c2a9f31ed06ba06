#include "worker/handler_thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "worker/message.h"

struct mh_thread_run {
    struct mh_task task; /* first: the pool gives it back */
    LIST_ENTRY(mh_thread_run) link;
    struct mh_handler *handler;
    struct mh_run *run; /* the loop's; the thread reads its job */
    atomic_bool stopped;

    /* The thread's, then the loop's. */
    enum mh_verdict_kind kind;
    struct mh_buf result;
    struct mh_buf error;
    int64_t delay_ms;

    pthread_mutex_t mutex; /* for what follows */
    double progress;       /* negative: nothing new */
    struct mh_buf log;     /* not passed on yet */
};

LIST_HEAD(thread_runs, mh_thread_run);

static const struct mh_thread_call *call_of(const struct mh_handler *handler)
{
    return handler->spec->call;
}

static void free_thread_run(struct mh_thread_run *thread)
{
    LIST_REMOVE(thread, link);
    (void)pthread_mutex_destroy(&thread->mutex);
    mh_buf_release(&thread->result);
    mh_buf_release(&thread->error);
    mh_buf_release(&thread->log);
    free(thread);
}

/* --- on the thread ---- */

const struct mh_job *mh_thread_run_job(const struct mh_thread_run *thread)
{
    return &thread->run->job;
}

bool mh_thread_run_stopped(const struct mh_thread_run *thread)
{
    return atomic_load(&thread->stopped);
}

void mh_thread_run_progress(struct mh_thread_run *thread, double progress)
{
    (void)pthread_mutex_lock(&thread->mutex); /* cannot fail: no error checks, no owner's death */
    thread->progress = progress;
    (void)pthread_mutex_unlock(&thread->mutex);
    mh_pool_tell(call_of(thread->handler)->pool, &thread->task);
}

/* Of what the loop has not taken yet the end is kept, as of the log itself. */
static void append_log(struct mh_buf *log, const char *text, size_t len)
{
    size_t skipped = len > MH_LOG_TAIL ? len - MH_LOG_TAIL : 0;
    if (log->len + len - skipped + 1 > log->max)
        mh_buf_consume(log, log->len > MH_LOG_TAIL ? log->len - MH_LOG_TAIL : 0);
    mh_buf_append(log, text + skipped, len - skipped);
    mh_buf_char(log, '\n');
    if (mh_buf_failed(log)) mh_buf_reset(log);
}

void mh_thread_run_log(struct mh_thread_run *thread, const char *text)
{
    (void)pthread_mutex_lock(&thread->mutex);
    append_log(&thread->log, text, strlen(text));
    (void)pthread_mutex_unlock(&thread->mutex);
    mh_pool_tell(call_of(thread->handler)->pool, &thread->task);
}

int mh_thread_run_result(struct mh_thread_run *thread, const char *json, size_t len,
                         struct mh_err *err)
{
    size_t max = thread->handler->max_result;
    if (len > max) return mh_err_set(err, MH_ELIMIT, MH_HANDLER_TOO_LARGE, max);
    int r = mh_json_check(json, len, MH_JSON_ANY, err);
    if (r < 0) return mh_err_prefix(err, r, "the result is refused");
    mh_buf_reset(&thread->result);
    mh_buf_append(&thread->result, json, len);
    if (mh_buf_failed(&thread->result))
        return mh_err_set(err, MH_ENOMEM, "out of memory for the result");
    return 0;
}

void mh_thread_run_error(struct mh_thread_run *thread, const char *text)
{
    mh_buf_reset(&thread->error);
    mh_buf_append(&thread->error, text, strnlen(text, MH_ERROR_MAX));
}

bool mh_thread_run_has_error(const struct mh_thread_run *thread)
{
    return thread->error.len > 0;
}

void mh_thread_run_later(struct mh_thread_run *thread, int64_t delay_ms)
{
    thread->delay_ms = delay_ms;
}

static void work(struct mh_task *task)
{
    struct mh_thread_run *thread = (struct mh_thread_run *)task;
    const struct mh_thread_call *call = call_of(thread->handler);
    thread->kind = call->fn(thread, call->arg);
}

/* --- on the loop ---- */

static void pass_on_log(struct mh_run *run, struct mh_buf *log)
{
    char *rest = log->len > 0 ? log->data : NULL;
    for (char *line; rest != NULL && *rest != '\0';) {
        line = strsep(&rest, "\n");
        mh_run_log(run, line, strlen(line));
    }
}

static void pass_on(struct mh_task *task)
{
    struct mh_thread_run *thread = (struct mh_thread_run *)task;
    (void)pthread_mutex_lock(&thread->mutex);
    double progress = thread->progress;
    struct mh_buf log = thread->log;
    thread->progress = -1;
    mh_buf_init(&thread->log, log.max);
    (void)pthread_mutex_unlock(&thread->mutex);
    pass_on_log(thread->run, &log);
    mh_buf_release(&log);
    if (progress >= 0) mh_run_progress(thread->run, progress, NULL);
}

static void done(struct mh_task *task)
{
    struct mh_thread_run *thread = (struct mh_thread_run *)task;
    struct mh_verdict verdict = {
        .kind = thread->kind,
        .result = thread->result.len > 0 ? thread->result.data : NULL,
        .result_len = thread->result.len,
        .error = thread->error.len > 0 ? thread->error.data : "the handler failed",
        .delay_ms = thread->delay_ms,
    };
    pass_on(task);
    mh_run_end(thread->run, &verdict);
    free_thread_run(thread);
}

static int start(struct mh_handler *handler, struct mh_run *run, struct mh_err *err)
{
    struct mh_thread_run *thread = calloc(1, sizeof *thread);
    if (thread == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to run the handler: out of memory");
    thread->task = (struct mh_task){.work = work, .told = pass_on, .done = done};
    thread->handler = handler;
    thread->run = run;
    thread->delay_ms = MH_LATER_MS;
    thread->progress = -1;
    mh_buf_init(&thread->result, handler->max_result);
    mh_buf_init(&thread->error, MH_ERROR_MAX);
    mh_buf_init(&thread->log, (size_t)2 * MH_LOG_TAIL + 1);
    (void)pthread_mutex_init(&thread->mutex, NULL); /* cannot fail with default attributes */
    LIST_INSERT_HEAD((struct thread_runs *)handler->state, thread, link);
    run->handler_state = thread;
    int r = mh_pool_submit(call_of(handler)->pool, &thread->task, err);
    if (r < 0) free_thread_run(thread);
    return r;
}

static void stop(struct mh_handler *handler, struct mh_run *run, enum mh_handler_stop how)
{
    struct mh_thread_run *thread = run->handler_state;
    (void)handler;
    atomic_store(&thread->stopped, true);
    if (how == MH_HANDLER_KILL)
        mh_run_say(run, MH_LOG_WARN, "handler does not return, and a thread cannot be killed",
                   NULL);
}

/* --- the kind ---- */

static int open_handler(struct mh_handler *handler, struct mh_err *err)
{
    struct thread_runs *runs = calloc(1, sizeof *runs);
    if (runs == NULL) return mh_err_set(err, MH_ENOMEM, "unable to open a handler: out of memory");
    handler->state = runs;
    return 0;
}

static size_t room(const struct mh_handler *handler)
{
    size_t most = (size_t)handler->spec->conf.concurrency;
    if (most >= handler->slots) return SIZE_MAX; /* the worker's slots are the narrower door */
    return most > handler->running ? most - handler->running : 0;
}

/* The threads read what the runs hold, which goes next. */
static void close_handler(struct mh_handler *handler)
{
    struct thread_runs *runs = handler->state;
    if (runs == NULL) return;
    mh_pool_finish(call_of(handler)->pool);
    while (!LIST_EMPTY(runs))
        free_thread_run(LIST_FIRST(runs));
    free(runs);
    handler->state = NULL;
}

const struct mh_handler_kind mh_handler_thread = {
    .mode = "thread",
    .open = open_handler,
    .room = room,
    .start = start,
    .stop = stop,
    .close = close_handler,
};
