#include "jobs/messages_stream.h"

#include <jansson.h>
#include <string.h>

#include "base/utf8.h"

/* The most bytes of one event. */
#define EVENT_MAX ((size_t)1 << 20)

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD, for a NUL, which no store keeps */

static void break_off(struct mh_messages_stream *stream, const char *why)
{
    stream->state = MH_MESSAGES_BROKEN;
    stream->why = why;
}

/* A string that is a member, cut to fit; "" where there is none. */
static void copy_member(const json_t *object, const char *name, char *ret_text, size_t size)
{
    const json_t *value = json_object_get(object, name);
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    size_t len = mh_utf8_cut(text, strlen(text), size - 1);
    memcpy(ret_text, text, len);
    ret_text[len] = '\0';
}

static void take_fault(const json_t *root, struct mh_messages_fault *fault)
{
    const json_t *error = json_object_get(root, "error");
    copy_member(error, "type", fault->type, sizeof fault->type);
    copy_member(error, "message", fault->message, sizeof fault->message);
}

/* Leaves *count as it is where the member is missing. */
static void take_count(const json_t *usage, const char *name, int64_t *count)
{
    const json_t *value = json_object_get(usage, name);
    if (json_is_integer(value) && json_integer_value(value) >= 0)
        *count = json_integer_value(value);
}

static void take_usage(struct mh_messages_answer *answer, const json_t *usage)
{
    take_count(usage, "input_tokens", &answer->input_tokens);
    take_count(usage, "output_tokens", &answer->output_tokens);
}

static void append(struct mh_buf *text, const char *bytes, size_t len)
{
    for (const char *nul; (nul = memchr(bytes, '\0', len)) != NULL;) {
        size_t before = (size_t)(nul - bytes);
        mh_buf_append(text, bytes, before);
        mh_buf_str(text, REPLACEMENT);
        bytes = nul + 1;
        len -= before + 1;
    }
    mh_buf_append(text, bytes, len);
}

static void take_text(struct mh_messages_stream *stream, const json_t *value)
{
    struct mh_buf *text = &stream->answer->text;
    if (!json_is_string(value) || json_string_length(value) == 0) return;
    append(text, json_string_value(value), json_string_length(value));
    if (mh_buf_full(text))
        stream->state = MH_MESSAGES_FULL;
    else if (mh_buf_failed(text))
        break_off(stream, "out of memory");
    else if (stream->on_text != NULL)
        stream->on_text(stream->arg, text->data, text->len);
}

/* --- the events */

static void on_message_start(struct mh_messages_stream *stream, const json_t *root)
{
    const json_t *message = json_object_get(root, "message");
    struct mh_messages_answer *answer = stream->answer;
    stream->begun = true;
    copy_member(message, "model", answer->model, sizeof answer->model);
    take_usage(answer, json_object_get(message, "usage"));
}

static void on_block_start(struct mh_messages_stream *stream, const json_t *root)
{
    const json_t *block = json_object_get(root, "content_block");
    const char *type = json_string_value(json_object_get(block, "type"));
    if (type != NULL && strcmp(type, "text") == 0)
        take_text(stream, json_object_get(block, "text"));
}

static void on_block_delta(struct mh_messages_stream *stream, const json_t *root)
{
    const json_t *delta = json_object_get(root, "delta");
    const char *type = json_string_value(json_object_get(delta, "type"));
    if (type != NULL && strcmp(type, "text_delta") == 0)
        take_text(stream, json_object_get(delta, "text"));
}

static void on_message_delta(struct mh_messages_stream *stream, const json_t *root)
{
    struct mh_messages_answer *answer = stream->answer;
    const json_t *delta = json_object_get(root, "delta");
    if (json_is_string(json_object_get(delta, "stop_reason")))
        copy_member(delta, "stop_reason", answer->stop_reason, sizeof answer->stop_reason);
    take_usage(answer, json_object_get(root, "usage"));
}

static void on_message_stop(struct mh_messages_stream *stream, const json_t *root)
{
    (void)root;
    stream->state = MH_MESSAGES_DONE;
}

static void on_error(struct mh_messages_stream *stream, const json_t *root)
{
    take_fault(root, &stream->fault);
    stream->state = MH_MESSAGES_FAULT;
}

static const struct event {
    const char *name;
    void (*take)(struct mh_messages_stream *stream, const json_t *root);
    bool first; /* may come before message_start */
} events[] = {
    {"message_start", on_message_start, true},      {"content_block_start", on_block_start, false},
    {"content_block_delta", on_block_delta, false}, {"message_delta", on_message_delta, false},
    {"message_stop", on_message_stop, false},       {"error", on_error, true},
};

static const struct event *find_event(const char *name)
{
    for (size_t i = 0; i < MH_LEN(events); i++)
        if (strcmp(events[i].name, name) == 0) return &events[i];
    return NULL;
}

static void on_event(void *arg, const char *name, const char *data, size_t len)
{
    struct mh_messages_stream *stream = arg;
    const struct event *event = find_event(name);
    if (event == NULL) return;
    json_t *root = json_loadb(data, len, JSON_ALLOW_NUL, NULL);
    if (!json_is_object(root))
        break_off(stream, "an event is not a JSON object");
    else if (!event->first && !stream->begun)
        break_off(stream, "it does not begin with message_start");
    else
        event->take(stream, root);
    json_decref(root);
    stream->reader.stopped = stream->state != MH_MESSAGES_OPEN;
}

/* --- public */

void mh_messages_stream_init(struct mh_messages_stream *stream, struct mh_messages_answer *answer,
                             mh_messages_text_fn *on_text, void *arg)
{
    *stream = (struct mh_messages_stream){.answer = answer, .on_text = on_text, .arg = arg};
    mh_sse_reader_init(&stream->reader, EVENT_MAX, on_event, stream);
}

void mh_messages_stream_release(struct mh_messages_stream *stream)
{
    mh_sse_reader_release(&stream->reader);
}

void mh_messages_stream_feed(struct mh_messages_stream *stream, const char *bytes, size_t len)
{
    mh_sse_reader_feed(&stream->reader, bytes, len);
    if (stream->reader.failed) break_off(stream, "an event is too large");
}

void mh_messages_fault_read(const char *body, size_t len, struct mh_messages_fault *ret_fault)
{
    json_t *root = json_loadb(body, len, 0, NULL); /* not JSON: no fault is told */
    *ret_fault = (struct mh_messages_fault){0};
    take_fault(root, ret_fault);
    json_decref(root);
}
