/* The answer of an HTTP handler: read as it comes, in the end the verdict on the attempt.
 *
 * What 2xx brings is the result. Where its type is MH_HTTP_STREAM it is a stream of messages, a
 * line each: progress and log lines while the job runs, and how it ended. Of any other answer the
 * first MH_HTTP_EXCERPT bytes go to the log of the attempt, as what a child says on standard error
 * does. Nothing is kept beyond MAX_RESULT_BYTES and that. Calling order: init; begin once the head
 * is known; feed; end, which ends the run; release. One thread: the loop's. */
#ifndef MH_HANDLER_HTTP_ANSWER_H
#define MH_HANDLER_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/lines.h"
#include "worker/run.h"

#define MH_HTTP_STREAM  "application/vnd.millhand+ndjson"
#define MH_HTTP_EXCERPT 4096

/* What is known besides the body once the request is over. */
struct mh_http_end {
    const char *failure; /* of the transfer; NULL: it is complete */
    bool for_good;       /* the failure: another attempt would fail too */
    const char *later;   /* the header millhand-later; NULL: none */
    int64_t retry_after_ms;
};

struct mh_http_answer {
    struct mh_run *run;
    size_t max_result;
    long status; /* 0: no head has come */
    enum { MH_HTTP_RESULT, MH_HTTP_MESSAGES, MH_HTTP_OTHER } kind;
    struct mh_buf body;    /* RESULT: all of it; MESSAGES: the value of the result, the error */
    struct mh_lines lines; /* MESSAGES, OTHER */
    size_t logged;         /* OTHER */
    int spoilt;            /* the result was not kept: MH_ELIMIT or MH_ENOMEM */
    char broken[600];      /* MESSAGES: what was against the protocol */
    bool settled;          /* MESSAGES: the last one came, and is below */
    enum mh_verdict_kind verdict;
    int64_t later_ms;
};

void mh_http_answer_init(struct mh_http_answer *answer, struct mh_run *run, size_t max_result);
void mh_http_answer_release(struct mh_http_answer *answer);

/* `status` 0: no head has come, nor will one. `content_type` may be NULL. */
void mh_http_answer_begin(struct mh_http_answer *answer, long status, const char *content_type);

/* False where no more is of use: give up the transfer. */
bool mh_http_answer_feed(struct mh_http_answer *answer, const char *bytes, size_t len);

void mh_http_answer_end(struct mh_http_answer *answer, const struct mh_http_end *end);

#endif
