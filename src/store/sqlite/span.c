#include "store/sqlite/span.h"

#include "mh_sqlite_sql.h"

int mh_span_find(struct mh_work *work, int64_t seq, struct mh_span *ret_span, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_span_find);
    mh_sql_int(&sql, seq);
    int r = mh_sql_step(&sql, err);
    if (r > 0) {
        const struct mh_span span = {
            .first = mh_sql_get_int(&sql, 0),
            .last = mh_sql_get_int(&sql, 1),
            .status = (enum mh_status)mh_sql_get_int(&sql, 2),
            .lease = mh_sql_get_int(&sql, 3),
        };
        r = span.last >= seq;
        if (r > 0) *ret_span = span;
    }
    mh_sql_end(&sql);
    return r;
}

static int add(struct mh_work *work, const char *text, int64_t first, int64_t last, int64_t lane,
               struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, text);
    mh_sql_int(&sql, first);
    mh_sql_int(&sql, last);
    mh_sql_int(&sql, lane);
    return mh_sql_run(&sql, err);
}

/* So that jobs dispatched one by one are claimed together too. */
int mh_span_add(struct mh_work *work, int64_t first, int64_t last, int64_t lane, struct mh_err *err)
{
    int r = add(work, mh_sqlite_sql_span_extend, first, last, lane, err);
    if (r < 0 || mh_db_changes(work->db) > 0) return r;
    return add(work, mh_sqlite_sql_span_add, first, last, lane, err);
}

/* --- changing a part */

static int cut(struct mh_work *work, const char *text, int64_t first, int64_t at,
               struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, text);
    mh_sql_int(&sql, first);
    mh_sql_int(&sql, at);
    return mh_sql_run(&sql, err);
}

/* What is there from `at` on becomes a span of its own. */
static int split(struct mh_work *work, int64_t first, int64_t at, struct mh_err *err)
{
    int r = cut(work, mh_sqlite_sql_span_split, first, at, err);
    return r < 0 ? r : cut(work, mh_sqlite_sql_span_shorten, first, at, err);
}

/* What becomes of the span that begins at `first`. */
typedef int change_fn(struct mh_work *work, int64_t first, const void *arg, struct mh_err *err);

static int change_part(struct mh_work *work, const struct mh_span *span, int64_t first,
                       int64_t last, change_fn *fn, const void *arg, struct mh_err *err)
{
    int r = last < span->last ? split(work, span->first, last + 1, err) : 0;
    if (r == 0 && first > span->first) r = split(work, span->first, first, err);
    return r < 0 ? r : fn(work, first, arg, err);
}

/* All parts of spans that hold one of these jobs. */
static int change(struct mh_work *work, int64_t first, int64_t last, change_fn *fn, const void *arg,
                  struct mh_err *err)
{
    while (first <= last) {
        struct mh_span span;
        int64_t end = first;
        int r = mh_span_find(work, first, &span, err);
        if (r > 0) {
            end = span.last < last ? span.last : last;
            r = change_part(work, &span, first, end, fn, arg, err);
        }
        if (r < 0) return r;
        first = end + 1;
    }
    return 0;
}

struct claim {
    int64_t lease;
    const char *worker_id;
};

static int claim(struct mh_work *work, int64_t first, const void *arg, struct mh_err *err)
{
    const struct claim *claim = arg;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_span_claim);
    mh_sql_int(&sql, first);
    mh_sql_int(&sql, claim->lease);
    mh_sql_int(&sql, work->now);
    mh_sql_text(&sql, claim->worker_id);
    return mh_sql_run(&sql, err);
}

int mh_span_claim(struct mh_work *work, int64_t first, int64_t last, int64_t lease,
                  const char *worker_id, struct mh_err *err)
{
    const struct claim arg = {lease, worker_id};
    return change(work, first, last, claim, &arg, err);
}

static int complete(struct mh_work *work, int64_t first, const void *arg, struct mh_err *err)
{
    return cut(work, mh_sqlite_sql_span_complete, first, work->now, err);
}

int mh_span_complete(struct mh_work *work, int64_t first, int64_t last, struct mh_err *err)
{
    return change(work, first, last, complete, NULL, err);
}

static int run_with(struct mh_work *work, const char *text, int64_t first, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, text);
    mh_sql_int(&sql, first);
    return mh_sql_run(&sql, err);
}

static int leave(struct mh_work *work, int64_t first, const void *arg, struct mh_err *err)
{
    return run_with(work, mh_sqlite_sql_span_remove, first, err);
}

int mh_span_leave(struct mh_work *work, int64_t first, int64_t last, struct mh_err *err)
{
    return change(work, first, last, leave, NULL, err);
}

static int settle(struct mh_work *work, int64_t first, const void *arg, struct mh_err *err)
{
    int r = run_with(work, mh_sqlite_sql_span_settle, first, err);
    return r < 0 ? r : leave(work, first, NULL, err);
}

int mh_span_settle(struct mh_work *work, int64_t seq, struct mh_err *err)
{
    return change(work, seq, seq, settle, NULL, err);
}

/* --- many */

int mh_span_settle_type(struct mh_work *work, int64_t type, struct mh_arena *arena,
                        struct mh_err *err)
{
    struct mh_numbers firsts = {0};
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_spans_of_type);
    mh_sql_int(&sql, type);
    int r = mh_sql_numbers(&sql, arena, &firsts, err);
    for (size_t i = 0; r == 0 && i < firsts.count; i++)
        r = settle(work, firsts.items[i], NULL, err);
    return r;
}

/* Neighbours leave together: one by one each would split its span. */
static int leave_runs(struct mh_work *work, struct mh_sql *sql, struct mh_err *err)
{
    int64_t first = 1, last = 0;
    int r;
    while ((r = mh_sql_step(sql, err)) > 0) {
        int64_t seq = mh_sql_get_int(sql, 0);
        if (seq != last + 1) {
            r = mh_span_leave(work, first, last, err);
            if (r < 0) return r;
            first = seq;
        }
        last = seq;
    }
    return r < 0 ? r : mh_span_leave(work, first, last, err);
}

/* What is walked is not what is written. */
int mh_span_leave_tenant(struct mh_work *work, int64_t tenant, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_tenant_spans);
    mh_sql_int(&sql, tenant);
    int r = leave_runs(work, &sql, err);
    mh_sql_end(&sql);
    return r;
}
