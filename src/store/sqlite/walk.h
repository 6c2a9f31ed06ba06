/* Walks parts of indexes as if they were one, newest job first: what a page of jobs is made of.
 * Each part gives its jobs a few at a time, and is asked for more when those have been passed. */
#ifndef MH_SQLITE_WALK_H
#define MH_SQLITE_WALK_H

#include "base/arena.h"
#include "base/compiler.h"
#include "store/sqlite/work.h"

/* A part: a statement that gives the seqs of jobs in descending order, those of jobs that it does
 * not let pass below zero. It is given the seq to stay below, how many, and these; below zero:
 * null, any. */
struct mh_part {
    const char *text;
    int64_t status;
    int64_t place; /* a lane; of page_processing.sql and page_newest.sql the type */
    int64_t tenant;
};

struct mh_walk {
    const struct mh_part *parts; /* no job is in two of them */
    size_t part_count;
    int64_t before; /* seqs below this */
    size_t limit;   /* jobs that pass */
    size_t looks;   /* at jobs in all */
};

struct mh_found {
    struct mh_numbers seqs;
    int64_t stop; /* with fewer than `limit`: there may be more below this; 0: there are none */
};

/* What is found is in `arena`. 0 or negative. */
int mh_walk(struct mh_work *work, const struct mh_walk *walk, struct mh_arena *arena,
            struct mh_found *ret_found, struct mh_err *err) MH_MUST_CHECK;

#endif
