/* Reads a stream of server-sent events (text/event-stream), as it comes in pieces.
 *
 * Feed what was read; `fn` is called once per event that has data, when its empty line has come: an
 * event that is cut off is never given. Lines end in LF or CRLF. Comments, ids, retry times and
 * unknown fields are passed over. `fn` must not release the reader; it may set `stopped`, after
 * which bytes are ignored. */
#ifndef MH_SSE_READER_H
#define MH_SSE_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/lines.h"

#define MH_SSE_NAME_MAX 64 /* an event with a longer name is given without one */

/* `data` is NUL-terminated, its lines joined by newlines; `name` is "" where there is none. */
typedef void mh_sse_event_fn(void *arg, const char *name, const char *data, size_t len);

struct mh_sse_reader {
    struct mh_lines lines;
    struct mh_buf data; /* of the event under way, a newline behind each line */
    char name[MH_SSE_NAME_MAX + 1];
    bool stopped;
    bool failed; /* an event did not fit: what follows is ignored */
    mh_sse_event_fn *fn;
    void *arg;
};

/* `max` is the most bytes of an event's data. Allocates nothing. */
void mh_sse_reader_init(struct mh_sse_reader *reader, size_t max, mh_sse_event_fn *fn, void *arg);
void mh_sse_reader_release(struct mh_sse_reader *reader);
void mh_sse_reader_feed(struct mh_sse_reader *reader, const char *bytes, size_t len);

#endif
