#include "cli/select.h"

#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/say.h"
#include "cli/tenants.h"

#define LIMIT_MAX INT64_C(1000000000)
#define BODIES    100 /* jobs of a page whose payloads and results are read too */

static int parse_ids(struct mh_select *select, struct mh_err *err)
{
    const struct mh_cli *cli = select->cli;
    if (cli->arg_count == 0) return 0;
    select->ids = calloc((size_t)cli->arg_count, sizeof *select->ids);
    if (select->ids == NULL) return mh_err_set(err, MH_ENOMEM, "out of memory");
    for (int i = 0; i < cli->arg_count; i++)
        if (mh_uuid_parse(cli->args[i], &select->ids[select->id_count++]) < 0)
            return mh_cli_usage(cli, err, "not a job id: \"%.60s\"", cli->args[i]);
    return 0;
}

static int parse_filter(struct mh_select *select, struct mh_err *err)
{
    const struct mh_cli *cli = select->cli;
    const char *status = cli->values[MH_SELECT_STATUS];
    if (status != NULL) {
        select->statuses[0] = mh_status_parse(status);
        select->status_count = 1;
        if (select->statuses[0] == MH_STATUS_NONE)
            return mh_err_set(err, MH_EINVAL,
                              "--status must be pending, processing, completed, failed or "
                              "cancelled, not \"%.40s\"",
                              status);
    }
    select->filter.type = cli->values[MH_SELECT_TYPE];
    if (select->filter.type != NULL && !mh_type_valid(select->filter.type))
        return mh_err_set(err, MH_EINVAL, "--type must be a job type, not \"%.100s\"",
                          select->filter.type);
    select->filtered =
        status != NULL || select->filter.type != NULL || cli->values[MH_SELECT_TENANT] != NULL;
    if (select->filtered && select->id_count > 0)
        return mh_cli_usage(cli, err, "job ids and a filter cannot be given together");
    return mh_option_int(cli, MH_SELECT_LIMIT, 1, LIMIT_MAX, &select->limit, err);
}

int mh_select_begin(struct mh_select *select, struct mh_cli *cli, int64_t limit, struct mh_err *err)
{
    *select = (struct mh_select){.cli = cli, .limit = limit};
    int r = parse_ids(select, err);
    return r < 0 ? r : parse_filter(select, err);
}

void mh_select_release(struct mh_select *select)
{
    free(select->ids);
}

int mh_select_only(struct mh_select *select, const enum mh_status *statuses, size_t count,
                   const char *refusal, struct mh_err *err)
{
    for (size_t i = 0; i < count; i++)
        if (select->status_count == 1 && select->statuses[0] == statuses[i]) return 0;
    if (select->status_count == 1) return mh_err_set(err, MH_EINVAL, "%s", refusal);
    memcpy(select->statuses, statuses, count * sizeof *statuses);
    select->status_count = count;
    return 0;
}

struct page {
    struct mh_select *select;
    mh_reply_fn *use;
    void *arg;
};

static void take_page(void *arg, const struct mh_reply *reply)
{
    const struct page *page = arg;
    struct mh_select *select = page->select;
    for (size_t i = 0; i < reply->count; i++)
        select->page[i] = reply->jobs[i].id;
    select->page_count = reply->count;
    select->given += (int64_t)reply->count;
    select->filter.cursor = reply->cursor;
    if (page->use != NULL) page->use(page->arg, reply);
}

static int list(struct mh_select *select, mh_reply_fn *use, void *arg, struct mh_err *err)
{
    struct mh_sync *sync = &select->cli->sync;
    struct page page = {select, use, arg};
    struct mh_call call = {.use = take_page, .arg = &page};
    int r = mh_store_list(sync->store, &select->filter, mh_call_done, &call, err);
    return mh_sync_await(sync, r, &call, err);
}

static bool is_among(const struct mh_uuid *ids, size_t count, const struct mh_uuid *id)
{
    for (size_t i = 0; i < count; i++)
        if (mh_uuid_equal(&ids[i], id)) return true;
    return false;
}

/* Puts the page into the order in which the ids were given, and says those that are not there. */
static void order_page(struct mh_select *select)
{
    struct mh_uuid found[MH_SELECT_PAGE];
    size_t count = select->page_count;
    memcpy(found, select->page, count * sizeof *found);
    select->page_count = 0;
    for (size_t i = 0; i < select->filter.id_count; i++) {
        const struct mh_uuid *id = &select->filter.ids[i];
        if (is_among(found, count, id)) {
            select->page[select->page_count++] = *id;
            continue;
        }
        char text[MH_UUID_TEXT];
        mh_uuid_format(id, text);
        mh_say("no such job: %s", text);
        select->missing++;
    }
}

static size_t page_size(const struct mh_select *select)
{
    return select->filter.bodies ? BODIES : MH_SELECT_PAGE;
}

static int next_named(struct mh_select *select, mh_reply_fn *use, void *arg, struct mh_err *err)
{
    size_t left = select->id_count - select->id_next;
    if (left == 0) return 0;
    select->filter.status = MH_STATUS_NONE;
    select->filter.ids = select->ids + select->id_next;
    select->filter.id_count = left < page_size(select) ? left : page_size(select);
    select->filter.limit = select->filter.id_count;
    select->filter.cursor = 0;
    select->id_next += select->filter.id_count;
    int r = list(select, use, arg, err);
    if (r < 0) return r;
    order_page(select);
    return 1;
}

static int next_filtered(struct mh_select *select, mh_reply_fn *use, void *arg, struct mh_err *err)
{
    size_t rounds = select->status_count > 0 ? select->status_count : 1;
    if (select->status_next == rounds) return 0;
    size_t page = page_size(select);
    int64_t left = select->limit > 0 ? select->limit - select->given : (int64_t)page;
    if (left <= 0) return 0;
    select->filter.status =
        select->status_count > 0 ? select->statuses[select->status_next] : MH_STATUS_NONE;
    select->filter.limit = left < (int64_t)page ? (size_t)left : page;
    int r = list(select, use, arg, err);
    if (r < 0) return r;
    if (select->filter.cursor == 0) select->status_next++;
    return 1;
}

int mh_select_next(struct mh_select *select, mh_reply_fn *use, void *arg, struct mh_err *err)
{
    const char *tenant = select->cli->values[MH_SELECT_TENANT];
    int r = mh_cli_store(select->cli, err);
    if (r < 0) return r;
    if (tenant != NULL && select->filter.tenant_id == NULL) {
        r = mh_tenant_id(select->cli, tenant, &select->tenant_id, err);
        if (r < 0) return r;
        select->filter.tenant_id = &select->tenant_id;
    }
    select->page_count = 0;
    if (select->id_count > 0) return next_named(select, use, arg, err);
    return next_filtered(select, use, arg, err);
}

void mh_select_again(struct mh_select *select)
{
    select->filter.cursor = 0;
    select->id_next = 0;
    select->status_next = 0;
    select->given = 0;
}
