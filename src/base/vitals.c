#include "base/vitals.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"

enum { BUILD_INFO, HEALTHY, START_TIME, CPU, MEMORY, LAG, COUNT };

static const struct mh_metric_spec specs[COUNT] = {
    [BUILD_INFO] = {MH_METRIC_GAUGE, "millhand_build_info", "1, with the version of the program.",
                    .label = "version"},
    [HEALTHY] = {MH_METRIC_GAUGE, "millhand_healthy",
                 "1 where /health says so; 0 while the store is out of reach or it is stopping."},
    [START_TIME] = {MH_METRIC_GAUGE, "millhand_process_start_time_seconds",
                    "When the process started, in seconds since 1970."},
    [CPU] = {MH_METRIC_COUNTER, "millhand_process_cpu_seconds_total",
             "Processor time of the process, without its children."},
    [MEMORY] = {MH_METRIC_GAUGE, "millhand_process_resident_memory_bytes",
                "Memory of the process, without its children."},
    [LAG] = {MH_METRIC_HISTOGRAM, "millhand_loop_lag_seconds",
             "How long one turn of the loop kept what came meanwhile waiting."},
};

struct mh_vitals {
    uv_check_t awake;    /* behind what came in */
    uv_prepare_t asleep; /* before it waits for more */
    int open;
    int64_t awake_us;
    int64_t io_us; /* of this turn, before `awake` */
    double start_time;
    struct mh_metric *metrics[COUNT];
};

/* --- the loop */

/* The loop's clock was read when it woke up, in whole milliseconds. */
static void on_awake(uv_check_t *check)
{
    struct mh_vitals *vitals = check->data;
    int64_t woke_ms = (int64_t)uv_now(check->loop);
    int64_t now_us = (int64_t)(uv_hrtime() / 1000);
    vitals->awake_us = now_us;
    vitals->io_us = (now_us / 1000 - woke_ms) * 1000;
}

static void on_asleep(uv_prepare_t *prepare)
{
    struct mh_vitals *vitals = prepare->data;
    if (vitals->awake_us == 0) return;
    int64_t rest_us = (int64_t)(uv_hrtime() / 1000) - vitals->awake_us;
    mh_metric_observe(vitals->metrics[LAG], NULL, (double)(vitals->io_us + rest_us) / 1e6);
    vitals->awake_us = 0;
}

static void watch_loop(struct mh_vitals *vitals, uv_loop_t *loop)
{
    /* None of these fails. */
    (void)uv_check_init(loop, &vitals->awake);
    (void)uv_prepare_init(loop, &vitals->asleep);
    vitals->open = 2;
    vitals->awake.data = vitals->asleep.data = vitals;
    (void)uv_check_start(&vitals->awake, on_awake);
    (void)uv_prepare_start(&vitals->asleep, on_asleep);
    uv_unref((uv_handle_t *)&vitals->awake);
    uv_unref((uv_handle_t *)&vitals->asleep);
}

static void on_closed(uv_handle_t *handle)
{
    struct mh_vitals *vitals = handle->data;
    if (--vitals->open == 0) free(vitals);
}

/* --- the process */

static double seconds_of(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static double resident_bytes(void)
{
    long long total, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) return 0;
    if (fscanf(file, "%lld %lld", &total, &resident) != 2) resident = 0;
    (void)fclose(file); /* it was only read */
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

void mh_vitals_read(struct mh_vitals *vitals, bool healthy)
{
    struct rusage usage = {0};
    (void)getrusage(RUSAGE_SELF, &usage); /* fails for nothing but a wrong argument */
    mh_metric_set(vitals->metrics[BUILD_INFO], MILLHAND_VERSION, 1);
    mh_metric_set(vitals->metrics[HEALTHY], NULL, healthy);
    mh_metric_set(vitals->metrics[START_TIME], NULL, vitals->start_time);
    mh_metric_set(vitals->metrics[CPU], NULL,
                  seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime));
    mh_metric_set(vitals->metrics[MEMORY], NULL, resident_bytes());
}

int mh_vitals_new(uv_loop_t *loop, struct mh_metrics *metrics, struct mh_vitals **ret_vitals,
                  struct mh_err *err)
{
    struct mh_vitals *vitals = calloc(1, sizeof *vitals);
    if (vitals == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to measure the loop: out of memory");
    vitals->start_time = (double)mh_clock_now_ms() / 1000;
    for (int i = 0; i < COUNT; i++)
        vitals->metrics[i] = mh_metrics_add(metrics, &specs[i]);
    watch_loop(vitals, loop);
    *ret_vitals = vitals;
    return 0;
}

void mh_vitals_drop(struct mh_vitals *vitals)
{
    if (vitals == NULL) return;
    uv_close((uv_handle_t *)&vitals->awake, on_closed);
    uv_close((uv_handle_t *)&vitals->asleep, on_closed);
}
