/* What handlers say, read: lines of the event pipe, JSON-RPC 2.0 messages of persistent children,
 * and lines of an answer that is streamed over HTTP.
 *
 * Everything comes from outside: bounded by the caller's line length, checked here, refused as a
 * whole when it is not what the protocol allows. Results keep their value through jansson (numbers
 * of any length in them are kept as they came only where the raw bytes are spliced, which `result`
 * does). */
#ifndef MH_MESSAGE_H
#define MH_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/uuid.h"

/* "later" without a time. */
#define MH_LATER_MS 60000

/* The longest "later". */
#define MH_LATER_MAX_MS (INT64_C(365) * 86400000)

enum mh_message_kind {
    MH_MESSAGE_EVENT,
    MH_MESSAGE_RESULT,
    MH_MESSAGE_ERROR,
    MH_MESSAGE_PROGRESS,
    MH_MESSAGE_LOG
};

struct mh_message {
    enum mh_message_kind kind;
    int64_t request;    /* RESULT, ERROR: which request it answers */
    struct mh_uuid job; /* PROGRESS, LOG */
    double progress;    /* negative: none */
    int64_t later_ms;   /* negative: none */
    bool for_good;      /* ERROR: "retry": false */
    const char
        *text; /* progress message, log line, error message; NULL: none. Lives until release */
    const char *result; /* RESULT: the bytes of the value, inside the line given */
    size_t result_len;
    void *json; /* private: what `text` points into */
};

/* {"progress":0.5,"message":"half"} or {"later":"5m"}, or both. */
int mh_message_event(const char *line, size_t len, struct mh_message *ret_message) MH_MUST_CHECK;

/* A response or one of the notifications job.progress and job.log. MH_ENOENT with the reason: a
 * notification that is to be ignored. MH_EINVAL with the reason: no message at all. */
int mh_message_rpc(const char *line, size_t len, struct mh_message *ret_message,
                   struct mh_err *err) MH_MUST_CHECK;

/* One of {"progress":0.5,"message":"half"}, {"log":"text"}, {"later":"5m"}, {"result":…} and
 * {"error":"text","retry":false}; an EVENT is the first or the third. MH_EINVAL with the reason. */
int mh_message_answer(const char *line, size_t len, struct mh_message *ret_message,
                      struct mh_err *err) MH_MUST_CHECK;

void mh_message_release(struct mh_message *message);

#endif
