/* A progress bar on standard error, when that is a terminal and the total is known: nothing
 * otherwise.
 *
 * It appears only when the work takes longer than a moment. Hide it before printing anything else;
 * the next mh_progress_set brings it back. */
#ifndef MH_PROGRESS_H
#define MH_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct mh_progress {
    const char *what; /* "dispatching", borrowed; NULL: no terminal */
    int64_t total;
    int64_t started_us;
    int64_t next_us;
    bool shown;
};

void mh_progress_begin(struct mh_progress *progress, const char *what, int64_t total);
void mh_progress_set(struct mh_progress *progress, int64_t done);
void mh_progress_hide(struct mh_progress *progress);

#endif
