#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/shelf.h"
#include "cli/table.h"
#include "queue/record.h"
#include "store/blueprint.h"

enum { OPT_TENANT, OPT_VERSION, OPT_LIST };

static const struct mh_option options[] = {
    [OPT_TENANT] = {"tenant", "T",
                    "whose project: a tenant's name or UUID; default: the default one"},
    [OPT_VERSION] = {"version", "N", "this version of it; default: the newest"},
    [OPT_LIST] = {"list", NULL, "which versions there are"},
    {NULL},
};

static const struct mh_column columns[] = {
    {.title = "VERSION", .align = MH_ALIGN_RIGHT},
    {.title = "CREATED"},
    {.title = "COMMIT", .max = 12},
    {.title = "TOKENS", .align = MH_ALIGN_RIGHT},
};

struct shown {
    struct mh_out *out;
    size_t count;
};

static void list_records(void *arg, const struct mh_reply *reply)
{
    struct shown *shown = arg;
    shown->count = reply->count;
    for (size_t i = 0; i < reply->count; i++) {
        mh_record_blueprint(&shown->out->line, &reply->blueprints[i]);
        mh_out_end_json(shown->out);
    }
}

static void list_table(void *arg, const struct mh_reply *reply)
{
    struct shown *shown = arg;
    struct mh_table table;
    shown->count = reply->count;
    mh_table_begin(&table, columns, MH_LEN(columns), shown->out);
    for (size_t i = 0; i < reply->count; i++) {
        const struct mh_blueprint *blueprint = &reply->blueprints[i];
        char version[32], tokens[32], created[MH_TIME_TEXT];
        (void)snprintf(version, sizeof version, "%" PRId64, blueprint->version);
        (void)snprintf(tokens, sizeof tokens, "%" PRId64, blueprint->tokens);
        mh_time_format(blueprint->created_at, created);
        mh_table_cell(&table, version);
        mh_table_cell(&table, created);
        mh_table_cell(&table, blueprint->commit);
        mh_table_cell(&table, tokens);
    }
    mh_table_end(&table);
}

static void print_json(void *arg, const struct mh_reply *reply)
{
    struct shown *shown = arg;
    shown->count = reply->count;
    if (reply->count == 0) return;
    mh_json_raw(&shown->out->line, reply->blueprints[0].json, reply->blueprints[0].json_len);
    mh_out_end_json(shown->out);
}

static void print_markdown(void *arg, const struct mh_reply *reply)
{
    struct shown *shown = arg;
    shown->count = reply->count;
    const char *text = reply->count > 0 ? reply->blueprints[0].markdown : "";
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        mh_buf_append(&shown->out->line, text, len);
        mh_out_end(shown->out);
        text += len + (text[len] == '\n');
    }
}

static int show(struct mh_cli *cli, const struct mh_project *project, int64_t version,
                struct mh_err *err)
{
    bool list = cli->values[OPT_LIST] != NULL;
    mh_reply_fn *print =
        list ? (cli->json ? list_records : list_table) : (cli->json ? print_json : print_markdown);
    struct shown shown = {.out = &cli->out};
    struct mh_call call = {.use = print, .arg = &shown};
    const struct mh_blueprint_filter filter = {
        .tenant_id = &project->tenant_id,
        .project_id = project->id,
        .version = version,
        .texts = list        ? 0
                 : cli->json ? MH_BLUEPRINT_JSON
                             : MH_BLUEPRINT_MARKDOWN,
        .limit = list ? MH_BLUEPRINTS_KEPT : 1,
    };
    int r = mh_store_blueprint_list(cli->sync.store, &filter, mh_call_done, &call, err);
    r = mh_sync_await(&cli->sync, r, &call, err);
    if (r < 0 || shown.count > 0 || list) return r;
    if (version > 0)
        return mh_err_set(err, MH_ENOENT,
                          "project %s has no version %" PRId64
                          " of its blueprint; --list names those there are",
                          project->name, version);
    return mh_err_set(err, MH_ENOENT,
                      "project %s has no blueprint yet: millhand enqueue blueprint "
                      "'{\"project\":\"%s\"}'",
                      project->name, project->name);
}

static int run(struct mh_cli *cli, struct mh_err *err)
{
    struct mh_shelf shelf;
    int64_t version = 0;
    int r = mh_option_int(cli, OPT_VERSION, 1, INT64_MAX, &version, err);
    if (r < 0) return r;
    mh_shelf_init(&shelf);
    r = mh_shelf_project(cli, cli->values[OPT_TENANT], cli->args[0], &shelf, err);
    if (r == 0) r = show(cli, &shelf.projects[0], version, err);
    mh_shelf_release(&shelf);
    return r;
}

const struct mh_command mh_cmd_blueprint = {
    .name = "blueprint",
    .args = "PROJECT",
    .summary = "show what a project is made of",
    .help = "Prints the blueprint of a project as Markdown with Mermaid diagrams, or with\n"
            "--json as one object: its modules, their chief files and symbols, what depends on\n"
            "what, and cycles. Jobs of the type blueprint make it, from the index.",
    .examples = "millhand enqueue index '{\"project\":\"site\"}' --wait\n"
                "millhand enqueue blueprint '{\"project\":\"site\"}' --wait\n"
                "millhand blueprint site >site.md",
    .options = options,
    .args_min = 1,
    .args_max = 1,
    .run = run,
};
