/* A run: one attempt of a job in this worker's hands, from the claim until its end is written.
 *
 * The worker makes a run of each claimed job, gives it to its handler and stops it when it must;
 * the handler tells what happens by mh_run_progress, mh_run_log and, once, mh_run_end. Whatever the
 * handler then says, a run that was stopped ends as its reason demands: a time-out is a failed
 * attempt, a stopping worker hands the job back. The run turns all this into the `finish` that goes
 * to the store. A run belongs to the worker, which frees it. One thread: the loop's. */
#ifndef MH_RUN_H
#define MH_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/log.h"
#include "store/store.h"
#include "worker/live.h"

/* What a cancelled or overdue handler is given between the polite and the hard end. */
#define MH_RUN_GRACE_MS 5000

/* How long a job is put off where files, processes or memory run short. */
#define MH_RUN_SHORT_OF_MS 1000

/* If you add a state, also name it in run.c. */
enum mh_run_state {
    MH_RUN_WAITING, /* claimed, not started; no handler knows of it */
    MH_RUN_RUNNING, /* a handler has it and will call mh_run_end */
    MH_RUN_ENDED,   /* `finish` holds what became of it */
};

enum mh_run_stop {
    MH_RUN_STOP_NONE,
    MH_RUN_STOP_TIMEOUT,
    MH_RUN_STOP_CANCELLED, /* by a person: the store has written it already */
    MH_RUN_STOP_LOST,      /* the lease is gone: nothing we write would count */
    MH_RUN_STOP_WORKER,    /* the worker is stopping: handed back uncounted */
};

enum mh_verdict_kind {
    MH_VERDICT_SUCCESS,     /* result */
    MH_VERDICT_RETRY,       /* error: a failed attempt; retry_after_ms */
    MH_VERDICT_FATAL,       /* error: failed for good */
    MH_VERDICT_LATER,       /* delay_ms, uncounted */
    MH_VERDICT_HANDED_BACK, /* through no fault of its own, uncounted */
};

/* What a handler makes of an attempt. All of it is borrowed for the call only. */
struct mh_verdict {
    enum mh_verdict_kind kind;
    const char *result; /* JSON; NULL is null */
    size_t result_len;
    const char *error;
    int64_t delay_ms;
    int64_t retry_after_ms; /* the next attempt comes no sooner, whatever the backoff is */
};

struct mh_handler;
struct mh_run;

struct mh_run_events {
    void (*ended)(void *arg, struct mh_run *run);
    void (*told)(void *arg, struct mh_run *run); /* there is something to pass on */
};

struct mh_run {
    TAILQ_ENTRY(mh_run) link; /* the worker's list of its state */
    enum mh_run_state state;
    enum mh_run_stop stop;
    struct mh_handler *handler; /* NULL: no handler for the type */
    void *handler_state;        /* the handler's, while it runs */
    struct mh_job job;          /* strings in `arena` */
    int64_t lease;
    size_t number; /* in the order claimed */
    int64_t started_us;
    struct mh_live live; /* told by the handler and not passed on yet */
    struct mh_finish finish;
    struct mh_buf tail;
    struct mh_arena arena;
    struct mh_timer *timer; /* the time-out; after a stop, the hard end */
    const struct mh_run_events *events;
    void *arg;
};

TAILQ_HEAD(mh_run_list, mh_run);

/* A waiting run of `job` (copied). NULL: out of memory. */
struct mh_run *mh_run_new(const struct mh_job *job, int64_t lease,
                          const struct mh_run_events *events, void *arg);

/* Frees one that no handler has. Accepts NULL. */
void mh_run_free(struct mh_run *run);

/* Gives it to its handler. Where that cannot take it the run is ended, with `ended` called before
 * this returns. */
void mh_run_start(struct mh_run *run, uv_loop_t *loop);

/* Ends a waiting run, or asks a running one to end: politely now, the hard way after `grace_ms`.
 * The first reason stays. */
void mh_run_stop(struct mh_run *run, enum mh_run_stop reason, int64_t grace_ms);

/* --- for handlers ---- */

void mh_run_progress(struct mh_run *run, double progress, const char *message);

/* A line of `len` bytes and a NUL, without the newline. */
void mh_run_log(struct mh_run *run, const char *line, size_t len);

/* True with what is to be passed on, see mh_live_take; lease and id are set. */
bool mh_run_take_note(struct mh_run *run, struct mh_note *ret_note);

/* The last line the handler logged, at most 400 bytes, "" when there is none; for error texts.
 * Lives in the arena. */
const char *mh_run_last_line(struct mh_run *run);

/* The handler has let go of the run: its process has ended or has answered. Calls `ended`. */
void mh_run_end(struct mh_run *run, const struct mh_verdict *verdict);

/* A log line with the job's ids before `fields` (may be NULL, at most 5). */
void mh_run_say(const struct mh_run *run, enum mh_log_level level, const char *message,
                const struct mh_field *fields);

/* Logs how an ended run ended; `status` is what the store answered to its finish. */
void mh_run_say_end(const struct mh_run *run, enum mh_status status);

#endif
