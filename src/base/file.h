/* Small files and paths. Thread-safe. */
#ifndef MH_FILE_H
#define MH_FILE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

/* Appends all of the file to `buf` (its max is the limit: MH_ELIMIT past it). MH_ENOENT where there
 * is none. */
int mh_file_read(const char *path, struct mh_buf *buf, struct mh_err *err) MH_MUST_CHECK;

/* The same for an open descriptor, until end of file; `name` is for the error. */
int mh_file_read_fd(int fd, const char *name, struct mh_buf *buf, struct mh_err *err) MH_MUST_CHECK;

/* An absolute path for one that need not exist: the working directory is put before it. Returned
 * owned; NULL: no memory, or the working directory is gone. */
char *mh_path_absolute(const char *path);

#endif
