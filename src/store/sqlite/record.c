#include "store/sqlite/record.h"

#include "mh_sqlite_sql.h"

/* The columns of job_read.sql, and of jobs_read.sql. */
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
    PAYLOAD, /* jobs_read.sql alone */
};

static int read_texts(const struct mh_sql *sql, struct mh_arena *arena, struct mh_job *job,
                      struct mh_err *err)
{
    const struct {
        int column;
        const char **text;
    } texts[] = {
        {TYPE, &job->type},
        {ERROR, &job->error},
        {WORKER_ID, &job->worker_id},
        {UNIQUE_KEY, &job->unique_key},
        {CORRELATION_ID, &job->correlation_id},
        {TRACEPARENT, &job->traceparent},
    };
    for (size_t i = 0; i < MH_LEN(texts); i++) {
        int r = mh_sql_get_text(sql, texts[i].column, arena, texts[i].text, NULL, err);
        if (r < 0) return r;
    }
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
    return read_texts(sql, arena, ret_job, err);
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

int mh_record_of(const struct mh_sql *sql, struct mh_arena *arena, struct mh_job *ret_job,
                 struct mh_err *err)
{
    int r = read_job(sql, arena, ret_job, err);
    if (r < 0) return r;
    return mh_sql_get_text(sql, PAYLOAD, arena, &ret_job->payload, &ret_job->payload_len, err);
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
