#include "http/sse.h"

#include "queue/record.h"

#define RECORD_BYTES ((size_t)1 << 20)

void mh_sse_begin(struct mh_buf *out)
{
    mh_buf_str(out, "retry: 1000\n\n");
}

static void put_id(struct mh_buf *out, const struct mh_place *id)
{
    char text[MH_PLACE_TEXT];
    mh_place_format(id, text);
    mh_buf_printf(out, "id: %s\n", text);
}

void mh_sse_event(struct mh_buf *out, const struct mh_place *id, const struct mh_event *event)
{
    struct mh_buf record; /* apart, as a record begins a line */
    mh_buf_init(&record, RECORD_BYTES);
    mh_record_event(&record, event);
    if (id != NULL) put_id(out, id);
    mh_buf_printf(out, "event: %s\ndata: ", mh_event_name(event->kind));
    mh_buf_append(out, mh_buf_text(&record), record.len);
    mh_buf_str(out, "\n\n");
    if (mh_buf_failed(&record)) out->failed = true;
    mh_buf_release(&record);
}

void mh_sse_gap(struct mh_buf *out)
{
    mh_buf_str(out, "event: gap\ndata: {\"event\":\"gap\"}\n\n");
}

void mh_sse_id(struct mh_buf *out, const struct mh_place *id)
{
    put_id(out, id);
    mh_buf_char(out, '\n');
}

void mh_sse_comment(struct mh_buf *out, const char *text)
{
    mh_buf_printf(out, ": %s\n\n", text);
}
