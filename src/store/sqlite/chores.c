/* Workers coming and going, leases that ran out, jobs that were kept long enough. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "mh_sqlite_sql.h"
#include "store/sqlite/row.h"
#include "store/sqlite/work.h"

/* The most types, each with quotes and a comma, and the brackets. */
#define TYPES_JSON_MAX ((size_t)MH_TYPES_MAX * (MH_TYPE_MAX + 3) + 2)

/* --- joining */

static int types_json(const char *const *types, size_t count, struct mh_arena *arena,
                      const char **ret_json, struct mh_err *err)
{
    struct mh_buf json;
    mh_buf_init(&json, TYPES_JSON_MAX);
    mh_json_begin(&json, '[');
    for (size_t i = 0; i < count; i++)
        mh_json_str(&json, types[i]);
    mh_json_end(&json, ']');
    const char *copy = mh_buf_failed(&json) ? NULL : mh_arena_copy(arena, json.data, json.len);
    mh_buf_release(&json);
    if (copy == NULL) return mh_err_set(err, MH_ENOMEM, "unable to join: out of memory");
    *ret_json = copy;
    return 0;
}

int mh_sqlite_join(struct mh_work *work, struct mh_request *request)
{
    const struct mh_join *join = &request->in.join;
    struct mh_err *err = &request->reply.err;
    const char *types = NULL;
    if (join->types != NULL) {
        int r = types_json(join->types, join->type_count, &request->arena, &types, err);
        if (r < 0) return r;
    }
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_worker_add);
    mh_sql_text(&sql, join->worker_id);
    mh_sql_int(&sql, work->now);
    mh_sql_int(&sql, join->lease_ms);
    mh_sql_text(&sql, types);
    int r = mh_sql_run(&sql, err);
    if (r == 0) request->reply.lease = mh_db_last_id(work->db);
    return r;
}

/* --- leases that end before their jobs do */

/* What becomes of a job whose lease ends. */
typedef int lose_fn(struct mh_work *work, const struct mh_row *row, struct mh_err *err);

static int give_back(struct mh_work *work, const struct mh_row *row, struct mh_err *err)
{
    const struct mh_back back = {
        .attempts = row->attempts - 1, .due_at = work->now, .run_at = row->run_at};
    return mh_row_release(work, row, &back, err);
}

static int expire(struct mh_work *work, const struct mh_row *row, struct mh_err *err)
{
    const struct mh_failure failure = {.outcome = "lease expired", .error = "lease expired"};
    const struct mh_back back = {.due_at = work->now, .run_at = row->run_at};
    enum mh_status status;
    return mh_row_fail(work, row, &failure, &back, &status, err);
}

/* Takes at most `limit` jobs out of the lease; returns how many. */
static int empty_lease(struct mh_work *work, struct mh_arena *arena, int64_t lease, size_t limit,
                       lose_fn *lose, struct mh_err *err)
{
    struct mh_numbers seqs = {0};
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_jobs_of_lease);
    mh_sql_int(&sql, lease);
    mh_sql_int(&sql, (int64_t)limit);
    int r = mh_sql_numbers(&sql, arena, &seqs, err);
    for (size_t i = 0; r == 0 && i < seqs.count; i++) {
        struct mh_row row;
        r = mh_row_get(work, seqs.items[i], &row, err);
        if (r == 0) r = lose(work, &row, err);
    }
    if (r == 0) r = mh_lease_close(work, lease, err);
    return r < 0 ? r : (int)seqs.count;
}

/* The same for several leases, given by a statement. */
static int empty_leases(struct mh_work *work, struct mh_arena *arena, struct mh_sql *sql,
                        size_t limit, lose_fn *lose, size_t *ret_count, struct mh_err *err)
{
    struct mh_numbers leases = {0};
    size_t count = 0;
    int r = mh_sql_numbers(sql, arena, &leases, err);
    for (size_t i = 0; r == 0 && i < leases.count && count < limit; i++) {
        int taken = empty_lease(work, arena, leases.items[i], limit - count, lose, err);
        if (taken < 0) r = taken;
        if (taken > 0) count += (size_t)taken;
    }
    if (r == 0) *ret_count = count;
    return r;
}

int mh_sqlite_leave(struct mh_work *work, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    size_t count = 0;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_leases_of_worker);
    mh_sql_int(&sql, request->in.leave.worker);
    int r = empty_leases(work, &request->arena, &sql, SIZE_MAX, give_back, &count, err);
    if (r < 0) return r;
    sql = mh_sql(work->db, mh_sqlite_sql_worker_remove);
    mh_sql_int(&sql, request->in.leave.worker);
    return mh_sql_run(&sql, err);
}

int mh_sqlite_reclaim(struct mh_work *work, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_leases_expired);
    mh_sql_int(&sql, work->now);
    int r = empty_leases(work, &request->arena, &sql, request->in.reclaim.limit, expire,
                         &request->reply.count, err);
    if (r < 0) return r;
    sql = mh_sql(work->db, mh_sqlite_sql_workers_sweep);
    mh_sql_int(&sql, work->now);
    return mh_sql_run(&sql, err);
}

/* --- retention */

/* Removes at most `limit` jobs with this status that ended before `before`; returns how many. */
static int prune(struct mh_work *work, struct mh_arena *arena, enum mh_status status,
                 int64_t before, size_t limit, struct mh_err *err)
{
    struct mh_numbers seqs = {0};
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_jobs_ended);
    mh_sql_int(&sql, status);
    mh_sql_int(&sql, before);
    mh_sql_int(&sql, (int64_t)limit);
    int r = mh_sql_numbers(&sql, arena, &seqs, err);
    for (size_t i = 0; r == 0 && i < seqs.count; i++) {
        struct mh_row row;
        r = mh_row_get(work, seqs.items[i], &row, err);
        if (r == 0) r = mh_row_remove(work, &row, err);
    }
    return r < 0 ? r : (int)seqs.count;
}

static int read_span(const struct mh_sql *sql, struct mh_arena *arena, void *ret_item,
                     struct mh_err *err)
{
    *(struct mh_span *)ret_item =
        (struct mh_span){.first = mh_sql_get_int(sql, 0), .last = mh_sql_get_int(sql, 1)};
    return 0;
}

/* The same for completed jobs that are in spans, of which the last may stay in part. */
static int prune_spans(struct mh_work *work, struct mh_arena *arena, int64_t before, size_t limit,
                       struct mh_err *err)
{
    struct mh_span *spans = NULL;
    size_t count = 0, removed = 0;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_spans_ended);
    mh_sql_int(&sql, before);
    mh_sql_int(&sql, (int64_t)limit);
    int r = mh_sql_collect(&sql, arena, sizeof *spans, read_span, &spans, &count, err);
    for (size_t i = 0; r == 0 && i < count && removed < limit; i++) {
        int64_t first = spans[i].first, last = spans[i].last;
        int64_t most = first + (int64_t)(limit - removed) - 1;
        if (last > most) last = most;
        r = mh_row_remove_span(work, first, last, err);
        removed += (size_t)(last - first + 1);
    }
    return r < 0 ? r : (int)removed;
}

int mh_sqlite_prune(struct mh_work *work, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    const struct {
        enum mh_status status;
        int64_t age_ms;
    } kinds[] = {
        {MH_STATUS_COMPLETED, request->in.prune.ended_ms},
        {MH_STATUS_CANCELLED, request->in.prune.ended_ms},
        {MH_STATUS_FAILED, request->in.prune.failed_ms},
    };
    size_t left = request->in.prune.limit;
    for (size_t i = 0; i < MH_LEN(kinds); i++) {
        if (kinds[i].age_ms == 0) continue;
        int removed =
            prune(work, &request->arena, kinds[i].status, work->now - kinds[i].age_ms, left, err);
        if (removed < 0) return removed;
        left -= (size_t)removed;
    }
    if (request->in.prune.ended_ms != 0) {
        int64_t before = work->now - request->in.prune.ended_ms;
        int removed = prune_spans(work, &request->arena, before, left, err);
        if (removed < 0) return removed;
        left -= (size_t)removed;
    }
    request->reply.count = request->in.prune.limit - left;
    return 0;
}
