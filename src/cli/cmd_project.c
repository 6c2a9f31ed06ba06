#include <string.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/listing.h"
#include "cli/shelf.h"
#include "cli/tenants.h"
#include "queue/giturl.h"
#include "queue/record.h"

enum { OPT_TENANT, OPT_URL, OPT_REF, OPT_CREDENTIAL };

#define TENANT                                                                                     \
    [OPT_TENANT] = {"tenant", "T",                                                                 \
                    "whose project: a tenant's name or UUID; default: the default one"}

static const struct mh_option add_options[] = {
    TENANT,
    [OPT_URL] = {"url", "URL",
                 "its repository: https://HOST/PATH, ssh://HOST/PATH, USER@HOST:PATH"},
    [OPT_REF] = {"ref", "BRANCH", "a branch or tag of it; default: the repository's own"},
    [OPT_CREDENTIAL] = {"credential", "NAME", "what git is let in with, see millhand credential"},
    {NULL},
};
static const struct mh_option name_options[] = {TENANT, {NULL}};
static const struct mh_option list_options[] = {
    [OPT_TENANT] = {"tenant", "T", "of this tenant only: its name or UUID"},
    {NULL},
};

static const struct mh_column columns[] = {
    {.title = "NAME", .max = 40, .shrink = 8},
    {.title = "STATE"},
    {.title = "URL", .shrink = 12},
    {.title = "REF", .max = 30, .shrink = 6},
    {.title = "COMMIT", .max = 12},
    {.title = "INDEXED"},
};

static void put_record(struct mh_buf *line, const struct mh_reply *reply, size_t i)
{
    mh_record_project(line, &reply->projects[i]);
}

static void put_row(struct mh_table *table, const struct mh_reply *reply, size_t i)
{
    const struct mh_project *project = &reply->projects[i];
    char indexed[MH_TIME_TEXT] = "never";
    if (project->indexed_at != 0) mh_time_format(project->indexed_at, indexed);
    mh_table_cell(table, project->name);
    mh_table_cell(table, mh_project_state_name(project->state));
    mh_table_cell(table, project->url);
    mh_table_cell(table, project->ref);
    mh_table_cell(table, project->commit);
    mh_table_cell(table, indexed);
}

static const struct mh_listing projects = {columns, MH_LEN(columns), put_record, put_row};

static int print(struct mh_cli *cli, const struct mh_project_filter *filter, struct mh_err *err)
{
    struct mh_listed listed = {cli, &projects};
    struct mh_call call = {.use = mh_listing_print, .arg = &listed};
    int r = mh_store_project_list(cli->sync.store, filter, mh_call_done, &call, err);
    return mh_sync_await(&cli->sync, r, &call, err);
}

/* The one that is named, kept on the shelf. */
static int find(struct mh_cli *cli, struct mh_shelf *shelf, struct mh_err *err)
{
    return mh_shelf_project(cli, cli->values[OPT_TENANT], cli->args[0], shelf, err);
}

static int put(struct mh_cli *cli, const struct mh_project *project, struct mh_err *err)
{
    struct mh_call call = {0};
    int r = mh_store_project_add(cli->sync.store, project, mh_call_done, &call, err);
    r = mh_sync_await(&cli->sync, r, &call, err);
    if (r < 0) return r;
    if (cli->json) return print(cli, &(struct mh_project_filter){.id = &project->id}, err);
    char id[MH_UUID_TEXT];
    mh_uuid_format(&project->id, id);
    mh_buf_str(&cli->out.line, id);
    mh_out_end(&cli->out);
    return 0;
}

static int add(struct mh_cli *cli, struct mh_err *err)
{
    struct mh_giturl url;
    struct mh_project project = {.id = mh_uuid_new(),
                                 .name = cli->args[0],
                                 .url = cli->values[OPT_URL],
                                 .ref = cli->values[OPT_REF],
                                 .credential = cli->values[OPT_CREDENTIAL]};
    if (!mh_type_valid(project.name))
        return mh_cli_usage(cli, err, "a project's name is made of A-Z a-z 0-9 _ . : -");
    if (project.url == NULL) return mh_cli_usage(cli, err, "say where it is: --url URL");
    int r = mh_giturl_check(project.url, cli->settings.allow_local_projects != 0, &url, err);
    if (r == 0 && project.ref != NULL) r = mh_giturl_check_ref(project.ref, err);
    if (r == 0 && project.credential != NULL && url.kind != MH_GITURL_HTTPS &&
        url.kind != MH_GITURL_HTTP)
        r = mh_err_set(err, MH_EINVAL,
                       "--credential goes with https://; over ssh the worker's own keys are used");
    if (r == 0) r = mh_tenant_wanted(cli, cli->values[OPT_TENANT], &project.tenant_id, err);
    return r == 0 ? put(cli, &project, err) : r;
}

static int list(struct mh_cli *cli, struct mh_err *err)
{
    struct mh_uuid tenant;
    struct mh_project_filter filter = {0};
    int r = mh_tenant_wanted(cli, cli->values[OPT_TENANT], &tenant, err);
    if (cli->values[OPT_TENANT] != NULL) filter.tenant_id = &tenant;
    return r == 0 ? print(cli, &filter, err) : r;
}

static int show(struct mh_cli *cli, struct mh_err *err)
{
    struct mh_shelf shelf;
    mh_shelf_init(&shelf);
    int r = find(cli, &shelf, err);
    if (r == 0)
        mh_listing_print(&(struct mh_listed){cli, &projects},
                         &(struct mh_reply){.projects = shelf.projects, .count = shelf.count});
    mh_shelf_release(&shelf);
    return r;
}

static int delete (struct mh_cli *cli, struct mh_err *err)
{
    struct mh_shelf shelf;
    struct mh_call call = {0};
    mh_shelf_init(&shelf);
    int r = find(cli, &shelf, err);
    if (r == 0) {
        const struct mh_project *project = &shelf.projects[0];
        r = mh_store_project_remove(cli->sync.store, &project->tenant_id, &project->id,
                                    mh_call_done, &call, err);
        r = mh_sync_await(&cli->sync, r, &call, err);
    }
    mh_shelf_release(&shelf);
    return r;
}

static const struct mh_command verbs[] = {
    {
        .name = "add",
        .args = "NAME",
        .summary = "add a project and print its id",
        .help = "Folders of this machine (/PATH) are taken with ALLOW_LOCAL_PROJECTS=1 only, here\n"
                "and in the workers.",
        .examples = "millhand project add site --url https://github.com/acme/site.git \\\n"
                    "    --credential github --ref main\n"
                    "millhand enqueue index '{\"project\":\"site\"}'",
        .options = add_options,
        .args_min = 1,
        .args_max = 1,
        .run = add,
    },
    {
        .name = "delete",
        .args = "NAME|ID",
        .summary = "delete a project and what was found in it",
        .options = name_options,
        .args_min = 1,
        .args_max = 1,
        .run = delete,
    },
    {.name = "list", .summary = "list projects", .options = list_options, .run = list},
    {
        .name = "show",
        .args = "NAME|ID",
        .summary = "show a project",
        .options = name_options,
        .args_min = 1,
        .args_max = 1,
        .run = show,
    },
    {NULL},
};

const struct mh_command mh_cmd_project = {
    .name = "project",
    .args = "add|delete|list|show",
    .summary = "add, list, show and delete repositories that jobs work on",
    .verbs = verbs,
};
