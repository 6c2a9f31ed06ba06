#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "base/settings.h"
#include "cli/options.h"

static int longest(int a, size_t b)
{
    return (size_t)a > b ? a : (int)b;
}

static void put_row(struct mh_buf *out, const char *left, int width, const char *right)
{
    mh_buf_printf(out, "  %-*s  %s\n", width, left, right);
}

static void option_label(const struct mh_option *option, char *ret_label, size_t size)
{
    (void)snprintf(ret_label, size, "--%s%s%s", option->name, option->value != NULL ? " " : "",
                   option->value != NULL ? option->value : "");
}

static void put_options(struct mh_buf *out, const struct mh_option *options)
{
    char label[64];
    int width = 0;
    for (const struct mh_option *o = options; o->name != NULL; o++) {
        option_label(o, label, sizeof label);
        width = longest(width, strlen(label));
    }
    for (const struct mh_option *o = options; o->name != NULL; o++) {
        option_label(o, label, sizeof label);
        put_row(out, label, width, o->help);
    }
}

/* The variables, with what holds where one is unset. */
static void put_settings(struct mh_buf *out)
{
    size_t count;
    int width = 0;
    const struct mh_setting *table = mh_settings_table(&count);
    for (size_t i = 0; i < count; i++)
        width = longest(width, strlen(table[i].name));
    for (size_t i = 0; i < count; i++) {
        const char *unset = table[i].shown != NULL ? table[i].shown : table[i].fallback;
        mh_buf_printf(out, "  %-*s  %s", width, table[i].name, table[i].help);
        if (unset != NULL) mh_buf_printf(out, " [%s]", unset);
        mh_buf_char(out, '\n');
    }
}

void mh_help_overview(struct mh_buf *out)
{
    int width = 0;
    for (size_t i = 0; mh_commands[i] != NULL; i++)
        width = longest(width, strlen(mh_commands[i]->name));
    mh_buf_str(out, "millhand " MILLHAND_VERSION ": a job queue and the workers that empty it\n\n"
                    "Usage: millhand [OPTIONS] COMMAND ...\n\nCommands:\n");
    for (size_t i = 0; mh_commands[i] != NULL; i++)
        put_row(out, mh_commands[i]->name, width, mh_commands[i]->summary);
    mh_buf_str(out, "\nOptions, before the command or behind it:\n");
    put_options(out, mh_global_options);
    mh_buf_str(out, "\nSettings, from the environment or .env, with what holds unless set:\n");
    put_settings(out);
    mh_buf_str(out, "\nmillhand COMMAND --help explains a command; man millhand has the rest.\n");
}

static const char *args_of(const struct mh_command *command)
{
    return command->args != NULL ? command->args : "";
}

static void put_verbs(struct mh_buf *out, const struct mh_command *command)
{
    char label[80];
    int width = 0;
    for (const struct mh_command *v = command->verbs; v->name != NULL; v++)
        width = longest(width, strlen(v->name) + strlen(args_of(v)) + 1);
    mh_buf_str(out, "\nCommands:\n");
    for (const struct mh_command *v = command->verbs; v->name != NULL; v++) {
        (void)snprintf(label, sizeof label, "%s %s", v->name, args_of(v));
        put_row(out, label, width, v->summary);
    }
}

/* The letter is ASCII: summaries are ours. */
static void put_sentence(struct mh_buf *out, const char *text)
{
    mh_buf_char(out, (char)(text[0] >= 'a' && text[0] <= 'z' ? text[0] - 'a' + 'A' : text[0]));
    mh_buf_printf(out, "%s.\n", text + 1);
}

static void put_examples(struct mh_buf *out, const char *examples)
{
    mh_buf_str(out, "\nExamples:\n");
    for (const char *line = examples; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        mh_buf_printf(out, "  %.*s\n", (int)len, line);
        line += len + (line[len] == '\n');
    }
}

void mh_help_command(struct mh_buf *out, const struct mh_command *command, const char *name)
{
    bool options = command->options != NULL;
    mh_buf_printf(out, "Usage: millhand %s%s%s%s\n\n", name, options ? " [OPTIONS]" : "",
                  command->args != NULL ? " " : "", args_of(command));
    put_sentence(out, command->summary);
    if (command->help != NULL) mh_buf_printf(out, "\n%s\n", command->help);
    if (command->verbs != NULL) put_verbs(out, command);
    if (options) {
        mh_buf_str(out, "\nOptions:\n");
        put_options(out, command->options);
    }
    if (command->examples != NULL) put_examples(out, command->examples);
    mh_buf_printf(out,
                  "\nOptions of every command (--db, --json, ...): millhand help. "
                  "Manual: man millhand-%.*s\n",
                  (int)strcspn(name, " "), name);
}
