/* The target of a move: jobs that are held until they are gone where they came from. */
#include <string.h>

#include "base/arena.h"
#include "mh_sqlite_sql.h"
#include "store/sqlite/move.h"
#include "store/sqlite/owned.h"
#include "store/sqlite/place.h"
#include "store/sqlite/row.h"

/* --- holding */

static bool has_ended(const struct mh_job *job)
{
    return job->status != MH_STATUS_PENDING;
}

static bool has_far_payload(const struct mh_job *job)
{
    return job->payload_len > MH_PAYLOAD_NEAR;
}

/* The id stands for the correlation id that was not given, as in jobs that were dispatched here. */
static const char *given_correlation(const struct mh_job *job)
{
    char text[MH_UUID_TEXT];
    mh_uuid_format(&job->id, text);
    return strcmp(text, job->correlation_id) == 0 ? NULL : job->correlation_id;
}

/* A unique key is held by unfinished jobs: an ended one gets its own back when it is released. */
static int add_job(struct mh_work *work, const struct mh_place *place, const struct mh_job *job,
                   struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_job_arrive);
    mh_sql_uuid(&sql, &job->id);
    mh_sql_int(&sql, place->tenant);
    mh_sql_int(&sql, place->lane);
    mh_sql_int(&sql, job->attempts);
    mh_sql_int(&sql, job->max_attempts);
    mh_sql_int(&sql, job->run_at);
    mh_sql_int(&sql, job->created_at);
    mh_sql_time(&sql, job->started_at);
    mh_sql_time(&sql, job->completed_at);
    mh_sql_time(&sql, job->next_retry_at);
    if (job->progress >= 0)
        mh_sql_real(&sql, job->progress);
    else
        mh_sql_null(&sql);
    mh_sql_text(&sql, job->worker_id);
    mh_sql_text(&sql, has_ended(job) ? NULL : job->unique_key);
    mh_sql_text(&sql, given_correlation(job));
    mh_sql_text(&sql, job->traceparent);
    mh_sql_text(&sql, job->error);
    mh_sql_textn(&sql, has_far_payload(job) ? NULL : job->payload, job->payload_len);
    return mh_sql_run(&sql, err);
}

static int add_body(struct mh_work *work, const char *text, int64_t seq, const char *body,
                    size_t len, struct mh_err *err)
{
    if (body == NULL) return 0;
    struct mh_sql sql = mh_sql(work->db, text);
    mh_sql_int(&sql, seq);
    mh_sql_textn(&sql, body, len);
    return mh_sql_run(&sql, err);
}

static int add_attempt(struct mh_work *work, int64_t seq, const struct mh_attempt *attempt,
                       struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_attempt_arrive);
    mh_sql_int(&sql, seq);
    mh_sql_int(&sql, attempt->number);
    mh_sql_text(&sql, attempt->worker_id);
    mh_sql_time(&sql, attempt->started_at);
    mh_sql_int(&sql, attempt->ended_at);
    mh_sql_text(&sql, attempt->outcome);
    mh_sql_text(&sql, attempt->error);
    mh_sql_text(&sql, attempt->log);
    return mh_sql_run(&sql, err);
}

static int add_arrival(struct mh_work *work, int64_t seq, const struct mh_move *move,
                       const struct mh_job *job, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_arrival_add);
    mh_sql_int(&sql, seq);
    mh_sql_uuid(&sql, &move->peer);
    mh_sql_int(&sql, job->status);
    mh_sql_text(&sql, has_ended(job) ? job->unique_key : NULL);
    return mh_sql_run(&sql, err);
}

static int add_parcel(struct mh_work *work, struct mh_place *place, const struct mh_move *move,
                      const struct mh_parcel *parcel, struct mh_err *err)
{
    const struct mh_job *job = parcel->job;
    int r = mh_place_lane(work, place, job->type, job->priority, err);
    if (r == 0) r = add_job(work, place, job, err);
    if (r < 0) return r;
    int64_t seq = mh_db_last_id(work->db);
    mh_owned_added(work, seq, seq);
    r = mh_tally_new(work, place->tenant, place->lane, err);
    if (r == 0 && has_far_payload(job))
        r = add_body(work, mh_sqlite_sql_payload_add, seq, job->payload, job->payload_len, err);
    if (r == 0)
        r = add_body(work, mh_sqlite_sql_result_add, seq, job->result, job->result_len, err);
    for (size_t i = 0; r == 0 && i < parcel->attempt_count; i++)
        r = add_attempt(work, seq, &parcel->attempts[i], err);
    return r < 0 ? r : add_arrival(work, seq, move, job, err);
}

static int key_is_taken(struct mh_work *work, const struct mh_place *place,
                        const struct mh_job *job, struct mh_uuid *ret_holder, struct mh_err *err)
{
    if (job->unique_key == NULL || has_ended(job)) return 0;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_key_holder);
    mh_sql_int(&sql, place->tenant);
    mh_sql_text(&sql, job->unique_key);
    int r = mh_sql_step(&sql, err);
    if (r > 0) *ret_holder = mh_sql_get_uuid(&sql, 1);
    mh_sql_end(&sql);
    return r;
}

static int hold(struct mh_work *work, struct mh_place *place, const struct mh_move *move,
                const struct mh_parcel *parcel, struct mh_hold *ret_hold, struct mh_err *err)
{
    struct mh_row row;
    *ret_hold = (struct mh_hold){.what = MH_HOLD_ID_TAKEN};
    int r = mh_row_find(work, &parcel->job->id, &row, err);
    if (r != 0) return r < 0 ? r : 0;
    ret_hold->what = MH_HOLD_NO_TENANT;
    r = mh_place_tenant(work, place, &parcel->job->tenant_id, err);
    if (r < 0) return r == MH_ENOENT ? 0 : r;
    ret_hold->what = MH_HOLD_KEY_TAKEN;
    r = key_is_taken(work, place, parcel->job, &ret_hold->holder, err);
    if (r != 0) return r < 0 ? r : 0;
    ret_hold->what = MH_HOLD_HELD;
    return add_parcel(work, place, move, parcel, err);
}

int mh_sqlite_move_hold(struct mh_work *work, struct mh_request *request)
{
    const struct mh_move *move = &request->in.move_hold.move;
    struct mh_err *err = &request->reply.err;
    size_t count = request->in.move_hold.count;
    struct mh_hold *holds = mh_arena_array(&request->arena, count, sizeof *holds);
    if (holds == NULL) return mh_err_set(err, MH_ENOMEM, "unable to move: out of memory");
    struct mh_place place = {0};
    int r = mh_move_check(work, move, err);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = hold(work, &place, move, &request->in.move_hold.parcels[i], &holds[i], err);
    request->reply.holds = holds;
    request->reply.count = count;
    return r;
}

/* --- what becomes of it */

static bool is_held(const struct mh_row *row)
{
    return row->status == MH_STATUS_PROCESSING && row->lease == MH_LEASE_OF_NOBODY;
}

static int end_hold(struct mh_work *work, int64_t seq, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_arrival_remove);
    mh_sql_int(&sql, seq);
    return mh_sql_run(&sql, err);
}

/* 1: released; 0: it is not held, or was cancelled meanwhile and stays so. */
static int release(struct mh_work *work, const struct mh_move *move, const struct mh_uuid *id,
                   struct mh_err *err)
{
    struct mh_row row;
    int64_t status = 0;
    int r = mh_row_find(work, id, &row, err);
    if (r <= 0) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_arrival_find);
    mh_sql_int(&sql, row.seq);
    mh_sql_uuid(&sql, &move->peer);
    r = mh_sql_number(&sql, &status, err);
    if (r <= 0) return r;
    bool held = is_held(&row);
    r = held ? mh_row_admit(work, &row, (enum mh_status)status, err) : 0;
    if (r == 0) r = end_hold(work, row.seq, err);
    return r < 0 ? r : held;
}

int mh_sqlite_move_release(struct mh_work *work, struct mh_request *request)
{
    const struct mh_move *move = &request->in.move.move;
    struct mh_err *err = &request->reply.err;
    int r = mh_move_check(work, move, err);
    for (size_t i = 0; r >= 0 && i < request->in.move.count; i++) {
        r = release(work, move, &request->in.move.ids[i], err);
        if (r > 0) request->reply.count++;
    }
    return r < 0 ? r : 0;
}

/* One that a person cancelled meanwhile is that person's, and stays. */
static int drop(struct mh_work *work, int64_t seq, struct mh_err *err)
{
    struct mh_row row;
    int r = mh_row_get(work, seq, &row, err);
    if (r == 0) r = end_hold(work, seq, err);
    if (r < 0 || !is_held(&row)) return r;
    row.status = MH_STATUS_PENDING; /* no worker has it, and it was never counted as ended */
    return mh_row_remove(work, &row, err);
}

int mh_sqlite_move_drop(struct mh_work *work, struct mh_request *request)
{
    const struct mh_move *move = &request->in.move.move;
    struct mh_err *err = &request->reply.err;
    struct mh_numbers seqs = {0};
    int r = mh_move_check(work, move, err);
    if (r < 0) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_arrivals_read);
    mh_sql_uuid(&sql, &move->peer);
    mh_sql_int(&sql, (int64_t)request->in.move.limit);
    r = mh_sql_numbers(&sql, &request->arena, &seqs, err);
    for (size_t i = 0; r == 0 && i < seqs.count; i++)
        r = drop(work, seqs.items[i], err);
    request->reply.count = seqs.count;
    return r;
}
