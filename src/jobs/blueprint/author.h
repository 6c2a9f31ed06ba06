/* Has a model write purposes, bottom-up: of files, of modules from their files', of the whole from
 * its modules'.
 *
 * What it is told of each has a digest; where the version before has a purpose with that digest, it
 * is taken from there and nothing is asked. A model that fails, or a budget that is used up, leaves
 * the purposes that were found without it, and is said in `trouble`. One thread; blocks. */
#ifndef MH_AUTHOR_H
#define MH_AUTHOR_H

#include <jansson.h>

#include "base/compiler.h"
#include "base/err.h"
#include "jobs/blueprint/outline.h"
#include "jobs/jobs.h"

struct mh_author {
    struct mh_job_context *job;
    struct mh_outline *outline;
    const struct mh_uuid *project_id;
    const char *project; /* its name */
    const char *model;   /* NULL: the usual one */
    json_t *before;      /* the version before, as mh_render_json wrote it; NULL: none */
    int64_t budget;      /* tokens, of questions and answers */

    /* What came of it. */
    int64_t tokens;
    char trouble[512]; /* "": none */
};

/* Tells progress from `from` on. MH_ECANCELED, MH_ENOMEM, errors of the store. */
int mh_author_write(struct mh_author *author, double from, struct mh_err *err) MH_MUST_CHECK;

#endif
