#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/arena.h"
#include "base/log.h"
#include "cli/beside.h"
#include "cli/command.h"
#include "cli/process.h"
#include "http/api.h"
#include "http/health.h"
#include "jobs/janitor.h"
#include "jobs/jobs.h"
#include "store/job.h"
#include "worker/name.h"
#include "worker/worker.h"

enum { OPTION_CONCURRENCY, OPTION_HANDLERS, OPTION_TYPES, OPTION_SERVE, OPTION_DRAIN, OPTION_ONCE };

static const struct mh_option options[] = {
    {"concurrency", "N", "jobs at once", "MAX_CONCURRENT_JOBS", "--concurrency"},
    {"handlers", "DIR", "folder of executables, one per job type", "MILLHAND_HANDLERS",
     "--handlers"},
    {"types", "A,B", "serve these types only", NULL, NULL},
    {"serve", NULL, "serve the HTTP API as well, on MILLHAND_HTTP_PORT", NULL, NULL},
    {"drain", NULL, "stop when nothing is due or running", NULL, NULL},
    {"once", NULL, "stop after one job, or at once when none is due", NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

#define ARENA_MAX ((size_t)1 << 20)

#define FILES_OF_ITS_OWN 128
#define FILES_PER_CHILD  5

/* One `millhand worker`. */
struct command {
    struct mh_process process;
    struct mh_cli *cli;
    struct mh_arena arena;
    struct mh_registry registry;
    const char **types; /* of --types; NULL: all */
    size_t type_count;
    struct mh_registry_builtin *builtins;
    size_t builtin_count;
    char id[MH_KEY_MAX + 1];
    struct mh_health *health;
    struct mh_worker *worker;
    struct mh_beside *beside;   /* of --serve */
    struct mh_janitor *janitor; /* where clones are made */
    bool worker_stopped, beside_stopped;
    bool unclean; /* one of them gave something up */
};

static int read_types(struct command *command, struct mh_err *err)
{
    const char *list = command->cli->values[OPTION_TYPES];
    if (list == NULL) return 0;
    char *text = mh_arena_str(&command->arena, list);
    command->types = mh_arena_array(&command->arena, MH_TYPES_MAX, sizeof *command->types);
    if (text == NULL || command->types == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to read --types: out of memory");
    for (char *type; (type = strsep(&text, ",")) != NULL;) {
        if (!mh_type_valid(type))
            return mh_cli_usage(
                command->cli, err,
                "--types expects job types ([A-Za-z0-9_.:-]{1,100}) separated by commas");
        if (command->type_count == MH_TYPES_MAX)
            return mh_cli_usage(command->cli, err, "--types names more than %d types",
                                MH_TYPES_MAX);
        command->types[command->type_count++] = type;
    }
    command->cli->settings.unknown_types = MH_UNKNOWN_LEAVE; /* those and no others */
    return 0;
}

static int read_builtins(struct command *command, struct mh_err *err)
{
    struct mh_arena *arena = &command->arena;
    while (mh_job_type_at(command->builtin_count) != NULL)
        command->builtin_count++;
    command->builtins = mh_arena_array(arena, command->builtin_count, sizeof *command->builtins);
    if (command->builtins == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to serve the built-in types: out of memory");
    int r = 0;
    for (size_t i = 0; r == 0 && i < command->builtin_count; i++) {
        const struct mh_job_type *type = mh_job_type_at(i);
        struct mh_registry_builtin *builtin = &command->builtins[i];
        builtin->type = type->name;
        r = mh_job_type_argv(type, arena, &builtin->argv, err);
        if (r == 0)
            r = mh_job_type_env(type, &command->cli->settings, environ, arena, &builtin->env, err);
    }
    return r;
}

static int load_registry(struct command *command, struct mh_err *err)
{
    const struct mh_settings *settings = &command->cli->settings;
    const struct mh_registry_options registry = {
        .folder = settings->handlers,
        .config = settings->config,
        .config_required = !mh_settings_is_default(settings, "MILLHAND_CONFIG"),
        .environment = environ,
        .webhook_secret = settings->webhook_secret,
        .only = command->types,
        .only_count = command->type_count,
        .builtins = command->builtins,
        .builtin_count = command->builtin_count,
        .may_be_empty = settings->unknown_types == MH_UNKNOWN_FAIL,
    };
    return mh_registry_load(&registry, &command->registry, err);
}

static void name_worker(struct command *command)
{
    const struct mh_settings *settings = &command->cli->settings;
    if (settings->worker_id != NULL)
        (void)snprintf(command->id, sizeof command->id, "%s",
                       settings->worker_id); /* checked at load */
    else
        mh_name_worker(command->id, sizeof command->id);
    mh_log_init(&(struct mh_log_options){
        .level = (enum mh_log_level)settings->log_level,
        .format = (enum mh_log_format)settings->log_format,
        .production = settings->env == MH_ENV_PRODUCTION,
        .worker_id = command->id,
    });
}

static bool serves(const struct command *command)
{
    return command->cli->values[OPTION_SERVE] != NULL;
}

/* A child needs five descriptors. The limit of old programs, 1,024, is raised only where it is too
 * low for the jobs asked for, since children inherit it. */
static void raise_file_limit(const struct command *command)
{
    struct rlimit limit;
    rlim_t own = FILES_OF_ITS_OWN + (serves(command) ? MH_API_CLIENTS : 0);
    rlim_t wanted = own + FILES_PER_CHILD * (rlim_t)(command->cli->settings.max_concurrent_jobs +
                                                     (int64_t)command->registry.count);
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted) return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < wanted)
        mh_log(MH_LOG_WARN, "open files are limited: some jobs will have to wait",
               MH_FIELDS(mh_f_int("limit", (int64_t)limit.rlim_cur),
                         mh_f_int("wanted", (int64_t)wanted)));
}

/* --- stopping ---- */

static void on_signal(void *arg)
{
    struct command *command = arg;
    if (!command->worker_stopped) mh_worker_stop(command->worker);
    if (command->beside != NULL) mh_beside_stop(command->beside);
}

static void end_both(struct command *command, bool clean)
{
    command->unclean |= !clean;
    if (command->worker_stopped && (command->beside == NULL || command->beside_stopped))
        mh_process_end(&command->process, !command->unclean);
}

static void on_beside_stopped(void *arg, bool clean)
{
    struct command *command = arg;
    command->beside_stopped = true;
    end_both(command, clean);
}

/* Also where nobody told it to. */
static void on_stopped(void *arg, bool clean)
{
    struct command *command = arg;
    command->worker_stopped = true;
    if (command->beside != NULL && !mh_beside_is_stopping(command->beside))
        mh_beside_stop(command->beside);
    end_both(command, clean);
}

/* --- health ---- */

static const char *unhealthy(void *arg)
{
    struct command *command = arg;
    return command->worker != NULL ? mh_worker_unhealthy(command->worker)
                                   : "the worker is starting";
}

static void write_metrics(void *arg, struct mh_buf *out)
{
    struct command *command = arg;
    if (command->worker != NULL) mh_worker_metrics(command->worker, out);
}

static int open_health(struct command *command, struct mh_err *err)
{
    const struct mh_settings *settings = &command->cli->settings;
    if (settings->health_check_port == 0) return 0;
    const struct mh_health_options health = {
        .bind = settings->bind,
        .port = (int)settings->health_check_port,
        .port_setting = "HEALTH_CHECK_PORT",
        .unhealthy = unhealthy,
        .metrics = write_metrics,
        .arg = command,
    };
    return mh_health_open(&command->cli->sync.loop, &health, &command->health, err);
}

/* --- running ---- */

static bool clones(const struct command *command)
{
    for (size_t i = 0; i < command->registry.count; i++)
        if (strcmp(command->registry.specs[i].conf.type, "index") == 0) return true;
    return false;
}

static void say_starting(const struct command *command)
{
    const struct mh_settings *settings = &command->cli->settings;
    mh_log(MH_LOG_INFO, "worker starting",
           MH_FIELDS(mh_f_str("version", MILLHAND_VERSION),
                     mh_f_str("handlers", settings->handlers),
                     mh_f_int("types", (int64_t)command->registry.count),
                     mh_f_int("concurrency", settings->max_concurrent_jobs),
                     mh_f_int("leaseMs", settings->lease_ms)));
}

static int open_beside(struct command *command, struct mh_err *err)
{
    const struct mh_beside_options beside = {
        .cli = command->cli, .stopped = on_beside_stopped, .arg = command};
    return mh_beside_open(&beside, &command->beside, err);
}

static int start(struct command *command, struct mh_err *err)
{
    struct mh_cli *cli = command->cli;
    int r = mh_process_store(&command->process, err);
    if (r == 0) r = open_health(command, err);
    if (r < 0) return r;
    const struct mh_worker_options worker = {
        .loop = &cli->sync.loop,
        .store = cli->sync.store,
        .settings = &cli->settings,
        .registry = &command->registry,
        .worker_id = command->id,
        .drain = cli->values[OPTION_DRAIN] != NULL,
        .once = cli->values[OPTION_ONCE] != NULL,
        .stopped = on_stopped,
        .arg = command,
    };
    if (clones(command)) r = mh_janitor_open(&cli->sync.loop, &command->janitor, err);
    if (r == 0 && serves(command)) r = open_beside(command, err);
    return r < 0 ? r : mh_worker_start(&worker, &command->worker, err);
}

static int work(struct command *command, struct mh_err *err)
{
    int r = serves(command) ? mh_api_check(&command->cli->settings, err) : 0;
    if (r == 0) r = read_types(command, err);
    if (r == 0) r = read_builtins(command, err);
    if (r == 0) r = load_registry(command, err);
    if (r < 0) return r;
    name_worker(command);
    raise_file_limit(command);
    r = mh_process_begin(&command->process, command->cli, err);
    if (r < 0) return r;
    say_starting(command);
    r = start(command, err);
    return r < 0 ? r : mh_process_run(&command->process);
}

static int run(struct mh_cli *cli, struct mh_err *err)
{
    struct command *command = calloc(1, sizeof *command);
    if (command == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to start the worker: out of memory");
    command->process = (struct mh_process){.stop = on_signal, .arg = command};
    command->cli = cli;
    mh_arena_init(&command->arena, ARENA_MAX);
    int r = work(command, err);
    mh_beside_close(command->beside);
    mh_health_close(command->health);
    mh_worker_free(command->worker);
    mh_janitor_close(command->janitor);
    mh_process_close(&command->process);
    mh_registry_release(&command->registry);
    mh_arena_release(&command->arena);
    free(command);
    return r;
}

const struct mh_command mh_cmd_worker = {
    .name = "worker",
    .summary = "run jobs until it is told to stop",
    .help =
        "Claims due jobs of the types it has a handler for, runs each in a child process and "
        "stores\n"
        "what became of it. A handler is an executable in the handlers folder, named as its "
        "job type\n"
        "(an extension does not count), or a section [handler.TYPE] of millhand.conf, which may "
        "also\n"
        "name a URL that jobs are posted to.\n"
        "\n"
        "With --serve the HTTP API is served as well, as by `millhand serve`.\n"
        "\n"
        "SIGTERM and SIGINT stop it: what is not started is handed back at once, what runs may "
        "finish\n"
        "within SHUTDOWN_TIMEOUT_MS. A second signal stops it at once.",
    .examples = "millhand worker --concurrency 4\n"
                "millhand worker --types mail,report --drain",
    .options = options,
    .run = run,
};
