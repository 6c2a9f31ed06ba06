/* One connection to the file, and its prepared statements.
 *
 * A statement is named by its embedded text (mh_sqlite_sql_…), prepared once for each connection
 * and kept. Parameters are given in the order of their numbers; what goes wrong with one is
 * reported by the next step:
 *
 *     struct mh_sql sql = mh_sql(db, mh_sqlite_sql_worker_get);
 *     mh_sql_int(&sql, number);
 *     int r = mh_sql_step(&sql, err);
 *     if (r > 0) lease_ms = mh_sql_get_int(&sql, 1);
 *     mh_sql_end(&sql);
 *
 * Text and blobs are borrowed until the end, what is read is valid until the next step. A statement
 * is used by one function at a time. SQLite's codes never leave this file: errors are
 * MH_ECONN where the file stays locked by others, MH_EEXIST for what must be unique, MH_ENOMEM, and
 * MH_ESTORE for the rest. One thread at a time; mh_db_interrupt from any. */
#ifndef MH_SQLITE_DB_H
#define MH_SQLITE_DB_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/uuid.h"

/* More than there are statements; a power of two. */
#define MH_DB_SLOTS 256

/* How long another program may keep the file locked. */
#define MH_DB_BUSY_MS 30000

struct mh_db {
    sqlite3 *handle;
    const char *path;      /* borrowed, for errors */
    int64_t busy_since_us; /* when the wait under way began */
    atomic_bool hurried;   /* it is about to be closed: wait for others no longer than must be */
    struct {
        const char *text;
        sqlite3_stmt *stmt;
    } slots[MH_DB_SLOTS];
};

enum mh_db_mode { MH_DB_WRITE, MH_DB_READ };

/* Opens an existing file; sets nothing of it. `path` is borrowed. A zeroed db is a closed one. */
int mh_db_open(struct mh_db *db, const char *path, enum mh_db_mode mode,
               struct mh_err *err) MH_MUST_CHECK;
void mh_db_close(struct mh_db *db);

/* Runs a text of several statements without parameters. */
int mh_db_script(struct mh_db *db, const char *text, struct mh_err *err) MH_MUST_CHECK;

/* From here on a lock is waited for half a second at most. From any thread. */
void mh_db_hurry(struct mh_db *db);

/* Makes the operation under way on another thread end with an error, soon. */
void mh_db_interrupt(struct mh_db *db);

/* Waits a moment before the next look at a lock that was waited for so long. */
void mh_db_pause(int64_t waited_us);

/* MH_ESTORE when the file is no longer at its path: what is written would be seen by nobody else.
 */
int mh_db_check_file(const struct mh_db *db, struct mh_err *err) MH_MUST_CHECK;

/* True while BEGIN has not been followed by COMMIT or ROLLBACK. */
bool mh_db_in_transaction(const struct mh_db *db);

/* Undoes the transaction that has been begun, if SQLite has not done so already. */
void mh_db_roll_back(struct mh_db *db);

/* How many rows the last statement changed. */
int64_t mh_db_changes(const struct mh_db *db);

/* The rowid of the last insert. */
int64_t mh_db_last_id(const struct mh_db *db);

struct mh_sql {
    struct mh_db *db;
    sqlite3_stmt *stmt; /* NULL: preparing failed */
    int bound;
    int rc; /* the first failure */
};

struct mh_sql mh_sql(struct mh_db *db, const char *text);
void mh_sql_null(struct mh_sql *sql);
void mh_sql_int(struct mh_sql *sql, int64_t value);
void mh_sql_time(struct mh_sql *sql, int64_t time_ms); /* 0 is null */
void mh_sql_real(struct mh_sql *sql, double value);
void mh_sql_text(struct mh_sql *sql, const char *text); /* NULL is null */
void mh_sql_textn(struct mh_sql *sql, const char *text, size_t len);
void mh_sql_uuid(struct mh_sql *sql, const struct mh_uuid *id);
void mh_sql_blob(struct mh_sql *sql, const void *bytes, size_t len);

/* 1: a row, 0: no more, negative: failed. */
int mh_sql_step(struct mh_sql *sql, struct mh_err *err) MH_MUST_CHECK;
void mh_sql_end(struct mh_sql *sql);

/* Steps to the end and ends: for what gives no rows. 0 or negative. */
int mh_sql_run(struct mh_sql *sql, struct mh_err *err) MH_MUST_CHECK;

/* For one row of one number: 1 with the number, 0 without a row, negative; ends. */
int mh_sql_number(struct mh_sql *sql, int64_t *ret_value, struct mh_err *err) MH_MUST_CHECK;

/* Turns the current row into an item. */
typedef int mh_sql_read_fn(const struct mh_sql *sql, struct mh_arena *arena, void *ret_item,
                           struct mh_err *err);

/* All rows as an array of items of `size` bytes in `arena`; ends. 0 or negative. */
int mh_sql_collect(struct mh_sql *sql, struct mh_arena *arena, size_t size, mh_sql_read_fn *read,
                   void *ret_items, size_t *ret_count, struct mh_err *err) MH_MUST_CHECK;

struct mh_numbers {
    int64_t *items;
    size_t count;
};

/* The first column of all rows; ends. 0 or negative. */
int mh_sql_numbers(struct mh_sql *sql, struct mh_arena *arena, struct mh_numbers *ret_numbers,
                   struct mh_err *err) MH_MUST_CHECK;

/* Columns of the current row, counted from 0. */
int64_t mh_sql_get_int(const struct mh_sql *sql, int column); /* null is 0 */
double mh_sql_get_real(const struct mh_sql *sql, int column, double if_null);
/* Whether it is this text, whatever the case of ASCII letters. */
bool mh_sql_is_text(const struct mh_sql *sql, int column, const char *text, size_t len);
struct mh_uuid mh_sql_get_uuid(const struct mh_sql *sql, int column);

/* Borrowed until the next step; null is NULL. */
const char *mh_sql_peek_text(const struct mh_sql *sql, int column, size_t *ret_len);

/* A copy in `arena`, null as NULL; its length in *ret_len unless that is NULL. */
int mh_sql_get_text(const struct mh_sql *sql, int column, struct mh_arena *arena,
                    const char **ret_text, size_t *ret_len, struct mh_err *err) MH_MUST_CHECK;
int mh_sql_get_blob(const struct mh_sql *sql, int column, struct mh_arena *arena,
                    const char **ret_bytes, size_t *ret_len, struct mh_err *err) MH_MUST_CHECK;

#endif
