/* From the index of a project to the source of its blueprint. Blocks; one thread. */
#ifndef MH_GATHER_H
#define MH_GATHER_H

#include "base/compiler.h"
#include "base/err.h"
#include "jobs/blueprint/source.h"
#include "jobs/jobs.h"

/* Reads all of the index into a source that was begun, and links it; *ret_commit may be NULL. Tells
 * progress up to MH_GATHER_DONE. MH_ESTATE: there is no index; MH_EIO: another one was published
 * meanwhile; MH_ECANCELED. */
#define MH_GATHER_DONE 0.5
int mh_gather(struct mh_job_context *job, const struct mh_uuid *project_id,
              struct mh_source *source, const char **ret_commit, struct mh_err *err) MH_MUST_CHECK;

/* The beginning of a file's text, copied into `arena`; NULL: it has none. */
int mh_gather_head(struct mh_job_context *job, const struct mh_uuid *project_id, const char *path,
                   size_t max, struct mh_arena *arena, const char **ret_head,
                   struct mh_err *err) MH_MUST_CHECK;

#endif
