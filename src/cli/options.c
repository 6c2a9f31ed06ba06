#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/suggest.h"

const struct mh_option mh_global_options[] = {
    [MH_GLOBAL_DB] = {"db", "URL", "the store: sqlite:FILE or postgres://…", "DATABASE_URL",
                      "--db"},
    [MH_GLOBAL_CONFIG] = {"config", "FILE", "handler settings", "MILLHAND_CONFIG", "--config"},
    [MH_GLOBAL_ENV_FILE] = {"env-file", "FILE", "read settings from FILE instead of .env"},
    [MH_GLOBAL_JSON] = {"json", NULL, "print one JSON object a line"},
    [MH_GLOBAL_HELP] = {"help", NULL, "explain the command"},
    [MH_GLOBAL_VERSION] = {"version", NULL, "print the version"},
    {NULL},
};

/* What getopt gives back for the global option i and the command's option i. */
#define GLOBAL_BASE 1000
#define OWN_BASE    2000

#define TABLE_MAX (MH_GLOBAL__COUNT + MH_OPTIONS_MAX)

struct level {
    const struct mh_command *command; /* NULL: before any */
    struct option table[TABLE_MAX + 1];
    size_t count;
};

static void add_options(struct level *level, const struct mh_option *options, int base)
{
    for (int i = 0; options != NULL && options[i].name != NULL && level->count < TABLE_MAX; i++)
        level->table[level->count++] = (struct option){
            options[i].name, options[i].value != NULL ? required_argument : no_argument, NULL,
            base + i};
}

static int unknown_option(const struct level *level, const char *word, struct mh_err *err)
{
    char name[64], hint[96];
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    struct mh_suggest suggest = mh_suggest_begin(name);
    int matches = 0;
    for (size_t i = 0; i < level->count; i++) {
        matches += strncmp(level->table[i].name, name, strlen(name)) == 0;
        mh_suggest_try(&suggest, level->table[i].name);
    }
    mh_suggest_text(&suggest, "--", hint, sizeof hint);
    return mh_err_set(err, MH_EINVAL, "%s option --%s%s", matches > 1 ? "ambiguous" : "unknown",
                      name, matches > 1 ? "" : hint);
}

static const char *option_name(const struct level *level, int value)
{
    for (size_t i = 0; i < level->count; i++)
        if (level->table[i].val == value) return level->table[i].name;
    return "?";
}

/* What getopt does not like: `found` is '?' or ':'. */
static int wrong_option(const struct level *level, int found, char *const *argv, struct mh_err *err)
{
    if (found == ':')
        return mh_err_set(err, MH_EINVAL, "option --%s needs a value", option_name(level, optopt));
    if (optopt >= GLOBAL_BASE)
        return mh_err_set(err, MH_EINVAL, "option --%s takes no value", option_name(level, optopt));
    if (optopt != 0) return mh_err_set(err, MH_EINVAL, "unknown option -%c", optopt);
    return unknown_option(level, argv[optind - 1], err);
}

/* Reads the options of one level; *ret_next is the index of what follows them. `order` "+" stops at
 * the first word that is no option, "" lets options stand anywhere. */
static int parse_level(struct mh_cli *cli, const struct mh_command *command, const char *order,
                       int argc, char **argv, struct mh_parsed *parsed, int *ret_next,
                       struct mh_err *err)
{
    struct level level = {.command = command};
    char letters[8];
    (void)snprintf(letters, sizeof letters, "%s:h", order);
    /* Of two with one name the first is meant: blueprint has a --version of its own. */
    if (command != NULL) add_options(&level, command->options, OWN_BASE);
    add_options(&level, mh_global_options, GLOBAL_BASE);
    optind = 0; /* begins afresh */
    opterr = 0;
    for (;;) {
        int found = getopt_long(argc, argv, letters, level.table, NULL);
        if (found == -1) break;
        if (found == '?' || found == ':') return wrong_option(&level, found, argv, err);
        const char *value = optarg != NULL ? optarg : "";
        if (found == 'h') found = GLOBAL_BASE + MH_GLOBAL_HELP;
        if (found >= OWN_BASE)
            cli->values[found - OWN_BASE] = value;
        else
            parsed->globals[found - GLOBAL_BASE] = value;
    }
    *ret_next = optind;
    return 0;
}

static const struct mh_command *find_verb(const struct mh_command *command, const char *word)
{
    for (const struct mh_command *verb = command->verbs; verb->name != NULL; verb++)
        if (strcmp(verb->name, word) == 0) return verb;
    return NULL;
}

static const struct mh_command *find_top(const char *word)
{
    for (size_t i = 0; mh_commands[i] != NULL; i++)
        if (strcmp(mh_commands[i]->name, word) == 0) return mh_commands[i];
    return NULL;
}

static int unknown_command(const struct mh_command *parent, const char *word, struct mh_err *err)
{
    char hint[96];
    struct mh_suggest suggest = mh_suggest_begin(word);
    if (parent == NULL)
        for (size_t i = 0; mh_commands[i] != NULL; i++)
            mh_suggest_try(&suggest, mh_commands[i]->name);
    else
        for (const struct mh_command *verb = parent->verbs; verb->name != NULL; verb++)
            mh_suggest_try(&suggest, verb->name);
    mh_suggest_text(&suggest, "", hint, sizeof hint);
    if (parent == NULL)
        return mh_err_set(err, MH_EINVAL, "unknown command \"%.60s\"%s; millhand help lists them",
                          word, hint);
    return mh_err_set(err, MH_EINVAL, "unknown command \"%s %.60s\"%s; see millhand %s --help",
                      parent->name, word, hint, parent->name);
}

/* One step down: from nothing to a command, or from a command to its verb. */
static int step_down(const struct mh_command *parent, const char *word,
                     const struct mh_command **ret_command, char *name, size_t size,
                     struct mh_err *err)
{
    const struct mh_command *found = parent == NULL ? find_top(word) : find_verb(parent, word);
    if (found == NULL) return unknown_command(parent, word, err);
    if (parent == NULL)
        (void)snprintf(name, size, "%s", found->name);
    else
        (void)snprintf(name, size, "%s %s", parent->name, found->name);
    *ret_command = found;
    return 0;
}

int mh_command_find(char *const *words, int count, const struct mh_command **ret_command,
                    char *ret_name, size_t size, struct mh_err *err)
{
    const struct mh_command *command = NULL;
    for (int i = 0; i < count; i++) {
        if (command != NULL && command->verbs == NULL)
            return mh_err_set(err, MH_EINVAL,
                              "unknown command \"%s %.60s\"; see millhand %s --help", command->name,
                              words[i], command->name);
        int r = step_down(command, words[i], &command, ret_name, size, err);
        if (r < 0) return r;
    }
    *ret_command = command;
    return 0;
}

static bool wants_end(const struct mh_parsed *parsed)
{
    return parsed->globals[MH_GLOBAL_HELP] != NULL || parsed->globals[MH_GLOBAL_VERSION] != NULL;
}

static int check_args(const struct mh_cli *cli, struct mh_err *err)
{
    const struct mh_command *command = cli->command;
    if (command->verbs != NULL)
        return mh_cli_usage(cli, err, "expected one of %s behind %s", command->args, cli->name);
    if (cli->arg_count < command->args_min)
        return mh_cli_usage(cli, err, "too few arguments: expected %s", command->args);
    if (command->args_max != MH_ARGS_ANY && cli->arg_count > command->args_max)
        return mh_cli_usage(cli, err, "unexpected argument \"%.60s\"",
                            cli->args[command->args_max]);
    return 0;
}

int mh_options_parse(struct mh_cli *cli, int argc, char **argv, struct mh_parsed *ret_parsed,
                     struct mh_err *err)
{
    struct mh_parsed parsed = {0};
    const struct mh_command *command = NULL;
    int next = 0, r;
    for (;;) {
        bool leaf = command != NULL && command->verbs == NULL;
        r = parse_level(cli, command, leaf ? "" : "+", argc, argv, &parsed, &next, err);
        if (r < 0 && command != NULL)
            return mh_err_set(err, r, "%.200s; see millhand %s --help", err->text, cli->name);
        if (r < 0) return mh_err_set(err, r, "%.200s; see millhand help", err->text);
        argc -= next;
        argv += next;
        if (leaf || argc == 0 || wants_end(&parsed)) break;
        r = step_down(command, argv[0], &command, cli->name, sizeof cli->name, err);
        if (r < 0) return r;
        cli->command = command;
    }
    cli->json = parsed.globals[MH_GLOBAL_JSON] != NULL;
    cli->args = argv;
    cli->arg_count = argc;
    *ret_parsed = parsed;
    if (wants_end(&parsed) || command == NULL) return 0;
    return check_args(cli, err);
}

int mh_option_int(const struct mh_cli *cli, int option, int64_t min, int64_t max, int64_t *ret,
                  struct mh_err *err)
{
    const char *text = cli->values[option];
    if (text == NULL) return 0;
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    bool plain = text[0] != '\0' && text[strspn(text, "-0123456789")] == '\0';
    if (!plain || *end != '\0' || errno != 0 || number < min || number > max)
        return mh_err_set(err, MH_EINVAL,
                          "--%s must be a whole number from %" PRId64 " to %" PRId64
                          ", not \"%.40s\"",
                          cli->command->options[option].name, min, max, text);
    *ret = number;
    return 0;
}

int mh_option_duration(const struct mh_cli *cli, int option, int64_t *ret_ms, struct mh_err *err)
{
    const char *text = cli->values[option];
    if (text == NULL) return 0;
    int r = mh_duration_parse(text, ret_ms, err);
    return r < 0 ? mh_err_prefix(err, r, "--%s", cli->command->options[option].name) : 0;
}
