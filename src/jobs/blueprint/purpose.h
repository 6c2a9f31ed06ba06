/* Purposes of files, modules and the whole, where no model is asked: what somebody wrote down, or
 * else what names say. In the arena of the outline's source. One thread. */
#ifndef MH_PURPOSE_H
#define MH_PURPOSE_H

#include "base/compiler.h"
#include "jobs/blueprint/outline.h"

/* Of an outline that is otherwise made. MH_ENOMEM. */
int mh_purpose_find(struct mh_outline *outline) MH_MUST_CHECK;

#endif
