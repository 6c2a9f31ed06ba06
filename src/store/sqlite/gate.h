/* The gate before a lane whose type has limits: which of its due jobs may run now.
 *
 * The jobs that run are counted, as they stand in their leases; there is no counter that could be
 * wrong. What waits is walked group by group, a group being the jobs of one tenant that have one
 * value of the gate's key: so thousands of jobs of a group that is full cost one step, and a claim
 * costs as much as there are groups waiting. */
#ifndef MH_SQLITE_GATE_H
#define MH_SQLITE_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "store/sqlite/work.h"

struct mh_head {
    int64_t due_at, seq;
    bool in_span;
};

struct mh_gate {
    int64_t lane;
    int64_t type;
    size_t want;
};

/* The first `want` jobs that no limit holds back, in the order of becoming due, if all of them are
 * claimed before the gate is asked again. */
int mh_gate_open(const struct mh_gate *gate, struct mh_work *work, struct mh_arena *arena,
                 struct mh_head **ret_heads, size_t *ret_count, struct mh_err *err) MH_MUST_CHECK;

#endif
