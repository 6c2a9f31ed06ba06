#include "store/sqlite/bare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "mh_sqlite_bare.h"
#include "mh_sqlite_sql.h"
#include "store/sqlite/db.h"

#define SCHEME "sqlite:"

struct bare {
    struct mh_bare bare;
    struct mh_db db;
    char *path;
};

static struct bare *of(struct mh_bare *bare)
{
    return (struct bare *)bare;
}

static void close_file(struct mh_bare *bare)
{
    mh_db_close(&of(bare)->db);
    free(of(bare)->path);
    free(bare);
}

static int set_up(struct bare *bare, bool synchronous_full, struct mh_err *err)
{
    struct mh_db *db = &bare->db;
    if (mknod(bare->path, S_IFREG | 0600, 0) < 0 && errno != EEXIST)
        return mh_err_sys(err, errno, "unable to create %s", bare->path);
    int r = mh_db_open(db, bare->path, MH_DB_WRITE, err);
    if (r == 0) r = mh_db_script(db, mh_sqlite_sql_configure, err);
    if (r == 0 && synchronous_full) r = mh_db_script(db, mh_sqlite_sql_synchronous_full, err);
    if (r == 0) r = mh_db_script(db, mh_sqlite_sql_journal_wal, err);
    return r;
}

static int open_file(const struct mh_bare_place *place, struct mh_bare **ret_bare,
                     struct mh_err *err)
{
    struct bare *bare = calloc(1, sizeof *bare);
    char *path = mh_path_absolute(place->url + strlen(SCHEME));
    if (bare == NULL || path == NULL) {
        free(bare);
        free(path);
        return mh_err_set(err, MH_ENOMEM, "unable to measure SQLite: out of memory");
    }
    bare->path = path;
    int r = set_up(bare, place->synchronous_full, err);
    if (r < 0)
        close_file(&bare->bare);
    else
        *ret_bare = &bare->bare;
    return r;
}

static int make(struct mh_bare *bare, struct mh_err *err)
{
    return mh_db_script(&of(bare)->db, mh_sqlite_bare_schema, err);
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
        struct mh_sql sql = mh_sql(db, mh_sqlite_bare_add);
        mh_sql_int(&sql, now);
        mh_sql_text(&sql, payload);
        r = mh_sql_run(&sql, err);
    }
    return r;
}

static int add(struct mh_bare *bare, const char *payload, size_t count, struct mh_err *err)
{
    struct mh_db *db = &of(bare)->db;
    int r = step(db, mh_sqlite_sql_begin_write, err);
    if (r == 0) r = add_rows(db, payload, count, err);
    if (r == 0) r = step(db, mh_sqlite_sql_commit, err);
    if (r < 0) mh_db_roll_back(db);
    return r;
}

static int take_rows(struct mh_db *db, size_t count, struct mh_err *err)
{
    int taken = 0, r;
    struct mh_sql sql = mh_sql(db, mh_sqlite_bare_take);
    mh_sql_int(&sql, (int64_t)count);
    while ((r = mh_sql_step(&sql, err)) > 0)
        taken++;
    mh_sql_end(&sql);
    return r < 0 ? r : taken;
}

static int take(struct mh_bare *bare, size_t count, struct mh_err *err)
{
    struct mh_db *db = &of(bare)->db;
    int r = step(db, mh_sqlite_sql_begin_write, err);
    if (r < 0) return r;
    int taken = take_rows(db, count, err);
    if (taken >= 0) r = step(db, mh_sqlite_sql_commit, err);
    if (taken < 0 || r < 0) mh_db_roll_back(db);
    return r < 0 ? r : taken;
}

/* A transaction sees one state from its first look on. */
static int hold(struct mh_bare *bare, struct mh_err *err)
{
    struct mh_db *db = &of(bare)->db;
    int r = step(db, mh_sqlite_sql_begin_read, err);
    if (r < 0) return r;
    struct mh_sql sql = mh_sql(db, mh_sqlite_sql_count_tables);
    r = mh_sql_step(&sql, err);
    mh_sql_end(&sql);
    return r < 0 ? r : 0;
}

static int servers(struct mh_bare *bare, const char *name, pid_t *ret_pids, size_t max,
                   struct mh_err *err)
{
    return 0;
}

static int clear(struct mh_bare *bare, struct mh_err *err)
{
    return 0;
}

const struct mh_bare_kind mh_sqlite_bare = {
    .scheme = "sqlite",
    .one_writer = true,
    .open = open_file,
    .make = make,
    .add = add,
    .take = take,
    .hold = hold,
    .servers = servers,
    .clear = clear,
    .close = close_file,
};
