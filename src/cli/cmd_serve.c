#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "base/service.h"
#include "cli/command.h"
#include "http/api.h"

/* One `millhand serve` process. */
struct process {
    struct mh_cli *cli;
    uv_signal_t signals[3]; /* TERM, INT, HUP */
    bool signals_open;
    struct mh_service service;
    struct mh_timer *alive; /* for the service manager's watchdog */
    struct mh_timer *limit; /* of stopping */
    struct mh_api *api;
    bool stopping;
    bool stopped;
    bool clean; /* every request was answered */
};

/* --- stopping */

static void end(struct process *process, bool clean)
{
    process->stopped = true;
    process->clean = clean;
    uv_stop(&process->cli->sync.loop);
}

static void on_drained(void *arg)
{
    end(arg, true);
}

static void on_limit(void *arg)
{
    mh_log(MH_LOG_WARN, "requests in hand are given up: SHUTDOWN_TIMEOUT_MS is over", NULL);
    end(arg, false);
}

static const char *signal_name(int number)
{
    if (number == SIGHUP) return "SIGHUP";
    return number == SIGINT ? "SIGINT" : "SIGTERM";
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct process *process = signal->data;
    mh_log(MH_LOG_INFO, "shutdown signal received",
           MH_FIELDS(mh_f_str("signal", signal_name(number))));
    mh_service_stopping(&process->service);
    if (process->api == NULL) {
        /* The store is being opened, which may have to wait for others. */
        mh_log(MH_LOG_INFO, "shutdown complete", NULL);
        _exit(MH_EXIT_OK);
    }
    if (process->stopping) {
        end(process, false); /* a second signal stops it at once */
        return;
    }
    process->stopping = true;
    mh_timer_start(process->limit, process->cli->settings.shutdown_timeout_ms, 0);
    mh_api_stop(process->api, on_drained, process);
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

/* --- the service manager */

static void tell_alive(void *arg)
{
    struct process *process = arg;
    mh_service_alive(&process->service);
}

/* What is wrong here is said, and serving goes on. */
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

/* --- running */

static int open_store(struct process *process, struct mh_err *err)
{
    int r = mh_cli_store(process->cli, err);
    if (r < 0) return r;
    const struct mh_store_info *info = mh_store_info(process->cli->sync.store);
    mh_log(MH_LOG_INFO, "store ready",
           MH_FIELDS(mh_f_str("store", info->backend), mh_f_str("location", info->location),
                     mh_f_int("schema", info->schema_version)));
    return 0;
}

/* Who may ask is settled before a store comes into being. */
static int check_auth(const struct process *process, struct mh_err *err)
{
    struct mh_auth *auth = NULL;
    int r = mh_auth_open(&process->cli->settings, &auth, err);
    mh_auth_close(auth);
    return r;
}

static int start(struct process *process, struct mh_err *err)
{
    const struct mh_settings *settings = &process->cli->settings;
    int r = mh_timer_new(&process->cli->sync.loop, on_limit, process, &process->limit, err);
    if (r == 0) r = open_store(process, err);
    if (r < 0) return r;
    const struct mh_api_options api = {.store = process->cli->sync.store, .settings = settings};
    r = mh_api_open(&process->cli->sync.loop, &api, &process->api, err);
    if (r < 0) return r;
    mh_log(MH_LOG_INFO, "serving",
           MH_FIELDS(mh_f_str("bind", settings->bind), mh_f_int("port", settings->http_port),
                     mh_f_bool("tokens", settings->jwt_secret != NULL || settings->jwks != NULL)));
    return 0;
}

static int serve(struct process *process, struct mh_err *err)
{
    int r = check_auth(process, err);
    if (r == 0) r = mh_sync_begin(&process->cli->sync, err);
    if (r == 0) r = watch_signals(process, err);
    if (r < 0) return r;
    mh_log(MH_LOG_INFO, "server starting", MH_FIELDS(mh_f_str("version", MILLHAND_VERSION)));
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
    if (process == NULL) return mh_err_set(err, MH_ENOMEM, "unable to serve: out of memory");
    process->cli = cli;
    process->service.fd = -1;
    cli->apart = true;
    int r = serve(process, err);
    mh_api_close(process->api);
    mh_timer_drop(process->alive);
    mh_timer_drop(process->limit);
    mh_service_close(&process->service);
    drop_signals(process);
    mh_sync_close(&cli->sync); /* before what its loop and store still point to */
    free(process);
    return r;
}

const struct mh_command mh_cmd_serve = {
    .name = "serve",
    .summary = "serve the HTTP API until it is told to stop",
    .help = "Takes jobs over HTTP and says what becomes of them, at MILLHAND_BIND and\n"
            "MILLHAND_HTTP_PORT; /v1/openapi.json describes it. With MILLHAND_JWT_SECRET or\n"
            "MILLHAND_JWKS set, each request needs a bearer token. Without, it listens on\n"
            "loopback alone and is open to the programs of this machine.\n"
            "\n"
            "SIGTERM and SIGINT stop it: requests in hand are answered, within\n"
            "SHUTDOWN_TIMEOUT_MS. A second signal stops it at once.",
    .examples = "millhand serve\n"
                "curl -H 'Content-Type: application/json' -d '{\"type\":\"mail\"}' "
                "localhost:8090/v1/jobs",
    .run = run,
};
