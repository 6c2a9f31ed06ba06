#include <stdlib.h>

#include "base/log.h"
#include "base/loop.h"
#include "cli/command.h"
#include "cli/process.h"
#include "http/api.h"

/* One `millhand serve`. */
struct server {
    struct mh_process process;
    struct mh_cli *cli;
    struct mh_timer *limit; /* of stopping */
    struct mh_api *api;
    bool stopping;
};

/* --- stopping */

static void on_drained(void *arg)
{
    struct server *server = arg;
    mh_process_end(&server->process, true);
}

static void on_limit(void *arg)
{
    struct server *server = arg;
    mh_log(MH_LOG_WARN, "requests in hand are given up: SHUTDOWN_TIMEOUT_MS is over", NULL);
    mh_process_end(&server->process, false);
}

/* A second signal stops it at once. */
static void on_signal(void *arg)
{
    struct server *server = arg;
    if (server->stopping) {
        mh_process_end(&server->process, false);
        return;
    }
    server->stopping = true;
    mh_timer_start(server->limit, server->cli->settings.shutdown_timeout_ms, 0);
    mh_api_stop(server->api, on_drained, server);
}

/* --- running */

static int start(struct server *server, struct mh_err *err)
{
    const struct mh_settings *settings = &server->cli->settings;
    int r = mh_timer_new(&server->cli->sync.loop, on_limit, server, &server->limit, err);
    if (r == 0) r = mh_process_store(&server->process, err);
    if (r < 0) return r;
    const struct mh_api_options api = {.store = server->cli->sync.store, .settings = settings};
    return mh_api_open(&server->cli->sync.loop, &api, &server->api, err);
}

static int serve(struct server *server, struct mh_err *err)
{
    int r = mh_api_check(&server->cli->settings, err);
    if (r == 0) r = mh_process_begin(&server->process, server->cli, err);
    if (r < 0) return r;
    mh_log(MH_LOG_INFO, "server starting", MH_FIELDS(mh_f_str("version", MILLHAND_VERSION)));
    r = start(server, err);
    return r < 0 ? r : mh_process_run(&server->process);
}

static int run(struct mh_cli *cli, struct mh_err *err)
{
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL) return mh_err_set(err, MH_ENOMEM, "unable to serve: out of memory");
    server->process = (struct mh_process){.stop = on_signal, .arg = server};
    server->cli = cli;
    cli->apart = true;
    int r = serve(server, err);
    mh_api_close(server->api);
    mh_timer_drop(server->limit);
    mh_process_close(&server->process);
    free(server);
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
