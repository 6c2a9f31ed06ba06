/* Cuts a stream of bytes into lines, with a maximum length.
 *
 * Feed what was read; `fn` is called once per line, without its newline, NUL-terminated. A line
 * longer than `max` is given once, cut at `max` with `cut` true, and the rest of it is dropped.
 * `fn` must not release the reader; it may set `stopped`, after which bytes are ignored. */
#ifndef MH_LINES_H
#define MH_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

typedef void mh_line_fn(void *arg, const char *line, size_t len, bool cut);

struct mh_lines {
    struct mh_buf part; /* the line that is not complete yet */
    size_t max;
    bool skipping; /* inside the dropped rest of a cut line */
    bool stopped;
    bool failed; /* out of memory: what followed was dropped */
    mh_line_fn *fn;
    void *arg;
};

void mh_lines_init(struct mh_lines *lines, size_t max, mh_line_fn *fn, void *arg);
void mh_lines_release(struct mh_lines *lines);
void mh_lines_feed(struct mh_lines *lines, const char *bytes, size_t len);

/* At end of stream: gives a last line that had no newline. */
void mh_lines_end(struct mh_lines *lines);

#endif
