#include "cli/command.h"
#include "cli/table.h"
#include "queue/record.h"

static const struct mh_column columns[] = {
    {.title = "TYPE", .max = 60, .shrink = 8},
    {.title = "PENDING", .align = MH_ALIGN_RIGHT},
    {.title = "PROCESSING", .align = MH_ALIGN_RIGHT},
    {.title = "WORKERS", .align = MH_ALIGN_RIGHT},
    {.title = "PAUSED"},
};

static void print_records(void *arg, const struct mh_reply *reply)
{
    struct mh_out *out = arg;
    for (size_t i = 0; i < reply->count; i++) {
        mh_record_type(&out->line, &reply->types[i]);
        mh_out_end_json(out);
    }
}

static void print_table(void *arg, const struct mh_reply *reply)
{
    struct mh_table table;
    mh_table_begin(&table, columns, MH_LEN(columns), arg);
    for (size_t i = 0; i < reply->count; i++) {
        const struct mh_type *type = &reply->types[i];
        mh_table_cell(&table, type->name);
        mh_table_int(&table, type->pending);
        mh_table_int(&table, type->processing);
        mh_table_int(&table, type->workers);
        mh_table_coloured(&table, type->paused ? "yes" : "no",
                          type->paused ? MH_COLOUR_YELLOW : MH_COLOUR_NONE);
    }
    mh_table_end(&table);
}

static int list(struct mh_cli *cli, struct mh_err *err)
{
    int r = mh_cli_store(cli, err);
    if (r < 0) return r;
    struct mh_call call = {.use = cli->json ? print_records : print_table, .arg = &cli->out};
    r = mh_store_type_list(cli->sync.store, mh_call_done, &call, err);
    return mh_sync_await(&cli->sync, r, &call, err);
}

static int set_paused(struct mh_cli *cli, bool paused, struct mh_err *err)
{
    for (int i = 0; i < cli->arg_count; i++)
        if (!mh_type_valid(cli->args[i]))
            return mh_cli_usage(cli, err, "not a type: \"%.100s\"", cli->args[i]);
    int r = mh_cli_store(cli, err);
    for (int i = 0; r == 0 && i < cli->arg_count; i++) {
        struct mh_call call = {0};
        r = mh_store_type_pause(cli->sync.store, cli->args[i], paused, mh_call_done, &call, err);
        r = mh_sync_await(&cli->sync, r, &call, err);
    }
    return r;
}

static int pause_types(struct mh_cli *cli, struct mh_err *err)
{
    return set_paused(cli, true, err);
}

static int resume_types(struct mh_cli *cli, struct mh_err *err)
{
    return set_paused(cli, false, err);
}

static const struct mh_command verbs[] = {
    {.name = "list", .summary = "list the types of the store's jobs", .run = list},
    {
        .name = "pause",
        .args = "TYPE ...",
        .summary = "claim no more jobs of these types",
        .help = "What runs goes on; dispatching goes on. A type need not be known yet.",
        .args_min = 1,
        .args_max = MH_ARGS_ANY,
        .run = pause_types,
    },
    {
        .name = "resume",
        .args = "TYPE ...",
        .summary = "claim jobs of these types again",
        .args_min = 1,
        .args_max = MH_ARGS_ANY,
        .run = resume_types,
    },
    {NULL},
};

const struct mh_command mh_cmd_type = {
    .name = "type",
    .args = "list|pause|resume",
    .summary = "list job types, pause and resume them",
    .verbs = verbs,
};
