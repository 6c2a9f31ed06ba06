#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/service.h"
#include "cli/command.h"
#include "http/health.h"
#include "store/job.h"
#include "worker/name.h"
#include "worker/worker.h"

enum { OPTION_CONCURRENCY, OPTION_HANDLERS, OPTION_TYPES, OPTION_DRAIN, OPTION_ONCE };

static const struct mh_option options[] = {
    {"concurrency", "N", "jobs at once", "MAX_CONCURRENT_JOBS", "--concurrency"},
    {"handlers", "DIR", "folder of executables, one per job type", "MILLHAND_HANDLERS",
     "--handlers"},
    {"types", "A,B", "serve these types only", NULL, NULL},
    {"drain", NULL, "stop when nothing is due or running", NULL, NULL},
    {"once", NULL, "stop after one job, or at once when none is due", NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

#define ARENA_MAX ((size_t)1 << 20)

#define FILES_OF_ITS_OWN 128
#define FILES_PER_CHILD  5

/* One `millhand worker` process. */
struct process {
    struct mh_cli *cli;
    struct mh_arena arena;
    struct mh_registry registry;
    const char **types; /* of --types; NULL: all */
    size_t type_count;
    char id[MH_KEY_MAX + 1];
    uv_signal_t signals[3]; /* TERM, INT, HUP */
    bool signals_open;
    struct mh_service service;
    struct mh_timer *alive; /* for the service manager's watchdog */
    struct mh_health *health;
    struct mh_worker *worker;
    bool stopped;
    bool clean;
};

static int read_types(struct process *process, struct mh_err *err)
{
    const char *list = process->cli->values[OPTION_TYPES];
    if (list == NULL) return 0;
    char *text = mh_arena_str(&process->arena, list);
    process->types = mh_arena_array(&process->arena, MH_TYPES_MAX, sizeof *process->types);
    if (text == NULL || process->types == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to read --types: out of memory");
    for (char *type; (type = strsep(&text, ",")) != NULL;) {
        if (!mh_type_valid(type))
            return mh_cli_usage(
                process->cli, err,
                "--types expects job types ([A-Za-z0-9_.:-]{1,100}) separated by commas");
        if (process->type_count == MH_TYPES_MAX)
            return mh_cli_usage(process->cli, err, "--types names more than %d types",
                                MH_TYPES_MAX);
        process->types[process->type_count++] = type;
    }
    process->cli->settings.unknown_types = MH_UNKNOWN_LEAVE; /* those and no others */
    return 0;
}

static int load_registry(struct process *process, struct mh_err *err)
{
    const struct mh_settings *settings = &process->cli->settings;
    const struct mh_registry_options registry = {
        .folder = settings->handlers,
        .config = settings->config,
        .config_required = !mh_settings_is_default(settings, "MILLHAND_CONFIG"),
        .environment = environ,
        .webhook_secret = settings->webhook_secret,
        .only = process->types,
        .only_count = process->type_count,
        .may_be_empty = settings->unknown_types == MH_UNKNOWN_FAIL,
    };
    return mh_registry_load(&registry, &process->registry, err);
}

static void name_worker(struct process *process)
{
    const struct mh_settings *settings = &process->cli->settings;
    if (settings->worker_id != NULL)
        (void)snprintf(process->id, sizeof process->id, "%s",
                       settings->worker_id); /* checked at load */
    else
        mh_name_worker(process->id, sizeof process->id);
    mh_log_init(&(struct mh_log_options){
        .level = (enum mh_log_level)settings->log_level,
        .format = (enum mh_log_format)settings->log_format,
        .production = settings->env == MH_ENV_PRODUCTION,
        .worker_id = process->id,
    });
}

/* A child needs five descriptors. The limit of old programs, 1,024, is raised only where it is too
 * low for the jobs asked for, since children inherit it. */
static void raise_file_limit(const struct process *process)
{
    struct rlimit limit;
    rlim_t wanted =
        FILES_OF_ITS_OWN + FILES_PER_CHILD * (rlim_t)(process->cli->settings.max_concurrent_jobs +
                                                      (int64_t)process->registry.count);
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted) return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < wanted)
        mh_log(MH_LOG_WARN, "open files are limited: some jobs will have to wait",
               MH_FIELDS(mh_f_int("limit", (int64_t)limit.rlim_cur),
                         mh_f_int("wanted", (int64_t)wanted)));
}

/* --- stopping ---- */

static const char *signal_name(int number)
{
    return number == SIGINT ? "SIGINT" : number == SIGHUP ? "SIGHUP" : "SIGTERM";
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct process *process = handle->data;
    mh_log(MH_LOG_INFO, "shutdown signal received",
           MH_FIELDS(mh_f_str("signal", signal_name(number))));
    mh_service_stopping(&process->service);
    if (process->worker != NULL) {
        mh_worker_stop(process->worker);
        return;
    }
    /* The store is being opened, which may have to wait for others: nothing is in hand yet. */
    mh_log(MH_LOG_INFO, "shutdown complete", NULL);
    _exit(MH_EXIT_OK);
}

static void on_stopped(void *arg, bool clean)
{
    struct process *process = arg;
    process->stopped = true;
    process->clean = clean;
    uv_stop(&process->cli->sync.loop);
}

static int watch_signals(struct process *process, struct mh_err *err)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < MH_LEN(numbers); i++) {
        (void)uv_signal_init(&process->cli->sync.loop, &process->signals[i]); /* never fails */
        process->signals[i].data = process;
        process->signals_open = true;
    }
    for (size_t i = 0; i < MH_LEN(numbers); i++) {
        int r = uv_signal_start(&process->signals[i], on_signal, numbers[i]);
        if (r < 0) return mh_err_set(err, MH_EIO, "unable to watch signals: %s", uv_strerror(r));
    }
    return 0;
}

static void drop_signals(struct process *process)
{
    for (size_t i = 0; process->signals_open && i < MH_LEN(process->signals); i++)
        uv_close((uv_handle_t *)&process->signals[i], NULL);
}

/* --- health ---- */

static const char *unhealthy(void *arg)
{
    struct process *process = arg;
    return process->worker != NULL ? mh_worker_unhealthy(process->worker)
                                   : "the worker is starting";
}

static void write_metrics(void *arg, struct mh_buf *out)
{
    struct process *process = arg;
    if (process->worker != NULL) mh_worker_metrics(process->worker, out);
}

static int open_health(struct process *process, struct mh_err *err)
{
    const struct mh_settings *settings = &process->cli->settings;
    if (settings->health_check_port == 0) return 0;
    const struct mh_health_options health = {
        .bind = settings->bind,
        .port = (int)settings->health_check_port,
        .port_setting = "HEALTH_CHECK_PORT",
        .unhealthy = unhealthy,
        .metrics = write_metrics,
        .arg = process,
    };
    return mh_health_open(&process->cli->sync.loop, &health, &process->health, err);
}

/* --- the service manager ---- */

static void tell_alive(void *arg)
{
    struct process *process = arg;
    mh_service_alive(&process->service);
}

/* Jobs matter more than being watched: what is wrong here is said, and the worker goes on. */
static void open_service(struct process *process)
{
    struct mh_err err;
    int r = mh_service_open(&process->service, &err);
    int64_t watchdog_ms = mh_service_watchdog_ms(&process->service);
    if (r == 0 && watchdog_ms > 0) {
        r = mh_timer_new(&process->cli->sync.loop, tell_alive, process, &process->alive, &err);
        if (r == 0) mh_timer_start(process->alive, watchdog_ms, watchdog_ms);
    }
    if (r < 0)
        mh_log(MH_LOG_WARN, "the service manager is not told",
               MH_FIELDS(mh_f_str("error", err.text)));
}

/* --- running ---- */

static void say_starting(const struct process *process)
{
    const struct mh_settings *settings = &process->cli->settings;
    mh_log(MH_LOG_INFO, "worker starting",
           MH_FIELDS(mh_f_str("version", MILLHAND_VERSION),
                     mh_f_str("handlers", settings->handlers),
                     mh_f_int("types", (int64_t)process->registry.count),
                     mh_f_int("concurrency", settings->max_concurrent_jobs),
                     mh_f_int("leaseMs", settings->lease_ms)));
}

static int open_store(struct process *process, struct mh_err *err)
{
    int r = mh_cli_store(process->cli, err);
    if (r < 0) return r;
    const struct mh_store_info *info = mh_store_info(process->cli->sync.store);
    mh_log(MH_LOG_INFO, "store ready",
           MH_FIELDS(mh_f_str("store", info->backend), mh_f_str("location", info->location),
                     mh_f_int("schema", info->schema_version),
                     mh_f_bool("notifies", info->notifies)));
    if (!info->notifies) mh_log(MH_LOG_WARN, "behind a pooler nothing is notified: polling", NULL);
    return 0;
}

static int start(struct process *process, struct mh_err *err)
{
    struct mh_cli *cli = process->cli;
    int r = open_store(process, err);
    if (r == 0) r = open_health(process, err);
    if (r < 0) return r;
    const struct mh_worker_options worker = {
        .loop = &cli->sync.loop,
        .store = cli->sync.store,
        .settings = &cli->settings,
        .registry = &process->registry,
        .worker_id = process->id,
        .drain = cli->values[OPTION_DRAIN] != NULL,
        .once = cli->values[OPTION_ONCE] != NULL,
        .stopped = on_stopped,
        .arg = process,
    };
    return mh_worker_start(&worker, &process->worker, err);
}

static int work(struct process *process, struct mh_err *err)
{
    int r = read_types(process, err);
    if (r == 0) r = load_registry(process, err);
    if (r < 0) return r;
    name_worker(process);
    raise_file_limit(process);
    r = mh_sync_begin(&process->cli->sync, err);
    if (r == 0) r = watch_signals(process, err);
    if (r < 0) return r;
    say_starting(process);
    open_service(process);
    r = start(process, err);
    if (r < 0) return r;
    mh_service_ready(&process->service);
    while (!process->stopped)
        (void)uv_run(&process->cli->sync.loop,
                     UV_RUN_DEFAULT); /* says only whether handles are left */
    mh_log(MH_LOG_INFO, "shutdown complete", NULL);
    return process->clean ? MH_EXIT_OK : MH_EXIT_FAILED;
}

static int run(struct mh_cli *cli, struct mh_err *err)
{
    struct process *process = calloc(1, sizeof *process);
    if (process == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to start the worker: out of memory");
    process->cli = cli;
    process->service.fd = -1;
    mh_arena_init(&process->arena, ARENA_MAX);
    int r = work(process, err);
    mh_health_close(process->health);
    mh_timer_drop(process->alive);
    mh_service_close(&process->service);
    drop_signals(process);
    mh_worker_free(process->worker);
    mh_sync_close(&cli->sync); /* before what its loop and store still point to */
    mh_registry_release(&process->registry);
    mh_arena_release(&process->arena);
    free(process);
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
        "SIGTERM and SIGINT stop it: what is not started is handed back at once, what runs may "
        "finish\n"
        "within SHUTDOWN_TIMEOUT_MS. A second signal stops it at once.",
    .examples = "millhand worker --concurrency 4\n"
                "millhand worker --types mail,report --drain",
    .options = options,
    .run = run,
};
