#include "store/sqlite/event.h"

#include <string.h>

#include "base/arena.h"
#include "mh_sqlite_sql.h"

/* How long after somebody followed last events are written, and how long they are kept. */
#define DAY_MS INT64_C(86400000)

/* The most events kept. */
#define KEPT_MAX 1000000

/* So many events are written between two looks at what is too old, which removes up to twice as
 * many: what grew too large shrinks, and nobody waits for it. */
#define TRIM_EACH 1024

/* How many positions one call looks at. */
#define WINDOW 20000

/* --- writing */

static int read_follow(struct mh_work *work, int64_t *ret_until, int64_t *ret_since,
                       struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_follow_read);
    int r = mh_sql_step(&sql, err);
    if (r > 0) {
        *ret_until = mh_sql_get_int(&sql, 0);
        *ret_since = mh_sql_get_int(&sql, 1);
    }
    mh_sql_end(&sql);
    return r < 0 ? r : 0;
}

int mh_event_followed(struct mh_work *work, struct mh_err *err)
{
    if (work->followed == MH_FOLLOWED_UNKNOWN) {
        int64_t until = 0, since = 0;
        int r = read_follow(work, &until, &since, err);
        if (r < 0) return r;
        work->followed = until >= work->now ? MH_FOLLOWED : MH_FOLLOWED_NOT;
    }
    return work->followed == MH_FOLLOWED;
}

static int trim(struct mh_work *work, int64_t last, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_events_trim);
    mh_sql_int(&sql, work->now - DAY_MS);
    mh_sql_int(&sql, last - KEPT_MAX);
    mh_sql_int(&sql, INT64_C(2) * TRIM_EACH);
    return mh_sql_run(&sql, err);
}

int mh_event_write(struct mh_work *work, int64_t seq, const struct mh_event_row *event,
                   struct mh_err *err)
{
    int r = mh_event_followed(work, err);
    if (r <= 0) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_event_add);
    mh_sql_int(&sql, seq);
    mh_sql_int(&sql, work->now);
    mh_sql_int(&sql, event->kind);
    mh_sql_int(&sql, event->doer);
    if (event->has_progress)
        mh_sql_real(&sql, event->progress);
    else
        mh_sql_null(&sql);
    if (event->text != NULL)
        mh_sql_textn(&sql, event->text, event->text_len);
    else
        mh_sql_null(&sql);
    mh_sql_time(&sql, event->next_retry_at);
    r = mh_sql_run(&sql, err);
    if (r < 0) return r;
    int64_t pos = mh_db_last_id(work->db);
    return pos % TRIM_EACH == 0 ? trim(work, pos, err) : 0;
}

int mh_event_write_kind(struct mh_work *work, int64_t seq, enum mh_event_kind kind,
                        enum mh_doer doer, struct mh_err *err)
{
    const struct mh_event_row event = {.kind = kind, .doer = doer};
    return mh_event_write(work, seq, &event, err);
}

/* --- following */

int mh_sqlite_follow(struct mh_work *work, struct mh_request *request)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_follow_lapse);
    mh_sql_int(&sql, work->now);
    int r = mh_sql_run(&sql, &request->reply.err);
    if (r < 0) return r;
    sql = mh_sql(work->db, mh_sqlite_sql_follow_set);
    mh_sql_int(&sql, work->now);
    mh_sql_int(&sql, work->now + DAY_MS);
    return mh_sql_run(&sql, &request->reply.err);
}

/* The columns of events_read.sql. */
enum {
    POS,
    KIND,
    AT,
    JOB_ID,
    TENANT_ID,
    TYPE,
    WORKER_ID,
    ATTEMPTS,
    PROGRESS,
    TEXT,
    NEXT_RETRY_AT,
};

static int read_event(const struct mh_sql *sql, struct mh_arena *arena, void *ret_item,
                      struct mh_err *err)
{
    struct mh_event *event = ret_item;
    *event = (struct mh_event){
        .pos = mh_sql_get_int(sql, POS),
        .kind = (enum mh_event_kind)mh_sql_get_int(sql, KIND),
        .at = mh_sql_get_int(sql, AT),
        .job_id = mh_sql_get_uuid(sql, JOB_ID),
        .tenant_id = mh_sql_get_uuid(sql, TENANT_ID),
        .attempts = (int)mh_sql_get_int(sql, ATTEMPTS),
        .progress = mh_sql_get_real(sql, PROGRESS, -1),
        .next_retry_at = mh_sql_get_int(sql, NEXT_RETRY_AT),
    };
    int r = mh_sql_get_text(sql, TYPE, arena, &event->type, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, WORKER_ID, arena, &event->worker_id, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, TEXT, arena, &event->text, NULL, err);
    return r;
}

/* Those after `after` and up to `end`. An index is always 0, so a place is a position. */
static int read_events(struct mh_work *work, int64_t after, int64_t end, struct mh_request *request)
{
    const struct mh_event_filter *filter = &request->in.events;
    const char *text =
        filter->job_id != NULL ? mh_sqlite_sql_events_of_job : mh_sqlite_sql_events_read;
    struct mh_sql sql = mh_sql(work->db, text);
    mh_sql_int(&sql, after);
    mh_sql_int(&sql, end);
    mh_sql_int(&sql, (int64_t)filter->limit);
    if (work->tenant >= 0)
        mh_sql_int(&sql, work->tenant);
    else
        mh_sql_null(&sql);
    if (filter->job_id != NULL) mh_sql_uuid(&sql, filter->job_id);
    return mh_sql_collect(&sql, &request->arena, sizeof(struct mh_event), read_event,
                          &request->reply.events, &request->reply.count, &request->reply.err);
}

/* What is kept behind `after`: the first position and the last. */
static int find_kept(struct mh_work *work, int64_t after, int64_t *ret_first, int64_t *ret_last,
                     struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_event_end);
    int r = mh_sql_number(&sql, ret_last, err);
    if (r < 0) return r;
    sql = mh_sql(work->db, mh_sqlite_sql_event_next);
    mh_sql_int(&sql, after);
    *ret_first = *ret_last + 1;
    r = mh_sql_number(&sql, ret_first, err);
    return r < 0 ? r : 0;
}

/* Writers take turns, so whatever is there is settled. */
int mh_sqlite_events(struct mh_work *work, struct mh_request *request)
{
    const struct mh_event_filter *filter = &request->in.events;
    struct mh_reply *reply = &request->reply;
    int64_t after = filter->after_pos, first = 0, last = 0, until = 0, since = 0;
    int r = find_kept(work, after, &first, &last, &reply->err);
    if (r == 0) r = read_follow(work, &until, &since, &reply->err);
    if (r < 0) return r;
    reply->cursor = last;
    if (after < 0) return 0;
    reply->gap = after > 0 && after <= last && (first > after + 1 || after < since);
    if (filter->job_id == NULL && last >= first + WINDOW) reply->cursor = first + WINDOW;
    return read_events(work, after, reply->cursor, request);
}
