/* What a store holds besides jobs, carried before them: a kind of record is one row of the table at
 * the end. Tenants and what is set for types are copied, in each round what is new, and stay at the
 * source. */
#include <string.h>

#include "base/arena.h"
#include "cli/move.h"
#include "cli/say.h"

#define ARENA_MAX ((size_t)64 << 20)

/* The records of one kind in one store, as copies. */
struct shelf {
    struct mh_arena arena;
    struct mh_tenant *tenants;
    struct mh_type *types;
    size_t count;
    bool failed; /* out of memory */
};

static void *keep(struct shelf *shelf, const void *items, size_t count, size_t size)
{
    void *copy = mh_arena_array(&shelf->arena, count, size);
    if (copy != NULL && count > 0) memcpy(copy, items, count * size);
    shelf->count = copy != NULL ? count : 0;
    shelf->failed = copy == NULL;
    return copy;
}

static const char *keep_text(struct shelf *shelf, const char *text)
{
    const char *copy = mh_arena_str(&shelf->arena, text);
    if (copy == NULL) shelf->failed = true;
    return copy;
}

/* --- tenants */

static void take_tenants(void *arg, const struct mh_reply *reply)
{
    struct shelf *shelf = arg;
    shelf->tenants = keep(shelf, reply->tenants, reply->count, sizeof *reply->tenants);
    for (size_t i = 0; i < shelf->count; i++)
        shelf->tenants[i].name = keep_text(shelf, shelf->tenants[i].name);
}

static bool has_tenant(const struct shelf *shelf, const struct mh_uuid *id)
{
    for (size_t i = 0; i < shelf->count; i++)
        if (mh_uuid_equal(&shelf->tenants[i].id, id)) return true;
    return false;
}

/* One whose name another tenant has is left out; its jobs then stay, and are counted so. */
static int carry_tenant(struct mh_moving *moving, const struct mh_tenant *tenant,
                        struct mh_err *err)
{
    struct mh_call call = {0};
    struct mh_err refused = {0};
    int r = mh_store_tenant_add(moving->to->store, tenant, mh_call_done, &call, &refused);
    r = mh_sync_await(moving->to, r, &call, &refused);
    if (r < 0 && r != MH_EEXIST) *err = refused;
    return r == MH_EEXIST ? 0 : r;
}

static int carry_tenants(struct mh_moving *moving, const struct shelf *from, const struct shelf *to,
                         struct mh_err *err)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct mh_tenant *tenant = &from->tenants[i];
        if (moving->tenant != NULL && !mh_uuid_equal(&tenant->id, &moving->tenant->id)) continue;
        if (has_tenant(to, &tenant->id)) continue;
        int r = carry_tenant(moving, tenant, err);
        if (r < 0) return r;
    }
    return 0;
}

/* --- types */

static void take_types(void *arg, const struct mh_reply *reply)
{
    struct shelf *shelf = arg;
    shelf->types = keep(shelf, reply->types, reply->count, sizeof *reply->types);
    for (size_t i = 0; i < shelf->count; i++) {
        struct mh_type *type = &shelf->types[i];
        type->name = keep_text(shelf, type->name);
        if (type->limits.key != NULL) type->limits.key = keep_text(shelf, type->limits.key);
    }
}

static const struct mh_type *find_type(const struct shelf *shelf, const char *name)
{
    for (size_t i = 0; i < shelf->count; i++)
        if (strcmp(shelf->types[i].name, name) == 0) return &shelf->types[i];
    return NULL;
}

static int pause_type(struct mh_moving *moving, const char *name, struct mh_err *err)
{
    struct mh_call call = {0};
    int r = mh_store_type_pause(moving->to->store, name, true, mh_call_done, &call, err);
    r = mh_sync_await(moving->to, r, &call, err);
    if (r < 0) return r;
    mh_progress_hide(&moving->progress);
    mh_say("type %s is paused at the source: now at the target, too", name);
    return 0;
}

static int limit_type(struct mh_moving *moving, const struct mh_type *type, struct mh_err *err)
{
    struct mh_call call = {0};
    int r =
        mh_store_type_limit(moving->to->store, type->name, &type->limits, mh_call_done, &call, err);
    r = mh_sync_await(moving->to, r, &call, err);
    if (r < 0) return r;
    mh_progress_hide(&moving->progress);
    mh_say("type %s has limits at the source: now at the target, too", type->name);
    return 0;
}

static bool has_limits(const struct mh_type *type)
{
    return type != NULL && (type->limits.max | type->limits.per_tenant | type->limits.per_key) != 0;
}

/* What holds jobs back at the source must do so where they go. Limits that the target has itself
 * are left alone. */
static int carry_types(struct mh_moving *moving, const struct shelf *from, const struct shelf *to,
                       struct mh_err *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < from->count; i++) {
        const struct mh_type *type = &from->types[i];
        const struct mh_type *there = find_type(to, type->name);
        if (type->paused && (there == NULL || !there->paused))
            r = pause_type(moving, type->name, err);
        if (r == 0 && has_limits(type) && !has_limits(there)) r = limit_type(moving, type, err);
    }
    return r;
}

/* --- both lists of a kind, and what follows from them */

typedef int ask_fn(struct mh_store *store, mh_reply_fn *done, void *arg, struct mh_err *err);
typedef int carry_fn(struct mh_moving *moving, const struct shelf *from, const struct shelf *to,
                     struct mh_err *err);

static int fill(struct shelf *shelf, ask_fn *ask, mh_reply_fn *take, struct mh_sync *sync,
                struct mh_err *err)
{
    struct mh_call call = {.use = take, .arg = shelf};
    int r = ask(sync->store, mh_call_done, &call, err);
    r = mh_sync_await(sync, r, &call, err);
    if (r == 0 && shelf->failed) r = mh_err_set(err, MH_ENOMEM, "unable to move: out of memory");
    return r;
}

static int compare(struct mh_moving *moving, ask_fn *ask, mh_reply_fn *take, carry_fn *carry,
                   struct mh_err *err)
{
    struct shelf from = {0}, to = {0};
    mh_arena_init(&from.arena, ARENA_MAX);
    mh_arena_init(&to.arena, ARENA_MAX);
    int r = fill(&from, ask, take, moving->from, err);
    if (r == 0) r = fill(&to, ask, take, moving->to, err);
    if (r == 0) r = carry(moving, &from, &to, err);
    mh_arena_release(&from.arena);
    mh_arena_release(&to.arena);
    return r;
}

static int tenants(struct mh_moving *moving, struct mh_err *err)
{
    return compare(moving, mh_store_tenant_list, take_tenants, carry_tenants, err);
}

static int types(struct mh_moving *moving, struct mh_err *err)
{
    return compare(moving, mh_store_type_list, take_types, carry_types, err);
}

/* --- the kinds, in the order in which they are carried */

static const struct {
    int (*carry)(struct mh_moving *moving, struct mh_err *err);
    bool of_tenants; /* belongs to tenants: carried also where one tenant's jobs are */
} kinds[] = {
    {tenants, true},
    {types, false},
    {mh_moving_schedules, true},
    {mh_moving_projects, true},
};

int mh_moving_records(struct mh_moving *moving, struct mh_err *err)
{
    for (size_t i = 0; i < MH_LEN(kinds); i++) {
        if (moving->tenant != NULL && !kinds[i].of_tenants) continue;
        int r = kinds[i].carry(moving, err);
        if (r < 0) return r;
    }
    return 0;
}
