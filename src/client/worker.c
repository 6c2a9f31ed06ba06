/* A worker whose handlers are C functions. */
#include "worker/worker.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/loop.h"
#include "base/settings.h"
#include "base/utf8.h"
#include "client/handle.h"
#include "client/run.h"
#include "worker/handler_thread.h"
#include "worker/name.h"

#define ARENA_MAX       ((size_t)1 << 20)
#define DAY_MS          86400000
#define RETENTION_MAX   36500
#define CONCURRENCY_MAX 1000

/* As for the settings of the same names. */
#define LEASE_MIN_MS    1000
#define POLL_MIN_MS     10
#define SHUTDOWN_MIN_MS 100

struct millhand_worker {
    struct mh_sync sync;
    struct millhand_options given; /* the log */
    struct mh_log_sink sink;
    struct mh_arena arena;
    struct mh_settings settings;
    struct mh_registry registry;
    struct mh_pool *pool;
    struct mh_bell *bell; /* rung to stop */
    atomic_int stops;     /* asked for */
    int stopped_times;    /* passed on */
    struct mh_worker *worker;
    char id[MH_KEY_MAX + 1];
    bool drain;
    bool ran;
    bool stopped;
    bool clean;
};

/* --- what is asked for */

static int check_ms(const char *field, int64_t ms, int64_t min, struct mh_err *err)
{
    return ms == 0 ? 0 : mh_handle_range(field, ms, min, DAY_MS, err);
}

static int check_worker_id(const char *id, struct mh_err *err)
{
    if (id == NULL) return 0;
    int r = mh_handle_range("length of worker_id", (int64_t)strlen(id), 1, MH_KEY_MAX, err);
    if (r < 0 || mh_utf8_valid(id, strlen(id))) return r;
    return mh_err_set(err, MH_EINVAL, "worker_id: is not valid UTF-8");
}

static int check_options(const struct millhand_worker_options *options, struct mh_err *err)
{
    int r = mh_handle_range("concurrency", options->concurrency, 0, CONCURRENCY_MAX, err);
    if (r == 0) r = check_ms("lease_ms", options->lease_ms, LEASE_MIN_MS, err);
    if (r == 0) r = check_ms("poll_interval_ms", options->poll_interval_ms, POLL_MIN_MS, err);
    if (r == 0)
        r = check_ms("shutdown_timeout_ms", options->shutdown_timeout_ms, SHUTDOWN_MIN_MS, err);
    if (r == 0)
        r = mh_handle_range("retention_days", options->retention_days, -1, RETENTION_MAX, err);
    if (r == 0)
        r = mh_handle_range("failed_retention_days", options->failed_retention_days, -1,
                            RETENTION_MAX, err);
    if (r == 0) r = check_worker_id(options->worker_id, err);
    if (r == 0 && options->handler_count == 0)
        r = mh_err_set(err, MH_EINVAL, "handlers: none is given");
    if (r == 0 && options->handler_count > MH_TYPES_MAX)
        r = mh_err_set(err, MH_ELIMIT, "handlers: at most %d", MH_TYPES_MAX);
    return r;
}

/* A retention of -1 days, for ever, is 0 to the chores. */
static int64_t days(int given, int64_t standard)
{
    if (given == 0) return standard;
    return given > 0 ? given : 0;
}

static int read_settings(struct millhand_worker *worker,
                         const struct millhand_worker_options *options,
                         const struct mh_store_options *store, struct mh_err *err)
{
    struct mh_settings *settings = &worker->settings;
    int r = mh_settings_init(settings);
    if (r < 0) return mh_err_set(err, r, "unable to make a worker: out of memory");
    settings->max_payload_bytes = store->max_payload_bytes;
    settings->max_result_bytes = store->max_result_bytes;
    settings->monitor_interval_ms = 0;
    if (options->concurrency > 0) settings->max_concurrent_jobs = options->concurrency;
    if (options->lease_ms > 0) settings->lease_ms = options->lease_ms;
    if (options->poll_interval_ms > 0) settings->poll_interval_ms = options->poll_interval_ms;
    if (options->shutdown_timeout_ms > 0)
        settings->shutdown_timeout_ms = options->shutdown_timeout_ms;
    settings->retention_days = days(options->retention_days, settings->retention_days);
    settings->failed_retention_days =
        days(options->failed_retention_days, settings->failed_retention_days);
    worker->drain = options->drain;
    if (options->worker_id != NULL)
        (void)snprintf(worker->id, sizeof worker->id, "%s", options->worker_id);
    else
        mh_name_worker(worker->id, sizeof worker->id);
    return 0;
}

/* --- the handlers */

static int check_handler(const struct millhand_handler *handler, struct mh_err *err)
{
    if (handler->type == NULL || !mh_type_valid(handler->type))
        return mh_err_set(err, MH_EINVAL, "type: expected 1 to %d of A-Z a-z 0-9 _ . : -",
                          MH_TYPE_MAX);
    if (handler->fn == NULL) return mh_err_set(err, MH_EINVAL, "fn: is required");
    int r = mh_handle_range("concurrency", handler->concurrency, 0, CONCURRENCY_MAX, err);
    if (r == 0) r = mh_handle_range("max_attempts", handler->max_attempts, 0, MH_ATTEMPTS_MAX, err);
    if (r == 0) r = mh_handle_range("timeout_ms", handler->timeout_ms, 0, INT32_MAX, err);
    if (r == 0) r = mh_handle_range("backoff_base_ms", handler->backoff_base_ms, 0, DAY_MS, err);
    if (r == 0) r = mh_handle_range("backoff_cap_ms", handler->backoff_cap_ms, 0, INT32_MAX, err);
    return r;
}

static struct mh_handler_conf conf_of(const struct millhand_worker *worker,
                                      const struct millhand_handler *handler, const char *type)
{
    struct mh_handler_conf conf = mh_handler_conf_default(type);
    conf.mode = mh_handler_thread.mode;
    conf.concurrency =
        handler->concurrency > 0 ? handler->concurrency : worker->settings.max_concurrent_jobs;
    conf.max_attempts = handler->max_attempts;
    if (handler->timeout_ms > 0) conf.timeout_ms = handler->timeout_ms;
    if (handler->backoff_base_ms > 0) conf.backoff_base_ms = handler->backoff_base_ms;
    if (handler->backoff_cap_ms > 0) conf.backoff_cap_ms = handler->backoff_cap_ms;
    return conf;
}

static int add_handler(struct millhand_worker *worker, const struct millhand_handler *given,
                       struct mh_err *err)
{
    struct mh_registry *registry = &worker->registry;
    int r = check_handler(given, err);
    if (r < 0)
        return mh_err_prefix(err, r, "handler %zu (%.100s)", registry->count + 1,
                             given->type != NULL ? given->type : "no type");
    struct millhand_handler *handler = mh_arena_alloc(&worker->arena, sizeof *handler);
    struct mh_thread_call *call = mh_arena_alloc(&worker->arena, sizeof *call);
    const char *type = mh_arena_str(&worker->arena, given->type);
    if (handler == NULL || call == NULL || type == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to make a worker: out of memory");
    *handler = *given;
    *call = (struct mh_thread_call){.pool = worker->pool, .fn = mh_client_run, .arg = handler};
    registry->specs[registry->count++] = (struct mh_handler_spec){
        .conf = conf_of(worker, handler, type), .kind = &mh_handler_thread, .call = call};
    return 0;
}

static int by_type(const void *a, const void *b)
{
    const struct mh_handler_spec *x = a, *y = b;
    return strcmp(x->conf.type, y->conf.type);
}

static int add_handlers(struct millhand_worker *worker,
                        const struct millhand_worker_options *options, struct mh_err *err)
{
    struct mh_registry *registry = &worker->registry;
    size_t count = options->handler_count;
    registry->specs = mh_arena_array(&worker->arena, count, sizeof *registry->specs);
    if (registry->specs == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to make a worker: out of memory");
    for (size_t i = 0; i < count; i++) {
        int r = add_handler(worker, &options->handlers[i], err);
        if (r < 0) return r;
    }
    qsort(registry->specs, count, sizeof *registry->specs, by_type);
    for (size_t i = 1; i < count; i++)
        if (by_type(&registry->specs[i - 1], &registry->specs[i]) == 0)
            return mh_err_set(err, MH_EINVAL, "handlers: type %s has two",
                              registry->specs[i].conf.type);
    return 0;
}

/* --- its life */

static void on_bell(void *arg)
{
    struct millhand_worker *worker = arg;
    while (worker->stopped_times < atomic_load(&worker->stops) && !worker->stopped) {
        worker->stopped_times++;
        mh_worker_stop(worker->worker);
    }
}

static void on_stopped(void *arg, bool clean)
{
    struct millhand_worker *worker = arg;
    worker->stopped = true;
    worker->clean = clean;
    uv_stop(&worker->sync.loop);
}

static int make(struct millhand_worker *worker, const struct millhand *mh,
                const struct millhand_worker_options *options, struct mh_err *err)
{
    int r = check_options(options, err);
    if (r == 0) r = read_settings(worker, options, &mh->options, err);
    if (r == 0) r = mh_sync_begin(&worker->sync, err);
    if (r == 0)
        r = mh_pool_new(&worker->sync.loop, (size_t)worker->settings.max_concurrent_jobs,
                        &worker->pool, err);
    if (r == 0) r = add_handlers(worker, options, err);
    if (r == 0) r = mh_sync_open(&worker->sync, &mh->options, err);
    if (r == 0) r = mh_bell_new(&worker->sync.loop, on_bell, worker, &worker->bell, err);
    return r;
}

int millhand_worker_new(struct millhand *mh, const struct millhand_worker_options *options,
                        struct millhand_worker **ret_worker, struct millhand_error *err)
{
    struct mh_entry entry = mh_handle_enter(&mh->sink);
    struct millhand_worker *worker = calloc(1, sizeof *worker);
    int r = MH_ENOMEM;
    if (worker == NULL) {
        (void)mh_err_set(&entry.err, r, "unable to make a worker: out of memory");
    } else {
        mh_arena_init(&worker->arena, ARENA_MAX);
        worker->given = mh->given;
        worker->sink = mh_handle_sink(&worker->given);
        r = make(worker, mh, options, &entry.err);
    }
    r = mh_handle_leave(&entry, r, err);
    if (r < 0)
        millhand_worker_free(worker);
    else
        *ret_worker = worker;
    return r;
}

static int run(struct millhand_worker *worker, struct mh_err *err)
{
    if (worker->ran) return mh_err_set(err, MH_ESTATE, "the worker has run already");
    worker->ran = true;
    const struct mh_worker_options options = {
        .loop = &worker->sync.loop,
        .store = worker->sync.store,
        .settings = &worker->settings,
        .registry = &worker->registry,
        .worker_id = worker->id,
        .drain = worker->drain,
        .stopped = on_stopped,
        .arg = worker,
    };
    int r = mh_worker_start(&options, &worker->worker, err);
    if (r < 0) return r;
    while (!worker->stopped)
        (void)uv_run(&worker->sync.loop, UV_RUN_DEFAULT); /* says only whether handles are left */
    if (worker->clean) return 0;
    return mh_err_set(err, MH_ETIMEOUT, "not every job could be handed back in time");
}

int millhand_worker_run(struct millhand_worker *worker, struct millhand_error *err)
{
    struct mh_entry entry = mh_handle_enter(&worker->sink);
    int r = run(worker, &entry.err);
    return mh_handle_leave(&entry, r, err);
}

void millhand_worker_stop(struct millhand_worker *worker)
{
    atomic_fetch_add(&worker->stops, 1);
    mh_bell_ring(worker->bell);
}

void millhand_worker_free(struct millhand_worker *worker)
{
    if (worker == NULL) return;
    struct mh_entry entry = mh_handle_enter(&worker->sink);
    mh_worker_free(worker->worker);
    mh_pool_free(worker->pool);
    mh_bell_drop(worker->bell);
    mh_sync_close(&worker->sync);
    (void)mh_handle_leave(&entry, 0, NULL);
    mh_settings_release(&worker->settings);
    mh_arena_release(&worker->arena);
    free(worker);
}
