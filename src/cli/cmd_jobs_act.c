#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/cmd_jobs.h"
#include "cli/progress.h"
#include "cli/say.h"

struct kind {
    enum mh_act act;
    const char *verb;                          /* "cancel" */
    const char *doing;                         /* "cancelling" */
    const char *done;                          /* "cancelled" */
    enum mh_status statuses[MH_STATUS__COUNT]; /* that it can be done to */
    size_t status_count;
    const char *refusal; /* where a filter asks for another status */
    bool final; /* cannot be undone: a filter alone does not do where nobody can be asked */
};

static const struct kind cancel = {
    MH_ACT_CANCEL,
    "cancel",
    "cancelling",
    "cancelled",
    {MH_STATUS_PENDING, MH_STATUS_PROCESSING},
    2,
    "only pending and processing jobs can be cancelled",
};
static const struct kind retry = {
    MH_ACT_RETRY,
    "retry",
    "retrying",
    "retried",
    {MH_STATUS_FAILED, MH_STATUS_CANCELLED},
    2,
    "only failed and cancelled jobs can be retried",
};
static const struct kind delete = {
    MH_ACT_REMOVE,
    "delete",
    "deleting",
    "deleted",
    {MH_STATUS_PENDING, MH_STATUS_COMPLETED, MH_STATUS_FAILED, MH_STATUS_CANCELLED},
    4,
    "a job that is processing cannot be deleted: cancel it first",
    .final = true,
};

struct acting {
    struct mh_cli *cli;
    const struct kind *kind;
    const struct mh_uuid *ids; /* of the page at hand */
    bool named;                /* by id: what cannot be done is then said */
    int64_t done;
    int64_t failed;
    struct mh_progress progress;
};

static const char *outcome(const struct acting *acting, const struct mh_acted *acted)
{
    switch (acted->what) {
    case MH_ACTED:
        return acting->kind->done;
    case MH_ACTED_NOT_FOUND:
        return "not found";
    case MH_ACTED_KEY_TAKEN:
        return "unique key taken";
    case MH_ACTED_REFUSED:
        break;
    }
    return "refused";
}

static void print_act(const struct acting *acting, const char *id, const struct mh_acted *acted)
{
    struct mh_out *out = &acting->cli->out;
    mh_json_begin(&out->line, '{');
    mh_json_put_str(&out->line, "id", id);
    mh_json_put_str(&out->line, "outcome", outcome(acting, acted));
    mh_json_put_str(&out->line, "was",
                    acted->what == MH_ACTED_NOT_FOUND ? NULL : mh_status_name(acted->was));
    mh_json_end(&out->line, '}');
    mh_out_end_json(out);
}

static void say_undone(struct acting *acting, const char *id, const struct mh_acted *acted)
{
    /* A job that a filter found and that has moved on since is not what was asked for. */
    if (!acting->named && acted->what != MH_ACTED_KEY_TAKEN) return;
    acting->failed++;
    mh_progress_hide(&acting->progress);
    if (acted->what == MH_ACTED_NOT_FOUND)
        mh_say("no such job: %s", id);
    else if (acted->what == MH_ACTED_KEY_TAKEN)
        mh_say("unable to retry job %s: its unique key is taken by an unfinished job", id);
    else
        mh_say("unable to %s job %s: it is %s%s", acting->kind->verb, id,
               mh_status_name(acted->was),
               acting->kind->act == MH_ACT_REMOVE ? "; cancel it first" : "");
}

static void take_acts(void *arg, const struct mh_reply *reply)
{
    struct acting *acting = arg;
    for (size_t i = 0; i < reply->count; i++) {
        char id[MH_UUID_TEXT];
        mh_uuid_format(&acting->ids[i], id);
        if (acting->cli->json) print_act(acting, id, &reply->acts[i]);
        if (reply->acts[i].what == MH_ACTED)
            acting->done++;
        else
            say_undone(acting, id, &reply->acts[i]);
    }
}

static int act_on(struct acting *acting, const struct mh_uuid *ids, size_t count,
                  struct mh_err *err)
{
    if (count == 0) return 0;
    struct mh_sync *sync = &acting->cli->sync;
    struct mh_call call = {.use = take_acts, .arg = acting};
    acting->ids = ids;
    int r = mh_store_act(sync->store, acting->kind->act, ids, count, mh_call_done, &call, err);
    r = mh_sync_await(sync, r, &call, err);
    if (r == 0) mh_progress_set(&acting->progress, acting->done);
    return r;
}

static int act_on_named(struct acting *acting, struct mh_select *select, struct mh_err *err)
{
    int r = mh_cli_store(acting->cli, err);
    for (size_t at = 0; r == 0 && at < select->id_count; at += MH_SELECT_PAGE) {
        size_t left = select->id_count - at;
        r = act_on(acting, select->ids + at, left < MH_SELECT_PAGE ? left : MH_SELECT_PAGE, err);
    }
    return r;
}

static bool can_ask(void)
{
    return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
}

/* Returns 1 for yes, 0 for no. */
static int ask(struct acting *acting, struct mh_select *select, struct mh_err *err)
{
    int r;
    do {
        r = mh_select_next(select, NULL, NULL, err);
    } while (r > 0);
    if (r < 0) return r;
    int64_t found = select->given;
    mh_select_again(select);
    mh_progress_begin(&acting->progress, acting->kind->doing, found);
    if (found == 0) return 1;
    char answer[16] = "";
    (void)fprintf(stderr, "millhand: %s %" PRId64 " job%s? [y/N] ", acting->kind->verb, found,
                  found == 1 ? "" : "s");
    if (fgets(answer, sizeof answer, stdin) == NULL) return 0;
    return answer[0] == 'y' || answer[0] == 'Y';
}

static int act_on_filtered(struct acting *acting, struct mh_select *select, struct mh_err *err)
{
    int r = 1;
    if (acting->cli->values[MH_JOBS_YES] == NULL && can_ask()) r = ask(acting, select, err);
    if (r == 0) mh_say("nothing was %s", acting->kind->done);
    if (r <= 0) return r < 0 ? r : MH_EXIT_FAILED;
    for (;;) {
        r = mh_select_next(select, NULL, NULL, err);
        if (r <= 0) return r;
        r = act_on(acting, select->page, select->page_count, err);
        if (r < 0) return r;
    }
}

static int check(const struct acting *acting, struct mh_select *select, struct mh_err *err)
{
    const struct mh_cli *cli = acting->cli;
    if (select->id_count > 0) return 0;
    if (!select->filtered)
        return mh_cli_usage(cli, err, "name the jobs: ids, or --status, --type, --tenant");
    if (acting->kind->final && cli->values[MH_JOBS_YES] == NULL && !can_ask())
        return mh_cli_usage(cli, err, "to %s jobs by a filter needs --yes", acting->kind->verb);
    return mh_select_only(select, acting->kind->statuses, acting->kind->status_count,
                          acting->kind->refusal, err);
}

static void print_sum(struct acting *acting)
{
    struct mh_out *out = &acting->cli->out;
    if (acting->cli->json) return;
    mh_buf_printf(&out->line, "%" PRId64 " job%s %s", acting->done, acting->done == 1 ? "" : "s",
                  acting->kind->done);
    mh_out_end(out);
}

static int run(struct mh_cli *cli, const struct kind *kind, struct mh_err *err)
{
    struct mh_select select;
    struct acting acting = {.cli = cli, .kind = kind};
    int r = mh_select_begin(&select, cli, 0, err);
    if (r == 0) r = check(&acting, &select, err);
    if (r < 0) goto out;
    acting.named = select.id_count > 0;
    mh_progress_begin(&acting.progress, kind->doing, (int64_t)select.id_count);
    r = acting.named ? act_on_named(&acting, &select, err) : act_on_filtered(&acting, &select, err);
    mh_progress_hide(&acting.progress);
    if (r == 0 && (acting.done > 0 || acting.failed == 0)) print_sum(&acting);
    if (r == 0 && acting.failed > 0) r = MH_EXIT_FAILED;
out:
    mh_select_release(&select);
    return r;
}

int mh_jobs_cancel(struct mh_cli *cli, struct mh_err *err)
{
    return run(cli, &cancel, err);
}

int mh_jobs_retry(struct mh_cli *cli, struct mh_err *err)
{
    return run(cli, &retry, err);
}

int mh_jobs_delete(struct mh_cli *cli, struct mh_err *err)
{
    return run(cli, &delete, err);
}
