#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/listing.h"
#include "cli/options.h"
#include "queue/record.h"

static const struct mh_column columns[] = {
    {.title = "TYPE", .max = 60, .shrink = 8},
    {.title = "PENDING", .align = MH_ALIGN_RIGHT},
    {.title = "PROCESSING", .align = MH_ALIGN_RIGHT},
    {.title = "WORKERS", .align = MH_ALIGN_RIGHT},
    {.title = "PAUSED"},
    {.title = "LIMITS", .max = 60, .shrink = 8},
};

static void put_record(struct mh_buf *line, const struct mh_reply *reply, size_t i)
{
    mh_record_type(line, &reply->types[i]);
}

/* "3, 1 per tenant, 1 per project" */
static void put_limits(struct mh_table *table, const struct mh_limits *limits)
{
    char max[32] = "", per_tenant[64] = "", text[MH_KEY_MAX + 128];
    if (limits->max > 0) (void)snprintf(max, sizeof max, "%" PRId64, limits->max);
    if (limits->per_tenant > 0)
        (void)snprintf(per_tenant, sizeof per_tenant, "%s%" PRId64 " per tenant",
                       limits->max > 0 ? ", " : "", limits->per_tenant);
    int len = snprintf(text, sizeof text, "%s%s", max, per_tenant);
    if (limits->per_key > 0)
        (void)snprintf(text + len, sizeof text - (size_t)len, "%s%" PRId64 " per %s",
                       len > 0 ? ", " : "", limits->per_key, limits->key);
    mh_table_cell(table, text);
}

static void put_row(struct mh_table *table, const struct mh_reply *reply, size_t i)
{
    const struct mh_type *type = &reply->types[i];
    mh_table_cell(table, type->name);
    mh_table_int(table, type->pending);
    mh_table_int(table, type->processing);
    mh_table_int(table, type->workers);
    mh_table_coloured(table, type->paused ? "yes" : "no",
                      type->paused ? MH_COLOUR_YELLOW : MH_COLOUR_NONE);
    put_limits(table, &type->limits);
}

static const struct mh_listing types = {columns, MH_LEN(columns), put_record, put_row};

static int list(struct mh_cli *cli, struct mh_err *err)
{
    int r = mh_cli_store(cli, err);
    if (r < 0) return r;
    struct mh_listed listed = {cli, &types};
    struct mh_call call = {.use = mh_listing_print, .arg = &listed};
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

enum { OPT_MAX, OPT_PER_TENANT, OPT_PER_KEY };

static const struct mh_option limit_options[] = {
    [OPT_MAX] = {"max", "N", "run at most N at once over all workers"},
    [OPT_PER_TENANT] = {"per-tenant", "N", "at most N of each tenant"},
    [OPT_PER_KEY] = {"per-key", "FIELD[=N]", "at most N (1) of each value of this payload member"},
    {NULL},
};

/* A number, or "none", which is 0. */
static int read_limit(const struct mh_cli *cli, int option, const char *text, int64_t *ret_limit,
                      struct mh_err *err)
{
    if (text == NULL) return 0;
    bool none = strcmp(text, "none") == 0;
    bool plain = text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
    errno = 0;
    long long limit = none ? 0 : strtoll(text, NULL, 10);
    if (!none && (!plain || errno != 0 || limit > MH_LIMIT_MAX))
        return mh_cli_usage(cli, err, "--%s must be 1 to %d, or none, not \"%.40s\"",
                            limit_options[option].name, MH_LIMIT_MAX, text);
    *ret_limit = limit;
    return 0;
}

/* FIELD, FIELD=N or none; the name is put into `key`. */
static int read_key(const struct mh_cli *cli, char key[MH_KEY_MAX + 1], struct mh_limits *limits,
                    struct mh_err *err)
{
    const char *text = cli->values[OPT_PER_KEY];
    if (text == NULL) return 0;
    if (strcmp(text, "none") == 0 || strcmp(text, "0") == 0) {
        limits->per_key = 0;
        return 0;
    }
    const char *number = strrchr(text, '=');
    size_t len = number != NULL ? (size_t)(number - text) : strlen(text);
    if (len == 0 || len > MH_KEY_MAX)
        return mh_cli_usage(cli, err, "--per-key must name a member of the payload, not \"%.40s\"",
                            text);
    memcpy(key, text, len);
    key[len] = '\0';
    limits->key = key;
    limits->per_key = 1;
    return number != NULL ? read_limit(cli, OPT_PER_KEY, number + 1, &limits->per_key, err) : 0;
}

static int limit_type(struct mh_cli *cli, struct mh_err *err)
{
    char key[MH_KEY_MAX + 1];
    struct mh_limits limits = {.max = -1, .per_tenant = -1, .per_key = -1};
    const char *type = cli->args[0];
    if (!mh_type_valid(type)) return mh_cli_usage(cli, err, "not a type: \"%.100s\"", type);
    int r = read_limit(cli, OPT_MAX, cli->values[OPT_MAX], &limits.max, err);
    if (r == 0)
        r = read_limit(cli, OPT_PER_TENANT, cli->values[OPT_PER_TENANT], &limits.per_tenant, err);
    if (r == 0) r = read_key(cli, key, &limits, err);
    if (r < 0) return r;
    if (limits.max < 0 && limits.per_tenant < 0 && limits.per_key < 0)
        return mh_cli_usage(cli, err, "no limit was given: say --max, --per-tenant or --per-key");

    r = mh_cli_store(cli, err);
    if (r < 0) return r;
    struct mh_call call = {0};
    r = mh_store_type_limit(cli->sync.store, type, &limits, mh_call_done, &call, err);
    return mh_sync_await(&cli->sync, r, &call, err);
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
    {
        .name = "limit",
        .args = "TYPE",
        .summary = "limit how many jobs of a type run at once",
        .help =
            "The limits hold over all workers. Those not given stay as they are; none takes one\n"
            "away. Keys are compared tenant by tenant; a job without the member has none.",
        .examples = "millhand type limit video.encode --max 3\n"
                    "millhand type limit index --per-tenant 2 --per-key project\n"
                    "millhand type limit video.encode --max none",
        .options = limit_options,
        .args_min = 1,
        .args_max = 1,
        .run = limit_type,
    },
    {NULL},
};

const struct mh_command mh_cmd_type = {
    .name = "type",
    .args = "list|pause|resume|limit",
    .summary = "list job types, pause, resume and limit them",
    .verbs = verbs,
};
