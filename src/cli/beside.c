#include "cli/beside.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/loop.h"
#include "cli/command.h"
#include "http/api.h"

struct mh_beside {
    struct mh_beside_options options;
    struct mh_store *store;
    struct mh_api *api;
    struct mh_timer *limit; /* of stopping */
    bool stopping, stopped;
};

static void end(struct mh_beside *beside, bool clean)
{
    if (beside->stopped) return;
    beside->stopped = true;
    beside->options.stopped(beside->options.arg, clean);
}

static void on_drained(void *arg)
{
    struct mh_beside *beside = arg;
    mh_timer_stop(beside->limit); /* the worker may need longer */
    end(beside, true);
}

static void on_limit(void *arg)
{
    mh_log(MH_LOG_WARN, "requests in hand are given up: SHUTDOWN_TIMEOUT_MS is over", NULL);
    end(arg, false);
}

/* The worker has opened the same a moment ago; if it fails now, requests are told so. */
static void on_ready(void *arg, const struct mh_reply *reply)
{
    (void)arg;
    if (reply->code < 0)
        mh_log(MH_LOG_ERROR, "the store cannot be opened for the API",
               MH_FIELDS(mh_f_str("error", reply->err.text)));
}

static int open_all(struct mh_beside *beside, struct mh_err *err)
{
    struct mh_cli *cli = beside->options.cli;
    struct mh_store_options store = mh_cli_store_options(cli);
    store.apart = true;
    int r = mh_timer_new(&cli->sync.loop, on_limit, beside, &beside->limit, err);
    if (r == 0) r = mh_store_open(&cli->sync.loop, &store, on_ready, beside, &beside->store, err);
    if (r < 0) return r;
    const struct mh_api_options api = {.store = beside->store, .settings = &cli->settings};
    return mh_api_open(&cli->sync.loop, &api, &beside->api, err);
}

int mh_beside_open(const struct mh_beside_options *options, struct mh_beside **ret_beside,
                   struct mh_err *err)
{
    struct mh_beside *beside = calloc(1, sizeof *beside);
    if (beside == NULL) return mh_err_set(err, MH_ENOMEM, "unable to serve: out of memory");
    beside->options = *options;
    int r = open_all(beside, err);
    if (r < 0)
        mh_beside_close(beside);
    else
        *ret_beside = beside;
    return r;
}

void mh_beside_stop(struct mh_beside *beside)
{
    if (beside->stopping) {
        end(beside, false);
        return;
    }
    beside->stopping = true;
    mh_timer_start(beside->limit, beside->options.cli->settings.shutdown_timeout_ms, 0);
    mh_api_stop(beside->api, on_drained, beside);
}

bool mh_beside_is_stopping(const struct mh_beside *beside)
{
    return beside->stopping;
}

void mh_beside_close(struct mh_beside *beside)
{
    if (beside == NULL) return;
    mh_api_close(beside->api);
    mh_store_close(beside->store);
    mh_timer_drop(beside->limit);
    free(beside);
}
