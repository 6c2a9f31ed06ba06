#include "base/lines.h"

#include <string.h>

void mh_lines_init(struct mh_lines *lines, size_t max, mh_line_fn *fn, void *arg)
{
    *lines = (struct mh_lines){.max = max, .fn = fn, .arg = arg};
    mh_buf_init(&lines->part, max);
}

void mh_lines_release(struct mh_lines *lines)
{
    if (lines != NULL) mh_buf_release(&lines->part);
}

static void give(struct mh_lines *lines, bool cut)
{
    lines->fn(lines->arg, mh_buf_text(&lines->part), lines->part.len, cut);
    mh_buf_reset(&lines->part);
}

/* A piece without a newline. The line is given as soon as it is too long: its end may never come.
 */
static void add(struct mh_lines *lines, const char *bytes, size_t len)
{
    if (lines->skipping) return;
    size_t room = lines->max - lines->part.len;
    mh_buf_append(&lines->part, bytes, len < room ? len : room);
    lines->failed = mh_buf_failed(&lines->part);
    if (len > room && !lines->failed) {
        lines->skipping = true;
        give(lines, true);
    }
}

static void end_line(struct mh_lines *lines)
{
    if (!lines->skipping) give(lines, false);
    lines->skipping = false;
}

void mh_lines_feed(struct mh_lines *lines, const char *bytes, size_t len)
{
    while (len > 0 && !lines->stopped && !lines->failed) {
        const char *newline = memchr(bytes, '\n', len);
        size_t piece = newline != NULL ? (size_t)(newline - bytes) : len;
        add(lines, bytes, piece);
        if (newline == NULL) return;
        if (!lines->failed) end_line(lines);
        bytes += piece + 1;
        len -= piece + 1;
    }
}

void mh_lines_end(struct mh_lines *lines)
{
    if (lines->part.len > 0 && !lines->stopped && !lines->failed) give(lines, false);
    lines->skipping = false;
}
