#include "cli/cmd_schedule.h"

#define TENANT                                                                                     \
    [MH_SCHEDULE_TENANT] = {"tenant", "T",                                                         \
                            "whose schedule: a tenant's name or UUID; default: the default one"}

#define CONTENTS                                                                                   \
    [MH_SCHEDULE_CRON] = {"cron", "EXPR", "when, as in crontab(5): '*/5 * * * *', @daily"},        \
    [MH_SCHEDULE_TZ] = {"tz", "ZONE", "in which time zone: Europe/Berlin; default: UTC"},          \
    [MH_SCHEDULE_PAYLOAD] = {"payload", "JSON", "of every job; - or @FILE reads it; default: {}"}, \
    [MH_SCHEDULE_MISSED] = {"missed", "HOW",                                                       \
                            "slots that no worker was there for: one (default), skip, all"},       \
    [MH_SCHEDULE_OVERLAP] = {"overlap", "HOW",                                                     \
                             "while the last job is unfinished: allow (default), skip"},           \
    [MH_SCHEDULE_PRIORITY] = {"priority", "N",                                                     \
                              "0 to 100, higher first; default: by the tenant's plan"},            \
    [MH_SCHEDULE_MAX_ATTEMPTS] = {"max-attempts", "N",                                             \
                                  "attempts before a job is a dead letter; default: 3"}

static const struct mh_option add_options[] = {TENANT, CONTENTS, {NULL}};

static const struct mh_option edit_options[] = {
    TENANT,
    CONTENTS,
    [MH_SCHEDULE_TYPE] = {"type", "TYPE", "the type of its jobs"},
    {NULL},
};

static const struct mh_option name_options[] = {TENANT, {NULL}};

static const struct mh_option list_options[] = {
    [MH_SCHEDULE_TENANT] = {"tenant", "T", "of this tenant only: its name or UUID"},
    {NULL},
};

static const struct mh_option next_options[] = {
    [MH_SCHEDULE_NEXT_TZ] = {"tz", "ZONE", "in which time zone; default: UTC"},
    [MH_SCHEDULE_NEXT_FROM] = {"from", "TIME", "after 2030-01-31T08:00:00Z; default: now"},
    [MH_SCHEDULE_NEXT_COUNT] = {"count", "N", "how many, at most 1000; default: 10"},
    {NULL},
};

static const struct mh_command verbs[] = {
    {
        .name = "add",
        .args = "NAME TYPE",
        .summary = "dispatch a job of TYPE whenever an expression comes true",
        .examples = "millhand schedule add report report.daily --cron '30 7 * * mon-fri' \\\n"
                    "    --tz Europe/Berlin --payload '{\"to\":\"ann@example.org\"}'\n"
                    "millhand schedule add sweep cache.sweep --cron '*/5 * * * *' --overlap skip",
        .options = add_options,
        .args_min = 2,
        .args_max = 2,
        .run = mh_schedule_cmd_add,
    },
    {
        .name = "delete",
        .args = "NAME",
        .summary = "delete a schedule; its jobs stay",
        .options = name_options,
        .args_min = 1,
        .args_max = 1,
        .run = mh_schedule_cmd_delete,
    },
    {
        .name = "edit",
        .args = "NAME",
        .summary = "change what is given and keep the rest",
        .help = "The next slot is then the first one from now on.",
        .examples = "millhand schedule edit report --cron '0 8 * * mon-fri'",
        .options = edit_options,
        .args_min = 1,
        .args_max = 1,
        .run = mh_schedule_cmd_edit,
    },
    {
        .name = "list",
        .summary = "list schedules with their next times",
        .options = list_options,
        .run = mh_schedule_cmd_list,
    },
    {
        .name = "next",
        .args = "EXPR",
        .summary = "say when an expression comes true; needs no store",
        .examples = "millhand schedule next '30 2 * * *' --tz Europe/Berlin",
        .options = next_options,
        .args_min = 1,
        .args_max = 1,
        .run = mh_schedule_cmd_next,
    },
    {
        .name = "pause",
        .args = "NAME",
        .summary = "dispatch nothing until it is resumed",
        .options = name_options,
        .args_min = 1,
        .args_max = 1,
        .run = mh_schedule_cmd_pause,
    },
    {
        .name = "resume",
        .args = "NAME",
        .summary = "go on with the first slot from now on",
        .options = name_options,
        .args_min = 1,
        .args_max = 1,
        .run = mh_schedule_cmd_resume,
    },
    {
        .name = "show",
        .args = "NAME",
        .summary = "show a schedule and its next times",
        .options = name_options,
        .args_min = 1,
        .args_max = 1,
        .run = mh_schedule_cmd_show,
    },
    {NULL},
};

const struct mh_command mh_cmd_schedule = {
    .name = "schedule",
    .args = "add|delete|edit|list|next|pause|resume|show",
    .summary = "dispatch jobs again and again, at times given as to cron",
    .help = "Workers fire schedules: one job for each slot, however many workers there are.\n"
            "\n"
            "An expression has five fields (minute, hour, day of month, month, day of week) or\n"
            "six with seconds first, or is @hourly, @daily, @weekly, @monthly, @yearly.",
    .verbs = verbs,
};
