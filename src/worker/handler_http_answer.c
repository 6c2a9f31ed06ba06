#include "worker/handler_http_answer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "worker/child.h"
#include "worker/handler.h"
#include "worker/message.h"
#include "worker/result.h"

/* What a message holds besides a result. */
#define ENVELOPE_MAX 65536

static bool is_success(long status)
{
    return status >= 200 && status <= 299;
}

static bool is_retried(long status)
{
    return status == 408 || status == 425 || status == 429 || (status >= 500 && status <= 599);
}

/* --- the messages of a stream ---- */

static void keep(struct mh_http_answer *answer, const char *bytes, size_t len)
{
    mh_buf_append(&answer->body, bytes, len);
    answer->spoilt = mh_result_why(&answer->body);
}

/* The last message: what follows it is ignored. */
static void settle(struct mh_http_answer *answer, const struct mh_message *message)
{
    answer->settled = true;
    if (message->kind == MH_MESSAGE_RESULT) {
        answer->verdict = MH_VERDICT_SUCCESS;
        keep(answer, message->result, message->result_len);
    } else if (message->kind == MH_MESSAGE_ERROR) {
        answer->verdict = message->for_good ? MH_VERDICT_FATAL : MH_VERDICT_RETRY;
        keep(answer, message->text, strlen(message->text));
    } else {
        answer->verdict = MH_VERDICT_LATER;
        answer->later_ms = message->later_ms;
    }
}

static void break_off(struct mh_http_answer *answer, const char *why)
{
    (void)snprintf(answer->broken, sizeof answer->broken, "the handler broke the protocol: %s",
                   why); /* cut is fine */
    answer->lines.stopped = true;
}

static void on_message(struct mh_http_answer *answer, const char *line, size_t len)
{
    struct mh_message message;
    struct mh_err err = {0};
    if (mh_message_answer(line, len, &message, &err) < 0) {
        break_off(answer, err.text);
        return;
    }
    if (message.kind == MH_MESSAGE_LOG) mh_run_log(answer->run, message.text, strlen(message.text));
    if (message.progress >= 0) mh_run_progress(answer->run, message.progress, message.text);
    if (message.kind == MH_MESSAGE_RESULT || message.kind == MH_MESSAGE_ERROR ||
        message.later_ms >= 0) {
        settle(answer, &message);
        answer->lines.stopped = true;
    }
    mh_message_release(&message);
}

static void on_line(void *arg, const char *line, size_t len, bool cut)
{
    struct mh_http_answer *answer = arg;
    if (len > 0 && line[len - 1] == '\r') len--;
    if (answer->kind == MH_HTTP_OTHER)
        mh_run_log(answer->run, line, len);
    else if (cut)
        answer->spoilt = MH_ELIMIT;
    else if (strspn(line, " \t\r") < len) /* an empty line keeps a connection alive */
        on_message(answer, line, len);
}

/* --- public ---- */

void mh_http_answer_init(struct mh_http_answer *answer, struct mh_run *run, size_t max_result)
{
    *answer = (struct mh_http_answer){.run = run, .max_result = max_result};
    mh_buf_init(&answer->body, max_result);
    mh_lines_init(&answer->lines, max_result + ENVELOPE_MAX, on_line, answer);
}

void mh_http_answer_release(struct mh_http_answer *answer)
{
    mh_buf_release(&answer->body);
    mh_lines_release(&answer->lines);
}

static bool is_stream(const char *content_type)
{
    size_t len = strlen(MH_HTTP_STREAM);
    return content_type != NULL && strncasecmp(content_type, MH_HTTP_STREAM, len) == 0 &&
           strchr("; \t", content_type[len]) != NULL; /* or its end */
}

void mh_http_answer_begin(struct mh_http_answer *answer, long status, const char *content_type)
{
    answer->status = status;
    if (status == 0) return;
    if (!is_success(status)) {
        answer->kind = MH_HTTP_OTHER;
        mh_lines_init(&answer->lines, MH_CHILD_LINE_MAX, on_line, answer);
    } else if (is_stream(content_type)) {
        answer->kind = MH_HTTP_MESSAGES;
    }
}

bool mh_http_answer_feed(struct mh_http_answer *answer, const char *bytes, size_t len)
{
    if (answer->kind == MH_HTTP_RESULT) {
        keep(answer, bytes, len);
        return answer->spoilt == 0;
    }
    if (answer->kind == MH_HTTP_MESSAGES) {
        if (answer->settled) return false; /* all is said: it might go on for ever */
        mh_lines_feed(&answer->lines, bytes, len);
        if (answer->lines.failed) break_off(answer, "out of memory for its message");
        return answer->broken[0] == '\0' && answer->spoilt == 0;
    }
    size_t room = MH_HTTP_EXCERPT - answer->logged;
    mh_lines_feed(&answer->lines, bytes, len < room ? len : room);
    answer->logged += len < room ? len : room;
    return len <= room;
}

static void end_failed(struct mh_http_answer *answer, enum mh_verdict_kind kind, const char *error)
{
    mh_run_end(answer->run, &(struct mh_verdict){.kind = kind, .error = error});
}

/* The status alone: a body is not for everybody who may read an error. */
static void end_other(struct mh_http_answer *answer, const struct mh_http_end *end)
{
    char error[160];
    bool redirect = answer->status >= 300 && answer->status <= 399;
    (void)snprintf(error, sizeof error, "HTTP status %ld%s", answer->status,
                   redirect ? ": redirects are not followed, put the final address into url="
                            : ""); /* has room */
    mh_run_end(answer->run,
               &(struct mh_verdict){.kind = is_retried(answer->status) ? MH_VERDICT_RETRY
                                                                       : MH_VERDICT_FATAL,
                                    .error = error,
                                    .retry_after_ms = end->retry_after_ms});
}

static void end_messages(struct mh_http_answer *answer, const struct mh_http_end *end)
{
    struct mh_verdict verdict = {.kind = answer->verdict, .delay_ms = answer->later_ms};
    if (!answer->settled) {
        const char *error =
            end->failure != NULL ? end->failure : "the answer ended without result, error or later";
        end_failed(answer, MH_VERDICT_RETRY, *answer->broken != '\0' ? answer->broken : error);
        return;
    }
    if (verdict.kind == MH_VERDICT_SUCCESS) {
        verdict.result = mh_buf_text(&answer->body);
        verdict.result_len = answer->body.len;
    } else {
        verdict.error = mh_buf_text(&answer->body);
    }
    mh_run_end(answer->run, &verdict);
}

static void end_later(struct mh_http_answer *answer, const char *later)
{
    int64_t ms;
    if (mh_duration_parse(later, &ms, NULL) < 0 || ms > MH_LATER_MAX_MS)
        end_failed(answer, MH_VERDICT_RETRY, "millhand-later of the answer is no time such as 5m");
    else
        mh_run_end(answer->run, &(struct mh_verdict){.kind = MH_VERDICT_LATER, .delay_ms = ms});
}

void mh_http_answer_end(struct mh_http_answer *answer, const struct mh_http_end *end)
{
    bool torn = answer->kind == MH_HTTP_MESSAGES && end->failure != NULL; /* within a line */
    if (answer->kind != MH_HTTP_RESULT && !torn) mh_lines_end(&answer->lines);
    if (end->later != NULL)
        end_later(answer, end->later);
    else if (answer->kind == MH_HTTP_OTHER)
        end_other(answer, end);
    else if (answer->spoilt != 0)
        mh_result_end_spoilt(answer->run, answer->spoilt, answer->max_result);
    else if (answer->kind == MH_HTTP_MESSAGES)
        end_messages(answer, end);
    else if (end->failure != NULL)
        end_failed(answer, end->for_good ? MH_VERDICT_FATAL : MH_VERDICT_RETRY, end->failure);
    else
        mh_result_end(answer->run, &answer->body, answer->max_result);
}
