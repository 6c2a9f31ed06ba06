#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/table.h"
#include "cli/tenants.h"
#include "cli/timetext.h"
#include "queue/record.h"

#define EACH_MS 1000

enum { OPT_WATCH, OPT_TENANT };

static const struct mh_option options[] = {
    [OPT_WATCH] = {"watch", NULL, "again each second, with rates, until interrupted"},
    [OPT_TENANT] = {"tenant", "T", "only the jobs of this tenant: its name or UUID"},
    {NULL},
};

static const struct mh_column type_columns[] = {
    {.title = "TYPE", .max = 60, .shrink = 8},
    {.title = "PENDING", .align = MH_ALIGN_RIGHT},
    {.title = "PROCESSING", .align = MH_ALIGN_RIGHT},
    {.title = "WORKERS", .align = MH_ALIGN_RIGHT},
    {.title = ""},
};

struct view {
    struct mh_cli *cli;
    const struct mh_uuid *tenant_id; /* NULL: all */
    struct mh_stats now;
    struct mh_stats before;
    int64_t now_us;
    int64_t before_us;                  /* 0: this is the first look */
    double dispatched_rate, ended_rate; /* a second; negative: not known yet */
};

static int64_t sum(const struct mh_stats *stats, bool ended)
{
    int64_t all = 0;
    for (int i = ended ? MH_STATUS_COMPLETED : 0; i < MH_STATUS__COUNT; i++)
        all += stats->count[i];
    return all;
}

/* Counts also fall, when old jobs are deleted: never less than nothing a second. */
static double rate(int64_t before, int64_t now, int64_t us)
{
    return now > before && us > 0 ? (double)(now - before) * 1e6 / (double)us : 0;
}

static void take_stats(void *arg, const struct mh_reply *reply)
{
    struct view *view = arg;
    view->before = view->now;
    view->before_us = view->now_us;
    view->now = *reply->stats;
    view->now_us = mh_clock_mono_us();
    bool first = view->before_us == 0;
    int64_t us = view->now_us - view->before_us;
    view->dispatched_rate =
        first ? -1 : rate(sum(&view->before, false), sum(&view->now, false), us);
    view->ended_rate = first ? -1 : rate(sum(&view->before, true), sum(&view->now, true), us);
}

static void put_rate(struct mh_buf *line, const char *name, double a_second)
{
    mh_json_key(line, name);
    if (a_second < 0)
        mh_json_null(line);
    else
        mh_json_real(line, (double)(int64_t)(a_second * 10) / 10);
}

/* The stats with more members behind them: rates while watching, types unless of one tenant. */
static void begin_json(struct view *view)
{
    struct mh_buf *line = &view->cli->out.line;
    mh_record_stats(line, &view->now);
    line->data[--line->len] = '\0'; /* the closing brace comes later */
    if (view->cli->values[OPT_WATCH] == NULL) return;
    put_rate(line, "dispatched_per_second", view->dispatched_rate);
    put_rate(line, "ended_per_second", view->ended_rate);
}

static void put_types_json(void *arg, const struct mh_reply *reply)
{
    struct view *view = arg;
    struct mh_buf *line = &view->cli->out.line;
    mh_json_key(line, "types");
    mh_json_begin(line, '[');
    for (size_t i = 0; i < reply->count; i++)
        mh_record_type(line, &reply->types[i]);
    mh_json_end(line, ']');
}

static const char *type_remark(const struct mh_type *type)
{
    if (type->paused) return "paused";
    return type->workers == 0 && type->pending > 0 ? "nobody serves it" : "";
}

static void print_types(void *arg, const struct mh_reply *reply)
{
    struct view *view = arg;
    struct mh_table table;
    if (reply->count > 0) mh_out_end(&view->cli->out);
    mh_table_begin(&table, type_columns, MH_LEN(type_columns), &view->cli->out);
    for (size_t i = 0; i < reply->count; i++) {
        const struct mh_type *type = &reply->types[i];
        mh_table_cell(&table, type->name);
        mh_table_int(&table, type->pending);
        mh_table_int(&table, type->processing);
        mh_table_int(&table, type->workers);
        mh_table_coloured(&table, type_remark(type), MH_COLOUR_YELLOW);
    }
    mh_table_end(&table);
}

static int ask_types(struct view *view, mh_reply_fn *use, struct mh_err *err)
{
    if (view->tenant_id != NULL) return 0;
    struct mh_sync *sync = &view->cli->sync;
    struct mh_call call = {.use = use, .arg = view};
    int r = mh_store_type_list(sync->store, mh_call_done, &call, err);
    return mh_sync_await(sync, r, &call, err);
}

static void oldest_text(const struct view *view, char ret_text[MH_AGE_TEXT])
{
    ret_text[0] = '\0';
    if (view->now.oldest_pending_ms >= 0) mh_age_format(view->now.oldest_pending_ms, ret_text);
}

static void put_count(struct view *view, const char *name, int64_t count)
{
    mh_buf_printf(&view->cli->out.line, "%-11s %10" PRId64, name, count);
}

static void print_counts(struct view *view)
{
    struct mh_out *out = &view->cli->out;
    char oldest[MH_AGE_TEXT];
    oldest_text(view, oldest);
    for (int i = 0; i < MH_STATUS__COUNT; i++) {
        put_count(view, mh_status_name((enum mh_status)i), view->now.count[i]);
        if (i == MH_STATUS_PENDING && oldest[0] != '\0')
            mh_buf_printf(&out->line, "   oldest %s", oldest);
        mh_out_end(out);
    }
    put_count(view, "workers", view->now.workers);
    mh_out_end(out);
    if (view->ended_rate < 0) return;
    mh_buf_printf(&out->line, "%-11s %10.1f dispatched/s %10.1f ended/s", "rates",
                  view->dispatched_rate, view->ended_rate);
    mh_out_end(out);
}

/* One line, for a log or a pipe. */
static void print_line(struct view *view)
{
    struct mh_out *out = &view->cli->out;
    char time[MH_TIME_TEXT], oldest[MH_AGE_TEXT];
    mh_time_format(mh_clock_now_ms(), time);
    oldest_text(view, oldest);
    mh_buf_str(&out->line, time);
    for (int i = 0; i < MH_STATUS__COUNT; i++)
        mh_buf_printf(&out->line, " %s=%" PRId64, mh_status_name((enum mh_status)i),
                      view->now.count[i]);
    mh_buf_printf(&out->line, " workers=%" PRId64, view->now.workers);
    if (oldest[0] != '\0') mh_buf_printf(&out->line, " oldest=%s", oldest);
    if (view->ended_rate >= 0)
        mh_buf_printf(&out->line, " dispatched/s=%.1f ended/s=%.1f", view->dispatched_rate,
                      view->ended_rate);
    mh_out_end(out);
}

static int print_json(struct view *view, struct mh_err *err)
{
    begin_json(view);
    int r = ask_types(view, put_types_json, err);
    mh_json_end(&view->cli->out.line, '}');
    mh_out_end_json(&view->cli->out);
    return r;
}

static int look(struct view *view, struct mh_err *err)
{
    struct mh_sync *sync = &view->cli->sync;
    struct mh_call call = {.use = take_stats, .arg = view};
    int r = mh_store_stats(sync->store, view->tenant_id, mh_call_done, &call, err);
    return mh_sync_await(sync, r, &call, err);
}

static int print(struct view *view, struct mh_err *err)
{
    if (view->cli->json) return print_json(view, err);
    print_counts(view);
    return ask_types(view, print_types, err);
}

static int watch(struct view *view, struct mh_err *err)
{
    struct mh_out *out = &view->cli->out;
    bool redraw = out->terminal && !view->cli->json;
    for (;;) {
        int r = look(view, err);
        if (r < 0) return r;
        if (redraw) mh_buf_str(&out->waiting, "\x1b[H\x1b[2J");
        if (!redraw && !view->cli->json)
            print_line(view);
        else
            r = print(view, err);
        if (r < 0) return r;
        if (!mh_out_flush(out)) return 0;
        mh_sync_pause(&view->cli->sync, EACH_MS);
    }
}

static int run(struct mh_cli *cli, struct mh_err *err)
{
    struct view view = {.cli = cli};
    struct mh_uuid tenant_id;
    int r = mh_cli_store(cli, err);
    if (r == 0 && cli->values[OPT_TENANT] != NULL) {
        r = mh_tenant_id(cli, cli->values[OPT_TENANT], &tenant_id, err);
        view.tenant_id = &tenant_id;
    }
    if (r < 0) return r;
    if (cli->values[OPT_WATCH] != NULL) return watch(&view, err);
    r = look(&view, err);
    return r < 0 ? r : print(&view, err);
}

const struct mh_command mh_cmd_stats = {
    .name = "stats",
    .summary = "count jobs, workers and types",
    .help = "How many jobs there are of each status, how old the oldest due one is, how many\n"
            "workers live, and for each type how much waits and who serves it. With --watch,\n"
            "again each second: redrawn on a terminal, one line each otherwise.",
    .examples = "millhand stats\n"
                "millhand stats --watch\n"
                "millhand stats --json | jq .pending_count",
    .options = options,
    .run = run,
};
