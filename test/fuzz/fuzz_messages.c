/* The first byte of an input is the size of the pieces that it is fed in, the second the most text
 * in units of 16 bytes; the stream is the rest. */
#include <string.h>

#include "fuzz.h"
#include "jobs/messages_stream.h"

/* What a stream came to. */
struct reading {
    struct mh_messages_answer answer;
    struct mh_messages_stream stream;
    size_t len; /* of the text, as it was told last */
};

static void on_text(void *arg, const char *text, size_t len)
{
    struct reading *reading = arg;
    require(len > reading->len && len <= reading->answer.text.max);
    require(strlen(text) == len);
    reading->len = len;
}

static void read_all(struct reading *reading, const char *bytes, size_t len, size_t piece,
                     size_t text_max)
{
    *reading = (struct reading){0};
    mh_buf_init(&reading->answer.text, text_max);
    mh_messages_stream_init(&reading->stream, &reading->answer, on_text, reading);
    for (size_t at = 0; at < len; at += piece)
        mh_messages_stream_feed(&reading->stream, bytes + at, len - at < piece ? len - at : piece);
}

static void release(struct reading *reading)
{
    mh_messages_stream_release(&reading->stream);
    mh_messages_release(&reading->answer);
}

static void require_same(const struct reading *a, const struct reading *b)
{
    require(a->stream.state == b->stream.state);
    require(strcmp(mh_buf_text(&a->answer.text), mh_buf_text(&b->answer.text)) == 0);
    require(strcmp(a->answer.stop_reason, b->answer.stop_reason) == 0);
    require(strcmp(a->stream.fault.message, b->stream.fault.message) == 0);
    require(a->answer.input_tokens == b->answer.input_tokens);
    require(a->answer.output_tokens == b->answer.output_tokens);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) return 0;
    const char *bytes = (const char *)data + 2;
    size_t len = size - 2, piece = (size_t)data[0] + 1, text_max = (size_t)data[1] * 16;
    struct reading pieces, whole;
    struct mh_messages_fault fault;
    read_all(&pieces, bytes, len, piece, text_max);
    read_all(&whole, bytes, len, len + 1, text_max);
    require_same(&pieces, &whole);
    require(whole.answer.input_tokens >= 0 && whole.answer.output_tokens >= 0);
    require(whole.stream.state != MH_MESSAGES_DONE || whole.stream.begun);
    require((whole.stream.state == MH_MESSAGES_BROKEN) == (whole.stream.why != NULL));
    release(&pieces);
    release(&whole);
    mh_messages_fault_read(bytes, len, &fault);
    require(strlen(fault.type) < sizeof fault.type);
    return 0;
}
