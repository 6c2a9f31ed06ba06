/* The lines of a file, to be read twice: where the file cannot be (a pipe), the first reading
 * writes it to an unlinked temporary file. */
#ifndef MH_NDJSON_H
#define MH_NDJSON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/lines.h"

struct mh_ndjson {
    const char *name;   /* for errors, borrowed */
    const char *behind; /* between the name and the number of a line */
    int fd;
    off_t start;   /* of a file: where standard input stands */
    int spool_fd;  /* -1: the file can be read again */
    int64_t bytes; /* of a file: its size; of a pipe: known after the first reading */
    int64_t done;  /* read so far in this reading */
};

/* `file` may be "-". MH_EINVAL where it cannot be opened. Close it also after an error. */
int mh_ndjson_open(struct mh_ndjson *ndjson, const char *file, struct mh_err *err) MH_MUST_CHECK;
void mh_ndjson_close(struct mh_ndjson *ndjson);

/* Reads all of it into `lines`, to the end or until lines->stopped; the second call reads it again.
 */
int mh_ndjson_read(struct mh_ndjson *ndjson, struct mh_lines *lines,
                   struct mh_err *err) MH_MUST_CHECK;

#endif
