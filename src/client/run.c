#include "client/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/record.h"
#include "worker/message.h"

struct millhand_run {
    struct mh_thread_run *thread;
    struct mh_view view;
};

static enum mh_verdict_kind kind_of(int verdict)
{
    switch (verdict) {
    case MILLHAND_RUN_DONE:
        return MH_VERDICT_SUCCESS;
    case MILLHAND_RUN_FAIL:
        return MH_VERDICT_FATAL;
    case MILLHAND_RUN_LATER:
        return MH_VERDICT_LATER;
    case MILLHAND_RUN_HAND_BACK:
        return MH_VERDICT_HANDED_BACK;
    default:
        return MH_VERDICT_RETRY;
    }
}

/* A result that was refused leaves an error behind: what says it is done then is not. */
static enum mh_verdict_kind judge(struct mh_thread_run *thread, int verdict)
{
    char text[64];
    enum mh_verdict_kind kind = kind_of(verdict);
    if (kind == MH_VERDICT_SUCCESS && mh_thread_run_has_error(thread)) return MH_VERDICT_RETRY;
    if ((kind == MH_VERDICT_RETRY || kind == MH_VERDICT_FATAL) &&
        !mh_thread_run_has_error(thread)) {
        (void)snprintf(text, sizeof text, "the handler returned %d", verdict);
        mh_thread_run_error(thread, text);
    }
    return kind;
}

enum mh_verdict_kind mh_client_run(struct mh_thread_run *thread, void *arg)
{
    const struct millhand_handler *handler = arg;
    struct millhand_run run = {.thread = thread};
    mh_view_fill(&run.view, mh_thread_run_job(thread), 0);
    return judge(thread, handler->fn(&run, handler->arg));
}

const struct millhand_job *millhand_run_job(const struct millhand_run *run)
{
    return &run->view.job;
}

bool millhand_run_cancelled(const struct millhand_run *run)
{
    return mh_thread_run_stopped(run->thread);
}

void millhand_run_progress(struct millhand_run *run, double share)
{
    mh_thread_run_progress(run->thread, share);
}

void millhand_run_log(struct millhand_run *run, const char *line)
{
    mh_thread_run_log(run->thread, line);
}

int millhand_run_result(struct millhand_run *run, const char *json, size_t len)
{
    struct mh_err err;
    if (mh_thread_run_result(run->thread, json, len > 0 ? len : strlen(json), &err) == 0) {
        mh_thread_run_error(run->thread, "");
        return MILLHAND_RUN_DONE;
    }
    mh_thread_run_error(run->thread, err.text);
    return MILLHAND_RUN_RETRY;
}

MH_PRINTF(2, 0)
static void set_error(struct millhand_run *run, const char *format, va_list args)
{
    char text[MH_ERROR_MAX + 1];
    (void)vsnprintf(text, sizeof text, format, args); /* cut is fine */
    mh_thread_run_error(run->thread, text);
}

int millhand_run_retry(struct millhand_run *run, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_error(run, format, args);
    va_end(args);
    return MILLHAND_RUN_RETRY;
}

int millhand_run_fail(struct millhand_run *run, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_error(run, format, args);
    va_end(args);
    return MILLHAND_RUN_FAIL;
}

int millhand_run_later(struct millhand_run *run, int64_t delay_ms)
{
    if (delay_ms > MH_LATER_MAX_MS) delay_ms = MH_LATER_MAX_MS;
    mh_thread_run_later(run->thread, delay_ms > 0 ? delay_ms : 0);
    return MILLHAND_RUN_LATER;
}
