#include "cli/cmd_jobs.h"

static const struct mh_option select_options[] = {MH_SELECT_OPTIONS, {NULL}};

static const struct mh_option act_options[] = {
    MH_SELECT_OPTIONS,
    [MH_JOBS_YES] = {"yes", NULL, "do not ask; needed with a filter where nobody can be asked"},
    {NULL},
};

static const struct mh_option wait_options[] = {
    MH_SELECT_OPTIONS,
    [MH_JOBS_TIMEOUT] = {"timeout", "TIME", "no longer than this: 30s, 5m"},
    {NULL},
};

static const struct mh_command verbs[] = {
    {
        .name = "cancel",
        .args = "[ID ...]",
        .summary = "cancel pending and processing jobs",
        .help = "A handler that runs is told, then killed.",
        .examples = "millhand jobs cancel --type mail.send",
        .options = act_options,
        .args_max = MH_ARGS_ANY,
        .run = mh_jobs_cancel,
    },
    {
        .name = "delete",
        .args = "[ID ...]",
        .summary = "delete jobs that are not processing",
        .examples = "millhand jobs delete --status completed --yes",
        .options = act_options,
        .args_max = MH_ARGS_ANY,
        .run = mh_jobs_delete,
    },
    {
        .name = "list",
        .args = "[ID ...]",
        .summary = "list jobs, newest first",
        .help = "50 unless --limit says otherwise. With --json, the whole records.",
        .examples = "millhand jobs list --status failed\n"
                    "millhand jobs list --limit 1000000 --json | jq -r .id",
        .options = select_options,
        .args_max = MH_ARGS_ANY,
        .run = mh_jobs_list,
    },
    {
        .name = "retry",
        .args = "[ID ...]",
        .summary = "make failed and cancelled jobs pending again",
        .help = "Their attempts begin at 0. Refused while the unique key is taken.",
        .examples = "millhand jobs retry --status failed --type mail.send",
        .options = act_options,
        .args_max = MH_ARGS_ANY,
        .run = mh_jobs_retry,
    },
    {
        .name = "show",
        .args = "[ID ...]",
        .summary = "show jobs with the attempts that did not succeed",
        .help = "With --json, the record with one member more: history.",
        .examples = "millhand jobs show 0199c2a8-5f0e-7c11-9d0e-6f1f2a3b4c5d",
        .options = select_options,
        .args_max = MH_ARGS_ANY,
        .run = mh_jobs_show,
    },
    {
        .name = "wait",
        .args = "[ID ...]",
        .summary = "wait for jobs to end and print their results",
        .help = "The status is 0 when all completed, 3 when one failed or was cancelled, 4 when\n"
                "--timeout passed. A filter means the jobs that are unfinished now.",
        .examples = "millhand jobs wait --type report --timeout 10m",
        .options = wait_options,
        .args_max = MH_ARGS_ANY,
        .run = mh_jobs_wait,
    },
    {NULL},
};

const struct mh_command mh_cmd_jobs = {
    .name = "jobs",
    .args = "cancel|delete|list|retry|show|wait",
    .summary = "list, show, cancel, retry, delete jobs, or wait for them",
    .help = "Jobs are named by their ids, or by a filter: --status, --type, --tenant.",
    .verbs = verbs,
};
