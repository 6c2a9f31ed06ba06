#include "cli/shelf.h"

#include "cli/command.h"
#include "cli/tenants.h"

#define ARENA_MAX ((size_t)1 << 30)

void mh_shelf_init(struct mh_shelf *shelf)
{
    *shelf = (struct mh_shelf){0};
    mh_arena_init(&shelf->arena, ARENA_MAX);
}

void mh_shelf_release(struct mh_shelf *shelf)
{
    mh_arena_release(&shelf->arena);
}

static void keep(struct mh_shelf *shelf, const char **text)
{
    if (*text == NULL) return;
    *text = mh_arena_str(&shelf->arena, *text);
    if (*text == NULL) shelf->failed = true;
}

static void keep_credential(struct mh_shelf *shelf, struct mh_credential *credential)
{
    keep(shelf, &credential->name);
    keep(shelf, &credential->username);
    keep(shelf, &credential->host);
    keep(shelf, &credential->key_id);
    if (credential->sealed == NULL) return;
    credential->sealed = mh_arena_copy(&shelf->arena, credential->sealed, credential->sealed_len);
    if (credential->sealed == NULL) shelf->failed = true;
}

static void keep_project(struct mh_shelf *shelf, struct mh_project *project)
{
    keep(shelf, &project->name);
    keep(shelf, &project->url);
    keep(shelf, &project->ref);
    keep(shelf, &project->credential);
    keep(shelf, &project->path);
    keep(shelf, &project->commit);
}

static void take_credentials(void *arg, const struct mh_reply *reply)
{
    struct mh_shelf *shelf = arg;
    shelf->credentials = mh_arena_array(&shelf->arena, reply->count, sizeof *shelf->credentials);
    shelf->failed = shelf->credentials == NULL;
    shelf->count = shelf->failed ? 0 : reply->count;
    for (size_t i = 0; i < shelf->count; i++) {
        shelf->credentials[i] = reply->credentials[i];
        keep_credential(shelf, &shelf->credentials[i]);
    }
}

static void take_projects(void *arg, const struct mh_reply *reply)
{
    struct mh_shelf *shelf = arg;
    shelf->projects = mh_arena_array(&shelf->arena, reply->count, sizeof *shelf->projects);
    shelf->failed = shelf->projects == NULL;
    shelf->count = shelf->failed ? 0 : reply->count;
    for (size_t i = 0; i < shelf->count; i++) {
        shelf->projects[i] = reply->projects[i];
        keep_project(shelf, &shelf->projects[i]);
    }
}

static int end(struct mh_sync *sync, int asked, struct mh_call *call, const struct mh_shelf *shelf,
               struct mh_err *err)
{
    int r = mh_sync_await(sync, asked, call, err);
    return r == 0 && shelf->failed ? mh_err_set(err, MH_ENOMEM, "out of memory") : r;
}

int mh_shelf_credentials(struct mh_sync *sync, const struct mh_credential_filter *filter,
                         struct mh_shelf *shelf, struct mh_err *err)
{
    struct mh_call call = {.use = take_credentials, .arg = shelf};
    int r = mh_store_credential_list(sync->store, filter, mh_call_done, &call, err);
    return end(sync, r, &call, shelf, err);
}

int mh_shelf_projects(struct mh_sync *sync, const struct mh_project_filter *filter,
                      struct mh_shelf *shelf, struct mh_err *err)
{
    struct mh_call call = {.use = take_projects, .arg = shelf};
    int r = mh_store_project_list(sync->store, filter, mh_call_done, &call, err);
    return end(sync, r, &call, shelf, err);
}

int mh_shelf_project(struct mh_cli *cli, const char *tenant, const char *word,
                     struct mh_shelf *shelf, struct mh_err *err)
{
    struct mh_uuid tenant_id, id;
    struct mh_project_filter filter = {.tenant_id = &tenant_id};
    int r = mh_tenant_wanted(cli, tenant, &tenant_id, err);
    if (r < 0) return r;
    if (mh_uuid_parse(word, &id) == 0)
        filter.id = &id;
    else
        filter.name = word;
    r = mh_shelf_projects(&cli->sync, &filter, shelf, err);
    if (r == 0 && shelf->count == 0)
        r = mh_err_set(err, MH_ENOENT, "no such project: %.100s; millhand project list names them",
                       word);
    return r;
}
