#include "store/sqlite/record.h"

#include "mh_sqlite_sql.h"

/* The columns of job_read.sql. */
enum {
    ID,
    TENANT_ID,
    TYPE,
    STATUS,
    PRIORITY,
    ERROR,
    PROGRESS,
    WORKER_ID,
    ATTEMPTS,
    MAX_ATTEMPTS,
    RUN_AT,
    NEXT_RETRY_AT,
    UNIQUE_KEY,
    CORRELATION_ID,
    CREATED_AT,
    STARTED_AT,
    COMPLETED_AT,
    TRACEPARENT,
};

struct text {
    int column;
    const char **text;
};

static int read_texts(const struct mh_sql *sql, struct mh_arena *arena, const struct text *texts,
                      size_t count, struct mh_err *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = mh_sql_get_text(sql, texts[i].column, arena, texts[i].text, NULL, err);
    return r;
}

/* Where none was given it is the id. */
static int complete_correlation(struct mh_arena *arena, struct mh_job *job, struct mh_err *err)
{
    if (job->correlation_id != NULL) return 0;
    char text[MH_UUID_TEXT];
    mh_uuid_format(&job->id, text);
    job->correlation_id = mh_arena_str(arena, text);
    if (job->correlation_id == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to read a job: out of memory");
    return 0;
}

static int read_job(const struct mh_sql *sql, struct mh_arena *arena, struct mh_job *ret_job,
                    struct mh_err *err)
{
    *ret_job = (struct mh_job){
        .id = mh_sql_get_uuid(sql, ID),
        .tenant_id = mh_sql_get_uuid(sql, TENANT_ID),
        .status = (enum mh_status)mh_sql_get_int(sql, STATUS),
        .priority = (int)mh_sql_get_int(sql, PRIORITY),
        .progress = mh_sql_get_real(sql, PROGRESS, -1),
        .attempts = (int)mh_sql_get_int(sql, ATTEMPTS),
        .max_attempts = (int)mh_sql_get_int(sql, MAX_ATTEMPTS),
        .run_at = mh_sql_get_int(sql, RUN_AT),
        .next_retry_at = mh_sql_get_int(sql, NEXT_RETRY_AT),
        .created_at = mh_sql_get_int(sql, CREATED_AT),
        .started_at = mh_sql_get_int(sql, STARTED_AT),
        .completed_at = mh_sql_get_int(sql, COMPLETED_AT),
    };
    const struct text texts[] = {
        {TYPE, &ret_job->type},
        {ERROR, &ret_job->error},
        {WORKER_ID, &ret_job->worker_id},
        {UNIQUE_KEY, &ret_job->unique_key},
        {CORRELATION_ID, &ret_job->correlation_id},
        {TRACEPARENT, &ret_job->traceparent},
    };
    int r = read_texts(sql, arena, texts, MH_LEN(texts), err);
    return r < 0 ? r : complete_correlation(arena, ret_job, err);
}

int mh_record_read(struct mh_work *work, int64_t seq, struct mh_arena *arena,
                   struct mh_job *ret_job, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_job_read);
    mh_sql_int(&sql, seq);
    int r = mh_sql_step(&sql, err);
    if (r > 0) {
        int got = read_job(&sql, arena, ret_job, err);
        if (got < 0) r = got;
    }
    mh_sql_end(&sql);
    return r;
}

int mh_record_of_pending(const struct mh_sql *sql, struct mh_arena *arena, struct mh_job *job,
                         struct mh_err *err)
{
    job->id = mh_sql_get_uuid(sql, 0);
    job->tenant_id = mh_sql_get_uuid(sql, 1);
    job->progress = -1;
    job->attempts = (int)mh_sql_get_int(sql, 3);
    job->max_attempts = (int)mh_sql_get_int(sql, 4);
    job->run_at = mh_sql_get_int(sql, 5);
    job->created_at = mh_sql_get_int(sql, 8);
    const struct text texts[] = {
        {2, &job->error},
        {6, &job->unique_key},
        {7, &job->correlation_id},
        {9, &job->traceparent},
    };
    int r = read_texts(sql, arena, texts, MH_LEN(texts), err);
    if (r == 0) r = mh_sql_get_text(sql, 10, arena, &job->payload, &job->payload_len, err);
    return r < 0 ? r : complete_correlation(arena, job, err);
}

static int read_body(struct mh_work *work, const char *text, int64_t seq, struct mh_arena *arena,
                     const char **ret_body, size_t *ret_len, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, text);
    mh_sql_int(&sql, seq);
    int r = mh_sql_step(&sql, err);
    if (r > 0) r = mh_sql_get_text(&sql, 0, arena, ret_body, ret_len, err);
    mh_sql_end(&sql);
    return r;
}

int mh_record_read_payload(struct mh_work *work, int64_t seq, struct mh_arena *arena,
                           struct mh_job *job, struct mh_err *err)
{
    return read_body(work, mh_sqlite_sql_payload_read, seq, arena, &job->payload, &job->payload_len,
                     err);
}

int mh_record_read_result(struct mh_work *work, int64_t seq, struct mh_arena *arena,
                          struct mh_job *job, struct mh_err *err)
{
    return read_body(work, mh_sqlite_sql_result_read, seq, arena, &job->result, &job->result_len,
                     err);
}
