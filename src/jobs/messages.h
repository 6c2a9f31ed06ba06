/* Asks a model by the Messages API and waits for its answer, which is streamed.
 *
 * The key, the address and the usual model are settings: ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL and
 * ANTHROPIC_MODEL, so a type that asks has MH_MESSAGES_SETTINGS in its row of jobs.c. The address
 * is https, or http on this machine alone; certificates are checked, redirects and proxies are not
 * followed.
 *
 *     struct mh_messages_answer answer;
 *     r = mh_messages_ask(job, &(struct mh_messages_ask){.prompt = prompt, .max_tokens = 500},
 *                         &answer, err);
 *     …
 *     mh_messages_release(&answer);
 *
 * What may pass by itself (429, 5xx, no connection, an answer that was cut off) is tried again a
 * few times, after a growing pause or the one that the API asks for, and each time a line of the
 * job's log says so. TERM ends it at once. No error holds the key or what was asked. */
#ifndef MH_MESSAGES_H
#define MH_MESSAGES_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "jobs/jobs.h"

/* For the row of jobs.c. */
#define MH_MESSAGES_SETTINGS "ANTHROPIC_API_KEY ANTHROPIC_BASE_URL ANTHROPIC_MODEL"

#define MH_MESSAGES_MODEL_MAX   200     /* bytes of a model's name */
#define MH_MESSAGES_TOKENS_MAX  1000000 /* of max_tokens */
#define MH_MESSAGES_WAIT_MAX_MS 30000   /* a longer pause that the API asks for is not waited for */

/* All of the text that has come so far, each time there is more of it; "": what had come was cut
 * off and is thrown away, it begins anew. */
typedef void mh_messages_text_fn(void *arg, const char *text, size_t len);

struct mh_messages_ask {
    const char *model;  /* NULL: ANTHROPIC_MODEL */
    const char *system; /* what goes before the prompt; NULL: nothing */
    const char *prompt;
    int64_t max_tokens;           /* of the answer, 1 to MH_MESSAGES_TOKENS_MAX */
    const double *temperature;    /* NULL: the model's own */
    mh_messages_text_fn *on_text; /* may be NULL */
    void *arg;
    int64_t silence_ms, whole_ms; /* 0: 2 minutes without a byte, 30 minutes with all tries */
};

struct mh_messages_answer {
    struct mh_buf text;                    /* UTF-8 without NUL, at most MAX_RESULT_BYTES */
    char model[MH_MESSAGES_MODEL_MAX + 1]; /* as the API names it */
    char stop_reason[64];                  /* "": it gave none */
    int64_t input_tokens, output_tokens;   /* of the try that succeeded */
    int64_t wait_ms; /* of a failure: how long the API wants not to be asked; 0: no wish */
};

/* 0 with the whole answer. MH_EINVAL: the settings or what is asked are wrong, or the API refuses
 * it (400, 401, 403, 404, 413 …), with its own words; MH_ELIMIT: more text than fits; MH_ECONN,
 * MH_ETIMEOUT: no answer after all tries; MH_EIO: what came is no answer of this API;
 * MH_ECANCELED: the job is to end; MH_ENOMEM. *ret_answer is to be released also after a failure,
 * and may then hold a part. */
int mh_messages_ask(const struct mh_job_context *job, const struct mh_messages_ask *ask,
                    struct mh_messages_answer *ret_answer, struct mh_err *err) MH_MUST_CHECK;

void mh_messages_release(struct mh_messages_answer *answer);

#endif
