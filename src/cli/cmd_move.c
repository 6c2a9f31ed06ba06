#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/move.h"
#include "cli/options.h"
#include "cli/say.h"
#include "cli/tenants.h"
#include "cli/text.h"

#define AGAIN_MS 250

enum { OPT_TO, OPT_TO_SCHEMA, OPT_TENANT, OPT_WAIT, OPT_TIMEOUT };

static const struct mh_option options[] = {
    [OPT_TO] = {"to", "URL", "the target: sqlite:FILE or postgres://…"},
    [OPT_TO_SCHEMA] = {"to-schema", "S", "its PostgreSQL schema; default: as for the source"},
    [OPT_TENANT] = {"tenant", "T", "only the jobs of this tenant, by name or id"},
    [OPT_WAIT] = {"wait", NULL, "go on until nothing is left, however long that takes"},
    [OPT_TIMEOUT] = {"timeout", "DURATION", "with --wait: for so long at most, such as 30s or 5m"},
    {NULL},
};

/* By enum mh_stay: the member of --json, and what a person reads. */
static const struct {
    const char *name, *text;
} reasons[MH_STAY__COUNT] = {
    [MH_STAY_RUNS] = {"processing", "processing"},
    [MH_STAY_CHANGED] = {"changed", "changed while leaving"},
    [MH_STAY_KEY] = {"unique_key_taken", "unique key taken"},
    [MH_STAY_ID] = {"id_taken", "id taken"},
    [MH_STAY_TENANT] = {"no_tenant", "no such tenant there"},
};

static int64_t left_behind(const struct mh_moving *moving)
{
    int64_t left = 0;
    for (int why = 0; why < MH_STAY__COUNT; why++)
        left += moving->left[why];
    return left;
}

/* --- the stores */

/* What one store has lost must not be what the other never got: SQLite commits survive a power cut
 * here. */
static int open_target(struct mh_cli *cli, struct mh_sync *sync, struct mh_err *err)
{
    const struct mh_settings *settings = &cli->settings;
    const char *schema = cli->values[OPT_TO_SCHEMA];
    const struct mh_store_options target = {
        .url = cli->values[OPT_TO],
        .schema = schema != NULL ? schema : settings->schema,
        .max_payload_bytes = settings->max_payload_bytes,
        .max_result_bytes = settings->max_result_bytes,
        .synchronous_full = true,
    };
    int r = mh_sync_open(sync, &target, err);
    return r < 0 ? mh_err_prefix(err, r, "target") : 0;
}

static int open_source(struct mh_cli *cli, struct mh_err *err)
{
    cli->keep_schema = true;
    cli->settings.sqlite_synchronous = MH_SYNC_FULL;
    return mh_cli_store(cli, err);
}

static void take_total(void *arg, const struct mh_reply *reply)
{
    for (int status = 0; status < MH_STATUS__COUNT; status++)
        *(int64_t *)arg += reply->stats->count[status];
}

static int begin_progress(struct mh_moving *moving, struct mh_err *err)
{
    int64_t total = 0;
    const struct mh_uuid *tenant_id = moving->tenant != NULL ? &moving->tenant->id : NULL;
    struct mh_call call = {.use = take_total, .arg = &total};
    int r = mh_store_stats(moving->from->store, tenant_id, mh_call_done, &call, err);
    r = mh_sync_await(moving->from, r, &call, err);
    if (r == 0) mh_progress_begin(&moving->progress, "moving", total);
    return r;
}

/* --- how long to go on */

/* What stays that may leave later. */
static bool may_leave(const struct mh_moving *moving)
{
    return moving->left[MH_STAY_RUNS] + moving->left[MH_STAY_KEY] > 0;
}

/* 1: all is done that can be, 0: timed out or stopped. */
static int carry(struct mh_cli *cli, struct mh_moving *moving, struct mh_err *err)
{
    bool wait = cli->values[OPT_WAIT] != NULL;
    for (;;) {
        int r = mh_moving_round(moving, err);
        if (r < 0) return r;
        if (mh_moving_stopped()) return 0;
        bool calm = moving->moved_last == 0 && moving->left[MH_STAY_CHANGED] == 0;
        if (moving->whole && calm && (!wait || !may_leave(moving))) return 1;
        if (mh_moving_over(moving)) return 0;
        if (calm) mh_sync_pause(moving->from, AGAIN_MS);
    }
}

/* --- what is said at the end */

static void say_stays(const struct mh_moving *moving)
{
    for (size_t i = 0; i < moving->stay_count; i++) {
        const struct mh_stays *stays = &moving->stays[i];
        char id[MH_UUID_TEXT], holder[MH_UUID_TEXT];
        mh_uuid_format(&stays->id, id);
        mh_uuid_format(&stays->holder, holder);
        if (stays->why == MH_STAY_KEY)
            mh_say("job %s stays: job %s at the target, which has not ended, has its unique key",
                   id, holder);
        else if (stays->why == MH_STAY_ID)
            mh_say("job %s stays: there is a job of this id at the target", id);
        else
            mh_say("job %s stays: its tenant is not at the target, and its name is taken there",
                   id);
    }
}

static void print_left(struct mh_buf *line, const struct mh_moving *moving, const char *where)
{
    int64_t left = left_behind(moving);
    if (left == 0 || mh_moving_stopped() || !moving->whole) {
        mh_buf_str(line, mh_moving_stopped() ? "stopped"
                         : moving->whole     ? "nothing is left"
                                             : "out of time");
        return;
    }
    mh_buf_printf(line, "%" PRId64 " left at %s:", left, where);
    const char *comma = "";
    for (int why = 0; why < MH_STAY__COUNT; why++) {
        if (moving->left[why] == 0) continue;
        mh_buf_printf(line, "%s %" PRId64 " %s", comma, moving->left[why], reasons[why].text);
        comma = ",";
    }
}

static void print_text(struct mh_cli *cli, const struct mh_moving *moving)
{
    struct mh_buf *line = &cli->out.line;
    mh_buf_printf(line, "moved %" PRId64 " jobs to %s; ", moving->moved,
                  mh_store_info(moving->to->store)->location);
    print_left(line, moving, mh_store_info(moving->from->store)->location);
    if (moving->repaired > 0)
        mh_buf_printf(line, "; %" PRId64 " were half moved by another run", moving->repaired);
    mh_out_end(&cli->out);
    if (moving->schedules_left > 0) {
        mh_buf_printf(line, "%" PRId64 " schedules left there", moving->schedules_left);
        mh_out_end(&cli->out);
    }
    if (moving->tenant == NULL) return;
    mh_buf_str(line, "tenant ");
    mh_text_line(line, moving->tenant->name, strlen(moving->tenant->name));
    mh_buf_str(line, " itself stays there, too");
    mh_out_end(&cli->out);
}

static void put_number(struct mh_buf *line, const char *name, int64_t value)
{
    mh_json_put_int(line, name, value);
}

static void print_json(struct mh_cli *cli, const struct mh_moving *moving)
{
    struct mh_buf *line = &cli->out.line;
    mh_json_begin(line, '{');
    put_number(line, "moved", moving->moved);
    put_number(line, "repaired", moving->repaired);
    put_number(line, "left", left_behind(moving)); /* as far as it came */
    for (int why = 0; why < MH_STAY__COUNT; why++)
        put_number(line, reasons[why].name, moving->left[why]);
    put_number(line, "schedules_left", moving->schedules_left);
    mh_json_end(line, '}');
    mh_out_end_json(&cli->out);
}

static int end(struct mh_cli *cli, struct mh_moving *moving, bool done)
{
    mh_progress_hide(&moving->progress);
    say_stays(moving);
    if (cli->json)
        print_json(cli, moving);
    else
        print_text(cli, moving);
    if (mh_moving_stopped()) {
        mh_say("stopped before the end: run it again to move the rest");
        return MH_EXIT_FAILED;
    }
    if (!done) return MH_EXIT_TIMED_OUT;
    return left_behind(moving) + moving->schedules_left > 0 ? MH_EXIT_FAILED : MH_EXIT_OK;
}

/* --- the command */

static int move(struct mh_cli *cli, const struct mh_tenant *tenant, int64_t timeout_ms,
                struct mh_err *err)
{
    struct mh_sync target = {0};
    struct mh_moving moving = {.from = &cli->sync, .to = &target, .tenant = tenant};
    if (timeout_ms >= 0) moving.deadline_us = mh_clock_mono_us() + timeout_ms * 1000;
    int r = open_target(cli, &target, err);
    if (r == 0) r = begin_progress(&moving, err);
    if (r == 0) r = mh_moving_begin(&moving, err);
    if (r == 0) {
        r = carry(cli, &moving, err);
        mh_progress_hide(&moving.progress);
    }
    if (r >= 0) r = end(cli, &moving, r > 0);
    mh_sync_close(&target);
    return r;
}

static int run(struct mh_cli *cli, struct mh_err *err)
{
    struct mh_arena arena;
    struct mh_tenant tenant;
    int64_t timeout_ms = -1;
    const char *word = cli->values[OPT_TENANT];
    if (cli->values[OPT_TO] == NULL) return mh_cli_usage(cli, err, "say where to: --to URL");
    int r = mh_option_duration(cli, OPT_TIMEOUT, &timeout_ms, err);
    if (r < 0) return r;
    if (timeout_ms >= 0 && cli->values[OPT_WAIT] == NULL)
        return mh_cli_usage(cli, err, "--timeout goes with --wait");
    mh_arena_init(&arena, 1 << 16);
    r = open_source(cli, err);
    if (r == 0 && word != NULL) r = mh_tenant_find(cli, word, &arena, &tenant, err);
    if (r == 0) r = move(cli, word != NULL ? &tenant : NULL, timeout_ms, err);
    mh_arena_release(&arena);
    return r;
}

const struct mh_command mh_cmd_move = {
    .name = "move",
    .summary = "carry jobs to another store, live",
    .help = "Carries tenants, schedules, projects, credentials, what is set for types, and all\n"
            "jobs with their history to another store, while workers and dispatchers go on in\n"
            "both: no job is lost and none runs twice. What is processing stays until it has\n"
            "ended. After an error or a kill, run it again: until then jobs that were on their\n"
            "way may wait at the target.",
    .examples = "millhand move --to postgres://owner@db.example.org/app\n"
                "millhand move --to sqlite:backup.db --tenant acme --wait --timeout 5m",
    .options = options,
    .run = run,
};
