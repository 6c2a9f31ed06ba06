/* The verbs of `millhand schedule`; see cmd_schedule.c. */
#ifndef MH_CMD_SCHEDULE_H
#define MH_CMD_SCHEDULE_H

#include "base/arena.h"
#include "base/compiler.h"
#include "cli/command.h"
#include "store/schedule.h"

int mh_schedule_cmd_add(struct mh_cli *cli, struct mh_err *err);
int mh_schedule_cmd_delete(struct mh_cli *cli, struct mh_err *err);
int mh_schedule_cmd_edit(struct mh_cli *cli, struct mh_err *err);
int mh_schedule_cmd_list(struct mh_cli *cli, struct mh_err *err);
int mh_schedule_cmd_next(struct mh_cli *cli, struct mh_err *err);
int mh_schedule_cmd_pause(struct mh_cli *cli, struct mh_err *err);
int mh_schedule_cmd_resume(struct mh_cli *cli, struct mh_err *err);
int mh_schedule_cmd_show(struct mh_cli *cli, struct mh_err *err);

/* Rows of the option tables: all verbs but next have the first, add and edit the others too. */
enum {
    MH_SCHEDULE_TENANT,
    MH_SCHEDULE_CRON,
    MH_SCHEDULE_TZ,
    MH_SCHEDULE_PAYLOAD,
    MH_SCHEDULE_MISSED,
    MH_SCHEDULE_OVERLAP,
    MH_SCHEDULE_PRIORITY,
    MH_SCHEDULE_MAX_ATTEMPTS,
    MH_SCHEDULE_TYPE, /* edit alone */
};

/* Of next. */
enum { MH_SCHEDULE_NEXT_TZ, MH_SCHEDULE_NEXT_FROM, MH_SCHEDULE_NEXT_COUNT };

/* The tenant that --tenant names, else the default one; opens the store. */
int mh_schedule_tenant(struct mh_cli *cli, struct mh_uuid *ret_id,
                       struct mh_err *err) MH_MUST_CHECK;

/* The schedule of this name with its payload, its strings in `arena`, and the store's clock.
 * MH_ENOENT: there is none. */
int mh_schedule_find(struct mh_cli *cli, const struct mh_uuid *tenant_id, const char *name,
                     struct mh_arena *arena, struct mh_schedule *ret_schedule, int64_t *ret_now_ms,
                     struct mh_err *err) MH_MUST_CHECK;

/* Prints it after a change: one line for people, or its record. */
int mh_schedule_print(struct mh_cli *cli, const struct mh_uuid *tenant_id, const char *name,
                      struct mh_err *err) MH_MUST_CHECK;

#endif
