/* Claiming. */
#include "base/arena.h"
#include "mh_sqlite_sql.h"
#include "store/grow.h"
#include "store/sqlite/event.h"
#include "store/sqlite/lanes.h"
#include "store/sqlite/record.h"
#include "store/sqlite/work.h"

/* A claim under way. */
struct taking {
    struct mh_work *work;
    struct mh_arena *arena;
    int64_t worker, lease, lease_ms;
    const char *worker_id;
    struct mh_job *jobs;
    size_t count, room;
    size_t bytes; /* of payloads */
};

static int find_worker(struct taking *taking, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(taking->work->db, mh_sqlite_sql_worker_find);
    mh_sql_int(&sql, taking->worker);
    int r = mh_sql_step(&sql, err);
    if (r > 0) {
        taking->lease_ms = mh_sql_get_int(&sql, 1);
        r = mh_sql_get_text(&sql, 0, taking->arena, &taking->worker_id, NULL, err);
    } else if (r == 0) {
        r = mh_err_set(err, MH_ENOENT, "this worker is not known any more: join again");
    }
    mh_sql_end(&sql);
    return r;
}

static int open_lease(struct taking *taking, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(taking->work->db, mh_sqlite_sql_lease_add);
    mh_sql_int(&sql, taking->worker);
    mh_sql_int(&sql, taking->work->now);
    mh_sql_int(&sql, taking->lease_ms);
    int r = mh_sql_run(&sql, err);
    if (r == 0) taking->lease = mh_db_last_id(taking->work->db);
    return r;
}

static int write_claim(const struct taking *taking, int64_t seq, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(taking->work->db, mh_sqlite_sql_job_claim);
    mh_sql_int(&sql, seq);
    mh_sql_int(&sql, taking->lease);
    mh_sql_int(&sql, taking->work->now);
    mh_sql_text(&sql, taking->worker_id);
    return mh_sql_run(&sql, err);
}

/* Reading first and telling the reply what was written costs half of UPDATE … RETURNING. */
static int take(struct taking *taking, int64_t seq, struct mh_err *err)
{
    int r = taking->lease == 0 ? open_lease(taking, err) : 0;
    if (r < 0) return r;
    struct mh_job *jobs =
        mh_grow(taking->arena, taking->jobs, taking->count, &taking->room, sizeof *jobs);
    if (jobs == NULL) return mh_err_set(err, MH_ENOMEM, "unable to claim: out of memory");
    taking->jobs = jobs;
    struct mh_job *job = &jobs[taking->count++];
    r = mh_record_read(taking->work, seq, taking->arena, job, err);
    if (r > 0) r = mh_record_read_payload(taking->work, seq, taking->arena, job, err);
    if (r < 0) return r;
    job->status = MH_STATUS_PROCESSING;
    job->attempts++;
    job->worker_id = taking->worker_id;
    job->started_at = taking->work->now;
    job->next_retry_at = 0;
    taking->bytes += job->payload_len;
    r = write_claim(taking, seq, err);
    return r < 0 ? r : mh_event_write_kind(taking->work, seq, MH_EVENT_CLAIMED, MH_BY_WORKER, err);
}

int mh_sqlite_claim(struct mh_work *work, struct mh_request *request)
{
    const struct mh_claim *claim = &request->in.claim;
    struct mh_reply *reply = &request->reply;
    struct mh_err *err = &reply->err;
    struct taking taking = {.work = work, .arena = &request->arena, .worker = claim->worker};
    struct mh_lanes lanes;
    int r = find_worker(&taking, err);
    if (r == 0) r = mh_lanes_find(&lanes, work, claim, taking.arena, err);
    bool more = r == 0;
    while (more && taking.count < claim->limit && taking.bytes < MH_BODIES_MAX) {
        int64_t seq = 0;
        r = mh_lanes_next(&lanes, claim->limit - taking.count, &seq, err);
        more = r > 0;
        if (r > 0) r = take(&taking, seq, err);
        if (r < 0) return r;
    }
    if (r == 0 && !more) r = mh_lanes_next_due(&lanes, &reply->next_due_ms, err);
    if (r == 0 && taking.count < claim->limit) r = mh_lanes_running(&lanes, &reply->running, err);
    reply->jobs = taking.jobs;
    reply->count = taking.count;
    reply->lease = taking.lease;
    return r;
}
