/* One-shot handlers: an executable per attempt. The payload is its standard input, its standard
 * output the result, its standard error the job's log; JSON lines on the event pipe are progress or
 * "later". */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "worker/child.h"
#include "worker/handler.h"
#include "worker/message.h"
#include "worker/result.h"

/* The exit statuses of sysexits.h that mean something here. */
#define EXIT_FOR_GOOD 65 /* EX_DATAERR */
#define EXIT_LATER    75 /* EX_TEMPFAIL */

#define EVENT_FD "3"

struct oneshot {
    LIST_ENTRY(oneshot) link; /* of the handler's state */
    struct mh_handler *handler;
    struct mh_run *run;
    struct mh_child *child;
    struct mh_buf output;
    int spoilt; /* the output was not kept: MH_ELIMIT or MH_ENOMEM */
    int64_t later_ms;
};

/* --- the environment of one attempt ---- */

struct job_variable {
    const char *name;
    const char *value;
};

/* Each is given as MILLHAND_JOB_NAME and, shorter, as MILLHAND_NAME. */
static bool put_variable(struct mh_arena *arena, const char ***at, const char *prefix,
                         const struct job_variable *variable)
{
    size_t size = strlen(prefix) + strlen(variable->name) + strlen(variable->value) + 2;
    char *text = mh_arena_alloc(arena, size);
    if (text == NULL) return false;
    (void)snprintf(text, size, "%s%s=%s", prefix, variable->name,
                   variable->value); /* sized for it */
    *(*at)++ = text;
    return true;
}

/* Under the name that OpenTelemetry reads; before it, one that env= let through. */
static bool put_traceparent(struct mh_run *run, const char **env, const char ***at)
{
    static const char name[] = "TRACEPARENT";
    const struct job_variable variable = {name, run->job.traceparent};
    if (variable.value == NULL) return true;
    for (const char **same = env; same < *at; same++)
        if (strncmp(*same, name, sizeof name - 1) == 0 && (*same)[sizeof name - 1] == '=')
            *same = *--*at;
    return put_variable(&run->arena, at, "", &variable);
}

static const char *const *make_env(struct mh_run *run, const char *const *base)
{
    char id[MH_UUID_TEXT], tenant[MH_UUID_TEXT], attempt[16], max[16];
    mh_uuid_format(&run->job.id, id);
    mh_uuid_format(&run->job.tenant_id, tenant);
    (void)snprintf(attempt, sizeof attempt, "%d", run->job.attempts);
    (void)snprintf(max, sizeof max, "%d", run->job.max_attempts);
    const struct job_variable variables[] = {
        {"ID", id},           {"TYPE", run->job.type}, {"TENANT_ID", tenant},
        {"ATTEMPT", attempt}, {"MAX_ATTEMPTS", max},   {"CORRELATION_ID", run->job.correlation_id},
    };
    size_t count = 0;
    while (base[count] != NULL)
        count++;
    const char **env = mh_arena_array(&run->arena, count + 2 * MH_LEN(variables) + 3, sizeof *env);
    if (env == NULL) return NULL;
    memcpy(env, base, count * sizeof *env);
    const char **at = env + count;
    *at++ = "MILLHAND_EVENT_FD=" EVENT_FD;
    for (size_t i = 0; i < MH_LEN(variables); i++)
        if (!put_variable(&run->arena, &at, "MILLHAND_JOB_", &variables[i]) ||
            (i > 0 && !put_variable(&run->arena, &at, "MILLHAND_", &variables[i])))
            return NULL;
    return put_traceparent(run, env, &at) ? env : NULL;
}

/* --- what the child says ---- */

static void on_output(void *arg, const char *bytes, size_t len)
{
    struct oneshot *shot = arg;
    if (shot->spoilt != 0) return;
    mh_buf_append(&shot->output, bytes, len);
    shot->spoilt = mh_result_why(&shot->output);
    if (shot->spoilt == 0) return;
    mh_buf_release(&shot->output);
    mh_child_stop(shot->child, 0);
}

static void on_log(void *arg, const char *line, size_t len)
{
    struct oneshot *shot = arg;
    mh_run_log(shot->run, line, len);
}

static void on_event(void *arg, const char *line, size_t len)
{
    struct oneshot *shot = arg;
    struct mh_message message;
    if (mh_message_event(line, len, &message) < 0) {
        mh_run_say(shot->run, MH_LOG_DEBUG,
                   "event line ignored: expected progress or later as JSON", NULL);
        return;
    }
    if (message.later_ms >= 0) shot->later_ms = message.later_ms;
    if (message.progress >= 0) mh_run_progress(shot->run, message.progress, message.text);
    mh_message_release(&message);
}

/* --- the end ---- */

LIST_HEAD(oneshots, oneshot);

static void free_shot(struct oneshot *shot)
{
    LIST_REMOVE(shot, link);
    mh_child_free(shot->child);
    mh_buf_release(&shot->output);
    free(shot);
}

static void end_badly(struct oneshot *shot, int status)
{
    char cause[64], error[512];
    const char *line = mh_run_last_line(shot->run);
    mh_child_describe(status, cause, sizeof cause);
    (void)snprintf(error, sizeof error, "%s%s%s", cause, *line != '\0' ? ": " : "",
                   line); /* cut is fine */
    bool for_good = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FOR_GOOD;
    mh_run_end(shot->run,
               &(struct mh_verdict){.kind = for_good ? MH_VERDICT_FATAL : MH_VERDICT_RETRY,
                                    .error = error});
}

static void on_ended(void *arg, int status)
{
    struct oneshot *shot = arg;
    if (shot->spoilt != 0)
        mh_result_end_spoilt(shot->run, shot->spoilt, shot->handler->max_result);
    else if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        mh_result_end(shot->run, &shot->output, shot->handler->max_result);
    else if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_LATER)
        mh_run_end(shot->run,
                   &(struct mh_verdict){.kind = MH_VERDICT_LATER, .delay_ms = shot->later_ms});
    else
        end_badly(shot, status);
    free_shot(shot);
}

static const struct mh_child_events child_events = {on_output, on_log, on_event, on_ended};

/* --- the kind ---- */

static int open_handler(struct mh_handler *handler, struct mh_err *err)
{
    struct oneshots *shots = calloc(1, sizeof *shots);
    if (shots == NULL) return mh_err_set(err, MH_ENOMEM, "unable to open a handler: out of memory");
    handler->state = shots;
    return 0;
}

static int start_child(struct oneshot *shot, struct mh_err *err)
{
    struct mh_run *run = shot->run;
    struct mh_child_options options = {
        .argv = shot->handler->spec->argv,
        .env = make_env(run, shot->handler->spec->env),
        .input_max = run->job.payload_len,
        .events = &child_events,
        .arg = shot,
    };
    if (options.env == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to run the handler: out of memory");
    int r = mh_child_start(shot->handler->loop, &options, &shot->child, err);
    if (r < 0) return r;
    r = mh_child_write(shot->child, run->job.payload, run->job.payload_len);
    if (r < 0) {
        mh_child_free(shot->child);
        return mh_err_set(err, r, "unable to give the handler its payload: out of memory");
    }
    mh_child_close_input(shot->child);
    return 0;
}

static int start(struct mh_handler *handler, struct mh_run *run, struct mh_err *err)
{
    struct oneshot *shot = calloc(1, sizeof *shot);
    if (shot == NULL) return mh_err_set(err, MH_ENOMEM, "unable to run the handler: out of memory");
    shot->handler = handler;
    shot->run = run;
    shot->later_ms = MH_LATER_MS;
    mh_buf_init(&shot->output, handler->max_result);
    int r = start_child(shot, err);
    if (r < 0) {
        free(shot);
        return r;
    }
    LIST_INSERT_HEAD((struct oneshots *)handler->state, shot, link);
    run->handler_state = shot;
    return 0;
}

static void stop(struct mh_handler *handler, struct mh_run *run, enum mh_handler_stop how)
{
    struct oneshot *shot = run->handler_state;
    (void)handler;
    mh_child_stop(shot->child, how == MH_HANDLER_KILL ? 0 : MH_RUN_GRACE_MS);
}

static void close_handler(struct mh_handler *handler)
{
    struct oneshots *shots = handler->state;
    while (shots != NULL && !LIST_EMPTY(shots))
        free_shot(LIST_FIRST(shots));
    free(shots);
    handler->state = NULL;
}

const struct mh_handler_kind mh_handler_oneshot = {
    .mode = "oneshot",
    .open = open_handler,
    .start = start,
    .stop = stop,
    .close = close_handler,
};
