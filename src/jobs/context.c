/* What a built-in type is given while it runs. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"
#include "jobs/jobs.h"
#include "store/event.h"

#define LINE_MAX_BYTES    4096
#define EVENT_MAX_BYTES   (6 * MH_EVENT_TEXT_MAX + 128) /* each byte of a message escaped */
#define PROGRESS_EVERY_US 100000

int mh_job_text(const struct mh_job_context *job, const char *member, const char **ret_text,
                struct mh_err *err)
{
    const char *text = json_string_value(json_object_get(job->payload, member));
    if (text == NULL || *text == '\0')
        return mh_err_set(err, MH_EINVAL, "payload: \"%s\" must be a string that is not empty",
                          member);
    *ret_text = text;
    return 0;
}

int mh_job_store(struct mh_job_context *job, struct mh_err *err)
{
    if (job->sync.store != NULL) return 0;
    const struct mh_settings *settings = job->settings;
    const struct mh_store_options options = {
        .url = settings->database_url,
        .schema = settings->schema,
        .max_payload_bytes = settings->max_payload_bytes,
        .max_result_bytes = settings->max_result_bytes,
        .synchronous_full = settings->sqlite_synchronous == MH_SYNC_FULL,
        .keep_schema = true, /* the worker has the one this program knows */
    };
    return mh_sync_open(&job->sync, &options, err);
}

/* A worker that is gone hears nothing: its job is to be ended soon, and not by this. */
static void tell(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return;
        bytes += n;
        len -= (size_t)n;
    }
}

void mh_job_progress(struct mh_job_context *job, double fraction, const char *message)
{
    int64_t now = mh_clock_mono_us();
    if (job->event_fd < 0) return;
    if (job->progress_at_us != 0 && now - job->progress_at_us < PROGRESS_EVERY_US && fraction < 1)
        return;
    job->progress_at_us = now;
    struct mh_buf line;
    mh_buf_init(&line, EVENT_MAX_BYTES);
    mh_json_begin(&line, '{');
    mh_json_key(&line, "progress");
    mh_json_real(&line, fraction < 0 ? 0 : fraction > 1 ? 1 : fraction);
    if (message != NULL) {
        mh_json_key(&line, "message");
        mh_json_strn(&line, message, mh_utf8_cut(message, strlen(message), MH_EVENT_TEXT_MAX));
    }
    mh_json_end(&line, '}');
    mh_buf_char(&line, '\n');
    if (!mh_buf_failed(&line)) tell(job->event_fd, line.data, line.len);
    mh_buf_release(&line);
}

void mh_job_log(const char *format, ...)
{
    char line[LINE_MAX_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args); /* cut is fine */
    va_end(args);
    (void)fprintf(stderr, "%s\n", line); /* nobody is left to be told */
}

bool mh_job_stopping(void)
{
    sigset_t pending;
    (void)sigpending(&pending); /* fails for a bad address only */
    return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
}

void mh_job_later(struct mh_job_context *job, int64_t ms)
{
    job->later_ms = ms;
}
