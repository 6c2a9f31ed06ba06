/* What workers say of the jobs they run. Every write names the lease it is made under: where the
 * job is no longer in it, nothing is written. */
#include <string.h>

#include "base/arena.h"
#include "mh_sqlite_sql.h"
#include "store/sqlite/event.h"
#include "store/sqlite/row.h"
#include "store/sqlite/work.h"

/* 1 and the row if the job is in the lease, 0 if not. */
static int find_leased(struct mh_work *work, const struct mh_uuid *id, int64_t lease,
                       struct mh_row *ret_row, struct mh_err *err)
{
    int r = mh_row_find(work, id, ret_row, err);
    if (r <= 0) return r;
    return ret_row->status == MH_STATUS_PROCESSING && ret_row->lease == lease;
}

/* --- finishing */

static int complete(struct mh_work *work, const struct mh_row *row, const struct mh_finish *finish,
                    struct mh_err *err)
{
    int r = mh_row_end(work, row, MH_STATUS_COMPLETED, err);
    if (r < 0 || finish->result == NULL) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_result_add);
    mh_sql_int(&sql, row->seq);
    mh_sql_textn(&sql, finish->result, finish->result_len);
    return mh_sql_run(&sql, err);
}

static int fail(struct mh_work *work, const struct mh_row *row, const struct mh_finish *finish,
                enum mh_status *ret_status, struct mh_err *err)
{
    const struct mh_failure failure = {
        .outcome = "failed", .error = finish->error, .log = finish->log};
    int64_t again_at = work->now + finish->delay_ms;
    const struct mh_back back = {.due_at = again_at, .run_at = again_at, .next_retry_at = again_at};
    bool final = finish->outcome == MH_OUTCOME_FAILED;
    return mh_row_fail(work, row, &failure, final ? NULL : &back, ret_status, err);
}

/* Handed back at once, or put off, which moves run_at too. */
static int give_back(struct mh_work *work, const struct mh_row *row, const struct mh_finish *finish,
                     struct mh_err *err)
{
    int64_t due_at = work->now;
    int64_t run_at = row->run_at;
    if (finish->outcome == MH_OUTCOME_LATER) due_at = run_at = work->now + finish->delay_ms;
    const struct mh_back back = {.attempts = row->attempts - 1, .due_at = due_at, .run_at = run_at};
    return mh_row_release(work, row, &back, err);
}

static int finish_row(struct mh_work *work, const struct mh_row *row,
                      const struct mh_finish *finish, enum mh_status *ret_status,
                      struct mh_err *err)
{
    switch (finish->outcome) {
    case MH_OUTCOME_COMPLETED:
        *ret_status = MH_STATUS_COMPLETED;
        return complete(work, row, finish, err);
    case MH_OUTCOME_RETRY:
    case MH_OUTCOME_FAILED:
        return fail(work, row, finish, ret_status, err);
    case MH_OUTCOME_RELEASED:
    case MH_OUTCOME_LATER:
        break;
    }
    *ret_status = MH_STATUS_PENDING;
    return give_back(work, row, finish, err);
}

/* Neighbours are mostly of one lease, which is closed once, behind the last of them. */
static int finish_all(struct mh_work *work, const struct mh_finish *finishes, size_t count,
                      enum mh_status *statuses, struct mh_err *err)
{
    int64_t lease = 0;
    for (size_t i = 0; i < count; i++) {
        struct mh_row row;
        statuses[i] = MH_STATUS_NONE;
        int r = find_leased(work, &finishes[i].id, finishes[i].lease, &row, err);
        if (r == 0) continue;
        if (r > 0 && lease != 0 && lease != row.lease) r = mh_lease_close(work, lease, err);
        if (r < 0) return r;
        lease = row.lease;
        r = finish_row(work, &row, &finishes[i], &statuses[i], err);
        if (r < 0) return r;
    }
    return lease != 0 ? mh_lease_close(work, lease, err) : 0;
}

int mh_sqlite_finish(struct mh_work *work, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    size_t count = request->in.finish.count;
    enum mh_status *statuses = mh_arena_array(&request->arena, count, sizeof *statuses);
    if (statuses == NULL) return mh_err_set(err, MH_ENOMEM, "unable to finish: out of memory");
    int r = finish_all(work, request->in.finish.finishes, count, statuses, err);
    if (r == 0) r = mh_tally_write(work, err);
    request->reply.statuses = statuses;
    request->reply.count = count;
    return r;
}

/* --- heartbeat */

static int beat(struct mh_work *work, int64_t worker, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_worker_beat);
    mh_sql_int(&sql, worker);
    mh_sql_int(&sql, work->now);
    int r = mh_sql_run(&sql, err);
    if (r < 0 || mh_db_changes(work->db) > 0) return r;
    return mh_err_set(err, MH_ENOENT, "this worker is not known any more: join again");
}

static int look_up(struct mh_work *work, const struct mh_held *held, enum mh_status *ret_status,
                   struct mh_err *err)
{
    struct mh_row row;
    int r = mh_row_find(work, &held->id, &row, err);
    if (r < 0) return r;
    bool ours = r > 0 && row.status == MH_STATUS_PROCESSING && row.lease == held->lease;
    bool cancelled = r > 0 && row.status == MH_STATUS_CANCELLED;
    *ret_status = ours || cancelled ? row.status : MH_STATUS_NONE;
    return 0;
}

int mh_sqlite_heartbeat(struct mh_work *work, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    size_t count = request->in.heartbeat.count;
    enum mh_status *statuses = mh_arena_array(&request->arena, count, sizeof *statuses);
    if (statuses == NULL) return mh_err_set(err, MH_ENOMEM, "unable to beat: out of memory");
    int r = beat(work, request->in.heartbeat.worker, err);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = look_up(work, &request->in.heartbeat.held[i], &statuses[i], err);
    request->reply.statuses = statuses;
    request->reply.count = count;
    return r;
}

/* --- progress */

static int write_progress(struct mh_work *work, int64_t seq, const struct mh_note *note,
                          struct mh_err *err)
{
    const struct mh_event_row event = {
        .kind = MH_EVENT_PROGRESS,
        .doer = MH_BY_WORKER,
        .has_progress = note->progress >= 0,
        .progress = note->progress,
        .text = note->message,
        .text_len = note->message != NULL ? strlen(note->message) : 0,
    };
    return mh_event_write(work, seq, &event, err);
}

static int write_lines(struct mh_work *work, int64_t seq, const struct mh_note *note,
                       struct mh_err *err)
{
    int r = 0;
    const char *line = note->log, *end = note->log + note->log_len;
    while (r == 0 && line < end) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *stop = newline != NULL ? newline : end;
        const struct mh_event_row event = {
            .kind = MH_EVENT_LOG,
            .doer = MH_BY_WORKER,
            .text = line,
            .text_len = (size_t)(stop - line),
        };
        r = mh_event_write(work, seq, &event, err);
        line = stop + 1;
    }
    return r;
}

static int write_note(struct mh_work *work, int64_t seq, const struct mh_note *note,
                      struct mh_err *err)
{
    int r = 0;
    if (note->progress >= 0) {
        struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_job_note);
        mh_sql_int(&sql, seq);
        mh_sql_real(&sql, note->progress);
        r = mh_sql_run(&sql, err);
    }
    if (r == 0 && (note->progress >= 0 || note->message != NULL))
        r = write_progress(work, seq, note, err);
    return r < 0 || note->log == NULL ? r : write_lines(work, seq, note, err);
}

int mh_sqlite_note(struct mh_work *work, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    int followed = mh_event_followed(work, err);
    if (followed < 0) return followed;
    for (size_t i = 0; i < request->in.note.count; i++) {
        const struct mh_note *note = &request->in.note.notes[i];
        struct mh_row row;
        int r = find_leased(work, &note->id, note->lease, &row, err);
        if (r == 0) continue;
        if (r > 0) r = write_note(work, row.seq, note, err);
        if (r < 0) return r;
        request->reply.count++;
    }
    request->reply.followed = followed != 0;
    return 0;
}
