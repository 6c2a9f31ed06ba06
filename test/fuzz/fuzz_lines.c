/* The first byte of an input is the longest line, the second the size of the pieces it is fed in;
 * the stream is the rest. */
#include <string.h>

#include "base/lines.h"
#include "fuzz.h"

/* What has not been given yet. */
struct rest {
    const char *at, *end;
    size_t max;
};

/* Compares each line with one cut from the stream as a whole. */
static void check_line(void *arg, const char *line, size_t len, bool cut)
{
    struct rest *rest = arg;
    require(rest->at < rest->end);
    size_t left = (size_t)(rest->end - rest->at);
    const char *newline = memchr(rest->at, '\n', left);
    size_t whole = newline != NULL ? (size_t)(newline - rest->at) : left;
    require(cut == (whole > rest->max));
    require(len == (cut ? rest->max : whole));
    require(memcmp(line, rest->at, len) == 0 && line[len] == '\0');
    rest->at += whole + (newline != NULL);
}

static void stop(void *arg, const char *line, size_t len, bool cut)
{
    struct mh_lines *lines = arg;
    require(!lines->stopped);
    lines->stopped = true;
}

static void feed_in_pieces(struct mh_lines *lines, const char *bytes, size_t len, size_t piece)
{
    for (size_t at = 0; at < len; at += piece)
        mh_lines_feed(lines, bytes + at, len - at < piece ? len - at : piece);
    mh_lines_end(lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) return 0;
    const char *stream = (const char *)data + 2;
    size_t len = size - 2, piece = (size_t)data[1] + 1;
    struct rest rest = {.at = stream, .end = stream + len, .max = data[0]};
    struct mh_lines lines;
    mh_lines_init(&lines, rest.max, check_line, &rest);
    feed_in_pieces(&lines, stream, len, piece);
    require(rest.at == rest.end && !lines.failed);
    mh_lines_release(&lines);

    mh_lines_init(&lines, rest.max, stop, &lines);
    feed_in_pieces(&lines, stream, len, piece);
    require(lines.stopped == (len > 0));
    mh_lines_release(&lines);
    return 0;
}
