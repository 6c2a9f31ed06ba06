#include "store/ceiling.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "mh_sqlite_ceiling.h"
#include "mh_sqlite_sql.h"
#include "store/sqlite/db.h"

#define SCHEME "sqlite:"

struct mh_ceiling {
    struct mh_db db;
    char *path;
};

static int set_up(struct mh_ceiling *ceiling, bool synchronous_full, struct mh_err *err)
{
    struct mh_db *db = &ceiling->db;
    if (mknod(ceiling->path, S_IFREG | 0600, 0) < 0)
        return mh_err_sys(err, errno, "unable to create %s", ceiling->path);
    int r = mh_db_open(db, ceiling->path, MH_DB_WRITE, err);
    if (r == 0) r = mh_db_script(db, mh_sqlite_sql_configure, err);
    if (r == 0 && synchronous_full) r = mh_db_script(db, mh_sqlite_sql_synchronous_full, err);
    if (r == 0) r = mh_db_script(db, mh_sqlite_sql_journal_wal, err);
    if (r == 0) r = mh_db_script(db, mh_sqlite_ceiling_schema, err);
    return r;
}

int mh_ceiling_open(const char *url, bool synchronous_full, struct mh_ceiling **ret_ceiling,
                    struct mh_err *err)
{
    if (strncmp(url, SCHEME, strlen(SCHEME)) != 0)
        return mh_err_set(err, MH_EINVAL, "there is no ceiling to measure but that of SQLite");
    struct mh_ceiling *ceiling = calloc(1, sizeof *ceiling);
    char *path = mh_path_absolute(url + strlen(SCHEME));
    if (ceiling == NULL || path == NULL) {
        free(ceiling);
        free(path);
        return mh_err_set(err, MH_ENOMEM, "unable to measure the ceiling: out of memory");
    }
    ceiling->path = path;
    int r = set_up(ceiling, synchronous_full, err);
    if (r < 0)
        mh_ceiling_close(ceiling);
    else
        *ret_ceiling = ceiling;
    return r;
}

/* Prepared once, unlike a script: it is the ceiling. */
static int step(struct mh_db *db, const char *text, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(db, text);
    return mh_sql_run(&sql, err);
}

static int add_rows(struct mh_db *db, const char *payload, size_t count, struct mh_err *err)
{
    int64_t now = mh_clock_now_ms();
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++) {
        struct mh_sql sql = mh_sql(db, mh_sqlite_ceiling_add);
        mh_sql_int(&sql, now);
        mh_sql_text(&sql, payload);
        r = mh_sql_run(&sql, err);
    }
    return r;
}

int mh_ceiling_add(struct mh_ceiling *ceiling, const char *payload, size_t count,
                   struct mh_err *err)
{
    struct mh_db *db = &ceiling->db;
    int r = step(db, mh_sqlite_sql_begin_write, err);
    if (r == 0) r = add_rows(db, payload, count, err);
    if (r == 0) r = step(db, mh_sqlite_sql_commit, err);
    if (r < 0) mh_db_roll_back(db);
    return r;
}

static int take_rows(struct mh_db *db, size_t count, struct mh_err *err)
{
    int taken = 0, r;
    struct mh_sql sql = mh_sql(db, mh_sqlite_ceiling_take);
    mh_sql_int(&sql, (int64_t)count);
    while ((r = mh_sql_step(&sql, err)) > 0)
        taken++;
    mh_sql_end(&sql);
    return r < 0 ? r : taken;
}

int mh_ceiling_take(struct mh_ceiling *ceiling, size_t count, struct mh_err *err)
{
    struct mh_db *db = &ceiling->db;
    int r = step(db, mh_sqlite_sql_begin_write, err);
    if (r < 0) return r;
    int taken = take_rows(db, count, err);
    if (taken >= 0) r = step(db, mh_sqlite_sql_commit, err);
    if (taken < 0 || r < 0) mh_db_roll_back(db);
    return r < 0 ? r : taken;
}

void mh_ceiling_close(struct mh_ceiling *ceiling)
{
    if (ceiling == NULL) return;
    mh_db_close(&ceiling->db);
    free(ceiling->path);
    free(ceiling);
}
