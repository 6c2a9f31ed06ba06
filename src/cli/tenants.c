#include "cli/tenants.h"

#include <string.h>

struct search {
    const char *word;
    struct mh_uuid id;
    bool by_id;
    struct mh_arena *arena;
    struct mh_tenant *found; /* in the arena; NULL: none */
    bool failed;
};

static bool matches(const struct search *search, const struct mh_tenant *tenant)
{
    return search->by_id ? mh_uuid_equal(&tenant->id, &search->id)
                         : strcmp(tenant->name, search->word) == 0;
}

static void look(void *arg, const struct mh_reply *reply)
{
    struct search *search = arg;
    for (size_t i = 0; i < reply->count && search->found == NULL; i++) {
        if (!matches(search, &reply->tenants[i])) continue;
        struct mh_tenant *copy = mh_arena_alloc(search->arena, sizeof *copy);
        char *name = mh_arena_str(search->arena, reply->tenants[i].name);
        search->failed = copy == NULL || name == NULL;
        if (search->failed) return;
        *copy = reply->tenants[i];
        copy->name = name;
        search->found = copy;
    }
}

int mh_tenant_find(struct mh_cli *cli, const char *word, struct mh_arena *arena,
                   struct mh_tenant *ret_tenant, struct mh_err *err)
{
    struct search search = {.word = word, .arena = arena};
    search.by_id = mh_uuid_parse(word, &search.id) == 0;
    int r = mh_cli_store(cli, err);
    if (r < 0) return r;
    struct mh_call call = {.use = look, .arg = &search};
    r = mh_store_tenant_list(cli->sync.store, mh_call_done, &call, err);
    r = mh_sync_await(&cli->sync, r, &call, err);
    if (r < 0) return r;
    if (search.failed) return mh_err_set(err, MH_ENOMEM, "out of memory");
    if (search.found == NULL)
        return mh_err_set(err, search.by_id ? MH_ENOENT : MH_EINVAL,
                          "no such tenant: %.100s; millhand tenant list names them", word);
    *ret_tenant = *search.found;
    return 0;
}

int mh_tenant_id(struct mh_cli *cli, const char *word, struct mh_uuid *ret_id, struct mh_err *err)
{
    if (mh_uuid_parse(word, ret_id) == 0) return 0;
    struct mh_tenant tenant = {0};
    struct mh_arena arena;
    mh_arena_init(&arena, 1 << 16);
    int r = mh_tenant_find(cli, word, &arena, &tenant, err);
    if (r == 0) *ret_id = tenant.id;
    mh_arena_release(&arena);
    return r;
}

int mh_tenant_wanted(struct mh_cli *cli, const char *word, struct mh_uuid *ret_id,
                     struct mh_err *err)
{
    int r = mh_cli_store(cli, err);
    if (r < 0) return r;
    if (word != NULL) return mh_tenant_id(cli, word, ret_id, err);
    *ret_id = mh_uuid_zero;
    return 0;
}
