#include "jobs/sse_reader.h"

#include <string.h>

/* What a line holds besides data: "data: " and a carriage return. */
#define FIELD_MAX 16

static void give(struct mh_sse_reader *reader)
{
    if (reader->data.len > 0) {
        reader->data.data[--reader->data.len] = '\0'; /* the newline behind the last line */
        reader->fn(reader->arg, reader->name, reader->data.data, reader->data.len);
    }
    mh_buf_reset(&reader->data);
    reader->name[0] = '\0';
}

static void set_name(struct mh_sse_reader *reader, const char *name, size_t len)
{
    if (len > MH_SSE_NAME_MAX) len = 0;
    memcpy(reader->name, name, len);
    reader->name[len] = '\0';
}

static bool is(const char *line, size_t len, const char *field)
{
    return len == strlen(field) && memcmp(line, field, len) == 0;
}

static void take_field(struct mh_sse_reader *reader, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    size_t name_len = colon != NULL ? (size_t)(colon - line) : len;
    const char *value = colon != NULL ? colon + 1 : line + len;
    if (colon != NULL && *value == ' ') value++;
    size_t value_len = (size_t)(line + len - value);
    if (is(line, name_len, "event")) set_name(reader, value, value_len);
    if (!is(line, name_len, "data")) return;
    mh_buf_append(&reader->data, value, value_len);
    mh_buf_char(&reader->data, '\n');
    reader->failed = mh_buf_failed(&reader->data);
}

static void on_line(void *arg, const char *line, size_t len, bool cut)
{
    struct mh_sse_reader *reader = arg;
    if (len > 0 && line[len - 1] == '\r') len--;
    if (cut)
        reader->failed = true;
    else if (len == 0)
        give(reader);
    else
        take_field(reader, line, len);
    reader->lines.stopped = reader->failed || reader->stopped;
}

void mh_sse_reader_init(struct mh_sse_reader *reader, size_t max, mh_sse_event_fn *fn, void *arg)
{
    *reader = (struct mh_sse_reader){.fn = fn, .arg = arg};
    mh_lines_init(&reader->lines, max + FIELD_MAX, on_line, reader);
    mh_buf_init(&reader->data, max + 1);
}

void mh_sse_reader_release(struct mh_sse_reader *reader)
{
    mh_lines_release(&reader->lines);
    mh_buf_release(&reader->data);
}

void mh_sse_reader_feed(struct mh_sse_reader *reader, const char *bytes, size_t len)
{
    mh_lines_feed(&reader->lines, bytes, len);
    if (reader->lines.failed) reader->failed = true;
}
