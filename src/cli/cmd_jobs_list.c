#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cmd_jobs.h"
#include "cli/say.h"
#include "cli/table.h"
#include "cli/timetext.h"
#include "queue/record.h"

#define LIMIT 50

static const struct mh_column columns[] = {
    {.title = "ID"},
    {.title = "TYPE", .max = 40, .shrink = 8},
    {.title = "STATUS"},
    {.title = "ATTEMPTS", .align = MH_ALIGN_RIGHT},
    {.title = "PRIORITY", .align = MH_ALIGN_RIGHT},
    {.title = "AGE", .align = MH_ALIGN_RIGHT},
    {.title = "ERROR", .max = 60, .shrink = 8},
};

static enum mh_colour status_colour(enum mh_status status)
{
    static const enum mh_colour colours[] = {
        [MH_STATUS_PENDING] = MH_COLOUR_NONE,    [MH_STATUS_PROCESSING] = MH_COLOUR_YELLOW,
        [MH_STATUS_COMPLETED] = MH_COLOUR_GREEN, [MH_STATUS_FAILED] = MH_COLOUR_RED,
        [MH_STATUS_CANCELLED] = MH_COLOUR_DIM,
    };
    return colours[status];
}

static void print_row(void *arg, const struct mh_reply *reply)
{
    struct mh_table *table = arg;
    int64_t now = mh_clock_now_ms();
    for (size_t i = 0; i < reply->count; i++) {
        const struct mh_job *job = &reply->jobs[i];
        char id[MH_UUID_TEXT], attempts[32], age[MH_AGE_TEXT];
        mh_uuid_format(&job->id, id);
        (void)snprintf(attempts, sizeof attempts, "%d/%d", job->attempts, job->max_attempts);
        mh_age_format(now - job->created_at, age);
        mh_table_cell(table, id);
        mh_table_cell(table, job->type);
        mh_table_coloured(table, mh_status_name(job->status), status_colour(job->status));
        mh_table_cell(table, attempts);
        mh_table_int(table, job->priority);
        mh_table_cell(table, age);
        mh_table_cell(table, job->error);
    }
}

static void print_record(void *arg, const struct mh_reply *reply)
{
    struct mh_out *out = arg;
    for (size_t i = 0; i < reply->count; i++) {
        mh_record_job(&out->line, &reply->jobs[i]);
        mh_out_end_json(out);
    }
}

static int print_all(struct mh_select *select, mh_reply_fn *print, void *arg, struct mh_err *err)
{
    int r;
    do {
        r = mh_select_next(select, print, arg, err);
    } while (r > 0 && mh_out_flush(&select->cli->out));
    return r < 0 ? r : 0;
}

int mh_jobs_list(struct mh_cli *cli, struct mh_err *err)
{
    struct mh_select select;
    struct mh_table table;
    int r = mh_select_begin(&select, cli, LIMIT, err);
    if (r < 0) goto out;
    if (cli->json) {
        select.filter.bodies = true;
        r = print_all(&select, print_record, &cli->out, err);
    } else {
        mh_table_begin(&table, columns, MH_LEN(columns), &cli->out);
        r = print_all(&select, print_row, &table, err);
        mh_table_end(&table);
    }
    if (r == 0 && select.filter.cursor != 0 && !cli->json && cli->values[MH_SELECT_LIMIT] == NULL) {
        (void)mh_out_flush(&cli->out); /* an error shows at the end */
        mh_say("these are the newest %d jobs: --limit N lists more", LIMIT);
    }
out:
    mh_select_release(&select);
    if (r < 0) return r;
    return select.missing > 0 ? MH_EXIT_FAILED : MH_EXIT_OK;
}
