/* The part of the dispatcher that moves jobs to another store. */
#include "store/move.h"

#include <string.h>

#include "store/backend.h"
#include "store/check.h"
#include "store/request.h"

int mh_store_move_identify(struct mh_store *store, mh_reply_fn *done, void *arg, struct mh_err *err)
{
    struct mh_request *request = mh_request_new(MH_OP_MOVE_IDENTIFY, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

int mh_store_move_export(struct mh_store *store, const struct mh_export *export, mh_reply_fn *done,
                         void *arg, struct mh_err *err)
{
    int r = mh_check_range("limit", (int64_t) export->limit, 1, MH_COUNT_MAX, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_MOVE_EXPORT, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.move_export = *export;
    if (export->tenant_id != NULL) {
        request->in.move_export.tenant_id =
            mh_copy_array(&request->arena, export->tenant_id, 1, sizeof *export->tenant_id);
        if (request->in.move_export.tenant_id == NULL) return mh_request_refuse(request, err);
    }
    return mh_request_submit(store, request, err);
}

/* An operation with nothing but the move and a limit. */
static int ask(struct mh_store *store, enum mh_op op, const struct mh_move *move, size_t limit,
               mh_reply_fn *done, void *arg, struct mh_err *err)
{
    int r = mh_check_range("limit", (int64_t)limit, 1, MH_COUNT_MAX, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(op, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.move.move = *move;
    request->in.move.limit = limit;
    return mh_request_submit(store, request, err);
}

int mh_store_move_begin(struct mh_store *store, const struct mh_move *move, mh_reply_fn *done,
                        void *arg, struct mh_err *err)
{
    return ask(store, MH_OP_MOVE_BEGIN, move, 1, done, arg, err);
}

int mh_store_move_erased(struct mh_store *store, const struct mh_move *move, size_t limit,
                         mh_reply_fn *done, void *arg, struct mh_err *err)
{
    return ask(store, MH_OP_MOVE_ERASED, move, limit, done, arg, err);
}

int mh_store_move_drop(struct mh_store *store, const struct mh_move *move, size_t limit,
                       mh_reply_fn *done, void *arg, struct mh_err *err)
{
    return ask(store, MH_OP_MOVE_DROP, move, limit, done, arg, err);
}

/* An operation on ids. */
static int send_ids(struct mh_store *store, enum mh_op op, const struct mh_move *move,
                    const struct mh_uuid *ids, size_t count, mh_reply_fn *done, void *arg,
                    struct mh_err *err)
{
    int r = mh_check_count(count, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(op, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.move.move = *move;
    request->in.move.count = count;
    request->in.move.ids = mh_copy_array(&request->arena, ids, count, sizeof *ids);
    if (request->in.move.ids == NULL) return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

int mh_store_move_release(struct mh_store *store, const struct mh_move *move,
                          const struct mh_uuid *ids, size_t count, mh_reply_fn *done, void *arg,
                          struct mh_err *err)
{
    return send_ids(store, MH_OP_MOVE_RELEASE, move, ids, count, done, arg, err);
}

int mh_store_move_forget(struct mh_store *store, const struct mh_move *move,
                         const struct mh_uuid *ids, size_t count, mh_reply_fn *done, void *arg,
                         struct mh_err *err)
{
    return send_ids(store, MH_OP_MOVE_FORGET, move, ids, count, done, arg, err);
}

int mh_store_move_erase(struct mh_store *store, const struct mh_move *move,
                        const struct mh_leaving *leaving, size_t count, mh_reply_fn *done,
                        void *arg, struct mh_err *err)
{
    int r = mh_check_count(count, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_MOVE_ERASE, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    struct mh_leaving *copy = mh_copy_array(&request->arena, leaving, count, sizeof *leaving);
    if (copy == NULL) return mh_request_refuse(request, err);
    for (size_t i = 0; i < count; i++)
        if (!mh_copy_str(&request->arena, copy[i].stamp, &copy[i].stamp))
            return mh_request_refuse(request, err);
    request->in.move_erase.move = *move;
    request->in.move_erase.leaving = copy;
    request->in.move_erase.count = count;
    return mh_request_submit(store, request, err);
}

/* --- parcels */

static bool copy_body(struct mh_arena *arena, const char **body, size_t len)
{
    if (*body == NULL) return true;
    *body = mh_arena_copy(arena, *body, len);
    return *body != NULL;
}

static bool copy_job(struct mh_arena *arena, const struct mh_job **job)
{
    struct mh_job *copy = mh_copy_array(arena, *job, 1, sizeof **job);
    if (copy == NULL) return false;
    *job = copy;
    return copy_body(arena, &copy->payload, copy->payload_len) &&
           copy_body(arena, &copy->result, copy->result_len) &&
           mh_copy_str(arena, copy->type, &copy->type) &&
           mh_copy_str(arena, copy->error, &copy->error) &&
           mh_copy_str(arena, copy->worker_id, &copy->worker_id) &&
           mh_copy_str(arena, copy->unique_key, &copy->unique_key) &&
           mh_copy_str(arena, copy->correlation_id, &copy->correlation_id) &&
           mh_copy_str(arena, copy->traceparent, &copy->traceparent);
}

static bool copy_attempts(struct mh_arena *arena, struct mh_parcel *parcel)
{
    struct mh_attempt *copy =
        mh_copy_array(arena, parcel->attempts, parcel->attempt_count, sizeof *copy);
    if (copy == NULL) return false;
    parcel->attempts = copy;
    for (size_t i = 0; i < parcel->attempt_count; i++)
        if (!mh_copy_str(arena, copy[i].worker_id, &copy[i].worker_id) ||
            !mh_copy_str(arena, copy[i].outcome, &copy[i].outcome) ||
            !mh_copy_str(arena, copy[i].error, &copy[i].error) ||
            !mh_copy_str(arena, copy[i].log, &copy[i].log))
            return false;
    return true;
}

static int check_parcels(const struct mh_parcel *parcels, size_t count, struct mh_err *err)
{
    int r = mh_check_count(count, err);
    for (size_t i = 0; r == 0 && i < count; i++) {
        r = mh_check_type(parcels[i].job->type, err);
        if (r == 0 && parcels[i].job->traceparent != NULL)
            r = mh_check_traceparent(parcels[i].job->traceparent, err);
        if (r == 0 && parcels[i].job->status == MH_STATUS_PROCESSING)
            r = mh_err_set(err, MH_EINVAL, "status: a job that is processing cannot be moved");
    }
    return r;
}

int mh_store_move_hold(struct mh_store *store, const struct mh_move *move,
                       const struct mh_parcel *parcels, size_t count, mh_reply_fn *done, void *arg,
                       struct mh_err *err)
{
    int r = check_parcels(parcels, count, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_MOVE_HOLD, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    struct mh_parcel *copy = mh_copy_array(&request->arena, parcels, count, sizeof *parcels);
    if (copy == NULL) return mh_request_refuse(request, err);
    for (size_t i = 0; i < count; i++)
        if (!copy_job(&request->arena, &copy[i].job) || !copy_attempts(&request->arena, &copy[i]))
            return mh_request_refuse(request, err);
    request->in.move_hold.move = *move;
    request->in.move_hold.parcels = copy;
    request->in.move_hold.count = count;
    return mh_request_submit(store, request, err);
}
