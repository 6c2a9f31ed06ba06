#include "http/meter.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/vitals.h"
#include "queue/gauges.h"

#define FRESH_MS 2000

/* Informational answers are none of ours. */
static const char *const classes[] = {"gone", "2xx", "3xx", "4xx", "5xx", NULL};

enum { REQUESTS, DURATION, FOLLOWERS, STORE_ERRORS, COUNT };

static const struct mh_metric_spec specs[COUNT] = {
    [REQUESTS] = {MH_METRIC_COUNTER, "millhand_http_requests_total",
                  "Requests, by route and class of status; gone: the client left first.",
                  .label = "route", .word_label = "class", .words = classes},
    [DURATION] = {MH_METRIC_HISTOGRAM, "millhand_http_request_duration_seconds",
                  "How long requests took, by route.", .label = "route"},
    [FOLLOWERS] = {MH_METRIC_GAUGE, "millhand_http_followers", "Clients that follow events."},
    [STORE_ERRORS] = {MH_METRIC_COUNTER, "millhand_store_errors_total",
                      "Requests to the store that failed."},
};

struct mh_meter {
    struct mh_store *store;
    struct mh_metrics *registry;
    struct mh_vitals *vitals;
    struct mh_metric *all[COUNT];
    struct mh_gauges gauges;
    int64_t fresh_us; /* when the store answered last; 0: never */
    bool asking;
    void (*done)(void *arg); /* of who waits for the store */
    void *arg;
};

/* --- counting */

void mh_meter_request(struct mh_meter *meter, const char *route, int status, int64_t duration_us)
{
    size_t class = status < 200 || status > 599 ? 0 : (size_t)status / 100 - 1;
    if (route == NULL) route = "none";
    mh_metric_add_word(meter->all[REQUESTS], route, class, 1);
    mh_metric_observe(meter->all[DURATION], route, (double)duration_us / 1e6);
}

void mh_meter_store_error(struct mh_meter *meter)
{
    mh_metric_add(meter->all[STORE_ERRORS], NULL, 1);
}

void mh_meter_followers(struct mh_meter *meter, size_t count)
{
    mh_metric_set(meter->all[FOLLOWERS], NULL, (double)count);
}

/* --- the store's figures */

/* For whom: who sees all, also where the program's own login does not. */
static const struct mh_asker everything = {
    .sees_all = true, .claims = "{\"app_metadata\":{\"role\":\"super_admin\"}}"};

static void end(struct mh_meter *meter, int code)
{
    meter->asking = false;
    if (code < 0) {
        mh_meter_store_error(meter);
        mh_gauges_clear(&meter->gauges);
    }
    meter->fresh_us = mh_clock_mono_us();
    meter->done(meter->arg);
}

static void on_types(void *arg, const struct mh_reply *reply)
{
    struct mh_meter *meter = arg;
    if (reply->code == 0) mh_gauges_types(&meter->gauges, reply->types, reply->count);
    end(meter, reply->code);
}

static void on_stats(void *arg, const struct mh_reply *reply)
{
    struct mh_meter *meter = arg;
    struct mh_err err;
    int r = reply->code;
    if (r == 0) {
        mh_gauges_stats(&meter->gauges, reply->stats);
        mh_store_speak_for(meter->store, &everything);
        r = mh_store_type_list(meter->store, on_types, meter, &err);
    }
    if (r < 0) end(meter, r);
}

void mh_meter_refresh(struct mh_meter *meter, bool healthy, void (*done)(void *arg), void *arg)
{
    struct mh_err err;
    bool fresh =
        meter->fresh_us != 0 && mh_clock_mono_us() - meter->fresh_us < INT64_C(1000) * FRESH_MS;
    if (!healthy) mh_gauges_clear(&meter->gauges);
    if (!healthy || fresh || meter->asking) {
        done(arg);
        return;
    }
    meter->asking = true;
    meter->done = done;
    meter->arg = arg;
    mh_store_speak_for(meter->store, &everything);
    int r = mh_store_stats(meter->store, NULL, on_stats, meter, &err);
    if (r < 0) end(meter, r);
}

void mh_meter_write(struct mh_meter *meter, bool healthy, struct mh_buf *out)
{
    mh_vitals_read(meter->vitals, healthy);
    mh_metrics_write(meter->registry, out);
}

/* --- opening */

int mh_meter_new(uv_loop_t *loop, struct mh_store *store, struct mh_meter **ret_meter,
                 struct mh_err *err)
{
    struct mh_meter *meter = calloc(1, sizeof *meter);
    if (meter != NULL) meter->registry = mh_metrics_new();
    if (meter == NULL || meter->registry == NULL) {
        free(meter);
        return mh_err_set(err, MH_ENOMEM, "unable to measure: out of memory");
    }
    meter->store = store;
    for (int i = 0; i < COUNT; i++)
        meter->all[i] = mh_metrics_add(meter->registry, &specs[i]);
    mh_gauges_init(&meter->gauges, meter->registry);
    mh_gauges_init_types(&meter->gauges, meter->registry);
    mh_meter_followers(meter, 0);
    int r = mh_vitals_new(loop, meter->registry, &meter->vitals, err);
    if (r < 0) {
        mh_meter_free(meter);
        return r;
    }
    *ret_meter = meter;
    return 0;
}

void mh_meter_free(struct mh_meter *meter)
{
    if (meter == NULL) return;
    mh_vitals_drop(meter->vitals);
    mh_metrics_free(meter->registry);
    free(meter);
}
