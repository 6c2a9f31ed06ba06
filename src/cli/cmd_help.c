#include "cli/command.h"
#include "cli/help.h"
#include "cli/options.h"

static int run(struct mh_cli *cli, struct mh_err *err)
{
    const struct mh_command *command = NULL;
    char name[sizeof cli->name];
    int r = mh_command_find(cli->args, cli->arg_count, &command, name, sizeof name, err);
    if (r < 0) return r;
    if (command == NULL)
        mh_help_overview(&cli->out.waiting);
    else
        mh_help_command(&cli->out.waiting, command, name);
    return 0;
}

const struct mh_command mh_cmd_help = {
    .name = "help",
    .args = "[COMMAND ...]",
    .summary = "explain a command, or list them all",
    .examples = "millhand help jobs wait",
    .args_max = 2,
    .settings_optional = true,
    .run = run,
};
