#include "store/sqlite/schema.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "mh_sqlite_migration.h"
#include "mh_sqlite_sql.h"

#define APPLICATION_ID 1296649292 /* as the first migration writes it */

/* FNV-1a: tells an altered migration from the one that was applied. */
static void checksum(const char *text, char ret_hex[17])
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    (void)snprintf(ret_hex, 17, "%016" PRIx64, hash); /* always 16 digits */
}

static int version_of(const struct mh_sqlite_migration_file *file)
{
    return (int)strtol(file->name, NULL, 10);
}

int mh_schema_latest(void)
{
    int latest = 0;
    for (const struct mh_sqlite_migration_file *file = mh_sqlite_migration_files;
         file->name != NULL; file++)
        if (version_of(file) > latest) latest = version_of(file);
    return latest;
}

void mh_schema_applied(int before, const char *ret_names[MH_APPLIED_MAX + 1])
{
    int count = 0;
    for (const struct mh_sqlite_migration_file *file = mh_sqlite_migration_files;
         file->name != NULL && count < MH_APPLIED_MAX; file++)
        if (version_of(file) > before) ret_names[count++] = file->name;
    ret_names[count] = NULL;
}

/* --- the file */

/* The path of the folder that `path`, which is absolute, lies in. */
static void folder_of(const char *path, char ret_folder[PATH_MAX])
{
    size_t len = (size_t)(strrchr(path, '/') - path);
    if (len == 0) len = 1;
    if (len >= PATH_MAX) len = PATH_MAX - 1;
    memcpy(ret_folder, path, len);
    ret_folder[len] = '\0';
}

/* Without opening it: to close a descriptor of a file that is a database already, as one that
 * another thread has just made, would drop the locks this process holds on it. */
static int create_file(const char *path, const char *folder, struct mh_err *err)
{
    if (mknod(path, S_IFREG | 0600, 0) == 0) return 0;
    if (errno == EEXIST) return 0;
    if (errno == ENOENT)
        return mh_err_set(err, MH_EIO, "unable to create %s: there is no folder %s, make it first",
                          path, folder);
    return mh_err_sys(err, errno, "unable to create %s", path);
}

static int check_file(const char *path, bool may_create, struct mh_err *err)
{
    char folder[PATH_MAX];
    folder_of(path, folder);
    struct stat info;
    if (stat(path, &info) < 0) {
        if (errno == ENOENT && may_create) return create_file(path, folder, err);
        if (errno == ENOENT)
            return mh_err_set(err, MH_ENOENT, "there is no store at %s yet: run millhand migrate",
                              path);
        return mh_err_sys(err, errno, "unable to open %s", path);
    }
    if (!S_ISREG(info.st_mode))
        return mh_err_set(err, MH_EIO, "unable to open %s: it is not a file", path);
    if (access(path, R_OK | W_OK) < 0) return mh_err_sys(err, errno, "unable to open %s", path);
    if (access(folder, W_OK | X_OK) < 0)
        return mh_err_sys(err, errno, "unable to open %s: files are written beside it in %s", path,
                          folder);
    return 0;
}

/* --- whose it is */

static int number(struct mh_db *db, const char *text, int *ret_value, struct mh_err *err)
{
    int64_t value = 0;
    struct mh_sql sql = mh_sql(db, text);
    int r = mh_sql_number(&sql, &value, err);
    if (r >= 0) *ret_value = (int)value;
    return r < 0 ? r : 0;
}

/* Returns the schema's version, 0 for an empty file. */
static int recognise(struct mh_db *db, struct mh_err *err)
{
    int application = 0, version = 0, tables = 0;
    int r = number(db, mh_sqlite_sql_application_id, &application, err);
    if (r == 0) r = number(db, mh_sqlite_sql_user_version, &version, err);
    if (r == 0) r = number(db, mh_sqlite_sql_count_tables, &tables, err);
    if (r < 0) return r;
    if (application == APPLICATION_ID && version > 0) return version;
    if (application == 0 && version == 0 && tables == 0) return 0;
    return mh_err_set(err, MH_ESTORE, "unable to use %s: it is another program's database",
                      db->path);
}

/* The same, of one moment: another process may be making the schema. */
static int recognise_at_once(struct mh_db *db, struct mh_err *err)
{
    int r = mh_db_script(db, mh_sqlite_sql_begin_read, err);
    if (r < 0) return r;
    int version = recognise(db, err);
    mh_db_roll_back(db); /* nothing was written */
    return version;
}

static int check_version(const struct mh_db *db, int version, bool keep, struct mh_err *err)
{
    int latest = mh_schema_latest();
    if (version > latest)
        return mh_err_set(err, MH_ESTORE,
                          "%s has schema %d, this program knows %d: use a newer millhand", db->path,
                          version, latest);
    if (version < latest && keep)
        return mh_err_set(err, MH_ESTATE,
                          "%s has schema %d, this program needs %d: run millhand migrate", db->path,
                          version, latest);
    return 0;
}

/* --- migrations */

static int check_applied(struct mh_db *db, const struct mh_sqlite_migration_file *file,
                         struct mh_err *err)
{
    char sum[17];
    checksum(file->text, sum);
    int64_t same = 0;
    struct mh_sql sql = mh_sql(db, mh_sqlite_sql_migration_check);
    mh_sql_int(&sql, version_of(file));
    mh_sql_text(&sql, sum);
    int r = mh_sql_number(&sql, &same, err);
    if (r < 0) return r;
    if (r > 0 && same) return 0;
    return mh_err_set(err, MH_ESTORE,
                      "%s was made by another migration %s than this program's: use the millhand "
                      "that made it",
                      db->path, file->name);
}

static int apply(struct mh_db *db, const struct mh_sqlite_migration_file *file, struct mh_err *err)
{
    int r = mh_db_script(db, file->text, err);
    if (r < 0) return mh_err_prefix(err, r, "migration %s", file->name);
    char sum[17];
    checksum(file->text, sum);
    struct mh_sql sql = mh_sql(db, mh_sqlite_sql_migration_add);
    mh_sql_int(&sql, version_of(file));
    mh_sql_text(&sql, file->name);
    mh_sql_text(&sql, sum);
    mh_sql_int(&sql, mh_clock_now_ms());
    return mh_sql_run(&sql, err);
}

/* Checks the migrations up to `version`, applies those past it. */
static int apply_past(struct mh_db *db, int version, struct mh_err *err)
{
    int r = 0;
    const struct mh_sqlite_migration_file *file = mh_sqlite_migration_files;
    for (; r == 0 && file->name != NULL; file++)
        r = version_of(file) <= version ? check_applied(db, file, err) : apply(db, file, err);
    return r;
}

/* Of several processes that find an old schema one migrates, the others wait for it and find it
 * done: so the version is read again once the file is ours to write. */
static int migrate(struct mh_db *db, int *ret_before, struct mh_err *err)
{
    int r = mh_db_script(db, mh_sqlite_sql_begin_write, err);
    if (r < 0) return r;
    int version = recognise(db, err);
    r = version < 0 ? version : check_version(db, version, false, err);
    if (r == 0) r = apply_past(db, version, err);
    if (r == 0) r = mh_db_script(db, mh_sqlite_sql_commit, err);
    if (r < 0)
        mh_db_roll_back(db);
    else
        *ret_before = version;
    return r;
}

/* --- opening */

static int configure(struct mh_db *db, bool synchronous_full, struct mh_err *err)
{
    int r = mh_db_script(db, mh_sqlite_sql_configure, err);
    if (r == 0 && synchronous_full) r = mh_db_script(db, mh_sqlite_sql_synchronous_full, err);
    return r;
}

static int set_wal(struct mh_db *db, struct mh_err *err)
{
    int wal = 0;
    int r = mh_db_script(db, mh_sqlite_sql_journal_wal, err);
    if (r == 0) r = number(db, mh_sqlite_sql_journal_is_wal, &wal, err);
    if (r == 0 && !wal)
        r = mh_err_set(err, MH_ESTORE,
                       "unable to use %s: no shared memory there, is it a network file system?",
                       db->path);
    return r;
}

static int try_open(struct mh_db *db, const char *path, const struct mh_schema_options *options,
                    int *ret_before, struct mh_err *err)
{
    int r = mh_db_open(db, path, MH_DB_WRITE, err);
    if (r < 0) return r;
    int version = recognise_at_once(db, err);
    r = version < 0 ? version : check_version(db, version, options->keep, err);
    if (r == 0) r = configure(db, options->synchronous_full, err);
    if (r == 0) r = set_wal(db, err);
    int before = version;
    if (r == 0)
        r = version < mh_schema_latest() ? migrate(db, &before, err) : apply_past(db, version, err);
    if (r < 0) {
        mh_db_close(db);
        return r;
    }
    *ret_before = before;
    return mh_schema_latest();
}

/* SQLite does not wait where waiting could end in a deadlock, as when several processes switch a
 * new file to WAL at once: there the whole is done again. */
int mh_schema_open(struct mh_db *db, const char *path, const struct mh_schema_options *options,
                   int *ret_before, struct mh_err *err)
{
    int64_t since_us = mh_clock_mono_us(), waited_us = 0;
    int r = check_file(path, !options->keep, err);
    while (r == 0) {
        r = try_open(db, path, options, ret_before, err);
        waited_us = mh_clock_mono_us() - since_us;
        if (r != MH_ECONN || waited_us > (int64_t)MH_DB_BUSY_MS * 1000) break;
        mh_db_pause(waited_us);
        r = 0;
    }
    return r;
}

int mh_schema_open_reader(struct mh_db *db, const char *path, struct mh_err *err)
{
    int r = mh_db_open(db, path, MH_DB_READ, err);
    if (r < 0) return r;
    r = mh_db_script(db, mh_sqlite_sql_configure, err);
    if (r < 0) mh_db_close(db);
    return r;
}
