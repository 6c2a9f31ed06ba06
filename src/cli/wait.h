/* Waiting for jobs to end: by the store's news, and by looking four times a second. */
#ifndef MH_WAIT_H
#define MH_WAIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "cli/command.h"

#define MH_WAIT_MAX ((size_t)1000000) /* jobs waited for at once */

enum mh_wait_print {
    MH_WAIT_RESULTS, /* the result of each as it ends, its record with --json */
    MH_WAIT_RECORDS, /* only with --json */
};

/* Waits until the jobs have ended, or `timeout_ms` (negative: for ever), printing what `print` says
 * and, on standard error, what failed. Sorts and drops
 * elements of `ids`. Returns MH_EXIT_OK when all completed, MH_EXIT_JOB_FAILED, MH_EXIT_TIMED_OUT,
 * MH_EXIT_FAILED when one does not exist, or a negative code. */
int mh_wait(struct mh_cli *cli, struct mh_uuid *ids, size_t count, int64_t timeout_ms,
            enum mh_wait_print print, struct mh_err *err) MH_MUST_CHECK;

#endif
