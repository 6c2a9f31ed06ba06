/* `schedule list`, `show` and `next`. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/cmd_schedule.h"
#include "cli/options.h"
#include "cli/table.h"
#include "cli/tenants.h"
#include "cli/text.h"
#include "cli/timetext.h"
#include "queue/record.h"
#include "queue/schedule.h"
#include "queue/zone.h"

#define ARENA_MAX  ((size_t)64 << 20)
#define UPCOMING   5
#define NEXT_MAX   1000
#define NEXT_USUAL 10

/* --- list */

static const struct mh_column columns[] = {
    {.title = "NAME", .max = 60, .shrink = 8},
    {.title = "TYPE", .max = 60, .shrink = 8},
    {.title = "CRON", .max = 60, .shrink = 8},
    {.title = "ZONE", .max = 40, .shrink = 6},
    {.title = "NEXT"},
    {.title = "TENANT", .shrink = 8},
};

/* When it fires next, or why it does not. */
static const char *when(const struct mh_schedule *schedule, int64_t now_ms, char text[MH_WHEN_TEXT])
{
    if (schedule->paused) return "paused";
    if (schedule->next_at == 0) return "never";
    mh_when_format(schedule->next_at, now_ms, text);
    return text;
}

static void print_table(void *arg, const struct mh_reply *reply)
{
    struct mh_table table;
    bool tenants = false; /* one column less where all are the default one's */
    for (size_t i = 0; i < reply->count; i++)
        tenants |= !mh_uuid_equal(&reply->schedules[i].tenant_id, &mh_uuid_zero);
    mh_table_begin(&table, columns, MH_LEN(columns) - !tenants, arg);
    for (size_t i = 0; i < reply->count; i++) {
        const struct mh_schedule *schedule = &reply->schedules[i];
        char next[MH_WHEN_TEXT], tenant[MH_UUID_TEXT];
        mh_uuid_format(&schedule->tenant_id, tenant);
        mh_table_cell(&table, schedule->name);
        mh_table_cell(&table, schedule->type);
        mh_table_cell(&table, schedule->cron);
        mh_table_cell(&table, schedule->tz);
        mh_table_coloured(&table, when(schedule, reply->now_ms, next),
                          schedule->next_at == 0 ? MH_COLOUR_YELLOW : MH_COLOUR_NONE);
        if (tenants) mh_table_cell(&table, tenant);
    }
    mh_table_end(&table);
}

static void print_records(void *arg, const struct mh_reply *reply)
{
    struct mh_out *out = arg;
    for (size_t i = 0; i < reply->count; i++) {
        mh_record_schedule(&out->line, &reply->schedules[i]);
        mh_out_end_json(out);
    }
}

int mh_schedule_cmd_list(struct mh_cli *cli, struct mh_err *err)
{
    struct mh_uuid tenant_id;
    struct mh_schedule_filter filter = {.bodies = cli->json};
    int r = mh_cli_store(cli, err);
    if (r == 0 && cli->values[MH_SCHEDULE_TENANT] != NULL) {
        r = mh_tenant_id(cli, cli->values[MH_SCHEDULE_TENANT], &tenant_id, err);
        filter.tenant_id = &tenant_id;
    }
    if (r < 0) return r;
    struct mh_call call = {.use = cli->json ? print_records : print_table, .arg = &cli->out};
    r = mh_store_schedule_list(cli->sync.store, &filter, mh_call_done, &call, err);
    return mh_sync_await(&cli->sync, r, &call, err);
}

/* --- one line, after a change */

static void print_line(void *arg, const struct mh_reply *reply)
{
    struct mh_out *out = arg;
    char next[MH_WHEN_TEXT];
    if (reply->count == 0) return; /* somebody has deleted it meanwhile */
    const char *text = when(&reply->schedules[0], reply->now_ms, next);
    mh_buf_str(&out->line, text == next ? "next " : "");
    mh_buf_str(&out->line, text);
    mh_out_end(out);
}

int mh_schedule_print(struct mh_cli *cli, const struct mh_uuid *tenant_id, const char *name,
                      struct mh_err *err)
{
    const struct mh_schedule_filter filter = {tenant_id, name, .bodies = cli->json};
    struct mh_call call = {.use = cli->json ? print_records : print_line, .arg = &cli->out};
    int r = mh_store_schedule_list(cli->sync.store, &filter, mh_call_done, &call, err);
    return mh_sync_await(&cli->sync, r, &call, err);
}

/* --- show */

static void put(struct mh_out *out, const char *name, const char *value)
{
    mh_buf_printf(&out->line, "%-13s ", name);
    mh_text_line(&out->line, value, strlen(value));
    mh_out_end(out);
}

static void put_contents(struct mh_out *out, const struct mh_schedule *schedule, int64_t now_ms)
{
    char text[MH_WHEN_TEXT], id[MH_UUID_TEXT];
    mh_uuid_format(&schedule->tenant_id, id);
    put(out, "name", schedule->name);
    put(out, "tenant", id);
    put(out, "type", schedule->type);
    put(out, "cron", schedule->cron);
    put(out, "zone", schedule->tz);
    put(out, "missed", mh_missed_name(schedule->missed));
    put(out, "overlap", mh_overlap_name(schedule->overlap));
    (void)snprintf(text, sizeof text, "%d", schedule->priority); /* fits any int */
    put(out, "priority", schedule->priority < 0 ? "by the plan" : text);
    (void)snprintf(text, sizeof text, "%d", schedule->max_attempts); /* fits any int */
    put(out, "max attempts", text);
    mh_when_format(schedule->last_at, now_ms, text);
    put(out, "last", text);
    put(out, "next", when(schedule, now_ms, text));
    mh_buf_printf(&out->line, "%-13s ", "payload");
    mh_text_line(&out->line, schedule->payload, schedule->payload_len);
    mh_out_end(out);
}

/* A table of slots, by both clocks. */
static int print_slots(struct mh_out *out, const char *tz, const int64_t *slots, size_t count,
                       struct mh_err *err)
{
    static const struct mh_column slot_columns[] = {{.title = "SLOT"}, {.title = "LOCAL TIME"}};
    struct mh_zone *zone = NULL;
    struct mh_table table;
    int r = mh_zone_open(MH_ZONE_FOLDER, tz, &zone, err);
    if (r < 0) return r;
    mh_table_begin(&table, slot_columns, MH_LEN(slot_columns), out);
    for (size_t i = 0; i < count; i++) {
        char utc[MH_TIME_TEXT], local[MH_ZONE_TEXT];
        mh_time_format(slots[i], utc);
        mh_zone_format(zone, slots[i] / 1000, local);
        mh_table_cell(&table, utc);
        mh_table_cell(&table, local);
    }
    mh_table_end(&table);
    mh_zone_free(zone);
    return 0;
}

/* The stored slot comes first: it is what will be fired, whatever tzdata says by now. */
static int print_shown(struct mh_cli *cli, const struct mh_schedule *schedule, int64_t now_ms,
                       struct mh_err *err)
{
    int64_t slots[UPCOMING] = {schedule->next_at};
    int count = 0;
    if (schedule->next_at != 0) {
        count = mh_schedule_slots(schedule->cron, schedule->tz, schedule->next_at, slots + 1,
                                  UPCOMING - 1, err);
        if (count < 0) return count;
        count++;
    }
    if (cli->json) {
        mh_record_upcoming(&cli->out.line, schedule, slots, (size_t)count);
        mh_out_end_json(&cli->out);
        return 0;
    }
    put_contents(&cli->out, schedule, now_ms);
    if (count == 0) return 0;
    mh_out_end(&cli->out);
    return print_slots(&cli->out, schedule->tz, slots, (size_t)count, err);
}

int mh_schedule_cmd_show(struct mh_cli *cli, struct mh_err *err)
{
    struct mh_arena arena;
    struct mh_schedule schedule;
    struct mh_uuid tenant_id;
    int64_t now_ms = 0;
    mh_arena_init(&arena, ARENA_MAX);
    int r = mh_schedule_tenant(cli, &tenant_id, err);
    if (r == 0)
        r = mh_schedule_find(cli, &tenant_id, cli->args[0], &arena, &schedule, &now_ms, err);
    if (r == 0) r = print_shown(cli, &schedule, now_ms, err);
    mh_arena_release(&arena);
    return r;
}

/* --- next */

int mh_schedule_cmd_next(struct mh_cli *cli, struct mh_err *err)
{
    const char *tz = cli->values[MH_SCHEDULE_NEXT_TZ], *from = cli->values[MH_SCHEDULE_NEXT_FROM];
    int64_t slots[NEXT_MAX], want = NEXT_USUAL, after_ms = mh_clock_now_ms();
    int r = mh_option_int(cli, MH_SCHEDULE_NEXT_COUNT, 1, NEXT_MAX, &want, err);
    if (r == 0 && from != NULL) {
        r = mh_time_parse(from, &after_ms, err);
        if (r < 0) return mh_err_prefix(err, r, "--from");
    }
    if (r < 0) return r;
    if (tz == NULL) tz = "UTC";
    int count = mh_schedule_slots(cli->args[0], tz, after_ms, slots, (int)want, err);
    if (count < 0) return count;
    if (!cli->json) return print_slots(&cli->out, tz, slots, (size_t)count, err);
    for (int i = 0; i < count; i++) {
        mh_json_begin(&cli->out.line, '{');
        mh_json_put_time(&cli->out.line, "slot", slots[i]);
        mh_json_end(&cli->out.line, '}');
        mh_out_end_json(&cli->out);
    }
    return 0;
}
