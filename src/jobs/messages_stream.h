/* What the Messages API says, understood: the events of a streamed answer and the body of a
 * refusal. It knows nothing of connections.
 *
 * Calling order: mh_messages_stream_init; mh_messages_stream_feed with what was read, while `state`
 * is MH_MESSAGES_OPEN; mh_messages_stream_release. Unknown events, blocks that are not text and
 * unknown members are passed over: the API may grow. */
#ifndef MH_MESSAGES_STREAM_H
#define MH_MESSAGES_STREAM_H

#include <stddef.h>

#include "jobs/messages.h"
#include "jobs/sse_reader.h"

enum mh_messages_state {
    MH_MESSAGES_OPEN,   /* more is to come: an answer that ends here was cut off */
    MH_MESSAGES_DONE,   /* the answer is whole */
    MH_MESSAGES_FAULT,  /* the API gave it up: `fault` says why */
    MH_MESSAGES_BROKEN, /* it is no such stream: `why` */
    MH_MESSAGES_FULL,   /* the text is larger than answer->text may be */
};

/* The API's own words, cut where they are long; "": none. */
struct mh_messages_fault {
    char type[64];
    char message[256];
};

struct mh_messages_stream {
    enum mh_messages_state state;
    struct mh_messages_fault fault;
    const char *why;
    bool begun; /* message_start has come */
    struct mh_messages_answer *answer;
    mh_messages_text_fn *on_text;
    void *arg;
    struct mh_sse_reader reader;
};

/* Borrows `answer`, whose text is empty and has its maximum. */
void mh_messages_stream_init(struct mh_messages_stream *stream, struct mh_messages_answer *answer,
                             mh_messages_text_fn *on_text, void *arg);
void mh_messages_stream_release(struct mh_messages_stream *stream);
void mh_messages_stream_feed(struct mh_messages_stream *stream, const char *bytes, size_t len);

/* The fault that a body of a refusal tells; empty where it tells none. */
void mh_messages_fault_read(const char *body, size_t len, struct mh_messages_fault *ret_fault);

#endif
