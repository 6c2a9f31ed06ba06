#include "cli/process.h"

#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "base/loop.h"
#include "cli/command.h"

/* --- signals */

static const char *signal_name(int number)
{
    if (number == SIGHUP) return "SIGHUP";
    return number == SIGINT ? "SIGINT" : "SIGTERM";
}

static void on_signal(uv_signal_t *signal, int number)
{
    struct mh_process *process = signal->data;
    mh_log(MH_LOG_INFO, "shutdown signal received",
           MH_FIELDS(mh_f_str("signal", signal_name(number))));
    mh_service_stopping(&process->service);
    if (process->running) {
        process->stop(process->arg);
        return;
    }
    mh_log(MH_LOG_INFO, "shutdown complete", NULL);
    _exit(MH_EXIT_OK);
}

static int watch_signals(struct mh_process *process, struct mh_err *err)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < MH_LEN(numbers); i++) {
        (void)uv_signal_init(&process->cli->sync.loop, &process->signals[i]); /* never fails */
        process->signals[i].data = process;
    }
    process->begun = true;
    for (size_t i = 0; i < MH_LEN(numbers); i++) {
        int r = uv_signal_start(&process->signals[i], on_signal, numbers[i]);
        if (r < 0) return mh_err_set(err, MH_EIO, "unable to watch signals: %s", uv_strerror(r));
    }
    return 0;
}

/* --- the service manager */

static void tell_alive(void *arg)
{
    struct mh_process *process = arg;
    mh_service_alive(&process->service);
}

/* What is in hand matters more than being watched. */
static void open_service(struct mh_process *process)
{
    struct mh_err err;
    int r = mh_service_open(&process->service, &err);
    if (r == 0 && mh_service_watchdog_ms(&process->service) > 0)
        r = mh_timer_new(&process->cli->sync.loop, tell_alive, process, &process->alive, &err);
    if (r < 0)
        mh_log(MH_LOG_WARN, "the service manager is not told",
               MH_FIELDS(mh_f_str("error", err.text)));
}

/* --- from beginning to end */

int mh_process_begin(struct mh_process *process, struct mh_cli *cli, struct mh_err *err)
{
    process->cli = cli;
    process->service.fd = -1;
    int r = mh_sync_begin(&cli->sync, err);
    if (r == 0) r = watch_signals(process, err);
    if (r < 0) return r;
    open_service(process);
    return 0;
}

int mh_process_store(struct mh_process *process, struct mh_err *err)
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

int mh_process_run(struct mh_process *process)
{
    int64_t watchdog_ms = mh_service_watchdog_ms(&process->service);
    process->running = true;
    mh_service_ready(&process->service);
    if (process->alive != NULL) mh_timer_start(process->alive, watchdog_ms, watchdog_ms);
    while (!process->ended)
        (void)uv_run(&process->cli->sync.loop,
                     UV_RUN_DEFAULT); /* says only whether handles are left */
    mh_log(MH_LOG_INFO, "shutdown complete", NULL);
    return process->clean ? MH_EXIT_OK : MH_EXIT_FAILED;
}

void mh_process_end(struct mh_process *process, bool clean)
{
    process->ended = true;
    process->clean = clean;
    uv_stop(&process->cli->sync.loop);
}

void mh_process_close(struct mh_process *process)
{
    if (process->cli == NULL) return;
    mh_timer_drop(process->alive);
    mh_service_close(&process->service);
    for (size_t i = 0; process->begun && i < MH_LEN(process->signals); i++)
        uv_close((uv_handle_t *)&process->signals[i], NULL);
    mh_sync_close(&process->cli->sync);
}
