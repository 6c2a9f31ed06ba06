#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/timetext.h"

#define LONG_MS INT64_C(300000)

/* The most types and workers that one line names. */
#define NAMES_MAX 8

#define TEXT_MAX 4096

enum { OPT_LONG };

static const struct mh_option options[] = {
    [OPT_LONG] = {"long", "DURATION",
                  "PostgreSQL: a transaction open so long is one too long; "
                  "default: 5m"},
    {NULL},
};

static const struct {
    const char *name;
    enum mh_colour colour;
} marks[MH_FINDING__COUNT] = {
    [MH_FINDING_OK] = {"ok", MH_COLOUR_GREEN},
    [MH_FINDING_WARN] = {"warn", MH_COLOUR_YELLOW},
    [MH_FINDING_BAD] = {"bad", MH_COLOUR_RED},
    [MH_FINDING_SKIPPED] = {"skipped", MH_COLOUR_DIM},
};

struct visit {
    struct mh_cli *cli;
    bool bad;         /* something is */
    bool unreachable; /* there is no use in opening the store */
    int64_t pending;
    struct mh_buf names, mend; /* of the finding under way */
};

/* --- saying */

static void say_json(struct mh_out *out, const struct mh_finding *finding)
{
    mh_json_begin(&out->line, '{');
    mh_json_put_str(&out->line, "name", finding->name);
    mh_json_put_str(&out->line, "status", marks[finding->status].name);
    mh_json_put_str(&out->line, "found", finding->found);
    mh_json_put_str(&out->line, "mend", finding->mend);
    mh_json_end(&out->line, '}');
    mh_out_end_json(out);
}

static void say_text(struct mh_out *out, const struct mh_finding *finding)
{
    mh_colour_put(out, marks[finding->status].colour);
    mh_buf_printf(&out->line, "%-8s", marks[finding->status].name);
    mh_colour_put(out, MH_COLOUR_NONE);
    mh_buf_printf(&out->line, "%-19s", finding->name);
    mh_text_line(&out->line, finding->found, strlen(finding->found));
    mh_out_end(out);
    if (finding->mend == NULL) return;
    mh_buf_str(&out->line, "        mend: ");
    mh_text_line(&out->line, finding->mend, strlen(finding->mend));
    mh_out_end(out);
}

static void say(struct visit *visit, const struct mh_finding *finding)
{
    if (finding->status == MH_FINDING_BAD) visit->bad = true;
    if (visit->cli->json)
        say_json(&visit->cli->out, finding);
    else
        say_text(&visit->cli->out, finding);
}

static void say_error(struct visit *visit, const char *name, const struct mh_err *err)
{
    bool old = err->code == MH_ENOENT || err->code == MH_ESTATE;
    if (err->code == MH_EPERM)
        say(visit,
            &(struct mh_finding){name, MH_FINDING_SKIPPED, "this role may not see it", NULL});
    else
        say(visit,
            &(struct mh_finding){name, MH_FINDING_BAD, err->text, old ? "millhand migrate" : NULL});
}

/* --- what every store has */

/* One more name; past NAMES_MAX they are only counted. */
static void add_name(struct mh_buf *names, size_t count, const char *name)
{
    if (count < NAMES_MAX) mh_buf_printf(names, "%s%s", count > 0 ? ", " : "", name);
}

static void end_names(struct mh_buf *names, size_t count)
{
    if (count > NAMES_MAX) mh_buf_printf(names, " and %zu more", count - NAMES_MAX);
}

static bool is_unserved(const struct mh_type *type)
{
    return !type->paused && type->pending > 0 && type->workers == 0;
}

static bool is_held_back(const struct mh_type *type)
{
    return type->paused && type->pending > 0;
}

struct type_check {
    const char *name;
    bool (*matters)(const struct mh_type *type);
    const char *fine;
    const char *mend, *separator; /* between the types behind it */
};

static const struct type_check type_checks[] = {
    {"unserved types", is_unserved, "each type with pending jobs is served",
     "millhand worker --types ", ","},
    {"paused types", is_held_back, "none has pending jobs", "millhand type resume ", " "},
};

static void check_types(struct visit *visit, const struct type_check *check,
                        const struct mh_type *types, size_t count)
{
    size_t found = 0;
    mh_buf_reset(&visit->names);
    mh_buf_reset(&visit->mend);
    mh_buf_str(&visit->mend, check->mend);
    for (size_t i = 0; i < count; i++) {
        if (!check->matters(&types[i])) continue;
        char name[MH_TYPE_MAX + 64];
        (void)snprintf(name, sizeof name, "%s (%" PRId64 " pending)", types[i].name,
                       types[i].pending); /* fits: types are short */
        add_name(&visit->names, found, name);
        if (found < NAMES_MAX)
            mh_buf_printf(&visit->mend, "%s%s", found > 0 ? check->separator : "", types[i].name);
        found++;
    }
    end_names(&visit->names, found);
    if (found > 0)
        say(visit, &(struct mh_finding){check->name, MH_FINDING_WARN, mh_buf_text(&visit->names),
                                        mh_buf_text(&visit->mend)});
    else
        say(visit, &(struct mh_finding){check->name, MH_FINDING_OK, check->fine, NULL});
}

static void use_types(void *arg, const struct mh_reply *reply)
{
    struct visit *visit = arg;
    for (size_t i = 0; i < MH_LEN(type_checks); i++)
        check_types(visit, &type_checks[i], reply->types, reply->count);
}

/* A worker beats three times a lease, so one that missed a beat is late and not lost yet. */
static bool is_late(const struct mh_worker_row *worker)
{
    return worker->silent_ms > worker->lease_ms / 3 * 2;
}

static void use_workers(void *arg, const struct mh_reply *reply)
{
    struct visit *visit = arg;
    size_t late = 0;
    char found[64];
    mh_buf_reset(&visit->names);
    mh_buf_str(&visit->names, "late with their heartbeat: ");
    for (size_t i = 0; i < reply->count; i++)
        if (is_late(&reply->workers[i])) add_name(&visit->names, late++, reply->workers[i].id);
    end_names(&visit->names, late);
    bool idle = reply->count == 0 && visit->pending > 0;
    (void)snprintf(found, sizeof found, "%zu live", reply->count); /* fits */
    if (late > 0)
        say(visit, &(struct mh_finding){"workers", MH_FINDING_WARN, mh_buf_text(&visit->names),
                                        "look at the load and the log of their machines, or raise "
                                        "LEASE_MS"});
    else
        say(visit, &(struct mh_finding){"workers", idle ? MH_FINDING_WARN : MH_FINDING_OK,
                                        idle ? "none lives, and jobs are pending" : found,
                                        idle ? "millhand worker" : NULL});
}

static void use_stats(void *arg, const struct mh_reply *reply)
{
    struct visit *visit = arg;
    const struct mh_stats *stats = reply->stats;
    char found[128], age[MH_AGE_TEXT] = "";
    if (stats->oldest_pending_ms >= 0) mh_age_format(stats->oldest_pending_ms, age);
    visit->pending = stats->count[MH_STATUS_PENDING];
    (void)snprintf(found, sizeof found, "%" PRId64 " pending%s%s, %" PRId64 " processing",
                   visit->pending, age[0] != '\0' ? ", the oldest due one of age " : "", age,
                   stats->count[MH_STATUS_PROCESSING]); /* fits */
    say(visit, &(struct mh_finding){"queue", MH_FINDING_OK, found, NULL});
    int64_t failed = stats->count[MH_STATUS_FAILED];
    (void)snprintf(found, sizeof found, "%" PRId64, failed);
    say(visit, &(struct mh_finding){"dead letters", failed > 0 ? MH_FINDING_WARN : MH_FINDING_OK,
                                    failed > 0 ? found : "none",
                                    failed > 0 ? "millhand jobs list --status failed" : NULL});
}

/* --- the visit */

static void use_findings(void *arg, const struct mh_reply *reply)
{
    struct visit *visit = arg;
    visit->unreachable = reply->count == 1 && reply->findings[0].status == MH_FINDING_BAD;
    for (size_t i = 0; i < reply->count; i++)
        say(visit, &reply->findings[i]);
}

static int examine(struct visit *visit, int64_t long_ms, struct mh_err *err)
{
    struct mh_cli *cli = visit->cli;
    struct mh_store_options store_options = mh_cli_store_options(cli);
    struct mh_call call = {.use = use_findings, .arg = visit};
    int r = mh_sync_begin(&cli->sync, err);
    if (r < 0) return r;
    r = mh_store_examine(&cli->sync.loop, &store_options, long_ms, mh_call_done, &call, err);
    return mh_sync_await(&cli->sync, r, &call, err);
}

/* Operations without input. */
static const struct {
    const char *name; /* for where it fails */
    int (*ask)(struct mh_store *store, mh_reply_fn *done, void *arg, struct mh_err *err);
    mh_reply_fn *use;
} queue_checks[] = {
    {"workers", mh_store_workers, use_workers},
    {"types", mh_store_type_list, use_types},
};

static void look_at_queue(struct visit *visit)
{
    struct mh_sync *sync = &visit->cli->sync;
    struct mh_err err;
    struct mh_call call = {.use = use_stats, .arg = visit};
    int r = mh_store_stats(sync->store, NULL, mh_call_done, &call, &err);
    if (mh_sync_await(sync, r, &call, &err) < 0) say_error(visit, "queue", &err);
    for (size_t i = 0; i < MH_LEN(queue_checks); i++) {
        call = (struct mh_call){.use = queue_checks[i].use, .arg = visit};
        r = queue_checks[i].ask(sync->store, mh_call_done, &call, &err);
        if (mh_sync_await(sync, r, &call, &err) < 0) say_error(visit, queue_checks[i].name, &err);
    }
}

static void open_store(struct visit *visit)
{
    struct mh_err err;
    char found[64];
    int r = mh_cli_store(visit->cli, &err);
    if (r < 0) {
        say_error(visit, "schema", &err);
        return;
    }
    (void)snprintf(found, sizeof found, "version %d, as this program needs it",
                   mh_store_info(visit->cli->sync.store)->schema_version); /* fits */
    say(visit, &(struct mh_finding){"schema", MH_FINDING_OK, found, NULL});
    look_at_queue(visit);
}

static int run(struct mh_cli *cli, struct mh_err *err)
{
    struct visit visit = {.cli = cli};
    int64_t long_ms = LONG_MS;
    int r = mh_option_duration(cli, OPT_LONG, &long_ms, err);
    if (r < 0) return r;
    mh_buf_init(&visit.names, TEXT_MAX);
    mh_buf_init(&visit.mend, TEXT_MAX);
    cli->keep_schema = true;
    r = examine(&visit, long_ms, err);
    if (r == 0 && !visit.unreachable) open_store(&visit);
    mh_buf_release(&visit.names);
    mh_buf_release(&visit.mend);
    if (r < 0) return r;
    return visit.bad ? MH_EXIT_FAILED : MH_EXIT_OK;
}

const struct mh_command mh_cmd_doctor = {
    .name = "doctor",
    .summary = "look for what is wrong with the store, and say the mend",
    .help = "Looks at the store, what it stands on and what waits in it, and changes nothing.\n"
            "One line for each check: ok, warn, bad or skipped, what was looked at, what was\n"
            "found; below it, where there is one, the mend, to be typed. The exit status is 1\n"
            "when something is bad.",
    .examples = "millhand doctor\n"
                "millhand doctor --json | jq 'select(.status != \"ok\")'",
    .options = options,
    .run = run,
};
