/* Dispatching, and what a person does to a job. */
#include <stdlib.h>
#include <string.h>

#include "client/handle.h"
#include "store/request.h"

#define EMPTY "{}"

struct dispatching {
    char (*ids)[MILLHAND_ID_SIZE]; /* or NULL */
    int standing;
};

/* The store knows -1 for "from the plan", so that 0 can be said; here 0 is what is left out. */
static int priority_of(const struct millhand_job_spec *spec)
{
    if (spec->priority == 0) return -1;
    return spec->priority == MILLHAND_PRIORITY_LOWEST ? 0 : spec->priority;
}

static int read_spec(const struct millhand_job_spec *spec, struct mh_dispatch *ret_job,
                     struct mh_err *err)
{
    struct mh_uuid tenant = mh_uuid_zero;
    if (spec->tenant_id != NULL) {
        int r = mh_handle_uuid("tenant_id", spec->tenant_id, &tenant, err);
        if (r < 0) return r;
    }
    if (spec->priority < MILLHAND_PRIORITY_LOWEST)
        return mh_handle_range("priority", spec->priority, 0, MH_PRIORITY_MAX, err);
    const char *payload = spec->payload != NULL ? spec->payload : EMPTY;
    *ret_job = (struct mh_dispatch){
        .id = mh_uuid_new(),
        .tenant_id = tenant,
        .type = spec->type,
        .payload = payload,
        .payload_len = spec->payload_len > 0 ? spec->payload_len : strlen(payload),
        .priority = priority_of(spec),
        .max_attempts = spec->max_attempts,
        .delay_ms = spec->delay_ms,
        .run_at = spec->run_at,
        .unique_key = spec->unique_key,
        .correlation_id = spec->correlation_id,
        .traceparent = spec->traceparent,
    };
    return 0;
}

static void take_ids(void *arg, const struct mh_reply *reply)
{
    struct dispatching *dispatching = arg;
    for (size_t i = 0; i < reply->count; i++) {
        dispatching->standing += reply->dispatched[i].standing;
        if (dispatching->ids != NULL) mh_uuid_format(&reply->dispatched[i].id, dispatching->ids[i]);
    }
}

static int dispatch(struct millhand *mh, const struct millhand_job_spec *specs, size_t count,
                    struct mh_dispatch *jobs, char (*ids)[MILLHAND_ID_SIZE], struct mh_err *err)
{
    for (size_t i = 0; i < count; i++) {
        int r = read_spec(&specs[i], &jobs[i], err);
        if (r < 0) return count > 1 ? mh_err_prefix(err, r, "job %zu of %zu", i + 1, count) : r;
    }
    struct dispatching dispatching = {.ids = ids};
    struct mh_call call = {.use = take_ids, .arg = &dispatching};
    int r = mh_store_dispatch(mh->sync.store, jobs, count, mh_call_done, &call, err);
    r = mh_sync_await(&mh->sync, r, &call, err);
    return r < 0 ? r : dispatching.standing;
}

int millhand_dispatch(struct millhand *mh, const struct millhand_job_spec *spec,
                      char id[MILLHAND_ID_SIZE], struct millhand_error *err)
{
    struct mh_dispatch job;
    struct mh_entry entry = mh_handle_enter(&mh->sink);
    int r = dispatch(mh, spec, 1, &job, (char(*)[MILLHAND_ID_SIZE])id, &entry.err);
    return mh_handle_leave(&entry, r, err);
}

static int dispatch_many(struct millhand *mh, const struct millhand_job_spec *specs, size_t count,
                         char (*ids)[MILLHAND_ID_SIZE], struct mh_err *err)
{
    int r = mh_check_count(count, err); /* before a number that is a mistake takes memory */
    if (r < 0) return r;
    struct mh_dispatch *jobs = calloc(count, sizeof *jobs);
    if (jobs == NULL) return mh_err_set(err, MH_ENOMEM, "unable to dispatch jobs: out of memory");
    r = dispatch(mh, specs, count, jobs, ids, err);
    free(jobs);
    return r;
}

int millhand_dispatch_many(struct millhand *mh, const struct millhand_job_spec *specs, size_t count,
                           char (*ids)[MILLHAND_ID_SIZE], struct millhand_error *err)
{
    if (count == 0) return 0;
    struct mh_entry entry = mh_handle_enter(&mh->sink);
    int r = dispatch_many(mh, specs, count, ids, &entry.err);
    return mh_handle_leave(&entry, r, err);
}

/* --- acting on a job */

struct acting {
    enum mh_act act;
    const char *verb;
    struct mh_acted acted;
};

static void take_act(void *arg, const struct mh_reply *reply)
{
    struct acting *acting = arg;
    acting->acted = reply->acts[0];
}

static int judge(const struct acting *acting, const char *id, struct mh_err *err)
{
    switch (acting->acted.what) {
    case MH_ACTED:
        return 0;
    case MH_ACTED_NOT_FOUND:
        return mh_err_set(err, MH_ENOENT, "no such job: %s", id);
    case MH_ACTED_KEY_TAKEN:
        return mh_err_set(err, MH_EEXIST,
                          "unable to %s job %s: its unique key is taken by an unfinished job",
                          acting->verb, id);
    case MH_ACTED_REFUSED:
        break;
    }
    return mh_err_set(err, MH_ESTATE, "unable to %s job %s: it is %s", acting->verb, id,
                      mh_status_name(acting->acted.was));
}

static int act(struct millhand *mh, struct acting *acting, const char *id,
               struct millhand_error *err)
{
    struct mh_uuid uuid;
    struct mh_entry entry = mh_handle_enter(&mh->sink);
    struct mh_call call = {.use = take_act, .arg = acting};
    int r = mh_handle_uuid("id", id, &uuid, &entry.err);
    if (r == 0) {
        r = mh_store_act(mh->sync.store, acting->act, &uuid, 1, mh_call_done, &call, &entry.err);
        r = mh_sync_await(&mh->sync, r, &call, &entry.err);
    }
    if (r == 0) r = judge(acting, id, &entry.err);
    return mh_handle_leave(&entry, r, err);
}

int millhand_cancel(struct millhand *mh, const char *id, struct millhand_error *err)
{
    return act(mh, &(struct acting){.act = MH_ACT_CANCEL, .verb = "cancel"}, id, err);
}

int millhand_retry(struct millhand *mh, const char *id, struct millhand_error *err)
{
    return act(mh, &(struct acting){.act = MH_ACT_RETRY, .verb = "retry"}, id, err);
}

int millhand_delete(struct millhand *mh, const char *id, struct millhand_error *err)
{
    return act(mh, &(struct acting){.act = MH_ACT_REMOVE, .verb = "delete"}, id, err);
}
