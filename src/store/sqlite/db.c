#include "store/sqlite/db.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/random.h"
#include "store/grow.h"
#include "store/sqlite/mh_sqlite_sql.h"

/* SQLite's own handler backs off to 100 ms, which stalls writers and starves some of several
 * processes: a commit takes well under a millisecond, so look again soon; and later by how long it
 * has been already, or else many that wait have the processor for their looking alone. */
#define PAUSE_MIN_US 50
#define PAUSE_MAX_US 5000
#define PAUSE_SHARE  4

void mh_db_pause(int64_t waited_us)
{
    int64_t us = waited_us / PAUSE_SHARE;
    us = us < PAUSE_MIN_US ? PAUSE_MIN_US : us > PAUSE_MAX_US ? PAUSE_MAX_US : us;
    double spread = 0.75 + 0.5 * mh_random_unit();
    struct timespec time = {.tv_nsec = (long)((double)us * spread) * 1000};
    (void)nanosleep(&time, NULL); /* cut short by a signal: the caller looks sooner */
}

#define HURRIED_MS 500

static int wait_while_busy(void *arg, int tries)
{
    struct mh_db *db = arg;
    int64_t now_us = mh_clock_mono_us();
    if (tries == 0) db->busy_since_us = now_us;
    int64_t waited_us = now_us - db->busy_since_us;
    int64_t patience_ms = atomic_load(&db->hurried) ? HURRIED_MS : MH_DB_BUSY_MS;
    if (waited_us > patience_ms * 1000) return 0;
    mh_db_pause(waited_us);
    return 1;
}

static int fail_io(const struct mh_db *db, struct mh_err *err)
{
    int errnum = db->handle != NULL ? sqlite3_system_errno(db->handle) : 0;
    const char *cause = errnum != 0 ? strerror(errnum) : "input or output failed";
    if (errnum == ENOSPC || errnum == EDQUOT)
        return mh_err_set(err, MH_ESTORE, "unable to write %s: the disk is full, free some space",
                          db->path);
    return mh_err_set(err, MH_ESTORE, "unable to use %s: %s", db->path, cause);
}

/* `rc` in the words of people; the place where SQLite's codes end. */
static int fail(const struct mh_db *db, int rc, struct mh_err *err)
{
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return mh_err_set(err, MH_ECONN, "unable to use %s: locked by another program for %d s",
                          db->path, MH_DB_BUSY_MS / 1000);
    case SQLITE_NOMEM:
        return mh_err_set(err, MH_ENOMEM, "unable to use %s: out of memory", db->path);
    case SQLITE_FULL:
        return mh_err_set(err, MH_ESTORE, "unable to write %s: the disk is full, free some space",
                          db->path);
    case SQLITE_READONLY:
        return mh_err_set(err, MH_ESTORE, "unable to write %s: the file or its folder is read-only",
                          db->path);
    case SQLITE_NOTADB:
        return mh_err_set(err, MH_ESTORE, "unable to use %s: it is not a SQLite database",
                          db->path);
    case SQLITE_CORRUPT:
        return mh_err_set(err, MH_ESTORE, "unable to use %s: the file is damaged: %s", db->path,
                          sqlite3_errmsg(db->handle));
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
        return fail_io(db, err);
    default:
        break;
    }
    if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY)
        return mh_err_set(err, MH_EEXIST, "%s", sqlite3_errmsg(db->handle));
    return mh_err_set(err, MH_ESTORE, "unable to use %s: %s", db->path, sqlite3_errmsg(db->handle));
}

int mh_db_open(struct mh_db *db, const char *path, enum mh_db_mode mode, struct mh_err *err)
{
    *db = (struct mh_db){.path = path};
    int flags = mode == MH_DB_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    int rc = sqlite3_open_v2(path, &db->handle, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_extended_result_codes(db->handle, 1);
    if (rc == SQLITE_OK) rc = sqlite3_busy_handler(db->handle, wait_while_busy, db);
    if (rc == SQLITE_OK) rc = mh_sql(db, mh_sqlite_sql_rollback).rc; /* prepared: see its use */
    if (rc == SQLITE_OK) return 0;
    int r = fail(db, rc, err);
    mh_db_close(db);
    return r;
}

void mh_db_close(struct mh_db *db)
{
    for (size_t i = 0; i < MH_DB_SLOTS; i++)
        sqlite3_finalize(db->slots[i].stmt);
    int rc = sqlite3_close(db->handle);
    assert(rc == SQLITE_OK); /* else a statement was prepared behind the slots' back */
    (void)rc;
    *db = (struct mh_db){0};
}

int mh_db_script(struct mh_db *db, const char *text, struct mh_err *err)
{
    int rc = sqlite3_exec(db->handle, text, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : fail(db, rc, err);
}

void mh_db_hurry(struct mh_db *db)
{
    atomic_store(&db->hurried, true);
}

void mh_db_interrupt(struct mh_db *db)
{
    if (db->handle != NULL) sqlite3_interrupt(db->handle);
}

int mh_db_check_file(const struct mh_db *db, struct mh_err *err)
{
    int moved = 0;
    int rc = sqlite3_file_control(db->handle, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    if (rc != SQLITE_OK || !moved) return 0;
    return mh_err_set(
        err, MH_ESTORE,
        "unable to use the store %s: the file was moved or deleted; put it back, or start again",
        db->path);
}

bool mh_db_in_transaction(const struct mh_db *db)
{
    return !sqlite3_get_autocommit(db->handle);
}

void mh_db_roll_back(struct mh_db *db)
{
    if (!mh_db_in_transaction(db)) return;
    /* Where memory has run out there is none to prepare it, and the file would stay locked. */
    struct mh_sql sql = mh_sql(db, mh_sqlite_sql_rollback);
    (void)sqlite3_step(sql.stmt); /* fails only where SQLite has undone it by itself */
    mh_sql_end(&sql);
}

int64_t mh_db_changes(const struct mh_db *db)
{
    return sqlite3_changes64(db->handle);
}

int64_t mh_db_last_id(const struct mh_db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

/* By the address of the text, which is the same for the life of the program. */
static size_t find_slot(const struct mh_db *db, const char *text)
{
    _Static_assert(MH_DB_SLOTS == 1 << 8, "the shift below takes that many bits");
    size_t i = (uintptr_t)text * UINT64_C(0x9e3779b97f4a7c15) >> (64 - 8);
    while (db->slots[i].text != NULL && db->slots[i].text != text)
        i = (i + 1) % MH_DB_SLOTS;
    return i;
}

struct mh_sql mh_sql(struct mh_db *db, const char *text)
{
    struct mh_sql sql = {.db = db, .rc = SQLITE_OK};
    size_t i = find_slot(db, text);
    if (db->slots[i].stmt == NULL) {
        sql.rc = sqlite3_prepare_v3(db->handle, text, -1, SQLITE_PREPARE_PERSISTENT,
                                    &db->slots[i].stmt, NULL);
        if (sql.rc != SQLITE_OK) return sql;
        db->slots[i].text = text;
    }
    sql.stmt = db->slots[i].stmt;
    assert(!sqlite3_stmt_busy(sql.stmt));
    return sql;
}

static void bound(struct mh_sql *sql, int rc)
{
    if (sql->rc == SQLITE_OK) sql->rc = rc;
}

void mh_sql_null(struct mh_sql *sql)
{
    bound(sql, sqlite3_bind_null(sql->stmt, ++sql->bound));
}

void mh_sql_int(struct mh_sql *sql, int64_t value)
{
    bound(sql, sqlite3_bind_int64(sql->stmt, ++sql->bound, value));
}

void mh_sql_time(struct mh_sql *sql, int64_t time_ms)
{
    if (time_ms != 0)
        mh_sql_int(sql, time_ms);
    else
        mh_sql_null(sql);
}

void mh_sql_real(struct mh_sql *sql, double value)
{
    bound(sql, sqlite3_bind_double(sql->stmt, ++sql->bound, value));
}

void mh_sql_textn(struct mh_sql *sql, const char *text, size_t len)
{
    bound(sql, sqlite3_bind_text64(sql->stmt, ++sql->bound, text, len, SQLITE_STATIC, SQLITE_UTF8));
}

void mh_sql_text(struct mh_sql *sql, const char *text)
{
    mh_sql_textn(sql, text, text != NULL ? strlen(text) : 0);
}

void mh_sql_uuid(struct mh_sql *sql, const struct mh_uuid *id)
{
    bound(sql, sqlite3_bind_blob(sql->stmt, ++sql->bound, id->b, sizeof id->b, SQLITE_STATIC));
}

void mh_sql_blob(struct mh_sql *sql, const void *bytes, size_t len)
{
    bound(sql, sqlite3_bind_blob64(sql->stmt, ++sql->bound, bytes, len, SQLITE_STATIC));
}

int mh_sql_step(struct mh_sql *sql, struct mh_err *err)
{
    if (sql->rc == SQLITE_OK) sql->rc = sqlite3_step(sql->stmt);
    if (sql->rc == SQLITE_ROW) {
        sql->rc = SQLITE_OK;
        return 1;
    }
    if (sql->rc == SQLITE_DONE) return 0;
    return fail(sql->db, sql->rc, err);
}

void mh_sql_end(struct mh_sql *sql)
{
    (void)sqlite3_reset(sql->stmt); /* repeats the error of the step, which was reported */
}

int mh_sql_run(struct mh_sql *sql, struct mh_err *err)
{
    int r;
    do
        r = mh_sql_step(sql, err);
    while (r > 0);
    mh_sql_end(sql);
    return r;
}

int mh_sql_number(struct mh_sql *sql, int64_t *ret_value, struct mh_err *err)
{
    int r = mh_sql_step(sql, err);
    if (r > 0) *ret_value = mh_sql_get_int(sql, 0);
    mh_sql_end(sql);
    return r;
}

int mh_sql_collect(struct mh_sql *sql, struct mh_arena *arena, size_t size, mh_sql_read_fn *read,
                   void *ret_items, size_t *ret_count, struct mh_err *err)
{
    char *items = NULL;
    size_t count = 0, room = 0;
    int r;
    while ((r = mh_sql_step(sql, err)) > 0) {
        char *grown = mh_grow(arena, items, count, &room, size);
        r = grown == NULL ? fail(sql->db, SQLITE_NOMEM, err)
                          : read(sql, arena, grown + count * size, err);
        if (r < 0) break;
        items = grown;
        count++;
    }
    mh_sql_end(sql);
    if (r < 0) return r;
    memcpy(ret_items, &items, sizeof items);
    *ret_count = count;
    return 0;
}

static int read_number(const struct mh_sql *sql, struct mh_arena *arena, void *ret_item,
                       struct mh_err *err)
{
    *(int64_t *)ret_item = mh_sql_get_int(sql, 0);
    return 0;
}

int mh_sql_numbers(struct mh_sql *sql, struct mh_arena *arena, struct mh_numbers *ret_numbers,
                   struct mh_err *err)
{
    return mh_sql_collect(sql, arena, sizeof *ret_numbers->items, read_number, &ret_numbers->items,
                          &ret_numbers->count, err);
}

int64_t mh_sql_get_int(const struct mh_sql *sql, int column)
{
    return sqlite3_column_int64(sql->stmt, column);
}

double mh_sql_get_real(const struct mh_sql *sql, int column, double if_null)
{
    if (sqlite3_column_type(sql->stmt, column) == SQLITE_NULL) return if_null;
    return sqlite3_column_double(sql->stmt, column);
}

struct mh_uuid mh_sql_get_uuid(const struct mh_sql *sql, int column)
{
    struct mh_uuid id = {0};
    const void *blob = sqlite3_column_blob(sql->stmt, column);
    if (blob != NULL && sqlite3_column_bytes(sql->stmt, column) == sizeof id.b)
        memcpy(id.b, blob, sizeof id.b);
    return id;
}

static int copy_column(const struct mh_sql *sql, int column, const void *bytes,
                       struct mh_arena *arena, const char **ret_copy, size_t *ret_len,
                       struct mh_err *err)
{
    size_t len = (size_t)sqlite3_column_bytes(sql->stmt, column);
    const char *copy = mh_arena_copy(arena, bytes, len);
    if (copy == NULL && sqlite3_column_type(sql->stmt, column) != SQLITE_NULL)
        return fail(sql->db, SQLITE_NOMEM, err);
    *ret_copy = copy;
    if (ret_len != NULL) *ret_len = len;
    return 0;
}

int mh_sql_get_text(const struct mh_sql *sql, int column, struct mh_arena *arena,
                    const char **ret_text, size_t *ret_len, struct mh_err *err)
{
    const void *text = sqlite3_column_text(sql->stmt, column);
    return copy_column(sql, column, text, arena, ret_text, ret_len, err);
}

int mh_sql_get_blob(const struct mh_sql *sql, int column, struct mh_arena *arena,
                    const char **ret_bytes, size_t *ret_len, struct mh_err *err)
{
    const void *blob = sqlite3_column_blob(sql->stmt, column);
    return copy_column(sql, column, blob, arena, ret_bytes, ret_len, err);
}

bool mh_sql_is_text(const struct mh_sql *sql, int column, const char *text, size_t len)
{
    const char *have = (const char *)sqlite3_column_text(sql->stmt, column);
    return have != NULL && strlen(have) == len && strncasecmp(have, text, len) == 0;
}

const char *mh_sql_peek_text(const struct mh_sql *sql, int column, size_t *ret_len)
{
    const char *text = (const char *)sqlite3_column_text(sql->stmt, column);
    *ret_len = (size_t)sqlite3_column_bytes(sql->stmt, column);
    return text;
}
