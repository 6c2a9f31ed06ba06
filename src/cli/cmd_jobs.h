/* The verbs of `millhand jobs`; see cmd_jobs.c. */
#ifndef MH_CMD_JOBS_H
#define MH_CMD_JOBS_H

#include "cli/command.h"
#include "cli/select.h"

int mh_jobs_list(struct mh_cli *cli, struct mh_err *err);
int mh_jobs_show(struct mh_cli *cli, struct mh_err *err);
int mh_jobs_cancel(struct mh_cli *cli, struct mh_err *err);
int mh_jobs_retry(struct mh_cli *cli, struct mh_err *err);
int mh_jobs_delete(struct mh_cli *cli, struct mh_err *err);
int mh_jobs_wait(struct mh_cli *cli, struct mh_err *err);

enum { MH_JOBS_YES = MH_SELECT__COUNT };     /* of cancel, retry and delete */
enum { MH_JOBS_TIMEOUT = MH_SELECT__COUNT }; /* of wait */

#endif
