#include "jobs/workdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"

#define LOCK_ENDING ".lock"
#define OPEN_FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* --- removing a tree */

/* The name of the first entry of the folder; false: there is none, or negative errno in *ret_errno.
 */
static bool first_entry(int folder, char ret_name[NAME_MAX + 1], int *ret_errno)
{
    bool found = false;
    int copy = openat(folder, ".", OPEN_FOLDER);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    *ret_errno = dir != NULL ? 0 : errno;
    if (dir == NULL && copy >= 0) (void)close(copy); /* only read */
    for (struct dirent *entry; dir != NULL && !found && (entry = readdir(dir)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        (void)snprintf(ret_name, NAME_MAX + 1, "%s", entry->d_name);
        found = true;
    }
    if (dir != NULL) (void)closedir(dir); /* only read */
    return found;
}

/* 0: it is gone; 1: it is a folder that is not empty; negative errno. */
static int remove_entry(int folder, const char *name)
{
    if (unlinkat(folder, name, 0) == 0) return 0;
    if (errno != EISDIR && errno != EPERM && errno != EACCES) return -errno;
    if (unlinkat(folder, name, AT_REMOVEDIR) == 0) return 0;
    return errno == ENOTEMPTY || errno == EEXIST ? 1 : -errno;
}

/* To another folder, `folder` is closed; -1 with errno. */
static int move(int folder, const char *name)
{
    int next = openat(folder, name, OPEN_FOLDER);
    int saved = errno;
    (void)close(folder); /* only read */
    errno = saved;
    if (next >= 0) (void)fchmod(next, 0700); /* so that its entries can go; if not, that is told */
    return next;
}

/* However deep it is, one folder is open at a time: down into the first folder that is not empty,
 * and up again from one that has become so. */
int mh_remove_tree(int parent, const char *name, struct mh_err *err)
{
    char entry[NAME_MAX + 1];
    int r = remove_entry(parent, name);
    if (r <= 0) return r == 0 ? 0 : mh_err_sys(err, -r, "unable to remove %s", name);
    int folder = openat(parent, name, OPEN_FOLDER), saved = 0;
    if (folder >= 0) (void)fchmod(folder, 0700); /* as above */
    for (int depth = 1; folder >= 0 && depth > 0;) {
        if (!first_entry(folder, entry, &saved)) {
            if (saved != 0 || --depth == 0) break;
            folder = move(folder, "..");
            continue;
        }
        r = remove_entry(folder, entry);
        if (r < 0) break;
        if (r == 0) continue;
        folder = move(folder, entry);
        depth++;
    }
    if (folder < 0) saved = errno;
    if (folder >= 0) (void)close(folder); /* only read */
    if (saved == 0 && r >= 0 && unlinkat(parent, name, AT_REMOVEDIR) == 0) return 0;
    return mh_err_sys(err, saved != 0 ? saved : r < 0 ? -r : errno, "unable to remove %s", name);
}

/* --- the folder of all of them */

static int check_parent(int fd, const char *path, struct mh_err *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0) return mh_err_sys(err, errno, "unable to look at %s", path);
    if (st.st_uid == geteuid() && (st.st_mode & 077) == 0) return 0;
    return mh_err_set(err, MH_EPERM,
                      "%s is not this user's alone: remove it, or set TMPDIR to another folder",
                      path);
}

static int name_parent(char ret_path[PATH_MAX], struct mh_err *err)
{
    const char *base = getenv("TMPDIR");
    if (base == NULL || *base != '/') base = getenv("XDG_RUNTIME_DIR");
    if (base == NULL || *base != '/') base = "/tmp";
    int len = snprintf(ret_path, PATH_MAX, "%s/millhand-%u", base, (unsigned)geteuid());
    return len < PATH_MAX - 100 ? 0 : mh_err_set(err, MH_ELIMIT, "TMPDIR is too long");
}

/* MH_ENOENT: it is not there. */
static int open_parent(const char *path, int *ret_fd, struct mh_err *err)
{
    int fd = open(path, OPEN_FOLDER);
    if (fd < 0 && errno == ENOENT) return mh_err_set(err, MH_ENOENT, "there is no %s", path);
    if (fd < 0) return mh_err_sys(err, errno, "unable to open %s", path);
    int r = check_parent(fd, path, err);
    if (r < 0) {
        (void)close(fd); /* only read */
        return r;
    }
    *ret_fd = fd;
    return 0;
}

static int make_parent(char ret_path[PATH_MAX], int *ret_fd, struct mh_err *err)
{
    int r = name_parent(ret_path, err);
    if (r < 0) return r;
    if (mkdir(ret_path, 0700) < 0 && errno != EEXIST)
        return mh_err_sys(err, errno, "unable to make %s", ret_path);
    return open_parent(ret_path, ret_fd, err);
}

/* A lock that is ours: between its making and its locking a sweep may have removed it. -1: it has,
 * or with errno. */
static int make_lock(int parent, const char *lock_name)
{
    struct stat st;
    int fd = openat(parent, lock_name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return -1;
    if (flock(fd, LOCK_EX) == 0 && fstat(fd, &st) == 0 && st.st_nlink > 0) return fd;
    (void)close(fd); /* nothing was written */
    errno = EAGAIN;
    return -1;
}

int mh_workdir_make(struct mh_workdir *dir, struct mh_err *err)
{
    char lock_name[sizeof dir->name + sizeof LOCK_ENDING];
    char parent_path[PATH_MAX];
    *dir = (struct mh_workdir){.parent = -1, .lock = -1};
    int r = make_parent(parent_path, &dir->parent, err);
    for (int tries = 0; r == 0 && dir->lock < 0; tries++) {
        uint64_t random;
        mh_random_bytes(&random, sizeof random);
        (void)snprintf(dir->name, sizeof dir->name, "%d-%016" PRIx64, (int)getpid(), random);
        (void)snprintf(lock_name, sizeof lock_name, "%s" LOCK_ENDING, dir->name);
        dir->lock = make_lock(dir->parent, lock_name);
        if (dir->lock < 0 && (errno != EAGAIN || tries == 100))
            r = mh_err_sys(err, errno, "unable to make a lock in %s", parent_path);
    }
    if (r == 0 && mkdirat(dir->parent, dir->name, 0700) < 0)
        r = mh_err_sys(err, errno, "unable to make a folder in %s", parent_path);
    if (r == 0) {
        (void)snprintf(dir->path, sizeof dir->path, "%.*s/%s", PATH_MAX - 100, parent_path,
                       dir->name);
        return 0;
    }
    if (mh_workdir_remove(dir, NULL) < 0) return r; /* of the two the first is told */
    return r;
}

static int remove_both(int parent, const char *name, const char *lock_name, struct mh_err *err)
{
    struct stat st;
    int r = 0;
    if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0) r = mh_remove_tree(parent, name, err);
    if (r == 0 && unlinkat(parent, lock_name, 0) < 0 && errno != ENOENT)
        r = mh_err_sys(err, errno, "unable to remove %s", lock_name);
    return r;
}

int mh_workdir_remove(struct mh_workdir *dir, struct mh_err *err)
{
    char lock_name[sizeof dir->name + sizeof LOCK_ENDING];
    int r = 0;
    if (dir->name[0] != '\0' && dir->parent >= 0 && dir->lock >= 0) {
        (void)snprintf(lock_name, sizeof lock_name, "%s" LOCK_ENDING, dir->name);
        r = remove_both(dir->parent, dir->name, lock_name, err);
    }
    if (dir->lock > 0) (void)close(dir->lock); /* nothing was written to these */
    if (dir->parent > 0) (void)close(dir->parent);
    *dir = (struct mh_workdir){.parent = -1, .lock = -1};
    return r;
}

/* --- what others left */

/* 1: removed, 0: in use, or no lock. */
static int sweep_entry(int parent, const char *lock_name, struct mh_err *err)
{
    char name[NAME_MAX + 1];
    const char *ending = strrchr(lock_name, '.');
    if (ending == NULL || ending == lock_name || strcmp(ending, LOCK_ENDING) != 0) return 0;
    int fd = openat(parent, lock_name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return 0; /* another sweep was faster */
    int r = 0;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        (void)snprintf(name, sizeof name, "%.*s", (int)(ending - lock_name), lock_name);
        r = remove_both(parent, name, lock_name, err);
        if (r == 0) r = 1;
    }
    (void)close(fd); /* nothing was written */
    return r;
}

int mh_workdir_sweep(struct mh_err *err)
{
    char path[PATH_MAX];
    int parent, swept = 0;
    int r = name_parent(path, err);
    if (r == 0) r = open_parent(path, &parent, err);
    if (r < 0) return r == MH_ENOENT ? 0 : r;
    DIR *dir = fdopendir(parent);
    if (dir == NULL) {
        (void)close(parent); /* only read */
        return mh_err_sys(err, errno, "unable to read %s", path);
    }
    for (struct dirent *entry; r >= 0 && (entry = readdir(dir)) != NULL;) {
        r = sweep_entry(parent, entry->d_name, err);
        if (r > 0) swept++;
    }
    (void)closedir(dir); /* only read */
    return r < 0 ? r : swept;
}
