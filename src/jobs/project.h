/* The project that a job is about: the member `project` of its payload, a name or an id. */
#ifndef MH_JOB_PROJECT_H
#define MH_JOB_PROJECT_H

#include "base/compiler.h"
#include "base/err.h"
#include "jobs/jobs.h"
#include "store/project.h"

/* The project, of the job's tenant; its texts, copies, last as long as the job. What changes while
 * a project is indexed (path, commit) is left out. The store must be open. MH_EINVAL: the payload
 * names none; MH_ENOENT: there is none. */
int mh_job_project(struct mh_job_context *job, struct mh_project *ret_project,
                   struct mh_err *err) MH_MUST_CHECK;

/* Says how far the job is with its project, which no other job has from then on, for as long as
 * this one runs. 1; 0: the job is not to say that, since it was cancelled or another one has the
 * project. */
int mh_job_project_mark(struct mh_job_context *job, const struct mh_project_mark *mark,
                        struct mh_err *err) MH_MUST_CHECK;

/* Puts the job off, since another one has its project: return 0 after it. */
void mh_job_project_later(struct mh_job_context *job);

#endif
