/* Standard output: buffered, its errors kept for the end, and safe for a terminal.
 *
 * A line is put together in `line` by the functions of base/buf.h and base/json.h; mh_out_end ends
 * it. After an error everything is dropped, and the program ends as its status says: a reader that
 * went away ends it quietly. Long commands ask mh_out_broken between pages. */
#ifndef MH_OUT_H
#define MH_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

struct mh_out {
    int fd;
    bool terminal;
    bool colour; /* a terminal, and NO_COLOR is not set */
    int columns; /* of the terminal; 0: no limit */
    int errnum;  /* the first error, 0: none */
    struct mh_buf line;
    struct mh_buf waiting;
};

void mh_out_init(struct mh_out *out, int fd);
void mh_out_release(struct mh_out *out);

/* Ends the line, which holds text of ours or text that has been cleaned (text.h). */
void mh_out_end(struct mh_out *out);

/* Ends a line of JSON: on a terminal, what would steer it is escaped. */
void mh_out_end_json(struct mh_out *out);

/* Writes what is waiting; false when the output is broken. */
bool mh_out_flush(struct mh_out *out);
bool mh_out_broken(const struct mh_out *out);

#endif
