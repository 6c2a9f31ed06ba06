/* Cycles between the modules of an outline: sets in which each depends on every other, found by
 * Tarjan's algorithm. One thread. */
#ifndef MH_CYCLES_H
#define MH_CYCLES_H

#include "base/compiler.h"
#include "jobs/blueprint/outline.h"

/* Fills `cycles` of the outline and `cycle` of its modules, from its links. MH_ENOMEM. */
int mh_cycles_find(struct mh_outline *outline) MH_MUST_CHECK;

#endif
