#include "http/health.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "http/local.h"
#include "http/server.h"

#define HEALTH_BYTES  4096
#define METRICS_BYTES (4 * 1024 * 1024)

struct mh_health {
    struct mh_http *http;
    int64_t start_us;
    bool local; /* open to this machine alone */
    const char *(*unhealthy)(void *arg);
    void (*metrics)(void *arg, struct mh_buf *out);
    void *arg;
};

static void answer(struct mh_http_request *request, const struct mh_answer *head,
                   struct mh_buf *body)
{
    struct mh_answer whole = *head;
    whole.body = mh_buf_text(body);
    whole.len = body->len;
    if (mh_buf_failed(body))
        mh_http_error(request, 503, "OUT_OF_MEMORY", "the answer does not fit into memory");
    else
        mh_http_answer(request, &whole);
    mh_buf_release(body);
}

static void get_health(void *arg, struct mh_http_request *request)
{
    struct mh_health *health = arg;
    const char *reason = health->unhealthy(health->arg);
    int64_t uptime_ms = (mh_clock_mono_us() - health->start_us) / 1000;
    struct mh_buf body;
    mh_buf_init(&body, HEALTH_BYTES);
    mh_json_begin(&body, '{');
    mh_json_put_str(&body, "status", reason ? "unhealthy" : "healthy");
    mh_json_key(&body, "uptime");
    mh_json_real(&body, (double)uptime_ms / 1000);
    mh_json_put_time(&body, "timestamp", mh_clock_now_ms());
    if (reason) {
        mh_json_put_str(&body, "reason", reason);
    }
    mh_json_end(&body, '}');
    mh_buf_char(&body, '\n');
    /* A process that is unhealthy may be about to stop: nobody should count on the connection. */
    answer(request, &(struct mh_answer){.status = reason ? 503 : 200, .close = reason != NULL},
           &body);
}

static void get_metrics(void *arg, struct mh_http_request *request)
{
    struct mh_health *health = arg;
    struct mh_buf body;
    struct mh_err err;
    if (health->local &&
        mh_local_check(mh_http_header(request, "Host"), mh_http_header(request, "Origin"),
                       mh_http_header(request, "Sec-Fetch-Site"), &err) < 0) {
        mh_http_error(request, 403, "FORBIDDEN", err.text);
        return;
    }
    mh_buf_init(&body, METRICS_BYTES);
    health->metrics(health->arg, &body);
    answer(request, &(struct mh_answer){.status = 200, .type = "text/plain; version=0.0.4"}, &body);
}

static const struct mh_route routes[] = {
    {"GET", "/health", get_health},
    {"GET", "/metrics", get_metrics},
    {NULL},
};

int mh_health_open(uv_loop_t *loop, const struct mh_health_options *options,
                   struct mh_health **ret_health, struct mh_err *err)
{
    char mend[128];
    struct mh_health *health = calloc(1, sizeof(*health));
    if (!health) return mh_err_set(err, MH_ENOMEM, "unable to open the health port: out of memory");
    *health = (struct mh_health){.start_us = mh_clock_mono_us(),
                                 .local = mh_local_address(options->bind),
                                 .unhealthy = options->unhealthy,
                                 .metrics = options->metrics,
                                 .arg = options->arg};
    (void)snprintf(mend, sizeof(mend), "set %s to another port, or 0 for none",
                   options->port_setting);
    const struct mh_http_options http = {.bind = options->bind,
                                         .port = options->port,
                                         .port_mend = mend,
                                         .routes = routes,
                                         .arg = health};
    int r = mh_http_open(loop, &http, &health->http, err);
    if (r < 0)
        free(health);
    else
        *ret_health = health;
    return r;
}

void mh_health_close(struct mh_health *health)
{
    if (!health) return;
    mh_http_close(health->http);
    free(health);
}

int mh_health_port(const struct mh_health *health)
{
    return mh_http_port(health->http);
}
