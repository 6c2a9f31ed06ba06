#include "worker/measures.h"

#include "base/clock.h"
#include "base/vitals.h"
#include "store/job.h"
#include "worker/handler.h"

/* What became of a job whose attempt ended. */
enum { ENDED_COMPLETED, ENDED_FAILED, ENDED_CANCELLED, ENDED_PENDING };

static const char *const endings[] = {"completed", "failed", "cancelled", "pending", NULL};

static const struct mh_metric_spec specs[MH_MEASURE__COUNT] = {
    [MH_MEASURE_CLAIMED] = {MH_METRIC_COUNTER, "millhand_jobs_claimed_total",
                            "Jobs claimed by this worker.", .label = "type"},
    [MH_MEASURE_FINISHED] = {MH_METRIC_COUNTER, "millhand_jobs_finished_total",
                             "Attempts that ended here, by the status that the job then had.",
                             .label = "type", .word_label = "status", .words = endings},
    [MH_MEASURE_RETRIES] = {MH_METRIC_COUNTER, "millhand_job_retries_total",
                            "Failed attempts after which the job is tried again.", .label = "type"},
    [MH_MEASURE_PICKUP] = {MH_METRIC_HISTOGRAM, "millhand_job_pickup_seconds",
                           "From due to claimed.", .label = "type"},
    [MH_MEASURE_DURATION] = {MH_METRIC_HISTOGRAM, "millhand_job_duration_seconds",
                             "From the start of a handler to its end.", .label = "type"},
    [MH_MEASURE_SLOTS] = {MH_METRIC_GAUGE, "millhand_worker_slots",
                          "Jobs that this worker runs at once, at most."},
    [MH_MEASURE_RUNNING] = {MH_METRIC_GAUGE, "millhand_jobs_running",
                            "Jobs whose handler runs in this worker."},
    [MH_MEASURE_WAITING] = {MH_METRIC_GAUGE, "millhand_jobs_waiting",
                            "Jobs that this worker has claimed and not started yet."},
    [MH_MEASURE_RESTARTS] = {MH_METRIC_COUNTER, "millhand_handler_restarts_total",
                             "Children of persistent handlers that ended unasked.",
                             .label = "type"},
    [MH_MEASURE_RECLAIMED] = {MH_METRIC_COUNTER, "millhand_jobs_reclaimed_total",
                              "Jobs that this worker took back from silent ones."},
    [MH_MEASURE_LOST] = {MH_METRIC_COUNTER, "millhand_leases_lost_total",
                         "Jobs whose lease this worker lost while it had them."},
    [MH_MEASURE_STORE_ERRORS] = {MH_METRIC_COUNTER, "millhand_store_errors_total",
                                 "Requests to the store that failed."},
};

int mh_measures_init(struct mh_measures *measures, uv_loop_t *loop, struct mh_err *err)
{
    *measures = (struct mh_measures){.registry = mh_metrics_new()};
    if (measures->registry == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to measure: out of memory");
    for (int i = 0; i < MH_MEASURE__COUNT; i++)
        measures->all[i] = mh_metrics_add(measures->registry, &specs[i]);
    mh_gauges_init(&measures->gauges, measures->registry);
    return mh_vitals_new(loop, measures->registry, &measures->vitals, err);
}

void mh_measures_release(struct mh_measures *measures)
{
    mh_vitals_drop(measures->vitals);
    mh_metrics_free(measures->registry);
    *measures = (struct mh_measures){0};
}

void mh_measures_count(struct mh_measures *measures, enum mh_measure measure, int64_t amount)
{
    mh_metric_add(measures->all[measure], NULL, (double)amount);
}

void mh_measures_claim(struct mh_measures *measures, const struct mh_job *job)
{
    int64_t due = job->run_at > job->created_at ? job->run_at : job->created_at;
    double waited = (double)(mh_clock_now_ms() - due) / 1000.0;
    mh_metric_add(measures->all[MH_MEASURE_CLAIMED], job->type, 1);
    mh_metric_observe(measures->all[MH_MEASURE_PICKUP], job->type, waited > 0 ? waited : 0);
}

static size_t ending_of(enum mh_status status)
{
    switch (status) {
    case MH_STATUS_COMPLETED:
        return ENDED_COMPLETED;
    case MH_STATUS_FAILED:
        return ENDED_FAILED;
    case MH_STATUS_CANCELLED:
        return ENDED_CANCELLED;
    default:
        return ENDED_PENDING;
    }
}

void mh_measures_end(struct mh_measures *measures, const struct mh_run *run, enum mh_status status)
{
    const char *type = run->job.type;
    if (run->started_us != 0)
        mh_metric_observe(measures->all[MH_MEASURE_DURATION], type,
                          (double)(mh_clock_mono_us() - run->started_us) / 1e6);
    if (status == MH_STATUS_NONE) {
        mh_measures_count(measures, MH_MEASURE_LOST, 1);
        return;
    }
    mh_metric_add_word(measures->all[MH_MEASURE_FINISHED], type, ending_of(status), 1);
    if (run->finish.outcome == MH_OUTCOME_RETRY && status == MH_STATUS_PENDING)
        mh_metric_add(measures->all[MH_MEASURE_RETRIES], type, 1);
}

void mh_measures_stats(struct mh_measures *measures, const struct mh_stats *stats)
{
    mh_gauges_stats(&measures->gauges, stats);
}

void mh_measures_write(struct mh_measures *measures, const struct mh_slots *slots,
                       const struct mh_crew *crew, bool healthy, struct mh_buf *out)
{
    mh_metric_set(measures->all[MH_MEASURE_SLOTS], NULL, (double)slots->size);
    mh_metric_set(measures->all[MH_MEASURE_RUNNING], NULL, (double)slots->running_count);
    mh_metric_set(measures->all[MH_MEASURE_WAITING], NULL, (double)slots->waiting_count);
    mh_metric_clear(measures->all[MH_MEASURE_RESTARTS]);
    for (size_t i = 0; i < crew->count; i++)
        if (crew->handlers[i].spec->kind->children != NULL)
            mh_metric_add(measures->all[MH_MEASURE_RESTARTS], crew->handlers[i].spec->conf.type,
                          (double)crew->handlers[i].restarts);
    mh_vitals_read(measures->vitals, healthy);
    mh_metrics_write(measures->registry, out);
}
