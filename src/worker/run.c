#include "worker/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/loop.h"
#include "base/random.h"
#include "base/utf8.h"
#include "queue/backoff.h"
#include "worker/handler.h"

#define LAST_LINE_MAX 400
#define SAY_FIELDS    5

/* Besides the job: an error, a log tail and a result, each of them bounded where it is made. */
#define ARENA_EXTRA ((size_t)80 << 20)

/* Copies what `job` points to. False: out of memory. */
static bool own_strings(struct mh_run *run)
{
    struct mh_job *job = &run->job;
    struct mh_arena *arena = &run->arena;
    char uuid[MH_UUID_TEXT];
    if (job->correlation_id == NULL) mh_uuid_format(&job->id, uuid);
    job->type = mh_arena_str(arena, job->type);
    job->payload = mh_arena_copy(arena, job->payload, job->payload_len);
    job->worker_id = mh_arena_str(arena, job->worker_id);
    job->unique_key = mh_arena_str(arena, job->unique_key);
    job->correlation_id =
        mh_arena_str(arena, job->correlation_id != NULL ? job->correlation_id : uuid);
    job->traceparent = mh_arena_str(arena, job->traceparent);
    job->error = mh_arena_str(arena, job->error);
    job->result = NULL;
    return job->type != NULL && job->payload != NULL && job->correlation_id != NULL;
}

struct mh_run *mh_run_new(const struct mh_job *job, int64_t lease,
                          const struct mh_run_events *events, void *arg)
{
    struct mh_run *run = calloc(1, sizeof *run);
    if (run == NULL) return NULL;
    run->state = MH_RUN_WAITING;
    run->job = *job;
    run->lease = lease;
    mh_live_init(&run->live);
    run->events = events;
    run->arg = arg;
    mh_arena_init(&run->arena, job->payload_len + ARENA_EXTRA);
    mh_buf_init(&run->tail, (size_t)2 * MH_LOG_TAIL + 1);
    if (own_strings(run)) return run;
    mh_run_free(run);
    return NULL;
}

void mh_run_free(struct mh_run *run)
{
    if (run == NULL) return;
    mh_timer_drop(run->timer);
    mh_live_release(&run->live);
    mh_buf_release(&run->tail);
    mh_arena_release(&run->arena);
    free(run);
}

void mh_run_say(const struct mh_run *run, enum mh_log_level level, const char *message,
                const struct mh_field *fields)
{
    char id[MH_UUID_TEXT];
    struct mh_field all[4 + SAY_FIELDS] = {{0}};
    if (!mh_log_wants(level)) return;
    mh_uuid_format(&run->job.id, id);
    all[0] = mh_f_str("jobId", id);
    all[1] = mh_f_str("correlationId", run->job.correlation_id);
    all[2] = mh_f_str("type", run->job.type);
    for (size_t i = 0; i < SAY_FIELDS && fields != NULL && fields[i].name != NULL; i++)
        all[3 + i] = fields[i];
    mh_log(level, message, all);
}

/* --- the end ---- */

static int attempts_allowed(const struct mh_run *run)
{
    int64_t cap = run->handler != NULL ? run->handler->spec->conf.max_attempts : 0;
    return cap > 0 && cap < run->job.max_attempts ? (int)cap : run->job.max_attempts;
}

static int64_t backoff_ms(const struct mh_run *run)
{
    struct mh_handler_conf standard = mh_handler_conf_default(run->job.type);
    const struct mh_handler_conf *conf =
        run->handler != NULL ? &run->handler->spec->conf : &standard;
    return mh_backoff_ms(run->job.attempts, conf->backoff_base_ms, conf->backoff_cap_ms,
                         mh_random_unit());
}

/* The store cuts what is too long and makes text of what is none. */
static void settle_failure(struct mh_run *run, const char *error, bool for_good)
{
    bool last = for_good || run->job.attempts >= attempts_allowed(run);
    run->finish.outcome = last ? MH_OUTCOME_FAILED : MH_OUTCOME_RETRY;
    run->finish.delay_ms = last ? 0 : backoff_ms(run);
    run->finish.error = mh_arena_str(&run->arena, error);
    if (run->finish.error == NULL) run->finish.error = "out of memory";
    run->finish.log = run->tail.data;
    run->finish.log_len = run->tail.len;
}

static void settle_success(struct mh_run *run, const struct mh_verdict *verdict)
{
    run->finish.outcome = MH_OUTCOME_COMPLETED;
    if (verdict->result == NULL) return;
    run->finish.result = mh_arena_copy(&run->arena, verdict->result, verdict->result_len);
    run->finish.result_len = verdict->result_len;
    if (run->finish.result == NULL) settle_failure(run, "out of memory for the result", false);
}

static void settle_timeout(struct mh_run *run)
{
    char limit[32], error[64];
    mh_duration_format(run->handler->spec->conf.timeout_ms, limit, sizeof limit);
    (void)snprintf(error, sizeof error, "timed out after %s", limit);
    settle_failure(run, error, false);
}

static void settle(struct mh_run *run, const struct mh_verdict *verdict)
{
    run->finish =
        (struct mh_finish){.lease = run->lease, .id = run->job.id, .outcome = MH_OUTCOME_RELEASED};
    if (run->stop == MH_RUN_STOP_TIMEOUT) {
        settle_timeout(run);
    } else if (run->stop != MH_RUN_STOP_NONE) {
        /* handed back; after a cancel or a lost lease the worker writes nothing at all */
    } else if (verdict->kind == MH_VERDICT_SUCCESS) {
        settle_success(run, verdict);
    } else if (verdict->kind == MH_VERDICT_LATER) {
        run->finish.outcome = MH_OUTCOME_LATER;
        run->finish.delay_ms = verdict->delay_ms;
    } else if (verdict->kind != MH_VERDICT_HANDED_BACK) {
        settle_failure(run, verdict->error, verdict->kind == MH_VERDICT_FATAL);
        if (run->finish.outcome == MH_OUTCOME_RETRY &&
            run->finish.delay_ms < verdict->retry_after_ms)
            run->finish.delay_ms = verdict->retry_after_ms;
    }
}

void mh_run_end(struct mh_run *run, const struct mh_verdict *verdict)
{
    if (run->state == MH_RUN_RUNNING) run->handler->running--;
    mh_timer_drop(run->timer);
    run->timer = NULL;
    run->handler_state = NULL;
    settle(run, verdict);
    run->state = MH_RUN_ENDED;
    run->events->ended(run->arg, run);
}

/* --- starting and stopping ---- */

static void stop_handler(struct mh_run *run, enum mh_handler_stop how)
{
    run->handler->spec->kind->stop(run->handler, run, how);
}

static void on_timer(void *arg)
{
    struct mh_run *run = arg;
    if (run->stop == MH_RUN_STOP_NONE) {
        mh_run_say(run, MH_LOG_WARN, "job timed out",
                   MH_FIELDS(mh_f_int("timeoutMs", run->handler->spec->conf.timeout_ms)));
        mh_run_stop(run, MH_RUN_STOP_TIMEOUT, MH_RUN_GRACE_MS);
    } else {
        stop_handler(run, MH_HANDLER_KILL);
    }
}

static int hand_over(struct mh_run *run, uv_loop_t *loop, struct mh_err *err)
{
    struct mh_handler *handler = run->handler;
    int r = mh_timer_new(loop, on_timer, run, &run->timer, err);
    if (r < 0) return r;
    r = handler->spec->kind->start(handler, run, err);
    if (r < 0) return r;
    mh_timer_start(run->timer, handler->spec->conf.timeout_ms, 0);
    return 0;
}

void mh_run_start(struct mh_run *run, uv_loop_t *loop)
{
    struct mh_err err = {0};
    run->state = MH_RUN_RUNNING;
    run->started_us = mh_clock_mono_us();
    run->handler->running++;
    int r = hand_over(run, loop, &err);
    if (r == 0) return;
    struct mh_verdict verdict = {.kind = MH_VERDICT_RETRY, .error = err.text};
    if (r == MH_ENOMEM || r == MH_ELIMIT) { /* this machine's fault just now, not the job's */
        verdict = (struct mh_verdict){.kind = MH_VERDICT_LATER, .delay_ms = MH_RUN_SHORT_OF_MS};
        mh_run_say(run, MH_LOG_ERROR, err.text, NULL);
    }
    mh_run_end(run, &verdict);
}

static void say_stopped(const struct mh_run *run)
{
    if (run->stop == MH_RUN_STOP_LOST) mh_run_say(run, MH_LOG_WARN, "lease lost", NULL);
    if (run->stop == MH_RUN_STOP_CANCELLED) mh_run_say(run, MH_LOG_INFO, "job cancelled", NULL);
}

void mh_run_stop(struct mh_run *run, enum mh_run_stop reason, int64_t grace_ms)
{
    if (run->state == MH_RUN_ENDED) return;
    if (run->stop == MH_RUN_STOP_NONE) {
        run->stop = reason;
        say_stopped(run);
    }
    if (run->state == MH_RUN_WAITING) {
        mh_run_end(run, &(struct mh_verdict){.kind = MH_VERDICT_HANDED_BACK});
        return;
    }
    mh_timer_start(run->timer, grace_ms, 0);
    stop_handler(run, reason == MH_RUN_STOP_WORKER ? MH_HANDLER_TERM : MH_HANDLER_ASK);
}

static int64_t ran_ms(const struct mh_run *run)
{
    return run->started_us == 0 ? 0 : (mh_clock_mono_us() - run->started_us) / 1000;
}

static void say_failed(const struct mh_run *run, enum mh_status status)
{
    mh_run_say(
        run, MH_LOG_WARN, "job failed",
        MH_FIELDS(mh_f_int("attempt", run->job.attempts), mh_f_int("durationMs", ran_ms(run))));
    if (status == MH_STATUS_FAILED)
        mh_run_say(run, MH_LOG_ERROR, "job moved to dead letter",
                   MH_FIELDS(mh_f_int("attempts", run->job.attempts)));
    else
        mh_run_say(run, MH_LOG_INFO, "job will retry",
                   MH_FIELDS(mh_f_int("delayMs", run->finish.delay_ms)));
}

void mh_run_say_end(const struct mh_run *run, enum mh_status status)
{
    if (status == MH_STATUS_NONE)
        mh_run_say(run, MH_LOG_WARN, "lease lost", NULL);
    else if (run->finish.outcome == MH_OUTCOME_COMPLETED)
        mh_run_say(run, MH_LOG_INFO, "job completed",
                   MH_FIELDS(mh_f_int("durationMs", ran_ms(run))));
    else if (run->finish.outcome == MH_OUTCOME_RELEASED)
        mh_run_say(run, MH_LOG_INFO, "job handed back", NULL);
    else if (run->finish.outcome == MH_OUTCOME_LATER)
        mh_run_say(run, MH_LOG_INFO, "job put off",
                   MH_FIELDS(mh_f_int("delayMs", run->finish.delay_ms)));
    else
        say_failed(run, status);
}

/* --- what handlers tell ---- */

void mh_run_progress(struct mh_run *run, double progress, const char *message)
{
    if (!(progress >= 0 && progress <= 1)) return; /* also refuses NaN */
    mh_live_progress(&run->live, progress, message);
    /* Not the message: a built-in type tells in it what becomes its result. */
    mh_run_say(run, MH_LOG_DEBUG, "job progress", MH_FIELDS(mh_f_real("progress", progress)));
    run->events->told(run->arg, run);
}

void mh_run_log(struct mh_run *run, const char *line, size_t len)
{
    struct mh_buf *tail = &run->tail;
    size_t skipped = len > MH_LOG_TAIL ? len - MH_LOG_TAIL : 0;
    if (tail->len + len - skipped + 1 > (size_t)2 * MH_LOG_TAIL)
        mh_buf_consume(tail, tail->len > MH_LOG_TAIL ? tail->len - MH_LOG_TAIL : 0);
    mh_buf_append(tail, line + skipped, len - skipped);
    mh_buf_char(tail, '\n');
    if (mh_buf_failed(tail)) mh_buf_reset(tail);
    mh_run_say(run, MH_LOG_DEBUG, "job log", MH_FIELDS(mh_f_str("line", line)));
    mh_live_line(&run->live, line, len);
    run->events->told(run->arg, run);
}

bool mh_run_take_note(struct mh_run *run, struct mh_note *ret_note)
{
    if (!mh_live_take(&run->live, ret_note)) return false;
    ret_note->lease = run->lease;
    ret_note->id = run->job.id;
    return true;
}

const char *mh_run_last_line(struct mh_run *run)
{
    const char *text = mh_buf_text(&run->tail);
    size_t end = run->tail.len;
    while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == '\r' || text[end - 1] == ' '))
        end--;
    size_t start = end;
    while (start > 0 && text[start - 1] != '\n')
        start--;
    size_t len = mh_utf8_cut(text + start, end - start, LAST_LINE_MAX);
    const char *line = mh_arena_copy(&run->arena, text + start, len);
    return line != NULL ? line : "";
}
