/* Claiming and finishing by hand. */
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "client/handle.h"
#include "client/record.h"
#include "queue/backoff.h"
#include "worker/message.h"
#include "worker/name.h"

#define LEASE_MS     30000
#define LEASE_MIN_MS 1000
#define LEASE_MAX_MS 86400000
#define CLAIM_MAX    1000

/* --- claiming */

static void take_number(void *arg, const struct mh_reply *reply)
{
    *(int64_t *)arg = reply->lease;
}

static int join(struct millhand *mh, const struct millhand_claim *claim, struct mh_err *err)
{
    char name[MH_KEY_MAX + 1];
    struct mh_call call = {.use = take_number, .arg = &mh->worker};
    mh_name_worker(name, sizeof name);
    const struct mh_join join = {
        .worker_id = claim->worker_id != NULL ? claim->worker_id : name,
        .lease_ms = claim->lease_ms != 0 ? claim->lease_ms : LEASE_MS,
        .types = claim->types,
        .type_count = claim->type_count,
    };
    int r = mh_handle_range("lease_ms", join.lease_ms, LEASE_MIN_MS, LEASE_MAX_MS, err);
    if (r < 0) return r;
    r = mh_store_join(mh->sync.store, &join, mh_call_done, &call, err);
    return mh_sync_await(&mh->sync, r, &call, err);
}

struct claiming {
    struct millhand_jobs *jobs;
    int code;
    struct mh_err *err;
};

static void take_jobs(void *arg, const struct mh_reply *reply)
{
    struct claiming *claiming = arg;
    claiming->code = mh_view_all(reply, &claiming->jobs, claiming->err);
}

/* Jobs that there is no memory for stay in their lease until the handle is closed. */
static int claim_joined(struct millhand *mh, const struct millhand_claim *claim,
                        struct millhand_jobs **ret_jobs, struct mh_err *err)
{
    struct claiming claiming = {.err = err};
    struct mh_call call = {.use = take_jobs, .arg = &claiming};
    const struct mh_claim wanted = {mh->worker, claim->types, claim->type_count,
                                    claim->limit > 0 ? claim->limit : 1};
    int r = mh_store_claim(mh->sync.store, &wanted, mh_call_done, &call, err);
    r = mh_sync_await(&mh->sync, r, &call, err);
    if (r == 0) r = claiming.code;
    if (r == 0) *ret_jobs = claiming.jobs;
    return r;
}

/* A handle that was silent for too long is forgotten by the store, and is then a new worker. */
static int claim_jobs(struct millhand *mh, const struct millhand_claim *claim,
                      struct millhand_jobs **ret_jobs, struct mh_err *err)
{
    int r = mh_handle_range("limit", (int64_t)claim->limit, 0, CLAIM_MAX, err);
    if (r < 0) return r;
    if (mh->worker != 0) {
        r = claim_joined(mh, claim, ret_jobs, err);
        if (r != MH_ENOENT) return r;
        mh->worker = 0;
    }
    r = join(mh, claim, err);
    return r < 0 ? r : claim_joined(mh, claim, ret_jobs, err);
}

int millhand_claim(struct millhand *mh, const struct millhand_claim *claim,
                   struct millhand_jobs **ret_jobs, struct millhand_error *err)
{
    const struct millhand_claim any = {0};
    struct mh_entry entry = mh_handle_enter(&mh->sink);
    int r = claim_jobs(mh, claim != NULL ? claim : &any, ret_jobs, &entry.err);
    return mh_handle_leave(&entry, r, err);
}

/* --- holding */

struct beating {
    struct millhand_jobs *jobs; /* or NULL */
    int held;
};

static void take_statuses(void *arg, const struct mh_reply *reply)
{
    struct beating *beating = arg;
    for (size_t i = 0; i < reply->count; i++) {
        beating->jobs->jobs[i].status = mh_view_status(reply->statuses[i]);
        beating->held += reply->statuses[i] == MH_STATUS_PROCESSING;
    }
}

static int lose_all(struct millhand *mh, struct millhand_jobs *jobs, struct mh_err *err)
{
    mh->worker = 0;
    for (size_t i = 0; jobs != NULL && i < jobs->count; i++)
        jobs->jobs[i].status = MILLHAND_STATUS_NONE;
    return mh_err_set(err, MILLHAND_ELEASE, "every lease is lost: no heartbeat came in time");
}

static int beat(struct millhand *mh, struct millhand_jobs *jobs, struct mh_held *held,
                struct mh_err *err)
{
    size_t count = jobs != NULL ? jobs->count : 0;
    struct beating beating = {.jobs = jobs};
    struct mh_call call = {.use = take_statuses, .arg = &beating};
    for (size_t i = 0; i < count; i++) {
        held[i].lease = jobs->jobs[i].lease;
        int r = mh_handle_uuid("id", jobs->jobs[i].id, &held[i].id, err);
        if (r < 0) return r;
    }
    int r = mh_store_heartbeat(mh->sync.store, mh->worker, held, count, mh_call_done, &call, err);
    r = mh_sync_await(&mh->sync, r, &call, err);
    if (r == MH_ENOENT) return lose_all(mh, jobs, err);
    return r < 0 ? r : beating.held;
}

int millhand_heartbeat(struct millhand *mh, struct millhand_jobs *jobs, struct millhand_error *err)
{
    struct mh_entry entry = mh_handle_enter(&mh->sink);
    size_t count = jobs != NULL ? jobs->count : 0;
    struct mh_held *held = calloc(count + 1, sizeof *held);
    int r;
    if (held == NULL)
        r = mh_err_set(&entry.err, MH_ENOMEM, "unable to send a heartbeat: out of memory");
    else if (mh->worker == 0)
        r = lose_all(mh, jobs, &entry.err);
    else
        r = beat(mh, jobs, held, &entry.err);
    free(held);
    return mh_handle_leave(&entry, r, err);
}

/* --- finishing */

static int outcome_of(const struct millhand_finish *finish, enum mh_outcome *ret_outcome,
                      struct mh_err *err)
{
    static const struct {
        enum millhand_verdict verdict;
        enum mh_outcome outcome;
    } outcomes[] = {
        {MILLHAND_RUN_DONE, MH_OUTCOME_COMPLETED},     {MILLHAND_RUN_RETRY, MH_OUTCOME_RETRY},
        {MILLHAND_RUN_FAIL, MH_OUTCOME_FAILED},        {MILLHAND_RUN_LATER, MH_OUTCOME_LATER},
        {MILLHAND_RUN_HAND_BACK, MH_OUTCOME_RELEASED},
    };
    for (size_t i = 0; i < MH_LEN(outcomes); i++)
        if (outcomes[i].verdict == finish->verdict) {
            *ret_outcome = outcomes[i].outcome;
            return 0;
        }
    return mh_err_set(err, MH_EINVAL, "verdict: no such verdict");
}

static int64_t delay_of(const struct millhand_finish *finish, const struct millhand_job *job)
{
    if (finish->verdict == MILLHAND_RUN_RETRY && finish->delay_ms == 0)
        return mh_backoff_ms(job->attempts, MH_BACKOFF_BASE_MS, MH_BACKOFF_CAP_MS,
                             mh_random_unit());
    if (finish->verdict == MILLHAND_RUN_LATER && finish->delay_ms == 0) return MH_LATER_MS;
    return finish->delay_ms;
}

static int read_finish(const struct millhand_job *job, const struct millhand_finish *finish,
                       struct mh_finish *ret_finish, struct mh_err *err)
{
    struct mh_finish read = {.lease = job->lease};
    int r = mh_handle_uuid("id", job->id, &read.id, err);
    if (r == 0) r = outcome_of(finish, &read.outcome, err);
    if (r < 0) return r;
    if (read.outcome == MH_OUTCOME_COMPLETED && finish->result != NULL) {
        read.result = finish->result;
        read.result_len = finish->result_len > 0 ? finish->result_len : strlen(finish->result);
    }
    if (read.outcome == MH_OUTCOME_RETRY || read.outcome == MH_OUTCOME_FAILED) {
        read.error = finish->error != NULL ? finish->error : "the handler failed";
        read.log = finish->log;
        read.log_len = finish->log != NULL ? strlen(finish->log) : 0;
    }
    if (read.outcome == MH_OUTCOME_RETRY || read.outcome == MH_OUTCOME_LATER)
        read.delay_ms = delay_of(finish, job);
    *ret_finish = read;
    return 0;
}

static void take_status(void *arg, const struct mh_reply *reply)
{
    *(enum mh_status *)arg = reply->statuses[0];
}

static int finish_job(struct millhand *mh, const struct millhand_job *job,
                      const struct millhand_finish *given, struct mh_err *err)
{
    struct mh_finish finish;
    enum mh_status status = MH_STATUS_NONE;
    struct mh_call call = {.use = take_status, .arg = &status};
    int r = read_finish(job, given, &finish, err);
    if (r < 0) return r;
    r = mh_store_finish(mh->sync.store, &finish, 1, mh_call_done, &call, err);
    r = mh_sync_await(&mh->sync, r, &call, err);
    if (r == 0 && status == MH_STATUS_NONE)
        r = mh_err_set(err, MILLHAND_ELEASE,
                       "unable to finish job %s: it is no longer in this lease", job->id);
    return r;
}

int millhand_finish(struct millhand *mh, const struct millhand_job *job,
                    const struct millhand_finish *finish, struct millhand_error *err)
{
    const struct millhand_finish well = {0};
    struct mh_entry entry = mh_handle_enter(&mh->sink);
    int r = finish_job(mh, job, finish != NULL ? finish : &well, &entry.err);
    return mh_handle_leave(&entry, r, err);
}
