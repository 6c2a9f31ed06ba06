/* Claiming. */
#include "base/arena.h"
#include "mh_sqlite_sql.h"
#include "store/grow.h"
#include "store/sqlite/event.h"
#include "store/sqlite/lanes.h"
#include "store/sqlite/record.h"
#include "store/sqlite/span.h"
#include "store/sqlite/work.h"

/* A claim under way. */
struct taking {
    struct mh_work *work;
    struct mh_arena *arena;
    int64_t worker, lease, lease_ms;
    const char *worker_id;
    struct mh_job *jobs; /* those that are written, then those of the run */
    size_t count, room;
    size_t bytes;  /* of payloads */
    int64_t first; /* taken and not written yet: a run of neighbours, so many */
    size_t run;
    bool in_span; /* all of them, or none */
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

/* Reads first and tells the reply what will be written, which costs half of UPDATE … RETURNING. */
static int read_run(struct taking *taking, size_t *ret_count, struct mh_err *err)
{
    size_t count = 0;
    int r = 0;
    struct mh_sql sql = mh_sql(taking->work->db, mh_sqlite_sql_jobs_read);
    mh_sql_int(&sql, taking->first);
    mh_sql_int(&sql, taking->first + (int64_t)taking->run - 1);
    while (taking->bytes < MH_BODIES_MAX && (r = mh_sql_step(&sql, err)) > 0) {
        struct mh_job *job = &taking->jobs[taking->count + count];
        r = mh_record_of_pending(&sql, taking->arena, job, err);
        if (r < 0) break;
        taking->bytes += job->payload_len;
        count++;
    }
    mh_sql_end(&sql);
    *ret_count = count;
    return r < 0 ? r : 0;
}

static void mark(const struct taking *taking, struct mh_job *job)
{
    job->status = MH_STATUS_PROCESSING;
    job->attempts++;
    job->worker_id = taking->worker_id;
    job->started_at = taking->work->now;
    job->next_retry_at = 0;
}

/* Neighbours are claimed by one statement: half of what each costs is to begin one. */
static int write_rows(const struct taking *taking, int64_t last, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(taking->work->db, mh_sqlite_sql_jobs_claim);
    mh_sql_int(&sql, taking->first);
    mh_sql_int(&sql, last);
    mh_sql_int(&sql, taking->lease);
    mh_sql_int(&sql, taking->work->now);
    mh_sql_text(&sql, taking->worker_id);
    return mh_sql_run(&sql, err);
}

static int write_run(struct taking *taking, size_t count, struct mh_err *err)
{
    int64_t last = taking->first + (int64_t)count - 1;
    int r = !taking->in_span ? write_rows(taking, last, err)
                             : mh_span_claim(taking->work, taking->first, last, taking->lease,
                                             taking->worker_id, err);
    for (int64_t seq = taking->first; r == 0 && seq <= last; seq++)
        r = mh_event_write_kind(taking->work, seq, MH_EVENT_CLAIMED, MH_BY_WORKER, err);
    for (size_t i = 0; i < count; i++)
        mark(taking, &taking->jobs[taking->count++]);
    return r;
}

/* What would be more than a reply carries is not taken after all. */
static int end_run(struct taking *taking, struct mh_err *err)
{
    size_t count = 0;
    if (taking->run == 0) return 0;
    int r = taking->lease == 0 ? open_lease(taking, err) : 0;
    if (r == 0) r = read_run(taking, &count, err);
    if (r == 0) r = write_run(taking, count, err);
    taking->run = 0;
    return r;
}

static int take(struct taking *taking, const struct mh_due *due, struct mh_err *err)
{
    bool follows = taking->run > 0 && due->seq == taking->first + (int64_t)taking->run &&
                   due->in_span == taking->in_span;
    int r = follows ? 0 : end_run(taking, err);
    if (r < 0) return r;
    size_t at = taking->count + taking->run;
    struct mh_job *jobs = mh_grow(taking->arena, taking->jobs, at, &taking->room, sizeof *jobs);
    if (jobs == NULL) return mh_err_set(err, MH_ENOMEM, "unable to claim: out of memory");
    jobs[at] = (struct mh_job){.type = due->type, .priority = due->priority};
    taking->jobs = jobs;
    if (taking->run++ > 0) return 0;
    taking->first = due->seq;
    taking->in_span = due->in_span;
    return 0;
}

/* 1: there may be more; 0: nothing that is due is left. */
static int take_all(struct taking *taking, struct mh_lanes *lanes, size_t limit, struct mh_err *err)
{
    int r = 1;
    while (r > 0 && taking->count + taking->run < limit && taking->bytes < MH_BODIES_MAX) {
        struct mh_due due;
        int ended = mh_lanes_ends_next(lanes) ? end_run(taking, err) : 0;
        if (ended < 0) return ended;
        r = mh_lanes_next(lanes, limit - taking->count - taking->run, &due, err);
        if (r > 0) ended = take(taking, &due, err);
        if (ended < 0) return ended;
    }
    int ended = r < 0 ? r : end_run(taking, err);
    return ended < 0 ? ended : r;
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
    int more = r == 0 ? take_all(&taking, &lanes, claim->limit, err) : r;
    r = more < 0 ? more : 0;
    if (more == 0) r = mh_lanes_next_due(&lanes, &reply->next_due_ms, err);
    if (r == 0 && taking.count == 0) r = mh_lanes_running(&lanes, &reply->running, err);
    reply->jobs = taking.jobs;
    reply->count = taking.count;
    reply->lease = taking.lease;
    return r;
}
