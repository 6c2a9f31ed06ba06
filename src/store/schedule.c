#include "store/schedule.h"

#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "store/backend.h"
#include "store/check.h"
#include "store/request.h"
#include "store/store.h"

#define DEFAULT_ATTEMPTS 3

static const char *const missed_names[MH_MISSED__COUNT] = {
    [MH_MISSED_ONE] = "one",
    [MH_MISSED_SKIP] = "skip",
    [MH_MISSED_ALL] = "all",
};

const char *mh_missed_name(enum mh_missed missed)
{
    return missed_names[missed];
}

int mh_missed_parse(const char *name, enum mh_missed *ret_missed)
{
    for (int i = 0; i < MH_MISSED__COUNT; i++) {
        if (strcmp(missed_names[i], name) != 0) continue;
        *ret_missed = (enum mh_missed)i;
        return 0;
    }
    return MH_EINVAL;
}

const char *mh_overlap_name(bool overlap)
{
    return overlap ? "allow" : "skip";
}

int mh_overlap_parse(const char *name, bool *ret_overlap)
{
    for (int overlap = 0; overlap <= 1; overlap++) {
        if (strcmp(mh_overlap_name(overlap), name) != 0) continue;
        *ret_overlap = overlap;
        return 0;
    }
    return MH_EINVAL;
}

/* --- checks */

static int check_name(const char *name, struct mh_err *err)
{
    if (name != NULL && mh_type_valid(name)) return 0;
    return mh_err_set(err, MH_EINVAL, "name: expected 1 to %d of A-Z a-z 0-9 _ . : -", MH_TYPE_MAX);
}

static int check_text(const char *field, const char *text, size_t max, struct mh_err *err)
{
    size_t len = text != NULL ? strlen(text) : 0;
    if (len == 0) return mh_err_set(err, MH_EINVAL, "%s: is required", field);
    if (len > max) return mh_err_set(err, MH_ELIMIT, "%s: at most %zu bytes", field, max);
    if (!mh_utf8_valid(text, len))
        return mh_err_set(err, MH_EINVAL, "%s: is not valid UTF-8", field);
    return 0;
}

int mh_schedule_check(const struct mh_schedule *schedule, int64_t max_payload_bytes,
                      struct mh_err *err)
{
    const struct mh_dispatch job = {
        .type = schedule->type,
        .priority = schedule->priority,
        .max_attempts = schedule->max_attempts,
        .payload = schedule->payload,
        .payload_len = schedule->payload_len,
    };
    int r = check_name(schedule->name, err);
    if (r == 0) r = mh_dispatch_check(&job, max_payload_bytes, err);
    if (r == 0) r = check_text("cron", schedule->cron, MH_SCHEDULE_EXPR, err);
    if (r == 0) r = check_text("tz", schedule->tz, MH_SCHEDULE_ZONE, err);
    if (r == 0) r = mh_check_range("missed", schedule->missed, 0, MH_MISSED__COUNT - 1, err);
    if (r == 0) r = mh_check_range("next_at", schedule->next_at, 0, MH_TIME_MAX, err);
    return r;
}

static int check_firing(const struct mh_firing *firing, struct mh_err *err)
{
    int r = mh_check_range("jobs", (int64_t)firing->count, 0, MH_SCHEDULE_AT_ONCE, err);
    if (r == 0) r = mh_check_range("last_at", firing->last_at, firing->slot, MH_TIME_MAX, err);
    if (r == 0) r = mh_check_range("next_at", firing->next_at, 0, MH_TIME_MAX, err);
    if (r == 0 && firing->next_at != 0)
        r = mh_check_range("next_at", firing->next_at, firing->last_at + 1, MH_TIME_MAX, err);
    if (r == 0 && firing->unique_key != NULL) r = mh_check_key("key", firing->unique_key, err);
    for (size_t i = 0; r == 0 && i < firing->count; i++) {
        r = mh_check_range("slot", firing->jobs[i].slot, firing->slot, firing->last_at, err);
        if (r == 0 && firing->jobs[i].correlation_id != NULL)
            r = mh_check_correlation_id(firing->jobs[i].correlation_id, err);
    }
    return r;
}

/* --- requests */

static bool copy_schedule(struct mh_arena *arena, struct mh_schedule *schedule)
{
    if (schedule->max_attempts == 0) schedule->max_attempts = DEFAULT_ATTEMPTS;
    schedule->payload = mh_arena_copy(arena, schedule->payload, schedule->payload_len);
    return schedule->payload != NULL && mh_copy_str(arena, schedule->name, &schedule->name) &&
           mh_copy_str(arena, schedule->type, &schedule->type) &&
           mh_copy_str(arena, schedule->cron, &schedule->cron) &&
           mh_copy_str(arena, schedule->tz, &schedule->tz);
}

static int submit_schedule(struct mh_store *store, enum mh_op op,
                           const struct mh_schedule *schedule, mh_reply_fn *done, void *arg,
                           struct mh_err *err)
{
    int r = mh_schedule_check(schedule, store->max_payload_bytes, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(op, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.schedule = *schedule;
    if (!copy_schedule(&request->arena, &request->in.schedule))
        return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

int mh_store_schedule_add(struct mh_store *store, const struct mh_schedule *schedule,
                          mh_reply_fn *done, void *arg, struct mh_err *err)
{
    return submit_schedule(store, MH_OP_SCHEDULE_ADD, schedule, done, arg, err);
}

int mh_store_schedule_change(struct mh_store *store, const struct mh_schedule *schedule,
                             mh_reply_fn *done, void *arg, struct mh_err *err)
{
    return submit_schedule(store, MH_OP_SCHEDULE_CHANGE, schedule, done, arg, err);
}

int mh_store_schedule_list(struct mh_store *store, const struct mh_schedule_filter *filter,
                           mh_reply_fn *done, void *arg, struct mh_err *err)
{
    int r = filter->name != NULL ? check_name(filter->name, err) : 0;
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_SCHEDULE_LIST, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    struct mh_schedule_filter *copy = &request->in.schedule_list;
    *copy = *filter;
    if (filter->tenant_id != NULL) {
        copy->tenant_id =
            mh_copy_array(&request->arena, filter->tenant_id, 1, sizeof *filter->tenant_id);
        if (copy->tenant_id == NULL) return mh_request_refuse(request, err);
    }
    if (!mh_copy_str(&request->arena, filter->name, &copy->name))
        return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

int mh_store_schedule_remove(struct mh_store *store, const struct mh_uuid *tenant_id,
                             const char *name, mh_reply_fn *done, void *arg, struct mh_err *err)
{
    int r = check_name(name, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_SCHEDULE_REMOVE, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.schedule_remove.tenant_id = *tenant_id;
    if (!mh_copy_str(&request->arena, name, &request->in.schedule_remove.name))
        return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

int mh_store_schedule_due(struct mh_store *store, size_t passed, size_t limit, mh_reply_fn *done,
                          void *arg, struct mh_err *err)
{
    int r = mh_check_range("limit", (int64_t)limit, 1, MH_SCHEDULES_MAX, err);
    if (r == 0) r = mh_check_range("passed", (int64_t)passed, 0, MH_SCHEDULES_MAX, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_SCHEDULE_DUE, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.schedule_due.passed = passed;
    request->in.schedule_due.limit = limit;
    return mh_request_submit(store, request, err);
}

int mh_store_schedule_fire(struct mh_store *store, const struct mh_firing *firing,
                           mh_reply_fn *done, void *arg, struct mh_err *err)
{
    int r = check_firing(firing, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_SCHEDULE_FIRE, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    struct mh_arena *arena = &request->arena;
    struct mh_firing *copy = &request->in.schedule_fire;
    struct mh_firing_job *jobs =
        mh_copy_array(arena, firing->jobs, firing->count, sizeof *firing->jobs);
    *copy = *firing;
    copy->jobs = jobs;
    if (jobs == NULL || !mh_copy_str(arena, firing->unique_key, &copy->unique_key))
        return mh_request_refuse(request, err);
    for (size_t i = 0; i < firing->count; i++)
        if (!mh_copy_str(arena, jobs[i].correlation_id, &jobs[i].correlation_id))
            return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}
