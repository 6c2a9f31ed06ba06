#include "store/event.h"

#include <assert.h>
#include <limits.h>

#include "store/backend.h"
#include "store/check.h"
#include "store/request.h"
#include "store/store.h"

#define EVENTS_MAX 1000

static const char *const names[MH_EVENT__COUNT] = {
    [MH_EVENT_DISPATCHED] = "dispatched", [MH_EVENT_CLAIMED] = "claimed",
    [MH_EVENT_PROGRESS] = "progress",     [MH_EVENT_LOG] = "log",
    [MH_EVENT_COMPLETED] = "completed",   [MH_EVENT_FAILED] = "failed",
    [MH_EVENT_RETRIED] = "retried",       [MH_EVENT_RELEASED] = "released",
    [MH_EVENT_CANCELLED] = "cancelled",
};

const char *mh_event_name(enum mh_event_kind kind)
{
    assert(kind < MH_EVENT__COUNT);
    return names[kind];
}

static int check_filter(const struct mh_event_filter *filter, struct mh_err *err)
{
    int r = mh_check_range("limit", (int64_t)filter->limit, 1, EVENTS_MAX, err);
    if (r == 0) r = mh_check_range("position", filter->after_pos, -1, INT64_MAX, err);
    if (r == 0) r = mh_check_range("place", filter->after_index, 0, INT_MAX, err);
    return r;
}

int mh_store_events(struct mh_store *store, const struct mh_event_filter *filter, mh_reply_fn *done,
                    void *arg, struct mh_err *err)
{
    int r = check_filter(filter, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_EVENTS, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    struct mh_event_filter *copy = &request->in.events;
    *copy = *filter;
    if (filter->job_id != NULL) {
        copy->job_id = mh_copy_array(&request->arena, filter->job_id, 1, sizeof *filter->job_id);
        if (copy->job_id == NULL) return mh_request_refuse(request, err);
    }
    return mh_request_submit(store, request, err);
}

int mh_store_follow(struct mh_store *store, mh_reply_fn *done, void *arg, struct mh_err *err)
{
    struct mh_request *request = mh_request_new(MH_OP_FOLLOW, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}
