/* Whom a request is for, where that is not the program itself: what a tenant may ask, and of what.
 *
 * What one request can decide by itself is decided here, for every store: operations that are not a
 * tenant's are refused, filters are narrowed to its own. Whose a job is a store alone knows: it
 * finds only the jobs of request->asker. */
#ifndef MH_ASKER_H
#define MH_ASKER_H

#include "base/compiler.h"
#include "store/backend.h"

/* Copies the asker into the request and narrows that to what the asker may see. MH_EPERM: not for a
 * tenant to ask; MH_ENOMEM. */
int mh_asker_admit(const struct mh_asker *asker, struct mh_request *request,
                   struct mh_err *err) MH_MUST_CHECK;

#endif
