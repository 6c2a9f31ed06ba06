/* What an examination finds, one after the other, in the arena of the request that asked. */
#ifndef MH_STORE_FINDING_H
#define MH_STORE_FINDING_H

#include <stddef.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/err.h"
#include "store/backend.h"
#include "store/store.h"

/* The most bytes of each of its texts. */
#define MH_FINDING_TEXT 2000

struct mh_findings {
    struct mh_arena *arena;
    struct mh_finding *items;
    size_t count, room;
};

/* Copies the texts, cut where they are too long; `mend` may be NULL. 0 or MH_ENOMEM. */
int mh_findings_add(struct mh_findings *findings, const struct mh_finding *finding,
                    struct mh_err *err) MH_MUST_CHECK;

/* The same with `found` as printf makes it. */
int mh_findings_say(struct mh_findings *findings, const char *name, enum mh_finding_status status,
                    const char *mend, struct mh_err *err, const char *found, ...)
    MH_PRINTF(6, 7) MH_MUST_CHECK;

/* Makes them the request's reply; with a negative `code` the reply is the error in reply.err. */
void mh_findings_reply(const struct mh_findings *findings, int code, struct mh_request *request);

#endif
