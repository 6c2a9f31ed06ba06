/* A job to dispatch, read from a JSON object: a line of `enqueue --bulk`, the body of POST
 * /v1/jobs.
 *
 * Members: type, payload, priority, run_at, delay (a duration such as "5m", or seconds),
 * max_attempts, unique_key, correlation_id, traceparent, and tenant_id where the caller allows it.
 * An unknown member is refused: a misspelt "priorty" must not be lost. The payload keeps the very
 * bytes it came with (found again in the text, not re-serialised). */
#ifndef MH_SPEC_H
#define MH_SPEC_H

#include <stddef.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/err.h"
#include "store/store.h"

struct mh_spec_defaults {
    const char *type;         /* for lines without one; NULL: type is required */
    struct mh_uuid tenant_id; /* for lines without one */
    bool allow_tenant;        /* a line may name its tenant_id */
    int64_t max_payload_bytes;
};

/* Parses and checks `text` (one object) into *ret_job with a new id; strings live in `arena` or are
 * borrowed from `text` and `defaults`. MH_EINVAL, MH_ELIMIT with the member named. */
int mh_spec_parse(const char *text, size_t len, const struct mh_spec_defaults *defaults,
                  struct mh_arena *arena, struct mh_dispatch *ret_job,
                  struct mh_err *err) MH_MUST_CHECK;

#endif
