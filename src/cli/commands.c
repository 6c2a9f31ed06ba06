#include "cli/command.h"

/* clang-format off */
extern const struct mh_command
    mh_cmd_bench,
    mh_cmd_config,
    mh_cmd_credential,
    mh_cmd_doctor,
    mh_cmd_enqueue,
    mh_cmd_events,
    mh_cmd_health,
    mh_cmd_help,
    mh_cmd_jobs,
    mh_cmd_migrate,
    mh_cmd_move,
    mh_cmd_project,
    mh_cmd_schedule,
    mh_cmd_search,
    mh_cmd_serve,
    mh_cmd_stats,
    mh_cmd_tenant,
    mh_cmd_token,
    mh_cmd_type,
    mh_cmd_worker;

const struct mh_command *const mh_commands[] = {
    &mh_cmd_bench,
    &mh_cmd_config,
    &mh_cmd_credential,
    &mh_cmd_doctor,
    &mh_cmd_enqueue,
    &mh_cmd_events,
    &mh_cmd_health,
    &mh_cmd_help,
    &mh_cmd_jobs,
    &mh_cmd_migrate,
    &mh_cmd_move,
    &mh_cmd_project,
    &mh_cmd_schedule,
    &mh_cmd_search,
    &mh_cmd_serve,
    &mh_cmd_stats,
    &mh_cmd_tenant,
    &mh_cmd_token,
    &mh_cmd_type,
    &mh_cmd_worker,
    NULL,
};
/* clang-format on */
