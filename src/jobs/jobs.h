/* The built-in job types: one table of them, and what each is given.
 *
 * A built-in type is a program behind the ordinary one-shot handler interface: a worker that finds
 * no handler of its name runs this very program as `millhand job TYPE`, with the payload on
 * standard input. So a crash in it is a failed attempt and no more. To add one write jobs/NAME.c
 * with a function
 *
 *     int mh_job_NAME(struct mh_job_context *job, struct mh_err *err);
 *
 * and its row in jobs.c. It blocks as it likes, writes its result as JSON into job->result and
 * returns 0. A negative code fails the attempt with the error's text: for good where trying again
 * is of no use (MH_EINVAL, MH_ENOENT, MH_EEXIST, MH_ESTATE, MH_ELIMIT, MH_EPERM), else it is
 * retried. Lines on standard error (mh_job_log) are the job's log.
 *
 * A cancel, a time-out and a worker that stops send TERM, which is held back: mh_job_stopping then
 * says true, and five seconds are left to clean up in before KILL. Children started with
 * mh_spawn and `joins_group` go with it. None of them leaves a core behind, in which a token or a
 * key could be. One thread. */
#ifndef MH_JOBS_H
#define MH_JOBS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/settings.h"
#include "base/uuid.h"
#include "store/sync.h"

/* --- for a type */

struct mh_job_context {
    const struct mh_settings *settings; /* of the environment alone: what its row of the table names
                                           and what every type gets */
    struct mh_uuid id, tenant_id;
    int attempt;
    const json_t *payload;  /* an object */
    struct mh_buf result;   /* JSON, at most MAX_RESULT_BYTES; empty: null */
    struct mh_arena arena;  /* for as long as the job runs */
    struct mh_sync sync;    /* once mh_job_store has opened it */
    int64_t later_ms;       /* of mh_job_later; negative: none */
    int64_t progress_at_us; /* of the last progress that was told */
    int event_fd;           /* negative: nobody listens */
};

/* A member of the payload that must be a string which is not empty. MH_EINVAL names it. */
int mh_job_text(const struct mh_job_context *job, const char *member, const char **ret_text,
                struct mh_err *err) MH_MUST_CHECK;

/* Opens the store as job->sync, the first time; it is closed after the job. The job asks it as the
 * program itself, so each operation is told the tenant or the job. */
int mh_job_store(struct mh_job_context *job, struct mh_err *err) MH_MUST_CHECK;

/* Tells how far it is, 0 to 1, and in which words (NULL: none; at most what an event keeps, and cut
 * there). As often as one likes: of those that come within a tenth of a second the first is told,
 * and 1 always. */
void mh_job_progress(struct mh_job_context *job, double fraction, const char *message);

/* A line of the job's log, without its newline. */
void mh_job_log(const char *format, ...) MH_PRINTF(1, 2);

/* The job is to end now: clean up and return MH_ECANCELED. */
bool mh_job_stopping(void);

/* Puts the job off by `ms`: return 0 after it. The attempt does not count. */
void mh_job_later(struct mh_job_context *job, int64_t ms);

/* --- the table */

struct mh_job_type {
    const char *name;
    /* What it gets besides what every built-in type gets, each separated by blanks. */
    const char *settings;  /* with the value the worker has; NULL: none */
    const char *variables; /* as the worker's environment has them; NULL: none */
    int (*run)(struct mh_job_context *job, struct mh_err *err);
};

int mh_job_ai_generate(struct mh_job_context *job, struct mh_err *err);
int mh_job_blueprint(struct mh_job_context *job, struct mh_err *err);
int mh_job_index(struct mh_job_context *job, struct mh_err *err);

/* The first, second … of them; NULL past the last. */
const struct mh_job_type *mh_job_type_at(size_t index);

/* "NAME=value", NULL-terminated, in `arena`: what the environment of its children has besides what
 * every handler's has. MH_ENOMEM. */
int mh_job_type_env(const struct mh_job_type *type, const struct mh_settings *settings,
                    char *const *environment, struct mh_arena *arena, const char *const **ret_env,
                    struct mh_err *err) MH_MUST_CHECK;

/* The command line of its children. */
int mh_job_type_argv(const struct mh_job_type *type, struct mh_arena *arena,
                     const char *const **ret_argv, struct mh_err *err) MH_MUST_CHECK;

/* Whether the program was started as a child of the kind above; then runs the job, and returns the
 * exit status. */
bool mh_jobs_wanted(int argc, char *const *argv);
int mh_jobs_main(const char *type);

#endif
