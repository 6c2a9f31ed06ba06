/* Looking at jobs, and waiting for one. */
#include "base/clock.h"
#include "client/handle.h"
#include "client/record.h"

#define PAGE     100
#define PAGE_MAX 1000

/* A wait looks again after a quarter of the time that has gone by, within these. */
#define LOOK_FIRST_MS 1
#define LOOK_MAX_MS   250

struct looking {
    struct millhand_job *job;   /* one that was found, unless it is not wanted */
    struct millhand_jobs *jobs; /* a page */
    enum mh_status status;      /* of one; MH_STATUS_NONE: there is none */
    int code;
    struct mh_err *err;
};

static void take_one(void *arg, const struct mh_reply *reply)
{
    struct looking *looking = arg;
    if (reply->count == 0) return;
    looking->status = reply->jobs[0].status;
    looking->code = mh_view_one(&reply->jobs[0], &looking->job, looking->err);
}

static void take_status(void *arg, const struct mh_reply *reply)
{
    struct looking *looking = arg;
    if (reply->count > 0) looking->status = reply->jobs[0].status;
}

static void take_page(void *arg, const struct mh_reply *reply)
{
    struct looking *looking = arg;
    looking->code = mh_view_all(reply, &looking->jobs, looking->err);
}

static int list(struct millhand *mh, const struct mh_filter *filter, mh_reply_fn *use,
                struct looking *looking, struct mh_err *err)
{
    struct mh_call call = {.use = use, .arg = looking};
    looking->err = err;
    looking->status = MH_STATUS_NONE;
    int r = mh_store_list(mh->sync.store, filter, mh_call_done, &call, err);
    r = mh_sync_await(&mh->sync, r, &call, err);
    return r < 0 ? r : looking->code;
}

/* Looks at one job, with its bodies where `use` keeps them. */
static int look(struct millhand *mh, const char *id, mh_reply_fn *use, struct looking *looking,
                struct mh_err *err)
{
    struct mh_uuid uuid;
    int r = mh_handle_uuid("id", id, &uuid, err);
    if (r < 0) return r;
    const struct mh_filter filter = {.status = MH_STATUS_NONE,
                                     .ids = &uuid,
                                     .id_count = 1,
                                     .limit = 1,
                                     .bodies = use == take_one};
    r = list(mh, &filter, use, looking, err);
    if (r == 0 && looking->status == MH_STATUS_NONE)
        r = mh_err_set(err, MH_ENOENT, "no such job: %s", id);
    return r;
}

int millhand_get(struct millhand *mh, const char *id, struct millhand_job **ret_job,
                 struct millhand_error *err)
{
    struct looking looking = {0};
    struct mh_entry entry = mh_handle_enter(&mh->sink);
    int r = look(mh, id, take_one, &looking, &entry.err);
    if (r == 0) *ret_job = looking.job;
    return mh_handle_leave(&entry, r, err);
}

static int read_filter(const struct millhand_filter *given, struct mh_uuid *tenant,
                       struct mh_filter *ret_filter, struct mh_err *err)
{
    int r = mh_handle_range("status", (int64_t)given->status, MILLHAND_STATUS_NONE,
                            MILLHAND_STATUS_CANCELLED, err);
    if (r == 0) r = mh_handle_range("limit", (int64_t)given->limit, 0, PAGE_MAX, err);
    if (r == 0 && given->tenant_id != NULL)
        r = mh_handle_uuid("tenant_id", given->tenant_id, tenant, err);
    if (r < 0) return r;
    *ret_filter = (struct mh_filter){
        .status = mh_view_status_of(given->status),
        .type = given->type,
        .tenant_id = given->tenant_id != NULL ? tenant : NULL,
        .cursor = given->cursor,
        .limit = given->limit > 0 ? given->limit : PAGE,
        .bodies = given->bodies,
    };
    return 0;
}

int millhand_list(struct millhand *mh, const struct millhand_filter *given,
                  struct millhand_jobs **ret_jobs, struct millhand_error *err)
{
    const struct millhand_filter all = {0};
    struct mh_uuid tenant;
    struct mh_filter filter;
    struct looking looking = {0};
    struct mh_entry entry = mh_handle_enter(&mh->sink);
    int r = read_filter(given != NULL ? given : &all, &tenant, &filter, &entry.err);
    if (r == 0) r = list(mh, &filter, take_page, &looking, &entry.err);
    if (r == 0) *ret_jobs = looking.jobs;
    return mh_handle_leave(&entry, r, err);
}

/* --- waiting */

static bool has_ended(enum mh_status status)
{
    return status != MH_STATUS_PENDING && status != MH_STATUS_PROCESSING;
}

static int64_t pause_ms(int64_t waited_ms, int64_t timeout_ms)
{
    int64_t pause = waited_ms / 4;
    if (pause < LOOK_FIRST_MS) pause = LOOK_FIRST_MS;
    if (pause > LOOK_MAX_MS) pause = LOOK_MAX_MS;
    int64_t left = timeout_ms - waited_ms;
    return timeout_ms >= 0 && left < pause ? left : pause;
}

static int wait_for(struct millhand *mh, const char *id, int64_t timeout_ms, struct mh_err *err)
{
    int64_t since_us = mh_clock_mono_us();
    for (;;) {
        struct looking looking = {0};
        int64_t waited_ms = (mh_clock_mono_us() - since_us) / 1000;
        int r = look(mh, id, take_status, &looking, err);
        if (r < 0 || has_ended(looking.status)) return r;
        if (timeout_ms >= 0 && waited_ms >= timeout_ms)
            return mh_err_set(err, MH_ETIMEOUT, "job %s is still %s", id,
                              mh_status_name(looking.status));
        mh_sync_pause(&mh->sync, pause_ms(waited_ms, timeout_ms));
    }
}

int millhand_wait(struct millhand *mh, const char *id, int64_t timeout_ms,
                  struct millhand_job **ret_job, struct millhand_error *err)
{
    struct looking looking = {0};
    struct mh_entry entry = mh_handle_enter(&mh->sink);
    int r = wait_for(mh, id, timeout_ms, &entry.err);
    if (r == 0 && ret_job != NULL) r = look(mh, id, take_one, &looking, &entry.err);
    if (r == 0 && ret_job != NULL) *ret_job = looking.job;
    return mh_handle_leave(&entry, r, err);
}

/* --- counting */

static void take_stats(void *arg, const struct mh_reply *reply)
{
    const struct mh_stats *stats = reply->stats;
    *(struct millhand_stats *)arg = (struct millhand_stats){
        .pending = stats->count[MH_STATUS_PENDING],
        .processing = stats->count[MH_STATUS_PROCESSING],
        .completed = stats->count[MH_STATUS_COMPLETED],
        .failed = stats->count[MH_STATUS_FAILED],
        .cancelled = stats->count[MH_STATUS_CANCELLED],
        .oldest_pending_ms = stats->oldest_pending_ms,
        .workers = stats->workers,
    };
}

int millhand_stats(struct millhand *mh, const char *tenant_id, struct millhand_stats *ret_stats,
                   struct millhand_error *err)
{
    struct mh_uuid tenant;
    struct mh_entry entry = mh_handle_enter(&mh->sink);
    struct mh_call call = {.use = take_stats, .arg = ret_stats};
    int r = tenant_id != NULL ? mh_handle_uuid("tenant_id", tenant_id, &tenant, &entry.err) : 0;
    if (r == 0) {
        r = mh_store_stats(mh->sync.store, tenant_id != NULL ? &tenant : NULL, mh_call_done, &call,
                           &entry.err);
        r = mh_sync_await(&mh->sync, r, &call, &entry.err);
    }
    return mh_handle_leave(&entry, r, err);
}
