/* Records of jobs as millhand.h gives them out. */
#ifndef MH_CLIENT_RECORD_H
#define MH_CLIENT_RECORD_H

#include <millhand.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/uuid.h"
#include "store/store.h"

/* A record and the texts of its ids; everything else is borrowed from the job it is a view of. */
struct mh_view {
    struct millhand_job job;
    char id[MH_UUID_TEXT];
    char tenant_id[MH_UUID_TEXT];
};

/* It points into itself: to be filled where it stays. */
void mh_view_fill(struct mh_view *view, const struct mh_job *job, int64_t lease);

enum millhand_status mh_view_status(enum mh_status status);

/* MH_STATUS_NONE for any and for what is no status. */
enum mh_status mh_view_status_of(enum millhand_status status);

/* Copies of the jobs of a reply; free them with millhand_job_free and millhand_jobs_free.
 * MH_ENOMEM.
 */
int mh_view_one(const struct mh_job *job, struct millhand_job **ret_job,
                struct mh_err *err) MH_MUST_CHECK;
int mh_view_all(const struct mh_reply *reply, struct millhand_jobs **ret_jobs,
                struct mh_err *err) MH_MUST_CHECK;

#endif
