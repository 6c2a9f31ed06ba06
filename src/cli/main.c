#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/options.h"
#include "cli/say.h"
#include "jobs/askpass.h"
#include "jobs/jobs.h"

#define HELP_MAX 65536

int mh_cli_usage(const struct mh_cli *cli, struct mh_err *err, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return mh_err_set(err, MH_EINVAL, "%s; see millhand %s --help", text, cli->name);
}

struct mh_store_options mh_cli_store_options(const struct mh_cli *cli)
{
    const struct mh_settings *settings = &cli->settings;
    return (struct mh_store_options){
        .url = settings->database_url,
        .schema = settings->schema,
        .max_payload_bytes = settings->max_payload_bytes,
        .max_result_bytes = settings->max_result_bytes,
        .synchronous_full = settings->sqlite_synchronous == MH_SYNC_FULL,
        .keep_schema = cli->keep_schema,
        .apart = cli->apart,
        .migrate = cli->migrate,
    };
}

int mh_cli_store(struct mh_cli *cli, struct mh_err *err)
{
    if (cli->sync.store != NULL) return 0;
    const struct mh_store_options options = mh_cli_store_options(cli);
    return mh_sync_open(&cli->sync, &options, err);
}

/* Help on standard output is an answer, on standard error it is a complaint. */
static void print_help(struct mh_cli *cli, int fd)
{
    struct mh_buf text;
    mh_buf_init(&text, HELP_MAX);
    if (cli->command == NULL)
        mh_help_overview(&text);
    else
        mh_help_command(&text, cli->command, cli->name);
    struct mh_out out;
    mh_out_init(&out, fd);
    mh_buf_append(&out.waiting, mh_buf_text(&text), text.len);
    (void)mh_out_flush(&out); /* kept for the end of the program */
    if (fd == STDOUT_FILENO) cli->out.errnum = out.errnum;
    mh_out_release(&out);
    mh_buf_release(&text);
}

static void override(struct mh_settings *settings, const struct mh_option *options,
                     const char *const *values)
{
    for (size_t i = 0; options != NULL && options[i].name != NULL; i++) {
        if (options[i].setting == NULL || values[i] == NULL) continue;
        mh_settings_set(settings, options[i].setting, values[i], options[i].source);
    }
}

void mh_cli_say_problems(const struct mh_cli *cli)
{
    for (const char *line = mh_buf_text(&cli->settings.problems); *line != '\0';) {
        size_t len = strcspn(line, "\n");
        mh_say("%.*s", (int)len, line);
        line += len + (line[len] == '\n');
    }
}

/* Returns false when the settings are wrong and the command does not go on with wrong ones. */
static bool load_settings(struct mh_cli *cli, const struct mh_parsed *parsed)
{
    const char *file = parsed->globals[MH_GLOBAL_ENV_FILE];
    mh_settings_load(&cli->settings, environ, file != NULL ? file : ".env", file != NULL);
    override(&cli->settings, mh_global_options, parsed->globals);
    override(&cli->settings, cli->command->options, cli->values);
    int r = mh_settings_finish(&cli->settings);
    return r == 0 || cli->command->settings_optional;
}

static int run_command(struct mh_cli *cli, const struct mh_parsed *parsed)
{
    struct mh_err err = {0};
    if (mh_settings_init(&cli->settings) < 0) {
        mh_say("unable to read the settings: out of memory");
        return MH_EXIT_FAILED;
    }
    if (!load_settings(cli, parsed)) {
        mh_cli_say_problems(cli);
        return MH_EXIT_USAGE;
    }
    mh_log_init(&(struct mh_log_options){
        .level = (enum mh_log_level)cli->settings.log_level,
        .format = (enum mh_log_format)cli->settings.log_format,
        .production = cli->settings.env == MH_ENV_PRODUCTION,
    });
    int status = cli->command->run(cli, &err);
    if (status < 0) {
        (void)mh_out_flush(&cli->out); /* what was found comes before what failed */
        status = mh_say_error(&err);
        cli->said = true;
    }
    mh_sync_close(&cli->sync);
    return status;
}

static int run(struct mh_cli *cli, int argc, char **argv)
{
    struct mh_err err = {0};
    struct mh_parsed parsed;
    if (mh_options_parse(cli, argc, argv, &parsed, &err) < 0) return mh_say_error(&err);
    if (parsed.globals[MH_GLOBAL_VERSION] != NULL) {
        mh_buf_str(&cli->out.line, "millhand " MILLHAND_VERSION);
        mh_out_end(&cli->out);
        return MH_EXIT_OK;
    }
    bool asked = parsed.globals[MH_GLOBAL_HELP] != NULL;
    if (asked || cli->command == NULL) {
        print_help(cli, asked ? STDOUT_FILENO : STDERR_FILENO);
        return asked ? MH_EXIT_OK : MH_EXIT_USAGE;
    }
    return run_command(cli, &parsed);
}

/* What was printed must have arrived; a reader that went away is told as any other program would.
 */
static int end_output(struct mh_cli *cli, int status)
{
    const struct mh_out *out = &cli->out;
    if (mh_out_flush(&cli->out)) return status;
    if (out->errnum == EPIPE) {
        (void)signal(SIGPIPE, SIG_DFL); /* cannot fail for SIGPIPE */
        (void)raise(SIGPIPE);
    }
    if (!cli->said) mh_say("unable to write standard output: %s", strerror(out->errnum));
    return status == MH_EXIT_OK ? MH_EXIT_FAILED : status;
}

/* A store or a socket that got one of the descriptors 0 to 2 would be written over by what is
 * printed. */
static bool fill_standard_fds(void)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDWR); /* stays open on purpose, also in children */
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) (void)close(fd); /* nothing was written */
    return fd >= 0;
}

int main(int argc, char **argv)
{
    if (!fill_standard_fds()) return MH_EXIT_FAILED; /* there is nowhere to say why */
    /* A reader that goes away must not stop work in the middle: it shows as EPIPE. */
    (void)signal(SIGPIPE, SIG_IGN);
    /* Inherited as ignored, it would take the exit status of every child. */
    (void)signal(SIGCHLD, SIG_DFL);
    if (mh_askpass_wanted(argc)) return mh_askpass_main(argv[1]);
    if (mh_jobs_wanted(argc, argv)) return mh_jobs_main(argv[2]);
    mh_loop_keep_memory();
    struct mh_cli cli = {0};
    mh_out_init(&cli.out, STDOUT_FILENO);
    int status = run(&cli, argc, argv);
    status = end_output(&cli, status);
    mh_settings_release(&cli.settings);
    mh_out_release(&cli.out);
    return status;
}
