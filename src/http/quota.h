/* How often somebody may ask: so many requests a second on average, and ten seconds' worth at once.
 *
 * Of the 1,024 who asked last it is remembered; whoever has been forgotten begins anew. Keys are
 * kept as a number that follows from a secret of this process. One thread. */
#ifndef MH_QUOTA_H
#define MH_QUOTA_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

struct mh_quota;

/* `per_second` 0: any number. */
int mh_quota_new(int64_t per_second, struct mh_quota **ret_quota, struct mh_err *err) MH_MUST_CHECK;
void mh_quota_free(struct mh_quota *quota); /* accepts NULL */

/* 0: this request is within the rate. Else it is not counted, and so many milliseconds from now one
 * would be. `now_us` is a monotonic clock. */
int64_t mh_quota_take(struct mh_quota *quota, const char *key, int64_t now_us);

#endif
