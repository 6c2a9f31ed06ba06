#include <string.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/text.h"

enum { OPT_DRY_RUN, OPT_SCHEMA, OPT_ROLES, OPT_TENANTS };

static const struct mh_option options[] = {
    [OPT_DRY_RUN] = {"dry-run", NULL, "only say what would be done"},
    [OPT_SCHEMA] = {"schema", "S", "PostgreSQL: the schema to create or upgrade", "MILLHAND_SCHEMA",
                    "--schema"},
    [OPT_ROLES] = {"roles", NULL, "PostgreSQL: create the roles too"},
    [OPT_TENANTS] = {"tenants", "TABLE", "PostgreSQL: the application's own table of tenants"},
    {NULL},
};

static int refuse_for_sqlite(const struct mh_cli *cli, struct mh_err *err)
{
    for (int i = OPT_SCHEMA; i <= OPT_TENANTS; i++)
        if (cli->values[i] != NULL && strncmp(cli->settings.database_url, "sqlite:", 7) == 0)
            return mh_err_set(err, MH_EINVAL,
                              "--%s is for PostgreSQL: SQLite has no schemas, roles or tables of "
                              "another application",
                              options[i].name);
    return 0;
}

/* "schema 2, applied 0001_engine 0002_schedule", or that it was up to date. */
static void print_words(struct mh_cli *cli, const struct mh_store_info *info)
{
    struct mh_buf *line = &cli->out.line;
    mh_buf_printf(line, "%s: schema %d, %s", info->location, info->schema_version,
                  info->applied[0] != NULL ? "applied" : "up to date");
    for (int i = 0; info->applied[i] != NULL; i++)
        mh_buf_printf(line, " %s", info->applied[i]);
    bool dry = cli->values[OPT_DRY_RUN] != NULL;
    if (!dry && cli->values[OPT_ROLES] != NULL) mh_buf_str(line, ", roles made");
    if (!dry && cli->values[OPT_TENANTS] != NULL)
        mh_buf_printf(line, ", tenants from %s", cli->values[OPT_TENANTS]);
    mh_out_end(&cli->out);
}

static void print_json(struct mh_cli *cli, const struct mh_store_info *info)
{
    struct mh_buf *line = &cli->out.line;
    mh_json_begin(line, '{');
    mh_json_put_str(line, "store", info->backend);
    mh_json_put_str(line, "location", info->location);
    mh_json_put_int(line, "schema_version", info->schema_version);
    mh_json_put_int(line, "schema_latest", info->schema_latest);
    mh_json_key(line, "applied");
    mh_json_begin(line, '[');
    for (int i = 0; info->applied[i] != NULL; i++)
        mh_json_str(line, info->applied[i]);
    mh_json_end(line, ']');
    mh_json_end(line, '}');
    mh_out_end_json(&cli->out);
}

/* With --dry-run a store that is old or not there is what was asked about, and no failure. */
static int say_pending(struct mh_cli *cli, const struct mh_err *err)
{
    struct mh_buf *line = &cli->out.line;
    if (cli->json) {
        mh_json_begin(line, '{');
        mh_json_put_str(line, "pending", err->text);
        mh_json_end(line, '}');
        mh_out_end_json(&cli->out);
    } else {
        mh_text_line(line, err->text, strlen(err->text));
        mh_out_end(&cli->out);
    }
    return MH_EXIT_OK;
}

static int run(struct mh_cli *cli, struct mh_err *err)
{
    int r = refuse_for_sqlite(cli, err);
    if (r < 0) return r;
    const struct mh_store_migrate migrate = {
        .roles = cli->values[OPT_ROLES] != NULL,
        .tenants = cli->values[OPT_TENANTS],
    };
    cli->keep_schema = cli->values[OPT_DRY_RUN] != NULL;
    cli->migrate = &migrate;
    r = mh_cli_store(cli, err);
    cli->migrate = NULL;
    if (cli->keep_schema && (r == MH_ENOENT || r == MH_ESTATE)) return say_pending(cli, err);
    if (r < 0) return r;
    if (cli->json)
        print_json(cli, mh_store_info(cli->sync.store));
    else
        print_words(cli, mh_store_info(cli->sync.store));
    return MH_EXIT_OK;
}

const struct mh_command mh_cmd_migrate = {
    .name = "migrate",
    .summary = "create or upgrade the schema of the store",
    .help = "SQLite needs no asking: every command that opens the file brings it up to date.\n"
            "A schema in PostgreSQL is made and changed by this command alone.",
    .examples = "millhand migrate --dry-run\n"
                "millhand --db postgres://owner@db.example.org/app migrate --roles",
    .options = options,
    .run = run,
};
