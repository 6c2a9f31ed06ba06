/* The command line, from the option tables. */
#ifndef MH_OPTIONS_H
#define MH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "cli/command.h"

/* Options that stand before the command or anywhere behind it. */
enum {
    MH_GLOBAL_DB,
    MH_GLOBAL_CONFIG,
    MH_GLOBAL_ENV_FILE,
    MH_GLOBAL_JSON,
    MH_GLOBAL_HELP,
    MH_GLOBAL_VERSION,
    MH_GLOBAL__COUNT,
};
extern const struct mh_option mh_global_options[]; /* in that order, then a NULL name */

struct mh_parsed {
    const char *globals[MH_GLOBAL__COUNT]; /* as mh_cli.values */
};

/* Finds the command and reads all options, which it reorders in `argv` before the arguments. Fills
 * cli->command (NULL: none was named), name, json, values and args. It stops early, without error,
 * at --help and --version. MH_EINVAL says what is wrong. */
int mh_options_parse(struct mh_cli *cli, int argc, char **argv, struct mh_parsed *ret_parsed,
                     struct mh_err *err) MH_MUST_CHECK;

/* Finds a command by its words ("jobs", "list"), as `help` does; MH_EINVAL with a suggestion. */
int mh_command_find(char *const *words, int count, const struct mh_command **ret_command,
                    char *ret_name, size_t size, struct mh_err *err) MH_MUST_CHECK;

/* Values of the command's options; where one was not given, *ret is left as it is. */
int mh_option_int(const struct mh_cli *cli, int option, int64_t min, int64_t max, int64_t *ret,
                  struct mh_err *err) MH_MUST_CHECK;
int mh_option_duration(const struct mh_cli *cli, int option, int64_t *ret_ms,
                       struct mh_err *err) MH_MUST_CHECK;

#endif
