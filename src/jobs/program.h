/* A program that a job runs to its end: its output to a function, its complaints to the log.
 *
 * It stays in the job's process group, so it ends with the job whatever happens to that. When the
 * job is to end, or the time is up, it gets TERM and soon KILL. */
#ifndef MH_PROGRAM_H
#define MH_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

#define MH_PROGRAM_LINE 1024 /* bytes of a line of complaint; longer ones are cut */

struct mh_program {
    const char *const *argv;
    const char *const *env;
    int64_t deadline_us; /* by mh_clock_mono_us */
    const char *secret;  /* is replaced in lines of complaint; NULL: none */
    int input;           /* a descriptor that becomes its standard input; 0: the null device */
    /* Whether a line of complaint is nothing to give back as the last. NULL: none is. */
    bool (*is_phrase)(const char *line);

    /* Its standard output as it comes; a negative code ends the program. NULL: nobody reads it. */
    int (*output)(void *arg, const char *bytes, size_t len, struct mh_err *err);
    /* Several times a second; a negative code ends the program. NULL: nothing. */
    int (*tick)(void *arg, struct mh_err *err);
    void *arg;
};

/* The wait status and the last line of complaint, at most MH_PROGRAM_LINE bytes; negative where it
 * was ended: MH_ETIMEOUT, MH_ECANCELED, or what `output` or `tick` said. */
int mh_program_run(const struct mh_program *program, int *ret_status,
                   char ret_last[MH_PROGRAM_LINE + 1], struct mh_err *err) MH_MUST_CHECK;

#endif
