/* Counts: of jobs, of workers, of types. */
#include "base/arena.h"
#include "mh_sqlite_sql.h"
#include "store/sqlite/work.h"

/* How many jobs of a lane are looked at for the oldest that is due. */
#define OLDEST_LOOKS 20

/* --- jobs */

/* `tenant` negative: all of them. */
static struct mh_sql start(struct mh_work *work, const char *text, int64_t tenant)
{
    struct mh_sql sql = mh_sql(work->db, text);
    if (tenant < 0)
        mh_sql_null(&sql);
    else
        mh_sql_int(&sql, tenant);
    return sql;
}

/* What is kept and has not ended is pending unless it is processing: nobody counts that. */
static int count_jobs(struct mh_work *work, int64_t tenant, struct mh_stats *stats,
                      struct mh_err *err)
{
    struct mh_sql sql = start(work, mh_sqlite_sql_stats_kept, tenant);
    int64_t *count = stats->count;
    int r;
    while ((r = mh_sql_step(&sql, err)) > 0)
        count[mh_sql_get_int(&sql, 0)] = mh_sql_get_int(&sql, 1);
    mh_sql_end(&sql);
    if (r < 0) return r;
    sql = start(work, mh_sqlite_sql_stats_processing, tenant);
    r = mh_sql_number(&sql, &count[MH_STATUS_PROCESSING], err);
    for (int other = MH_STATUS_PENDING + 1; other < MH_STATUS__COUNT; other++)
        count[MH_STATUS_PENDING] -= count[other];
    return r < 0 ? r : 0;
}

static int find_oldest(struct mh_work *work, int64_t tenant, struct mh_stats *stats,
                       struct mh_err *err)
{
    int64_t created_at = 0;
    struct mh_sql sql =
        mh_sql(work->db, tenant < 0 ? mh_sqlite_sql_stats_oldest : mh_sqlite_sql_stats_oldest_of);
    mh_sql_int(&sql, work->now);
    mh_sql_int(&sql, OLDEST_LOOKS);
    if (tenant >= 0) mh_sql_int(&sql, tenant);
    int r = mh_sql_number(&sql, &created_at, err);
    int64_t age = work->now - created_at;
    stats->oldest_pending_ms = r <= 0 ? -1 : age > 0 ? age : 0;
    return r < 0 ? r : 0;
}

static int count_workers(struct mh_work *work, struct mh_stats *stats, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_stats_workers);
    mh_sql_int(&sql, work->now);
    int r = mh_sql_number(&sql, &stats->workers, err);
    return r < 0 ? r : 0;
}

/* -1: all; a tenant that does not exist: a number that none has. */
static int find_tenant(struct mh_work *work, const struct mh_uuid *id, int64_t *ret_tenant,
                       struct mh_err *err)
{
    *ret_tenant = id != NULL ? INT64_MAX : -1;
    if (id == NULL) return 0;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_tenant_find);
    mh_sql_uuid(&sql, id);
    int r = mh_sql_number(&sql, ret_tenant, err);
    return r < 0 ? r : 0;
}

int mh_sqlite_stats(struct mh_work *work, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    struct mh_stats *stats = mh_arena_alloc(&request->arena, sizeof *stats);
    if (stats == NULL) return mh_err_set(err, MH_ENOMEM, "unable to count: out of memory");
    int64_t tenant = -1;
    int r = find_tenant(work, request->in.stats.tenant_id, &tenant, err);
    if (r == 0) r = count_jobs(work, tenant, stats, err);
    if (r == 0) r = find_oldest(work, tenant, stats, err);
    if (r == 0) r = count_workers(work, stats, err);
    request->reply.stats = stats;
    return r;
}

/* --- workers */

static int read_worker(const struct mh_sql *sql, struct mh_arena *arena, void *ret_item,
                       struct mh_err *err)
{
    struct mh_worker_row *worker = ret_item;
    *worker = (struct mh_worker_row){
        .started_at = mh_sql_get_int(sql, 1),
        .beat_at = mh_sql_get_int(sql, 2),
        .lease_ms = mh_sql_get_int(sql, 3),
        .processing = mh_sql_get_int(sql, 5),
        .silent_ms = mh_sql_get_int(sql, 6),
    };
    int r = mh_sql_get_text(sql, 0, arena, &worker->id, NULL, err);
    return r < 0 ? r : mh_sql_get_text(sql, 4, arena, &worker->types, NULL, err);
}

int mh_sqlite_workers(struct mh_work *work, struct mh_request *request)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_worker_list);
    mh_sql_int(&sql, work->now);
    return mh_sql_collect(&sql, &request->arena, sizeof(struct mh_worker_row), read_worker,
                          &request->reply.workers, &request->reply.count, &request->reply.err);
}

/* --- types */

static int read_type(const struct mh_sql *sql, struct mh_arena *arena, void *ret_item,
                     struct mh_err *err)
{
    struct mh_type *type = ret_item;
    *type = (struct mh_type){
        .paused = mh_sql_get_int(sql, 1) != 0,
        .pending = mh_sql_get_int(sql, 2),
        .processing = mh_sql_get_int(sql, 3),
        .workers = (int)mh_sql_get_int(sql, 4),
        .limits = {.max = mh_sql_get_int(sql, 5),
                   .per_tenant = mh_sql_get_int(sql, 6),
                   .per_key = mh_sql_get_int(sql, 7)},
    };
    int r = mh_sql_get_text(sql, 0, arena, &type->name, NULL, err);
    return r < 0 ? r : mh_sql_get_text(sql, 8, arena, &type->limits.key, NULL, err);
}

int mh_sqlite_type_list(struct mh_work *work, struct mh_request *request)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_type_list);
    mh_sql_int(&sql, work->now);
    return mh_sql_collect(&sql, &request->arena, sizeof(struct mh_type), read_type,
                          &request->reply.types, &request->reply.count, &request->reply.err);
}
