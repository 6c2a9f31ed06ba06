/* Persistent handlers: children that are kept alive and given jobs as JSON-RPC 2.0 requests, one
 * message a line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/lines.h"
#include "base/loop.h"
#include "base/random.h"
#include "queue/backoff.h"
#include "queue/record.h"
#include "worker/child.h"
#include "worker/handler.h"
#include "worker/message.h"

/* What a message holds besides a payload or a result. */
#define ENVELOPE_MAX 65536

#define PAUSE_FIRST_MS 100
#define PAUSE_MAX_MS   30000

struct pool;
struct kid;

/* A place in a child: one job that it runs. */
struct call {
    struct kid *kid;
    struct mh_run *run; /* NULL: free */
    int64_t request;
};

struct kid {
    TAILQ_ENTRY(kid) link;
    struct pool *pool;
    struct mh_child *child;
    struct mh_lines lines;
    size_t busy;
    int64_t served;
    bool retiring;    /* gets no more jobs, ends once it is idle */
    bool killed;      /* by us, for the sake of one job: the others are not to blame */
    char broken[600]; /* what it did against the protocol */
    struct call calls[];
};

TAILQ_HEAD(kid_list, kid);

struct pool {
    struct mh_handler *handler;
    struct kid_list kids;
    size_t active; /* kids that are not retiring */
    size_t total;
    int64_t next_request;
    int failures; /* children that ended unasked since the last answer */
    bool pausing;
    bool shutting;
    int64_t idle_grace_ms; /* between TERM and KILL of a child that has nothing to finish */
    struct mh_timer *pause;
    char too_large[80];
};

static const struct mh_handler_conf *conf_of(const struct pool *pool)
{
    return &pool->handler->spec->conf;
}

static size_t processes(const struct pool *pool)
{
    size_t each = (size_t)conf_of(pool)->concurrency;
    if (conf_of(pool)->processes > 0) return (size_t)conf_of(pool)->processes;
    return (pool->handler->slots + each - 1) / each;
}

static void say(const struct kid *kid, enum mh_log_level level, const char *message,
                const char *cause)
{
    mh_log(level, message,
           MH_FIELDS(mh_f_str("type", conf_of(kid->pool)->type), mh_f_str("cause", cause)));
}

static struct call *find_call(struct kid *kid, const struct mh_uuid *job)
{
    for (int64_t i = 0; i < conf_of(kid->pool)->concurrency; i++)
        if (kid->calls[i].run != NULL && mh_uuid_equal(&kid->calls[i].run->job.id, job))
            return &kid->calls[i];
    return NULL;
}

static struct call *find_request(struct kid *kid, int64_t request)
{
    for (int64_t i = 0; i < conf_of(kid->pool)->concurrency; i++)
        if (kid->calls[i].run != NULL && kid->calls[i].request == request) return &kid->calls[i];
    return NULL;
}

/* --- the life of a child ---- */

static void retire(struct kid *kid)
{
    if (!kid->retiring) kid->pool->active--;
    kid->retiring = true;
    if (kid->busy > 0) return;
    mh_child_close_input(kid->child);
    mh_child_stop(kid->child, kid->pool->idle_grace_ms);
}

static void end_call(struct call *call, const struct mh_verdict *verdict)
{
    struct mh_run *run = call->run;
    call->run = NULL;
    call->kid->busy--;
    mh_run_end(run, verdict);
}

static void break_off(struct kid *kid, const char *why)
{
    (void)snprintf(kid->broken, sizeof kid->broken, "the handler broke the protocol: %s", why);
    kid->lines.stopped = true;
    mh_child_stop(kid->child, 0);
}

static void pause_starts(struct pool *pool)
{
    pool->pausing = true;
    mh_timer_start(pool->pause,
                   mh_backoff_ms(++pool->failures, PAUSE_FIRST_MS, PAUSE_MAX_MS, mh_random_unit()),
                   0);
}

static void fail_calls(struct kid *kid, const char *cause)
{
    struct mh_verdict verdict = {.kind = kid->killed ? MH_VERDICT_HANDED_BACK : MH_VERDICT_RETRY};
    for (int64_t i = 0; i < conf_of(kid->pool)->concurrency; i++) {
        char error[sizeof kid->broken + 500];
        struct mh_run *run = kid->calls[i].run;
        if (run == NULL) continue;
        const char *line = mh_run_last_line(run);
        (void)snprintf(error, sizeof error, "%s%s%s", cause, *line != '\0' ? ": " : "",
                       line); /* cut is fine */
        verdict.error = error;
        end_call(&kid->calls[i], &verdict);
    }
}

static void free_kid(struct kid *kid)
{
    struct pool *pool = kid->pool;
    TAILQ_REMOVE(&pool->kids, kid, link);
    if (!kid->retiring) pool->active--;
    pool->total--;
    mh_child_free(kid->child);
    mh_lines_release(&kid->lines);
    free(kid);
}

static void on_ended(void *arg, int status)
{
    struct kid *kid = arg;
    struct pool *pool = kid->pool;
    char how[64], cause[sizeof kid->broken + 96];
    mh_child_describe(status, how, sizeof how);
    (void)snprintf(cause, sizeof cause, "%s", kid->broken);
    if (*cause == '\0') (void)snprintf(cause, sizeof cause, "the handler ended: %s", how);
    if (!kid->retiring) {
        say(kid, MH_LOG_WARN, "handler ended unasked", cause);
        pool->handler->restarts++;
        pause_starts(pool);
    }
    fail_calls(kid, cause);
    free_kid(kid);
    pool->handler->changed(pool->handler->arg);
}

/* --- what a child says ---- */

static void on_answer(struct kid *kid, const struct mh_message *message)
{
    struct call *call = find_request(kid, message->request);
    struct pool *pool = kid->pool;
    struct mh_verdict verdict = {
        .kind = MH_VERDICT_SUCCESS, .result = message->result, .result_len = message->result_len};
    if (call == NULL) {
        break_off(kid, "it answered a request that is not open");
        return;
    }
    if (message->kind == MH_MESSAGE_ERROR) {
        verdict =
            (struct mh_verdict){.kind = message->for_good ? MH_VERDICT_FATAL : MH_VERDICT_RETRY,
                                .error = message->text};
        if (message->later_ms >= 0)
            verdict = (struct mh_verdict){.kind = MH_VERDICT_LATER, .delay_ms = message->later_ms};
    } else if (message->result_len > pool->handler->max_result) {
        verdict = (struct mh_verdict){.kind = MH_VERDICT_RETRY, .error = pool->too_large};
    }
    pool->failures = 0;
    kid->served++;
    end_call(call, &verdict);
    int64_t most = conf_of(pool)->recycle_after;
    if (kid->retiring || (most > 0 && kid->served >= most)) retire(kid);
    pool->handler->changed(pool->handler->arg);
}

static void on_line(void *arg, const char *line, size_t len, bool cut)
{
    struct kid *kid = arg;
    struct mh_message message;
    struct mh_err err = {0};
    if (cut) {
        break_off(kid, "a message is larger than MAX_RESULT_BYTES allows");
        return;
    }
    int r = mh_message_rpc(line, len, &message, &err);
    if (r == MH_ENOENT) {
        say(kid, MH_LOG_DEBUG, "notification ignored", err.text);
        return;
    }
    if (r < 0) {
        break_off(kid, err.text);
        return;
    }
    if (message.kind == MH_MESSAGE_RESULT || message.kind == MH_MESSAGE_ERROR) {
        on_answer(kid, &message);
    } else {
        struct call *call = find_call(kid, &message.job);
        if (call != NULL && message.kind == MH_MESSAGE_PROGRESS)
            mh_run_progress(call->run, message.progress, message.text);
        else if (call != NULL)
            mh_run_log(call->run, message.text, strlen(message.text));
    }
    mh_message_release(&message);
}

/* A child that says nothing any more is of no use. Where it has closed its output by ending, the
 * end follows and is told as such. */
static void mute(struct kid *kid)
{
    kid->lines.stopped = true;
    mh_child_stop(kid->child, MH_RUN_GRACE_MS);
}

static void on_output(void *arg, const char *bytes, size_t len)
{
    struct kid *kid = arg;
    if (len == 0) mute(kid);
    mh_lines_feed(&kid->lines, bytes, len);
    if (kid->lines.failed) break_off(kid, "out of memory for its message");
}

/* Standard error belongs to a job only where it is the only one. */
static void on_log(void *arg, const char *line, size_t len)
{
    struct kid *kid = arg;
    for (int64_t i = 0; i < conf_of(kid->pool)->concurrency && kid->busy == 1; i++)
        if (kid->calls[i].run != NULL) {
            mh_run_log(kid->calls[i].run, line, len);
            return;
        }
    mh_log(MH_LOG_DEBUG, "handler log",
           MH_FIELDS(mh_f_str("type", conf_of(kid->pool)->type), mh_f_str("line", line)));
}

static const struct mh_child_events child_events = {on_output, on_log, NULL, on_ended};

static int start_child(struct kid *kid, struct mh_err *err)
{
    struct pool *pool = kid->pool;
    const struct mh_child_options options = {
        .argv = pool->handler->spec->argv,
        .env = pool->handler->spec->env,
        .input_max =
            (pool->handler->max_payload + ENVELOPE_MAX) * (size_t)conf_of(pool)->concurrency,
        .events = &child_events,
        .arg = kid,
    };
    return mh_child_start(pool->handler->loop, &options, &kid->child, err);
}

static int add_kid(struct pool *pool, struct kid **ret_kid, struct mh_err *err)
{
    size_t concurrency = (size_t)conf_of(pool)->concurrency;
    struct kid *kid = calloc(1, sizeof *kid + concurrency * sizeof kid->calls[0]);
    if (kid == NULL) return mh_err_set(err, MH_ENOMEM, "unable to run the handler: out of memory");
    kid->pool = pool;
    for (size_t i = 0; i < concurrency; i++)
        kid->calls[i].kid = kid;
    mh_lines_init(&kid->lines, pool->handler->max_result + ENVELOPE_MAX, on_line, kid);
    int r = start_child(kid, err);
    if (r < 0) {
        mh_lines_release(&kid->lines);
        free(kid);
        return r;
    }
    TAILQ_INSERT_TAIL(&pool->kids, kid, link);
    pool->active++;
    pool->total++;
    *ret_kid = kid;
    return 0;
}

/* A child is there before the first job comes, and again after one ended unasked. */
static void start_ahead(struct pool *pool)
{
    struct kid *kid;
    struct mh_err err = {0};
    if (pool->active > 0 || pool->shutting) return;
    if (add_kid(pool, &kid, &err) < 0)
        mh_log(MH_LOG_ERROR, err.text, MH_FIELDS(mh_f_str("type", conf_of(pool)->type)));
}

static void on_pause_over(void *arg)
{
    struct pool *pool = arg;
    pool->pausing = false;
    if (pool->handler->waiting == 0) start_ahead(pool);
    pool->handler->changed(pool->handler->arg);
}

/* --- giving it jobs ---- */

static struct kid *find_free_kid(const struct pool *pool)
{
    struct kid *kid, *best = NULL;
    TAILQ_FOREACH(kid, &pool->kids, link)
    {
        if (kid->retiring || kid->lines.stopped) continue;
        if (kid->busy >= (size_t)conf_of(pool)->concurrency) continue;
        if (best == NULL || kid->busy < best->busy) best = kid;
    }
    return best;
}

static void write_request(struct mh_buf *out, const struct call *call)
{
    mh_json_begin(out, '{');
    mh_json_put_str(out, "jsonrpc", "2.0");
    mh_json_put_int(out, "id", call->request);
    mh_json_put_str(out, "method", "job.run");
    mh_json_key(out, "params");
    mh_record_job(out, &call->run->job);
    mh_json_end(out, '}');
    mh_buf_char(out, '\n');
}

static void write_cancel(struct mh_buf *out, const struct mh_run *run)
{
    char id[MH_UUID_TEXT];
    mh_uuid_format(&run->job.id, id);
    mh_buf_printf(
        out, "{\"jsonrpc\":\"2.0\",\"method\":\"job.cancel\",\"params\":{\"id\":\"%s\"}}\n", id);
}

static int send_request(struct kid *kid, const struct call *call, struct mh_err *err)
{
    struct mh_buf line;
    mh_buf_init(&line, call->run->job.payload_len + ENVELOPE_MAX);
    write_request(&line, call);
    int r = mh_buf_failed(&line) ? MH_ENOMEM : mh_child_write(kid->child, line.data, line.len);
    mh_buf_release(&line);
    return r < 0 ? mh_err_set(err, r, "unable to give the handler its job: out of memory") : 0;
}

static int start(struct mh_handler *handler, struct mh_run *run, struct mh_err *err)
{
    struct pool *pool = handler->state;
    struct kid *kid = find_free_kid(pool);
    if (kid == NULL) {
        int r = add_kid(pool, &kid, err);
        if (r < 0) return r;
    }
    struct call *call = kid->calls;
    while (call->run != NULL)
        call++;
    call->run = run;
    call->request = ++pool->next_request;
    int r = send_request(kid, call, err);
    if (r < 0) {
        call->run = NULL;
        return r;
    }
    kid->busy++;
    run->handler_state = call;
    if (!mh_child_reads(kid->child)) break_off(kid, "it closed its standard input");
    return 0;
}

static void send_cancel(struct kid *kid, const struct mh_run *run)
{
    struct mh_buf line;
    mh_buf_init(&line, 256);
    write_cancel(&line, run);
    if (mh_child_write(kid->child, line.data, line.len) < 0)
        say(kid, MH_LOG_WARN, "handler could not be told of a cancel", "its input is full");
    mh_buf_release(&line);
}

static void stop(struct mh_handler *handler, struct mh_run *run, enum mh_handler_stop how)
{
    struct call *call = run->handler_state;
    struct kid *kid = call->kid;
    (void)handler;
    if (how != MH_HANDLER_KILL) send_cancel(kid, run);
    if (how == MH_HANDLER_ASK) return;
    retire(kid);
    kid->killed = true;
    mh_child_stop(kid->child, how == MH_HANDLER_KILL ? 0 : MH_RUN_GRACE_MS);
}

/* --- the kind ---- */

static int open_handler(struct mh_handler *handler, struct mh_err *err)
{
    struct pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) return mh_err_set(err, MH_ENOMEM, "unable to open a handler: out of memory");
    handler->state = pool;
    pool->handler = handler;
    pool->idle_grace_ms = MH_RUN_GRACE_MS;
    TAILQ_INIT(&pool->kids);
    (void)snprintf(pool->too_large, sizeof pool->too_large, MH_HANDLER_TOO_LARGE,
                   handler->max_result);
    int r = mh_timer_new(handler->loop, on_pause_over, pool, &pool->pause, err);
    if (r < 0) return r;
    start_ahead(pool);
    return 0;
}

static size_t room(const struct mh_handler *handler)
{
    const struct pool *pool = handler->state;
    if (pool->pausing && pool->active == 0) return 0;
    size_t most = processes(pool) * (size_t)conf_of(pool)->concurrency;
    return most > handler->running ? most - handler->running : 0;
}

static bool ready(const struct mh_handler *handler)
{
    const struct pool *pool = handler->state;
    return find_free_kid(pool) != NULL || (!pool->pausing && pool->active < processes(pool));
}

static void shut(struct mh_handler *handler, int64_t grace_ms)
{
    struct pool *pool = handler->state;
    struct kid *kid;
    pool->shutting = true;
    pool->idle_grace_ms = grace_ms;
    TAILQ_FOREACH(kid, &pool->kids, link)
    {
        retire(kid);
        if (grace_ms == 0) mh_child_stop(kid->child, 0);
    }
}

static size_t children(const struct mh_handler *handler)
{
    const struct pool *pool = handler->state;
    return pool->total;
}

static void close_handler(struct mh_handler *handler)
{
    struct pool *pool = handler->state;
    if (pool == NULL) return;
    while (!TAILQ_EMPTY(&pool->kids))
        free_kid(TAILQ_FIRST(&pool->kids));
    mh_timer_drop(pool->pause);
    free(pool);
    handler->state = NULL;
}

const struct mh_handler_kind mh_handler_persistent = {
    .mode = "persistent",
    .open = open_handler,
    .room = room,
    .ready = ready,
    .start = start,
    .stop = stop,
    .shut = shut,
    .children = children,
    .close = close_handler,
};
