/* From a tree to an index: one run of it, from begun to what can be published.
 *
 * What the index has of a file is kept where the file is still what it was: its content (by git's
 * hash of it, else by size and time of last change), and the files that its imports mean, which may
 * change when others come and go. All else is read, taken apart, and sent to the store in batches,
 * each while the next one is made.
 *
 * A file that cannot be read, or on which ctags fails, is told in the job's log and goes on without
 * what could not be found. One thread; blocks. */
#ifndef MH_SCAN_H
#define MH_SCAN_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/err.h"
#include "jobs/jobs.h"
#include "jobs/totals.h"
#include "jobs/tree.h"
#include "store/index.h"

#define MH_SCAN_FILE_BYTES (1 << 20) /* a file that is larger is counted, and not read */

/* Sees to it that these files are in the tree's folder, before any of them is read. */
typedef int mh_bring_fn(void *arg, const struct mh_tree_file *const *files, size_t count,
                        struct mh_err *err);

struct mh_scan {
    struct mh_job_context *job;
    struct mh_tree *tree;
    struct mh_uuid project_id;
    struct mh_index_run run;
    bool again;         /* what the index has is of no use */
    mh_bring_fn *bring; /* NULL: all are there */
    void *bring_arg;

    /* What came of it. */
    struct mh_totals totals;
    int64_t read;    /* files read */
    int64_t dropped; /* files that are no longer there, or are another */
};

/* MH_ECANCELED: the job is to end. Errors of the store as they come. */
int mh_scan_run(struct mh_scan *scan, struct mh_err *err) MH_MUST_CHECK;

/* Deletes what nobody sees of the index. */
int mh_scan_sweep(struct mh_job_context *job, const struct mh_index_run *run,
                  struct mh_err *err) MH_MUST_CHECK;

#endif
