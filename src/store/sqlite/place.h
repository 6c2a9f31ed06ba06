/* Where a job belongs: its tenant and its lane, looked up and made where needed. */
#ifndef MH_SQLITE_PLACE_H
#define MH_SQLITE_PLACE_H

#include <stdint.h>

#include "base/compiler.h"
#include "store/sqlite/work.h"

/* Neighbours in a batch mostly share both, so the last answer is kept. Start with a zeroed one, use
 * it within one operation. */
struct mh_place {
    bool has_tenant;
    struct mh_uuid tenant_id;
    int64_t tenant;
    int plan_priority;
    const char *type; /* borrowed; NULL: none yet */
    int priority;
    int64_t lane;
    bool gated; /* the type has limits */
};

/* Sets tenant and plan_priority. MH_ENOENT: no such tenant. */
int mh_place_tenant(struct mh_work *work, struct mh_place *place, const struct mh_uuid *id,
                    struct mh_err *err) MH_MUST_CHECK;

/* Sets lane and gated; the lane is made where there is none. MH_ELIMIT: one type too many. */
int mh_place_lane(struct mh_work *work, struct mh_place *place, const char *type, int priority,
                  struct mh_err *err) MH_MUST_CHECK;

/* The number of a type, which is made where there is none. MH_ELIMIT as above. */
int mh_place_type(struct mh_work *work, const char *type, int64_t *ret_id,
                  struct mh_err *err) MH_MUST_CHECK;

#endif
