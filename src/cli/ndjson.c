#include "cli/ndjson.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 65536

static int open_spool(int *ret_fd, struct mh_err *err)
{
    const char *folder = getenv("TMPDIR");
    if (folder == NULL || folder[0] == '\0') folder = "/tmp";
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
        char path[4096];
        (void)snprintf(path, sizeof path, "%s/millhand-XXXXXX", folder);
        fd = mkostemp(path, O_CLOEXEC);
        if (fd >= 0) (void)unlink(path); /* at worst a file is left behind */
    }
    if (fd < 0) return mh_err_sys(err, errno, "unable to make a temporary file in %s", folder);
    *ret_fd = fd;
    return 0;
}

int mh_ndjson_open(struct mh_ndjson *ndjson, const char *file, struct mh_err *err)
{
    bool standard = strcmp(file, "-") == 0;
    *ndjson = (struct mh_ndjson){.name = standard ? "standard input" : file,
                                 .behind = standard ? ", line " : ":",
                                 .fd = -1,
                                 .spool_fd = -1};
    ndjson->fd = standard ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
    if (ndjson->fd < 0)
        return mh_err_set(err, MH_EINVAL, "unable to read %s: %s", file, strerror(errno));
    struct stat stat;
    if (fstat(ndjson->fd, &stat) < 0) return mh_err_sys(err, errno, "unable to read %s", file);
    if (S_ISREG(stat.st_mode)) {
        ndjson->start = lseek(ndjson->fd, 0, SEEK_CUR);
        ndjson->bytes = stat.st_size - ndjson->start;
        return 0;
    }
    return open_spool(&ndjson->spool_fd, err);
}

void mh_ndjson_close(struct mh_ndjson *ndjson)
{
    if (ndjson->fd > STDIN_FILENO) (void)close(ndjson->fd);   /* only read from */
    if (ndjson->spool_fd >= 0) (void)close(ndjson->spool_fd); /* of no use to anybody else */
}

static int write_all(int fd, const char *bytes, size_t len, struct mh_err *err)
{
    while (len > 0) {
        ssize_t written = write(fd, bytes, len);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return mh_err_sys(err, errno, "unable to write the temporary file");
        bytes += written;
        len -= (size_t)written;
    }
    return 0;
}

/* From the second reading on the spool is the file. */
static void use_spool(struct mh_ndjson *ndjson)
{
    if (ndjson->fd > STDIN_FILENO) (void)close(ndjson->fd); /* only read from */
    ndjson->fd = ndjson->spool_fd;
    ndjson->spool_fd = -1;
    ndjson->bytes = ndjson->done;
}

int mh_ndjson_read(struct mh_ndjson *ndjson, struct mh_lines *lines, struct mh_err *err)
{
    char block[BLOCK];
    ndjson->done = 0;
    if (ndjson->spool_fd < 0 && lseek(ndjson->fd, ndjson->start, SEEK_SET) < 0)
        return mh_err_sys(err, errno, "unable to read %s", ndjson->name);
    for (;;) {
        ssize_t got = read(ndjson->fd, block, sizeof block);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return mh_err_sys(err, errno, "unable to read %s", ndjson->name);
        if (got == 0) break;
        int r = ndjson->spool_fd < 0 ? 0 : write_all(ndjson->spool_fd, block, (size_t)got, err);
        if (r < 0) return r;
        ndjson->done += got;
        mh_lines_feed(lines, block, (size_t)got);
        if (lines->stopped) return 0;
    }
    mh_lines_end(lines);
    if (lines->failed)
        return mh_err_set(err, MH_ENOMEM, "unable to read %s: out of memory", ndjson->name);
    if (ndjson->spool_fd >= 0) use_spool(ndjson);
    return 0;
}
