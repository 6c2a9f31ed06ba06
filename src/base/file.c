#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int mh_file_read_fd(int fd, const char *name, struct mh_buf *buf, struct mh_err *err)
{
    char chunk[16384];
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return mh_err_sys(err, errno, "unable to read %s", name);
        if (got == 0) return 0;
        if ((size_t)got > buf->max - buf->len)
            return mh_err_set(err, MH_ELIMIT, "unable to read %s: larger than %zu bytes", name,
                              buf->max);
        mh_buf_append(buf, chunk, (size_t)got);
        if (mh_buf_failed(buf))
            return mh_err_set(err, MH_ENOMEM, "unable to read %s: out of memory", name);
    }
}

int mh_file_read(const char *path, struct mh_buf *buf, struct mh_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        return mh_err_set(err, MH_ENOENT, "unable to read %s: no such file", path);
    if (fd < 0) return mh_err_sys(err, errno, "unable to read %s", path);
    int r = mh_file_read_fd(fd, path, buf, err);
    (void)close(fd); /* nothing was written */
    return r;
}

char *mh_path_absolute(const char *path)
{
    if (path[0] == '/') return strdup(path);
    char *folder = getcwd(NULL, 0);
    if (folder == NULL) return NULL;
    size_t len = strlen(folder);
    size_t size = len + strlen(path) + 2;
    char *absolute = malloc(size);
    if (absolute != NULL)
        (void)snprintf(absolute, size, "%s%s%s", folder, folder[len - 1] == '/' ? "" : "/", path);
    free(folder);
    return absolute;
}
