/* Joining, claiming, leaving. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "store/postgres/work.h"

#define CURSOR_MAX ((size_t)1 << 20) /* two numbers for each lane there is, of at most 101,000 */

/* What a worker that joined here calls itself: claims do not tell. */
struct mh_pg_name {
    struct mh_pg_name *next;
    int64_t worker;
    char text[];
};

void mh_pg_work_init(struct mh_pg_work *work)
{
    *work = (struct mh_pg_work){0};
    mh_buf_init(&work->cursor, CURSOR_MAX);
}

int64_t mh_pg_work_worker(const struct mh_pg_work *work, size_t index)
{
    const struct mh_pg_name *name = work->names;
    while (name != NULL && index-- > 0)
        name = name->next;
    return name != NULL ? name->worker : 0;
}

void mh_pg_work_forget(struct mh_pg_work *work, int64_t worker)
{
    mh_pairs_forget_worker(&work->pairs, worker);
    struct mh_pg_name **at = &work->names;
    while (*at != NULL && (*at)->worker != worker)
        at = &(*at)->next;
    struct mh_pg_name *name = *at;
    if (name == NULL) return;
    *at = name->next;
    free(name);
}

void mh_pg_work_release(struct mh_pg_work *work)
{
    while (work->names != NULL)
        mh_pg_work_forget(work, work->names->worker);
    mh_pairs_release(&work->pairs);
    mh_buf_release(&work->cursor);
}

/* --- joining, leaving, and disowning between the two */

void mh_pg_join_write(struct mh_pg_work *work, const struct mh_request *request,
                      struct mh_params *params)
{
    const struct mh_join *join = &request->in.join;
    mh_param_text(params, join->worker_id);
    mh_param_int8(params, join->lease_ms);
    mh_param_texts(params, join->types, join->type_count);
}

int mh_pg_join_read(struct mh_pg_work *work, const struct mh_rows *rows, struct mh_request *request)
{
    size_t size = strlen(request->in.join.worker_id) + 1;
    struct mh_pg_name *name = malloc(sizeof *name + size);
    if (name == NULL)
        return mh_err_set(&request->reply.err, MH_ENOMEM, "unable to join: out of memory");
    request->reply.lease = mh_row_int(rows, 0, 0, 0);
    name->worker = request->reply.lease;
    memcpy(name->text, request->in.join.worker_id, size);
    name->next = work->names;
    work->names = name;
    return 0;
}

void mh_pg_leave_write(struct mh_pg_work *work, const struct mh_request *request,
                       struct mh_params *params)
{
    mh_param_int4(params, request->in.leave.worker);
}

int mh_pg_leave_read(struct mh_pg_work *work, const struct mh_rows *rows,
                     struct mh_request *request)
{
    mh_pg_work_forget(work, request->in.leave.worker);
    return 0;
}

/* Its leases, once for each job. */
void mh_pg_disown_write(struct mh_pg_work *work, const struct mh_request *request,
                        struct mh_params *params)
{
    int64_t worker = request->in.leave.worker;
    const struct mh_pair *pair;
    size_t count = 0;
    for (size_t at = 0; mh_pairs_next(&work->pairs, worker, &at) != NULL;)
        count++;
    mh_param_int4(params, worker);
    mh_param_array(params, MH_OID_INT8, count);
    for (size_t at = 0; (pair = mh_pairs_next(&work->pairs, worker, &at)) != NULL;)
        mh_item_int8(params, pair->lease);
}

/* Of a worker that is not known no lease stands. */
int mh_pg_disown_read(struct mh_pg_work *work, const struct mh_rows *rows,
                      struct mh_request *request)
{
    int64_t *leases = mh_arena_array(&request->arena, (size_t)rows->count, sizeof *leases);
    if (leases == NULL)
        return mh_err_set(&request->reply.err, MH_ENOMEM,
                          "unable to look for lost leases: out of memory");
    for (int row = 0; row < rows->count; row++)
        leases[row] = mh_row_int(rows, row, 0, 0);
    mh_pairs_keep(&work->pairs, request->in.leave.worker, leases, (size_t)rows->count);
    return 0;
}

/* --- claiming */

/* Columns of mh_claim. */
enum {
    LEASE,
    CURSOR,
    NEXT_DUE,
    RUNNING,
    STARTED_AT,
    SEQ,
    ID,
    TENANT_ID,
    TYPE,
    PRIORITY,
    PAYLOAD,
    ERROR,
    ATTEMPTS,
    MAX_ATTEMPTS,
    RUN_AT,
    UNIQUE_KEY,
    CORRELATION_ID,
    TRACEPARENT,
    CREATED_AT,
};

void mh_pg_claim_write(struct mh_pg_work *work, const struct mh_request *request,
                       struct mh_params *params)
{
    const struct mh_claim *claim = &request->in.claim;
    mh_param_int4(params, claim->worker);
    mh_param_int4(params, (int64_t)claim->limit);
    mh_param_texts(params, claim->types, claim->type_count);
    if (work->cursor.len > 0)
        mh_param_bytes(params, work->cursor.data, work->cursor.len);
    else
        mh_param_null(params);
}

static void keep_cursor(struct mh_pg_work *work, const struct mh_rows *rows)
{
    size_t len = 0;
    const char *bytes = mh_row_text(rows, 0, CURSOR, &len);
    mh_buf_reset(&work->cursor);
    if (bytes != NULL) mh_buf_append(&work->cursor, bytes, len);
    if (mh_buf_failed(&work->cursor)) mh_buf_reset(&work->cursor); /* none is right too */
}

static const char *name_of(const struct mh_pg_work *work, int64_t worker)
{
    const struct mh_pg_name *name = work->names;
    while (name != NULL && name->worker != worker)
        name = name->next;
    return name != NULL ? name->text : NULL;
}

static int read_job(const struct mh_rows *rows, int row, struct mh_arena *arena, struct mh_job *job)
{
    job->id = mh_row_uuid(rows, row, ID);
    job->tenant_id = mh_row_uuid(rows, row, TENANT_ID);
    job->type = mh_row_text(rows, row, TYPE, NULL);
    job->status = MH_STATUS_PROCESSING;
    job->priority = (int)mh_row_int(rows, row, PRIORITY, 0);
    job->payload = mh_row_json(rows, row, PAYLOAD, &job->payload_len);
    job->error = mh_row_text(rows, row, ERROR, NULL);
    job->progress = -1;
    job->attempts = (int)mh_row_int(rows, row, ATTEMPTS, 0);
    job->max_attempts = (int)mh_row_int(rows, row, MAX_ATTEMPTS, 0);
    job->run_at = mh_row_time(rows, row, RUN_AT);
    job->unique_key = mh_row_text(rows, row, UNIQUE_KEY, NULL);
    job->correlation_id = mh_row_text(rows, row, CORRELATION_ID, NULL);
    job->traceparent = mh_row_text(rows, row, TRACEPARENT, NULL);
    job->created_at = mh_row_time(rows, row, CREATED_AT);
    if (job->correlation_id != NULL) return 0;
    char *text = mh_arena_alloc(arena, MH_UUID_TEXT);
    if (text == NULL) return MH_ENOMEM;
    mh_uuid_format(&job->id, text);
    job->correlation_id = text;
    return 0;
}

/* The jobs are ours and there is no memory to say so: the lease is forgotten, to be disowned. */
static int lose_claim(struct mh_pg_work *work, struct mh_request *request,
                      const struct mh_job *jobs, int count)
{
    for (int i = 0; i < count; i++)
        mh_pairs_forget(&work->pairs, request->reply.lease, &jobs[i].id);
    work->doubts++;
    return mh_err_set(&request->reply.err, MH_ENOMEM, "unable to read the claim: out of memory");
}

int mh_pg_claim_read(struct mh_pg_work *work, const struct mh_rows *rows,
                     struct mh_request *request)
{
    struct mh_reply *reply = &request->reply;
    if (rows->count == 0) {
        mh_pg_work_forget(work, request->in.claim.worker);
        return mh_err_set(&reply->err, MH_ENOENT, "this worker is not known any more: join again");
    }
    keep_cursor(work, rows);
    work->has_claimed = true;
    struct mh_job *jobs = mh_pg_array(request, rows->count - 1, sizeof *jobs);
    if (jobs == NULL) return lose_claim(work, request, NULL, 0);
    reply->lease = mh_row_int(rows, 0, LEASE, 0);
    reply->next_due_ms = mh_row_int(rows, 0, NEXT_DUE, -1);
    reply->running = mh_row_int(rows, 0, RUNNING, 0);
    int64_t started_at = mh_row_time(rows, 0, STARTED_AT);
    const char *name = name_of(work, request->in.claim.worker);
    for (int row = 1; row < rows->count; row++) {
        struct mh_job *job = &jobs[row - 1];
        job->started_at = started_at;
        job->worker_id = name;
        int r = read_job(rows, row, &request->arena, job);
        const struct mh_pair pair = {.id = job->id,
                                     .lease = reply->lease,
                                     .seq = mh_row_int(rows, row, SEQ, 0),
                                     .worker = request->in.claim.worker};
        if (r == 0) r = mh_pairs_add(&work->pairs, &pair);
        if (r < 0) return lose_claim(work, request, jobs, row - 1);
    }
    reply->jobs = jobs;
    reply->count = (size_t)rows->count - 1;
    if (reply->count == request->in.claim.limit) reply->next_due_ms = 0; /* more may be due */
    return 0;
}
