#include "store/sqlite/examine.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/loop.h"
#include "mh_sqlite_sql.h"
#include "store/finding.h"
#include "store/sqlite/db.h"
#include "store/sqlite/sqlite.h"

#define MIB (INT64_C(1) << 20)

/* A larger file is not read whole: that would take more than a few seconds. */
#define CHECK_MAX (256 * MIB)

/* Four times what a checkpoint leaves of it. */
#define WAL_LARGE (64 * MIB)

#define FREE_LOW   (1024 * MIB)
#define FREE_LEAST (64 * MIB)

#define MEND_SIZE (2 * PATH_MAX + 128) /* two paths and the words around them */

/* Not in linux/magic.h. */
#define MAGIC_CIFS   0xff534d42
#define MAGIC_CEPH   0x00c36400
#define MAGIC_LUSTRE 0x0bd00bd0
#define MAGIC_GFS2   0x01161970

struct exam {
    uv_work_t work;
    char *path;
    char folder[PATH_MAX];
    struct mh_request *request;
    struct mh_findings findings;
    struct mh_db db; /* zeroed: could not be opened */
    int64_t size;
    int code; /* of the whole: 0, or out of memory */
};

#define SAY(exam, name, status, mend, ...)                                                         \
    say((exam), mh_findings_say(&(exam)->findings, (name), (status), (mend),                       \
                                &(exam)->request->reply.err, __VA_ARGS__))

static void say(struct exam *exam, int r)
{
    if (r < 0) exam->code = r;
}

static const char *beside(const struct exam *exam, const char *suffix, char ret_path[PATH_MAX])
{
    (void)snprintf(ret_path, PATH_MAX, "%s%s", exam->path, suffix); /* too long: is not there */
    return ret_path;
}

/* --- what it stands on */

/* The folder may hold more than the store, and be anybody's: what is in it is not touched. */
static void say_out_of_reach(struct exam *exam)
{
    char mend[MEND_SIZE];
    unsigned user = (unsigned)geteuid();
    if (access(exam->path, R_OK | W_OK) < 0) {
        int errnum = errno;
        (void)snprintf(mend, sizeof mend, "chown -R %u '%s'*", user, exam->path);
        SAY(exam, "file", MH_FINDING_BAD, mend, "unable to write %s: %s", exam->path,
            strerror(errnum));
    } else if (access(exam->folder, W_OK | X_OK) < 0) {
        int errnum = errno;
        (void)snprintf(mend, sizeof mend, "chown %u '%s'", user, exam->folder);
        SAY(exam, "file", MH_FINDING_BAD, mend, "unable to write beside %s: %s", exam->path,
            strerror(errnum));
    }
}

/* False: there is no file to look at. */
static bool look_at_file(struct exam *exam)
{
    struct stat info = {0};
    int r = stat(exam->path, &info);
    if (r < 0 && errno == ENOENT) {
        SAY(exam, "file", MH_FINDING_BAD, "millhand migrate", "there is no store at %s yet",
            exam->path);
    } else if (r == 0 && !S_ISREG(info.st_mode)) {
        SAY(exam, "file", MH_FINDING_BAD, NULL, "%s is not a file", exam->path);
    } else if (access(exam->path, R_OK | W_OK) < 0 || access(exam->folder, W_OK | X_OK) < 0) {
        say_out_of_reach(exam);
    } else {
        exam->size = info.st_size;
        SAY(exam, "file", MH_FINDING_OK, NULL, "%s, %" PRId64 " KiB", exam->path,
            exam->size / 1024);
        return true;
    }
    return false;
}

static const struct file_system {
    const char *name;
    unsigned long magic;
} over_network[] = {
    {"NFS", NFS_SUPER_MAGIC}, {"SMB", SMB_SUPER_MAGIC},     {"SMB", SMB2_SUPER_MAGIC},
    {"SMB", MAGIC_CIFS},      {"AFS", AFS_SUPER_MAGIC},     {"Coda", CODA_SUPER_MAGIC},
    {"9P", V9FS_MAGIC},       {"Ceph", MAGIC_CEPH},         {"Lustre", MAGIC_LUSTRE},
    {"GFS2", MAGIC_GFS2},     {"OCFS2", OCFS2_SUPER_MAGIC},
};

static const char *network_name(unsigned long magic)
{
    for (size_t i = 0; i < MH_LEN(over_network); i++)
        if (over_network[i].magic == magic) return over_network[i].name;
    return NULL;
}

static void look_at_file_system(struct exam *exam)
{
    struct statfs info;
    const char *const mend = "move it to a local disk and set DATABASE_URL to its new place";
    if (statfs(exam->path, &info) < 0) {
        SAY(exam, "file system", MH_FINDING_SKIPPED, NULL, "unable to look: %s", strerror(errno));
        return;
    }
    unsigned long magic = (unsigned long)info.f_type & 0xffffffff;
    const char *name = network_name(magic);
    if (name != NULL)
        SAY(exam, "file system", MH_FINDING_BAD, mend,
            "%s goes over a network: locks do not hold, the file will be damaged", name);
    else if (magic == FUSE_SUPER_MAGIC)
        SAY(exam, "file system", MH_FINDING_WARN, mend,
            "FUSE: good only if what is behind it is a local disk");
    else
        SAY(exam, "file system", MH_FINDING_OK, NULL, "a local one");
}

static void look_at_space(struct exam *exam)
{
    struct statvfs info;
    if (statvfs(exam->folder, &info) < 0) {
        SAY(exam, "disk", MH_FINDING_SKIPPED, NULL, "unable to look: %s", strerror(errno));
        return;
    }
    int64_t free_bytes = (int64_t)info.f_bavail * (int64_t)info.f_frsize;
    enum mh_finding_status status = free_bytes < FREE_LEAST ? MH_FINDING_BAD
                                    : free_bytes < FREE_LOW ? MH_FINDING_WARN
                                                            : MH_FINDING_OK;
    SAY(exam, "disk", status,
        status == MH_FINDING_OK ? NULL : "free some space, or set RETENTION_DAYS lower",
        "%" PRId64 " MiB are free", free_bytes / MIB);
}

static void look_at_wakeups(struct exam *exam)
{
    char folder[PATH_MAX], mend[MEND_SIZE];
    beside(exam, "-wake", folder);
    if (access(folder, R_OK | W_OK | X_OK) == 0) {
        SAY(exam, "wake-ups", MH_FINDING_OK, NULL, "%s is within reach", folder);
    } else if (errno == ENOENT) {
        SAY(exam, "wake-ups", MH_FINDING_OK, NULL, "%s is made by the first worker", folder);
    } else {
        int errnum = errno;
        (void)snprintf(mend, sizeof mend, "chown -R %u '%s'", (unsigned)geteuid(), folder);
        SAY(exam, "wake-ups", MH_FINDING_WARN, mend,
            "%s is out of reach, workers look once a second: %s", folder, strerror(errnum));
    }
}

/* --- who reads it */

/* Bytes of FILE-shm that a reader locks, as SQLite's file format has them. */
#define READ_LOCK_FIRST 123
#define READ_LOCK_LAST  127

/* A process that holds a read lock on the file of this number; 0: none is to be seen. */
static int find_reader(ino_t shm)
{
    FILE *locks = fopen("/proc/locks", "re");
    char line[256];
    int found = 0;
    while (locks != NULL && found == 0 && fgets(line, sizeof line, locks) != NULL) {
        int pid = 0;
        unsigned long inode = 0;
        long first = 0;
        /* "1: POSIX ADVISORY READ 4711 08:01:1234 123 123" */
        if (sscanf(line, "%*d: %*s %*s READ %d %*x:%*x:%lu %ld", &pid, &inode, &first) == 3 &&
            inode == (unsigned long)shm && first >= READ_LOCK_FIRST && first <= READ_LOCK_LAST &&
            pid != getpid())
            found = pid;
    }
    if (locks != NULL) (void)fclose(locks); /* only read */
    return found;
}

/* Each commit goes there first; a reader that stays keeps it from being begun anew. */
static void look_at_wal(struct exam *exam)
{
    char path[PATH_MAX], mend[MEND_SIZE];
    struct stat wal, shm;
    int64_t size = stat(beside(exam, "-wal", path), &wal) == 0 ? wal.st_size : 0;
    if (size < WAL_LARGE) {
        SAY(exam, "write-ahead log", MH_FINDING_OK, NULL, "%" PRId64 " KiB", size / 1024);
        return;
    }
    int reader = stat(beside(exam, "-shm", path), &shm) == 0 ? find_reader(shm.st_ino) : 0;
    if (reader > 0)
        (void)snprintf(mend, sizeof mend, "kill %d  # if it reads for long: ps -p %d -o etime,args",
                       reader, reader);
    else
        (void)snprintf(mend, sizeof mend, "sqlite3 '%s' 'PRAGMA wal_checkpoint(TRUNCATE)'",
                       exam->path);
    SAY(exam, "write-ahead log", MH_FINDING_WARN, mend, "%" PRId64 " MiB: %s", size / MIB,
        reader > 0 ? "a reader keeps it from being begun anew" : "it has grown in one go");
}

/* --- what is in it */

static void look_at_journal(struct exam *exam)
{
    int64_t wal = 0;
    struct mh_sql sql = mh_sql(&exam->db, mh_sqlite_sql_journal_is_wal);
    if (mh_sql_number(&sql, &wal, NULL) <= 0) return; /* look_at_pages says why */
    if (wal != 0)
        SAY(exam, "journal", MH_FINDING_OK, NULL, "WAL");
    else
        SAY(exam, "journal", MH_FINDING_WARN, "millhand stats  # any command switches it",
            "not WAL: whoever reads keeps writers waiting");
}

static void look_at_pages(struct exam *exam)
{
    char mend[MEND_SIZE];
    const char *found = NULL;
    struct mh_err err = {0};
    if (exam->size > CHECK_MAX) {
        (void)snprintf(mend, sizeof mend, "sqlite3 '%s' 'PRAGMA integrity_check'", exam->path);
        SAY(exam, "integrity", MH_FINDING_SKIPPED, mend, "%" PRId64 " MiB take too long to read",
            exam->size / MIB);
        return;
    }
    (void)snprintf(mend, sizeof mend, "sqlite3 '%s' .recover | sqlite3 '%s.recovered'", exam->path,
                   exam->path);
    struct mh_sql sql = mh_sql(&exam->db, mh_sqlite_sql_doctor_check);
    int r = mh_sql_step(&sql, &err);
    if (r > 0) r = mh_sql_get_text(&sql, 0, &exam->request->arena, &found, NULL, &err);
    mh_sql_end(&sql);
    if (r == 0 && found != NULL && strcmp(found, "ok") == 0)
        SAY(exam, "integrity", MH_FINDING_OK, NULL, "quick_check found nothing");
    else
        SAY(exam, "integrity", MH_FINDING_BAD, mend, "%s",
            found != NULL ? found
            : r < 0       ? err.text
                          : "nothing came back");
}

static void look_at_leases(struct exam *exam)
{
    int64_t now = mh_clock_now_ms(), jobs = 0, since = 0;
    struct mh_sql sql = mh_sql(&exam->db, mh_sqlite_sql_doctor_overdue);
    mh_sql_int(&sql, now);
    int r = mh_sql_step(&sql, NULL);
    if (r > 0) {
        jobs = mh_sql_get_int(&sql, 0);
        since = mh_sql_get_int(&sql, 1);
    }
    mh_sql_end(&sql);
    if (r <= 0) return; /* another schema: whoever opens the store says so */
    if (jobs == 0)
        SAY(exam, "expired leases", MH_FINDING_OK, NULL, "none waits to be taken back");
    else
        SAY(exam, "expired leases", MH_FINDING_WARN, "millhand worker  # any takes them back",
            "%" PRId64 " jobs of silent workers, for %" PRId64 " s, and no worker takes them back",
            jobs, (now - since) / 1000);
}

static void look_inside(struct exam *exam)
{
    struct mh_err err;
    if (mh_db_open(&exam->db, exam->path, MH_DB_READ, &err) < 0) {
        SAY(exam, "integrity", MH_FINDING_BAD, NULL, "%s", err.text);
        return;
    }
    look_at_journal(exam);
    look_at_pages(exam);
    look_at_leases(exam);
    mh_db_close(&exam->db);
}

/* --- */

static void examine(uv_work_t *work)
{
    struct exam *exam = work->data;
    if (!look_at_file(exam)) return;
    look_at_file_system(exam);
    look_at_space(exam);
    look_at_wakeups(exam);
    look_at_wal(exam);
    look_inside(exam);
}

static void free_exam(struct exam *exam)
{
    free(exam->path);
    free(exam);
}

static void answer(uv_work_t *work, int status)
{
    struct exam *exam = work->data;
    struct mh_request *request = exam->request;
    mh_findings_reply(&exam->findings, exam->code, request);
    free_exam(exam);
    mh_request_answer(request);
}

static int begin(struct exam *exam, uv_loop_t *loop, const char *path, struct mh_err *err)
{
    exam->path = mh_path_absolute(path);
    if (exam->path == NULL || strlen(exam->path) >= sizeof exam->folder)
        return mh_err_set(err, MH_ENOMEM, "unable to examine the store: its path is too long");
    (void)snprintf(exam->folder, sizeof exam->folder, "%.*s",
                   (int)(strrchr(exam->path, '/') - exam->path + 1), exam->path);
    exam->work.data = exam;
    int r = mh_loop_try_threads(err);
    if (r < 0) return r;
    r = uv_queue_work(loop, &exam->work, examine, answer);
    if (r == 0) return 0;
    return mh_err_set(err, MH_EIO, "unable to examine the store: %s", uv_strerror(r));
}

int mh_sqlite_examine(uv_loop_t *loop, const struct mh_store_options *options,
                      struct mh_request *request, struct mh_err *err)
{
    const char *path = NULL;
    int r = mh_sqlite_path(options->url, &path, err);
    if (r < 0) return r;
    struct exam *exam = calloc(1, sizeof *exam);
    if (exam == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to examine the store: out of memory");
    exam->request = request;
    exam->findings.arena = &request->arena;
    r = begin(exam, loop, path, err);
    if (r < 0) free_exam(exam);
    return r;
}
