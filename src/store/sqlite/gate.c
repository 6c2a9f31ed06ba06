#include "store/sqlite/gate.h"

#include <stdlib.h>
#include <string.h>

#include "mh_sqlite_sql.h"
#include "store/grow.h"

/* Behind every grp, which is empty or begins with "=". */
#define PAST_ALL ">"

/* Jobs of the type that are processing. */
struct running {
    int64_t tenant;
    const char *grp;
    int64_t count;
};

/* A walk over the groups that wait. */
struct walk {
    const struct mh_gate *gate;
    struct mh_work *work;
    struct mh_arena *arena;
    int64_t max, per_tenant, per_key; /* what they leave for each; `max` what it leaves for all */
    struct running *running;          /* by tenant and grp */
    size_t running_count;
    int64_t tenant; /* the group that was met last */
    const char *grp;
    int64_t tenant_room;
    size_t tenant_first; /* where the heads of this tenant begin */
    struct mh_head *heads;
    size_t count, room;
};

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* --- what runs */

static int read_running(const struct mh_sql *sql, struct mh_arena *arena, void *ret_item,
                        struct mh_err *err)
{
    struct running *running = ret_item;
    *running = (struct running){.tenant = mh_sql_get_int(sql, 0), .count = mh_sql_get_int(sql, 2)};
    return mh_sql_get_text(sql, 1, arena, &running->grp, NULL, err);
}

/* `grp` NULL: all of the tenant. */
static int64_t count_running(const struct walk *walk, int64_t tenant, const char *grp)
{
    int64_t count = 0;
    for (size_t i = 0; i < walk->running_count; i++) {
        const struct running *running = &walk->running[i];
        if (running->tenant == tenant && (grp == NULL || strcmp(running->grp, grp) == 0))
            count += running->count;
    }
    return count;
}

static int64_t limit_at(const struct mh_sql *sql, int column)
{
    int64_t limit = mh_sql_get_int(sql, column);
    return limit > 0 ? limit : INT64_MAX;
}

static int read_gate(struct walk *walk, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(walk->work->db, mh_sqlite_sql_gate_read);
    mh_sql_int(&sql, walk->gate->type);
    int r = mh_sql_step(&sql, err);
    walk->max = limit_at(&sql, 0);
    walk->per_tenant = limit_at(&sql, 1);
    walk->per_key = limit_at(&sql, 2);
    mh_sql_end(&sql);
    if (r < 0) return r;

    sql = mh_sql(walk->work->db, mh_sqlite_sql_gate_running);
    mh_sql_int(&sql, walk->gate->type);
    r = mh_sql_collect(&sql, walk->arena, sizeof *walk->running, read_running, &walk->running,
                       &walk->running_count, err);
    for (size_t i = 0; r == 0 && i < walk->running_count; i++)
        walk->max -= walk->running[i].count;
    walk->max = least(walk->max, (int64_t)walk->gate->want);
    return r;
}

/* --- what waits */

static int add_heads(struct walk *walk, struct mh_sql *sql, struct mh_err *err)
{
    int r;
    while ((r = mh_sql_step(sql, err)) > 0) {
        struct mh_head *heads =
            mh_grow(walk->arena, walk->heads, walk->count, &walk->room, sizeof *heads);
        if (heads == NULL) {
            r = mh_err_set(err, MH_ENOMEM, "unable to look for work: out of memory");
            break;
        }
        walk->heads = heads;
        heads[walk->count++] =
            (struct mh_head){.seq = mh_sql_get_int(sql, 0), .due_at = mh_sql_get_int(sql, 1)};
    }
    mh_sql_end(sql);
    return r;
}

static int by_due(const void *a, const void *b)
{
    const struct mh_head *x = a, *y = b;
    if (x->due_at != y->due_at) return x->due_at < y->due_at ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* Of the heads from `first` on only the first `most` are kept. */
static void keep_first(struct walk *walk, size_t first, int64_t most)
{
    size_t count = walk->count - first;
    if (count > 1) qsort(walk->heads + first, count, sizeof *walk->heads, by_due);
    if ((int64_t)count > most) walk->count = first + (size_t)most;
}

/* What is kept of each tenant may all run, so of all no more than `max` need be kept. */
static void end_tenant(struct walk *walk)
{
    if (walk->tenant_room > 0) keep_first(walk, walk->tenant_first, walk->tenant_room);
    if (walk->count >= 1024 && (int64_t)walk->count / 2 > walk->max) keep_first(walk, 0, walk->max);
    walk->tenant_first = walk->count;
}

/* 1: there is another group, which is now the walk's. */
static int next_group(struct walk *walk, struct mh_err *err)
{
    int64_t before = walk->tenant;
    struct mh_sql sql = mh_sql(walk->work->db, mh_sqlite_sql_group_next);
    mh_sql_int(&sql, walk->gate->lane);
    mh_sql_int(&sql, walk->tenant);
    mh_sql_text(&sql, walk->tenant_room > 0 ? walk->grp : PAST_ALL);
    int r = mh_sql_step(&sql, err);
    if (r > 0) {
        walk->tenant = mh_sql_get_int(&sql, 0);
        int got = mh_sql_get_text(&sql, 1, walk->arena, &walk->grp, NULL, err);
        if (got < 0) r = got;
    }
    mh_sql_end(&sql);
    if (r <= 0 || walk->tenant != before) end_tenant(walk);
    if (r > 0 && walk->tenant != before)
        walk->tenant_room = walk->per_tenant - count_running(walk, walk->tenant, NULL);
    return r;
}

static int read_group(struct walk *walk, struct mh_err *err)
{
    int64_t want = least(walk->max, walk->tenant_room);
    if (*walk->grp != '\0')
        want = least(want, walk->per_key - count_running(walk, walk->tenant, walk->grp));
    if (want <= 0) return 0;
    struct mh_sql sql = mh_sql(walk->work->db, mh_sqlite_sql_group_due);
    mh_sql_int(&sql, walk->gate->lane);
    mh_sql_int(&sql, walk->tenant);
    mh_sql_text(&sql, walk->grp);
    mh_sql_int(&sql, walk->work->now);
    mh_sql_int(&sql, want);
    return add_heads(walk, &sql, err);
}

static int walk_groups(struct walk *walk, struct mh_err *err)
{
    int r;
    walk->tenant = -1;
    while ((r = next_group(walk, err)) > 0) {
        r = read_group(walk, err);
        if (r < 0) return r;
    }
    if (r == 0) keep_first(walk, 0, walk->max);
    return r;
}

/* Without limits on groups the lane is walked as any other. */
static int walk_lane(struct walk *walk, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(walk->work->db, mh_sqlite_sql_lane_due);
    mh_sql_int(&sql, walk->gate->lane);
    mh_sql_int(&sql, walk->work->now);
    mh_sql_int(&sql, walk->max);
    for (int from = 0; from < 3; from++)
        mh_sql_int(&sql, 0); /* the front */
    int r = add_heads(walk, &sql, err);
    if (r == 0) keep_first(walk, 0, walk->max);
    return r;
}

int mh_gate_open(const struct mh_gate *gate, struct mh_work *work, struct mh_arena *arena,
                 struct mh_head **ret_heads, size_t *ret_count, struct mh_err *err)
{
    struct walk walk = {.gate = gate, .work = work, .arena = arena};
    int r = read_gate(&walk, err);
    if (r < 0) return r;
    bool grouped = walk.per_tenant != INT64_MAX || walk.per_key != INT64_MAX;
    if (walk.max > 0) r = grouped ? walk_groups(&walk, err) : walk_lane(&walk, err);
    if (r < 0) return r;
    *ret_heads = walk.heads;
    *ret_count = walk.count;
    return 0;
}
