#include "store/sqlite/owned.h"

#include "mh_sqlite_sql.h"

/* So many are few enough to be looked through for a page, in one or two milliseconds, and enough
 * for some of each of a thousand tenants to be among them. */
#define NEWEST_MAX 8192

static int read_mark(struct mh_work *work, int64_t *ret_seq, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_owned_read);
    int r = mh_sql_number(&sql, ret_seq, err);
    return r < 0 ? r : 0;
}

static int run_with(struct mh_work *work, const char *text, int64_t seq, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, text);
    mh_sql_int(&sql, seq);
    return mh_sql_run(&sql, err);
}

/* Those after `mark`, up to `last`, which is the last of all. */
static int bring_in(struct mh_work *work, int64_t mark, int64_t last, struct mh_err *err)
{
    int r = run_with(work, mh_sqlite_sql_owned_add, mark, err);
    return r < 0 ? r : run_with(work, mh_sqlite_sql_owned_mark, last, err);
}

void mh_owned_added(struct mh_work *work, int64_t first, int64_t last)
{
    if (work->first_added == 0) work->first_added = first;
    work->last_added = last;
}

/* A seq is used again where the last jobs were removed: the mark then is too high. */
int mh_owned_write(struct mh_work *work, struct mh_err *err)
{
    int64_t mark = 0;
    if (work->first_added == 0) return 0;
    int r = read_mark(work, &mark, err);
    if (r < 0) return r;
    bool too_high = mark >= work->first_added;
    if (too_high) mark = work->first_added - 1;
    if (work->last_added - mark >= NEWEST_MAX) return bring_in(work, mark, work->last_added, err);
    return too_high ? run_with(work, mh_sqlite_sql_owned_mark, mark, err) : 0;
}

int mh_owned_complete(struct mh_work *work, struct mh_err *err)
{
    int64_t mark = 0, last = 0;
    int r = read_mark(work, &mark, err);
    if (r < 0) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_job_newest);
    r = mh_sql_number(&sql, &last, err);
    if (r < 0 || last <= mark) return r < 0 ? r : 0;
    return bring_in(work, mark, last, err);
}

int mh_owned_remove(struct mh_work *work, int64_t tenant, int64_t lane, int64_t seq,
                    struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_owned_remove);
    mh_sql_int(&sql, tenant);
    mh_sql_int(&sql, lane);
    mh_sql_int(&sql, seq);
    return mh_sql_run(&sql, err);
}
