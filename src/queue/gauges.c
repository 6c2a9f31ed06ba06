#include "queue/gauges.h"

/* In the order of enum mh_status. */
static const char *const statuses[] = {"pending", "processing", "completed",
                                       "failed",  "cancelled",  NULL};

static const char *const type_statuses[] = {"pending", "processing", NULL};

static const struct mh_metric_spec jobs = {MH_METRIC_GAUGE, "millhand_queue_jobs",
                                           "Jobs in the store, by status.", .word_label = "status",
                                           .words = statuses};
static const struct mh_metric_spec oldest = {
    MH_METRIC_GAUGE, "millhand_queue_oldest_pending_seconds",
    "Age of the oldest pending job that is due; 0: there is none."};
static const struct mh_metric_spec workers = {MH_METRIC_GAUGE, "millhand_queue_workers",
                                              "Workers that live, of the whole store."};
static const struct mh_metric_spec type_jobs = {
    MH_METRIC_GAUGE, "millhand_queue_type_jobs", "Jobs that have not ended, by type and status.",
    .label = "type", .word_label = "status",     .words = type_statuses};
static const struct mh_metric_spec type_workers = {MH_METRIC_GAUGE, "millhand_queue_type_workers",
                                                   "Live workers that serve the type.",
                                                   .label = "type"};
static const struct mh_metric_spec type_paused = {MH_METRIC_GAUGE, "millhand_queue_type_paused",
                                                  "1 where the type is paused.", .label = "type"};

void mh_gauges_init(struct mh_gauges *gauges, struct mh_metrics *metrics)
{
    *gauges = (struct mh_gauges){.jobs = mh_metrics_add(metrics, &jobs),
                                 .oldest = mh_metrics_add(metrics, &oldest),
                                 .workers = mh_metrics_add(metrics, &workers)};
}

void mh_gauges_init_types(struct mh_gauges *gauges, struct mh_metrics *metrics)
{
    gauges->type_jobs = mh_metrics_add(metrics, &type_jobs);
    gauges->type_workers = mh_metrics_add(metrics, &type_workers);
    gauges->type_paused = mh_metrics_add(metrics, &type_paused);
}

void mh_gauges_stats(struct mh_gauges *gauges, const struct mh_stats *stats)
{
    for (size_t i = 0; i < MH_STATUS__COUNT; i++)
        mh_metric_set_word(gauges->jobs, NULL, i, (double)stats->count[i]);
    int64_t age_ms = stats->oldest_pending_ms;
    mh_metric_set(gauges->oldest, NULL, age_ms > 0 ? (double)age_ms / 1000 : 0);
    mh_metric_set(gauges->workers, NULL, (double)stats->workers);
}

/* Past the most that have a name of their own, they add up. */
void mh_gauges_types(struct mh_gauges *gauges, const struct mh_type *types, size_t count)
{
    mh_metric_clear(gauges->type_jobs);
    mh_metric_clear(gauges->type_workers);
    mh_metric_clear(gauges->type_paused);
    for (size_t i = 0; i < count; i++) {
        const struct mh_type *type = &types[i];
        mh_metric_add_word(gauges->type_jobs, type->name, 0, (double)type->pending);
        mh_metric_add_word(gauges->type_jobs, type->name, 1, (double)type->processing);
        mh_metric_add(gauges->type_workers, type->name, type->workers);
        mh_metric_add(gauges->type_paused, type->name, type->paused);
    }
}

void mh_gauges_clear(struct mh_gauges *gauges)
{
    struct mh_metric *const all[] = {gauges->jobs,      gauges->oldest,       gauges->workers,
                                     gauges->type_jobs, gauges->type_workers, gauges->type_paused};
    for (size_t i = 0; i < MH_LEN(all); i++)
        mh_metric_clear(all[i]);
}
