/* What a command is, and what it is given.
 *
 * To add one: write cmd_NAME.c, which ends in its `struct mh_command`, and add a row to the table
 * in commands.c and a page man/millhand-NAME.1.scd. Options, their help and the settings they
 * override come from the option table; main.c parses, loads the settings, starts the log, calls
 * `run`, prints the error it returns and closes the store. */
#ifndef MH_COMMAND_H
#define MH_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/settings.h"
#include "cli/out.h"
#include "store/sync.h"

enum mh_exit {
    MH_EXIT_OK = 0,
    MH_EXIT_FAILED = 1,     /* at run time */
    MH_EXIT_USAGE = 2,      /* wrong use or wrong settings */
    MH_EXIT_JOB_FAILED = 3, /* a job that was waited for failed or was cancelled */
    MH_EXIT_TIMED_OUT = 4,  /* it did not end in the time given */
};

struct mh_option {
    const char *name;    /* NULL ends a table */
    const char *value;   /* what its value is called in the help; NULL: a flag */
    const char *help;    /* one line */
    const char *setting; /* the setting that it overrides, or NULL */
    const char *source;  /* then how `config` calls it: "--db" */
};

#define MH_OPTIONS_MAX 16 /* of one command */
#define MH_ARGS_ANY    (-1)

struct mh_cli;

struct mh_command {
    const char *name;
    const char *args;     /* "TYPE [PAYLOAD | - | @FILE]", as the help shows them; NULL: none */
    const char *summary;  /* one line, no full stop */
    const char *help;     /* paragraphs, each line at most 80 columns, or NULL */
    const char *examples; /* lines as they would be typed, or NULL */
    const struct mh_option *options; /* or NULL */
    int args_min, args_max;          /* checked before `run`; args_max may be MH_ARGS_ANY */
    bool settings_optional; /* runs with wrong settings too; `settings.problems` are then its own */
    const struct mh_command *verbs; /* ends in a NULL name; then there is no `run` */

    /* Returns an enum mh_exit, or a negative code with `err` filled: it is then printed, and the
     * status is 2 for MH_EINVAL, else 1. */
    int (*run)(struct mh_cli *cli, struct mh_err *err);
};

/* One run of the program. */
struct mh_cli {
    const struct mh_command *command;
    char name[64]; /* "jobs list" */
    struct mh_settings settings;
    struct mh_out out; /* standard output */
    bool json;
    bool said;   /* an error was printed: there is no second one */
    char **args; /* what is no option, in order */
    int arg_count;
    /* By row of the option table; NULL: not given, "": a flag. */
    const char *values[MH_OPTIONS_MAX];
    bool apart;       /* mh_cli_store keeps what may take long apart from the rest */
    bool keep_schema; /* mh_cli_store changes no schema and creates no file */
    const struct mh_store_migrate *migrate; /* what mh_cli_store does to PostgreSQL's, or NULL */
    struct mh_sync sync;                    /* see mh_cli_store */
};

/* By name, then NULL. */
extern const struct mh_command *const mh_commands[];

/* Opens the store that the settings name as cli->sync, unless it is open; call it after everything
 * else has been checked: the file comes into being here. main.c closes it. */
int mh_cli_store(struct mh_cli *cli, struct mh_err *err) MH_MUST_CHECK;

/* How it opens it. Borrows from `cli`. */
struct mh_store_options mh_cli_store_options(const struct mh_cli *cli);

/* Says every wrong setting. */
void mh_cli_say_problems(const struct mh_cli *cli);

/* Fills `err` with what is wrong about the use, and where it is explained; returns MH_EINVAL. */
int mh_cli_usage(const struct mh_cli *cli, struct mh_err *err, const char *format, ...)
    MH_PRINTF(3, 4);

#endif
