#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cmd_jobs.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/timetext.h"
#include "queue/record.h"

#define LABEL       16
#define HISTORY_MAX ((size_t)256 << 20) /* bytes of one job's attempts */

struct shown {
    struct mh_cli *cli;
    struct mh_arena arena;
    struct mh_attempt *attempts; /* copies: the job comes with another reply */
    size_t count;
    bool failed; /* out of memory */
    bool found;
};

static void put_label(struct mh_out *out, const char *label)
{
    mh_colour_put(out, MH_COLOUR_BOLD);
    mh_buf_str(&out->line, label);
    mh_colour_put(out, MH_COLOUR_NONE);
    for (size_t i = strlen(label); i < LABEL; i++)
        mh_buf_char(&out->line, ' ');
}

static void put_text(struct mh_out *out, const char *label, const char *text)
{
    if (text == NULL) return;
    put_label(out, label);
    mh_text_line(&out->line, text, strlen(text));
    mh_out_end(out);
}

static void put_time(struct mh_out *out, const char *label, int64_t time_ms)
{
    char text[MH_WHEN_TEXT];
    mh_when_format(time_ms, mh_clock_now_ms(), text);
    if (time_ms != 0) put_text(out, label, text);
}

static void put_json(struct mh_out *out, const char *label, const char *json, size_t len)
{
    if (json == NULL) return;
    put_label(out, label);
    mh_text_line(&out->line, json, len);
    mh_out_end(out);
}

static void put_attempt(struct mh_out *out, const struct mh_attempt *attempt)
{
    char text[MH_WHEN_TEXT];
    mh_when_format(attempt->ended_at, mh_clock_now_ms(), text);
    mh_buf_printf(&out->line, "  %d  %s  %s  by ", attempt->number, text, attempt->outcome);
    mh_text_line(&out->line, attempt->worker_id, strlen(attempt->worker_id));
    mh_buf_printf(&out->line, "  after %" PRId64 " ms", attempt->ended_at - attempt->started_at);
    mh_out_end(out);
    if (attempt->error != NULL) {
        mh_buf_str(&out->line, "     ");
        mh_text_line(&out->line, attempt->error, strlen(attempt->error));
        mh_out_end(out);
    }
    if (attempt->log == NULL || attempt->log[0] == '\0') return;
    mh_text_block(&out->line, attempt->log, strlen(attempt->log), "     | ");
    if (out->line.len > 0) out->line.data[--out->line.len] = '\0'; /* mh_out_end ends the last */
    mh_out_end(out);
}

static void put_status(struct mh_out *out, const struct mh_job *job)
{
    put_label(out, "status");
    mh_buf_str(&out->line, mh_status_name(job->status));
    if (job->status == MH_STATUS_PROCESSING && job->progress >= 0)
        mh_buf_printf(&out->line, " (%d %%)", (int)(job->progress * 100));
    mh_out_end(out);
}

static void put_numbers(struct mh_out *out, const struct mh_job *job)
{
    put_label(out, "priority");
    mh_buf_printf(&out->line, "%d", job->priority);
    mh_out_end(out);
    put_label(out, "attempts");
    mh_buf_printf(&out->line, "%d of %d", job->attempts, job->max_attempts);
    mh_out_end(out);
}

static void put_job(struct mh_out *out, const struct mh_job *job)
{
    char id[MH_UUID_TEXT], tenant[MH_UUID_TEXT];
    mh_uuid_format(&job->id, id);
    mh_uuid_format(&job->tenant_id, tenant);
    put_text(out, "id", id);
    put_text(out, "tenant_id", tenant);
    put_text(out, "type", job->type);
    put_status(out, job);
    put_numbers(out, job);
    put_json(out, "payload", job->payload, job->payload_len);
    put_json(out, "result", job->result, job->result_len);
    put_text(out, "error", job->error);
    put_text(out, "worker_id", job->worker_id);
    put_time(out, "run_at", job->run_at);
    put_time(out, "next_retry_at", job->next_retry_at);
    put_text(out, "unique_key", job->unique_key);
    put_text(out, "correlation_id", job->correlation_id);
    put_time(out, "created_at", job->created_at);
    put_time(out, "started_at", job->started_at);
    put_time(out, "completed_at", job->completed_at);
    put_text(out, "traceparent", job->traceparent);
}

/* Returns false when out of memory. */
static bool copy_attempt(struct shown *shown, const struct mh_attempt *from, struct mh_attempt *to)
{
    *to = *from;
    to->worker_id = mh_arena_str(&shown->arena, from->worker_id != NULL ? from->worker_id : "");
    to->outcome = mh_arena_str(&shown->arena, from->outcome);
    to->error = mh_arena_str(&shown->arena, from->error);
    to->log = mh_arena_str(&shown->arena, from->log);
    return to->worker_id != NULL && to->outcome != NULL &&
           (to->error == NULL) == (from->error == NULL) && (to->log == NULL) == (from->log == NULL);
}

static void take_attempts(void *arg, const struct mh_reply *reply)
{
    struct shown *shown = arg;
    shown->attempts = mh_arena_array(&shown->arena, reply->count, sizeof *shown->attempts);
    shown->failed = shown->attempts == NULL;
    for (size_t i = 0; i < reply->count && !shown->failed; i++) {
        shown->failed = !copy_attempt(shown, &reply->attempts[i], &shown->attempts[i]);
        shown->count++;
    }
}

static void print_job(void *arg, const struct mh_reply *reply)
{
    struct shown *shown = arg;
    struct mh_out *out = &shown->cli->out;
    shown->found = reply->count > 0;
    if (!shown->found) return;
    if (shown->cli->json) {
        mh_record_history(&out->line, &reply->jobs[0], shown->attempts, shown->count);
        mh_out_end_json(out);
        return;
    }
    put_job(out, &reply->jobs[0]);
    if (shown->count > 0) {
        mh_colour_put(out, MH_COLOUR_BOLD);
        mh_buf_str(&out->line, "history");
        mh_colour_put(out, MH_COLOUR_NONE);
        mh_out_end(out);
    }
    for (size_t i = 0; i < shown->count; i++)
        put_attempt(out, &shown->attempts[i]);
}

static int show(struct shown *shown, const struct mh_uuid *id, struct mh_err *err)
{
    struct mh_sync *sync = &shown->cli->sync;
    struct mh_call attempts = {.use = take_attempts, .arg = shown};
    int r = mh_store_attempts(sync->store, id, mh_call_done, &attempts, err);
    r = mh_sync_await(sync, r, &attempts, err);
    if (r < 0) return r;
    if (shown->failed) return mh_err_set(err, MH_ENOMEM, "out of memory");
    struct mh_filter filter = {
        .status = MH_STATUS_NONE, .ids = id, .id_count = 1, .limit = 1, .bodies = true};
    struct mh_call job = {.use = print_job, .arg = shown};
    r = mh_store_list(sync->store, &filter, mh_call_done, &job, err);
    return mh_sync_await(sync, r, &job, err);
}

static int show_page(struct mh_select *select, bool *first, struct mh_err *err)
{
    struct mh_out *out = &select->cli->out;
    int r = 0;
    for (size_t i = 0; r == 0 && i < select->page_count && mh_out_flush(out); i++) {
        struct shown shown = {.cli = select->cli};
        mh_arena_init(&shown.arena, HISTORY_MAX);
        if (!*first && !select->cli->json) mh_out_end(out);
        r = show(&shown, &select->page[i], err);
        mh_arena_release(&shown.arena);
        *first = false;
    }
    return r;
}

int mh_jobs_show(struct mh_cli *cli, struct mh_err *err)
{
    struct mh_select select;
    bool first = true;
    int r = mh_select_begin(&select, cli, 0, err);
    if (r == 0 && select.id_count == 0 && !select.filtered)
        r = mh_cli_usage(cli, err, "name the jobs: ids, or --status, --type, --tenant");
    while (r >= 0 && !mh_out_broken(&cli->out)) {
        r = mh_select_next(&select, NULL, NULL, err);
        if (r <= 0) break;
        r = show_page(&select, &first, err);
    }
    mh_select_release(&select);
    if (r < 0) return r;
    return select.missing > 0 ? MH_EXIT_FAILED : MH_EXIT_OK;
}
