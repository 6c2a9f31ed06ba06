#include <string.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/shelf.h"
#include "queue/record.h"
#include "store/index.h"

enum { OPT_TENANT, OPT_SYMBOLS, OPT_TEXT, OPT_LIMIT };

static const struct mh_option options[] = {
    [OPT_TENANT] = {"tenant", "T",
                    "whose project: a tenant's name or UUID; default: the default one"},
    [OPT_SYMBOLS] = {"symbols", NULL, "only in names of functions, types and the like"},
    [OPT_TEXT] = {"text", NULL, "only in lines of files"},
    [OPT_LIMIT] = {"limit", "N", "at most N of each (default 20, at most 1000)"},
    {NULL},
};

static void print_records(void *arg, const struct mh_reply *reply)
{
    struct mh_out *out = arg;
    for (size_t i = 0; i < reply->count; i++) {
        mh_record_hit(&out->line, &reply->hits[i]);
        mh_out_end_json(out);
    }
}

/* As grep has it: what follows the place is the line, or what the symbol is. */
static void print_lines(void *arg, const struct mh_reply *reply)
{
    struct mh_out *out = arg;
    for (size_t i = 0; i < reply->count; i++) {
        const struct mh_hit *hit = &reply->hits[i];
        mh_buf_printf(&out->line, "%s:%d: ", hit->path, hit->line);
        if (hit->kind != NULL) mh_buf_printf(&out->line, "%s ", hit->kind);
        if (hit->scope != NULL) mh_buf_printf(&out->line, "%s.", hit->scope);
        mh_buf_str(&out->line, hit->text);
        if (hit->signature != NULL) mh_buf_str(&out->line, hit->signature);
        mh_out_end(out);
    }
}

struct found {
    struct mh_out *out;
    mh_reply_fn *print;
    bool any;
};

static void take(void *arg, const struct mh_reply *reply)
{
    struct found *found = arg;
    found->any = reply->count > 0;
    found->print(found->out, reply);
}

static const char *join_words(struct mh_cli *cli, struct mh_buf *buf)
{
    for (int i = 1; i < cli->arg_count; i++)
        mh_buf_printf(buf, "%s%s", i > 1 ? " " : "", cli->args[i]);
    return mh_buf_text(buf);
}

static int search(struct mh_cli *cli, const struct mh_project *project, int64_t limit,
                  struct mh_err *err)
{
    struct mh_buf words;
    struct found found = {.out = &cli->out, .print = cli->json ? print_records : print_lines};
    struct mh_call call = {.use = take, .arg = &found};
    bool symbols = cli->values[OPT_SYMBOLS] != NULL, text = cli->values[OPT_TEXT] != NULL;
    mh_buf_init(&words, 4096);
    const struct mh_search query = {
        .tenant_id = &project->tenant_id,
        .project_id = project->id,
        .query = join_words(cli, &words),
        .in = symbols == text ? MH_SEARCH_ALL
              : symbols       ? MH_SEARCH_SYMBOLS
                              : MH_SEARCH_TEXT,
        .limit = (size_t)limit,
    };
    int r = mh_store_index_search(cli->sync.store, &query, mh_call_done, &call, err);
    r = mh_sync_await(&cli->sync, r, &call, err);
    mh_buf_release(&words);
    return r < 0 ? r : found.any ? MH_EXIT_OK : MH_EXIT_FAILED;
}

static int run(struct mh_cli *cli, struct mh_err *err)
{
    struct mh_shelf shelf;
    int64_t limit = 20;
    int r = mh_option_int(cli, OPT_LIMIT, 1, MH_HITS_MAX, &limit, err);
    if (r < 0) return r;
    mh_shelf_init(&shelf);
    r = mh_shelf_project(cli, cli->values[OPT_TENANT], cli->args[0], &shelf, err);
    if (r == 0) r = search(cli, &shelf.projects[0], limit, err);
    mh_shelf_release(&shelf);
    return r;
}

const struct mh_command mh_cmd_search = {
    .name = "search",
    .args = "PROJECT WORDS…",
    .summary = "search the index of a project",
    .help = "Finds what has words that begin with all of these: first names of functions,\n"
            "types and the like, best first, then lines of files. Names are split at case\n"
            "and underscores: \"parseReq\" finds parse_request. The status is 1 where there\n"
            "is nothing. The index is made by jobs of the type index.",
    .examples = "millhand enqueue index '{\"project\":\"site\"}' --wait\n"
                "millhand search site parse request",
    .options = options,
    .args_min = 2,
    .args_max = MH_ARGS_ANY,
    .run = run,
};
