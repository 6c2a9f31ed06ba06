#include "worker/measures.h"

#include "base/clock.h"
#include "store/job.h"

int mh_measures_init(struct mh_measures *m)
{
    *m = (struct mh_measures){.registry = mh_metrics_new()};
    if (m->registry == NULL) return MH_ENOMEM;
    m->claimed = mh_metrics_add(m->registry, MH_METRIC_COUNTER, "millhand_jobs_claimed_total",
                                "Jobs claimed by this worker.", "type");
    m->finished = mh_metrics_add(m->registry, MH_METRIC_COUNTER, "millhand_jobs_finished_total",
                                 "Attempts ended, by the status the job then had.", "status");
    m->retries = mh_metrics_add(m->registry, MH_METRIC_COUNTER, "millhand_job_retries_total",
                                "Failed attempts that will be retried.", "type");
    m->reclaimed = mh_metrics_add(m->registry, MH_METRIC_COUNTER, "millhand_jobs_reclaimed_total",
                                  "Jobs taken back from silent workers.", NULL);
    m->lost = mh_metrics_add(m->registry, MH_METRIC_COUNTER, "millhand_leases_lost_total",
                             "Jobs whose lease this worker lost.", NULL);
    m->store_errors = mh_metrics_add(m->registry, MH_METRIC_COUNTER, "millhand_store_errors_total",
                                     "Store operations that failed.", NULL);
    m->duration = mh_metrics_add(m->registry, MH_METRIC_HISTOGRAM, "millhand_job_duration_seconds",
                                 "From the start of a handler to its end.", "type");
    m->pickup = mh_metrics_add(m->registry, MH_METRIC_HISTOGRAM, "millhand_job_pickup_seconds",
                               "From due to claimed.", "type");
    m->running = mh_metrics_add(m->registry, MH_METRIC_GAUGE, "millhand_jobs_running",
                                "Jobs whose handler runs in this worker.", NULL);
    m->depth = mh_metrics_add(m->registry, MH_METRIC_GAUGE, "millhand_queue_jobs",
                              "Jobs in the store, by status.", "status");
    m->oldest =
        mh_metrics_add(m->registry, MH_METRIC_GAUGE, "millhand_queue_oldest_pending_seconds",
                       "Age of the oldest due pending job.", NULL);
    return 0;
}

void mh_measures_release(struct mh_measures *m)
{
    mh_metrics_free(m->registry);
    m->registry = NULL;
}

void mh_measures_claim(struct mh_measures *m, const struct mh_job *job)
{
    int64_t due = job->run_at > job->created_at ? job->run_at : job->created_at;
    double waited = (double)(mh_clock_now_ms() - due) / 1000.0;
    mh_metric_add(m->claimed, job->type, 1);
    mh_metric_observe(m->pickup, job->type, waited > 0 ? waited : 0);
}

void mh_measures_end(struct mh_measures *m, const struct mh_run *run, enum mh_status status)
{
    if (run->started_us != 0)
        mh_metric_observe(m->duration, run->job.type,
                          (double)(mh_clock_mono_us() - run->started_us) / 1e6);
    if (status == MH_STATUS_NONE) {
        mh_metric_add(m->lost, NULL, 1);
        return;
    }
    mh_metric_add(m->finished, mh_status_name(status), 1);
    if (run->finish.outcome == MH_OUTCOME_RETRY && status == MH_STATUS_PENDING)
        mh_metric_add(m->retries, run->job.type, 1);
}

void mh_measures_stats(struct mh_measures *m, const struct mh_stats *stats)
{
    for (int i = 0; i < MH_STATUS__COUNT; i++)
        mh_metric_set(m->depth, mh_status_name((enum mh_status)i), (double)stats->count[i]);
    mh_metric_set(m->oldest, NULL,
                  stats->oldest_pending_ms > 0 ? (double)stats->oldest_pending_ms / 1000.0 : 0);
}
