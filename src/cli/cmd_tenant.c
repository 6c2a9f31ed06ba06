#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/listing.h"
#include "cli/tenants.h"
#include "cli/timetext.h"
#include "queue/record.h"

enum { OPT_ID, OPT_PLAN };

static const struct mh_option add_options[] = {
    [OPT_ID] = {"id", "UUID", "its id, where it has one already; default: a new one"},
    [OPT_PLAN] = {"plan", "PLAN", "free, starter, pro or enterprise; default: free"},
    {NULL},
};

static const struct mh_column columns[] = {
    {.title = "ID"},
    {.title = "NAME", .max = 60, .shrink = 8},
    {.title = "PLAN"},
    {.title = "CREATED"},
};

static void put_record(struct mh_buf *line, const struct mh_reply *reply, size_t i)
{
    mh_record_tenant(line, &reply->tenants[i]);
}

static void put_row(struct mh_table *table, const struct mh_reply *reply, size_t i)
{
    const struct mh_tenant *tenant = &reply->tenants[i];
    char id[MH_UUID_TEXT], created[MH_TIME_TEXT];
    mh_uuid_format(&tenant->id, id);
    mh_time_format(tenant->created_at, created);
    mh_table_cell(table, id);
    mh_table_cell(table, tenant->name);
    mh_table_cell(table, mh_plan_name(tenant->plan));
    mh_table_cell(table, created);
}

static const struct mh_listing tenants = {columns, MH_LEN(columns), put_record, put_row};

/* For people only the id, which is what goes on from here. */
static void print_new(void *arg, const struct mh_reply *reply)
{
    struct mh_listed *listed = arg;
    struct mh_out *out = &listed->cli->out;
    char id[MH_UUID_TEXT];
    if (listed->cli->json) {
        mh_listing_print(listed, reply);
        return;
    }
    mh_uuid_format(&reply->tenants[0].id, id);
    mh_buf_str(&out->line, id);
    mh_out_end(out);
}

static int add(struct mh_cli *cli, struct mh_err *err)
{
    struct mh_tenant tenant = {.id = mh_uuid_new(), .name = cli->args[0]};
    const char *id = cli->values[OPT_ID], *plan = cli->values[OPT_PLAN];
    if (id != NULL && mh_uuid_parse(id, &tenant.id) < 0)
        return mh_err_set(err, MH_EINVAL, "--id must be a UUID, not \"%.60s\"", id);
    if (plan != NULL && mh_plan_parse(plan, &tenant.plan) < 0)
        return mh_err_set(err, MH_EINVAL,
                          "--plan must be free, starter, pro or enterprise, not \"%.40s\"", plan);
    int r = mh_cli_store(cli, err);
    if (r < 0) return r;
    struct mh_listed listed = {cli, &tenants};
    struct mh_call call = {.use = print_new, .arg = &listed};
    r = mh_store_tenant_add(cli->sync.store, &tenant, mh_call_done, &call, err);
    return mh_sync_await(&cli->sync, r, &call, err);
}

static int list(struct mh_cli *cli, struct mh_err *err)
{
    int r = mh_cli_store(cli, err);
    if (r < 0) return r;
    struct mh_listed listed = {cli, &tenants};
    struct mh_call call = {.use = mh_listing_print, .arg = &listed};
    r = mh_store_tenant_list(cli->sync.store, mh_call_done, &call, err);
    return mh_sync_await(&cli->sync, r, &call, err);
}

static void print_counts(void *arg, const struct mh_reply *reply)
{
    struct mh_out *out = arg;
    mh_out_end(out);
    for (int i = 0; i < MH_STATUS__COUNT; i++) {
        mh_buf_printf(&out->line, "%-11s %10" PRId64, mh_status_name((enum mh_status)i),
                      reply->stats->count[i]);
        mh_out_end(out);
    }
}

static int show_counts(struct mh_cli *cli, const struct mh_uuid *id, struct mh_err *err)
{
    struct mh_call call = {.use = print_counts, .arg = &cli->out};
    int r = mh_store_stats(cli->sync.store, id, mh_call_done, &call, err);
    return mh_sync_await(&cli->sync, r, &call, err);
}

static int show(struct mh_cli *cli, struct mh_err *err)
{
    struct mh_arena arena;
    struct mh_tenant tenant;
    mh_arena_init(&arena, 1 << 16);
    int r = mh_tenant_find(cli, cli->args[0], &arena, &tenant, err);
    if (r == 0)
        mh_listing_print(&(struct mh_listed){cli, &tenants},
                         &(struct mh_reply){.tenants = &tenant, .count = 1});
    if (r == 0 && !cli->json) r = show_counts(cli, &tenant.id, err);
    mh_arena_release(&arena);
    return r;
}

static void take_count(void *arg, const struct mh_reply *reply)
{
    *(size_t *)arg = reply->count;
}

static int delete_found(struct mh_cli *cli, const struct mh_tenant *tenant, struct mh_err *err)
{
    size_t jobs = 0;
    struct mh_call call = {.use = take_count, .arg = &jobs};
    int r = mh_store_tenant_remove(cli->sync.store, &tenant->id, mh_call_done, &call, err);
    r = mh_sync_await(&cli->sync, r, &call, err);
    if (r < 0) return r;
    if (cli->json) {
        mh_record_tenant(&cli->out.line, tenant);
        mh_out_end_json(&cli->out);
        return 0;
    }
    mh_buf_printf(&cli->out.line, "1 tenant and %zu job%s deleted", jobs, jobs == 1 ? "" : "s");
    mh_out_end(&cli->out);
    return 0;
}

static int delete (struct mh_cli *cli, struct mh_err *err)
{
    struct mh_arena arena;
    struct mh_tenant tenant;
    mh_arena_init(&arena, 1 << 16);
    int r = mh_tenant_find(cli, cli->args[0], &arena, &tenant, err);
    if (r == 0) r = delete_found(cli, &tenant, err);
    mh_arena_release(&arena);
    return r;
}

static const struct mh_command verbs[] = {
    {
        .name = "add",
        .args = "NAME",
        .summary = "add a tenant and print its id",
        .examples = "millhand tenant add acme --plan pro",
        .options = add_options,
        .args_min = 1,
        .args_max = 1,
        .run = add,
    },
    {
        .name = "delete",
        .args = "NAME|ID",
        .summary = "delete a tenant and all its jobs",
        .args_min = 1,
        .args_max = 1,
        .run = delete,
    },
    {.name = "list", .summary = "list the tenants", .run = list},
    {
        .name = "show",
        .args = "NAME|ID",
        .summary = "show a tenant and count its jobs",
        .args_min = 1,
        .args_max = 1,
        .run = show,
    },
    {NULL},
};

const struct mh_command mh_cmd_tenant = {
    .name = "tenant",
    .args = "add|delete|list|show",
    .summary = "add, list, show and delete tenants",
    .help = "A tenant owns jobs; its plan decides their priority where they have none of their\n"
            "own. The default tenant is there from the beginning and stays.",
    .verbs = verbs,
};
