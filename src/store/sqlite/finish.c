/* What workers say of the jobs they run. Every write names the lease it is made under: where the
 * job is no longer in it, nothing is written. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "mh_sqlite_sql.h"
#include "store/sqlite/event.h"
#include "store/sqlite/row.h"
#include "store/sqlite/work.h"

static bool is_leased(const struct mh_row *row, int64_t lease)
{
    return row->status == MH_STATUS_PROCESSING && row->lease == lease;
}

/* --- finishing */

/* A job that is in the lease that is named, and what becomes of it. */
struct ending {
    struct mh_row row;
    const struct mh_finish *finish;
    enum mh_status *ret_status;
};

static int complete(struct mh_work *work, const struct ending *ending, struct mh_err *err)
{
    const struct mh_finish *finish = ending->finish;
    *ending->ret_status = MH_STATUS_COMPLETED;
    int r = mh_row_completed(work, &ending->row, err);
    if (r < 0 || finish->result == NULL) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_result_add);
    mh_sql_int(&sql, ending->row.seq);
    mh_sql_textn(&sql, finish->result, finish->result_len);
    return mh_sql_run(&sql, err);
}

/* Neighbours are completed by one statement: half of what each costs is to begin one. */
static int complete_run(struct mh_work *work, const struct ending *endings, size_t count,
                        struct mh_err *err)
{
    int64_t first = endings[0].row.seq, last = endings[count - 1].row.seq;
    int r = endings[0].row.in_span ? mh_span_complete(work, first, last, err)
                                   : mh_row_complete(work, first, last, err);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = complete(work, &endings[i], err);
    return r;
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

static int end_otherwise(struct mh_work *work, const struct ending *ending, struct mh_err *err)
{
    const struct mh_finish *finish = ending->finish;
    if (finish->outcome == MH_OUTCOME_RETRY || finish->outcome == MH_OUTCOME_FAILED)
        return fail(work, &ending->row, finish, ending->ret_status, err);
    *ending->ret_status = MH_STATUS_PENDING;
    return give_back(work, &ending->row, finish, err);
}

/* How many from the first on are neighbours, in spans or not, and completed; 0 where the first is
 * not. */
static size_t run_length(const struct ending *endings, size_t count)
{
    size_t length = 0;
    while (length < count && endings[length].finish->outcome == MH_OUTCOME_COMPLETED &&
           endings[length].row.seq == endings[0].row.seq + (int64_t)length &&
           endings[length].row.in_span == endings[0].row.in_span)
        length++;
    return length;
}

static int end_all(struct mh_work *work, const struct ending *endings, size_t count,
                   struct mh_err *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < count;) {
        size_t length = run_length(endings + i, count - i);
        r = length > 0 ? complete_run(work, endings + i, length, err)
                       : end_otherwise(work, endings + i, err);
        i += length > 0 ? length : 1;
    }
    return r;
}

/* Neighbours are mostly of one lease, which is closed once. */
static int close_leases(struct mh_work *work, const struct ending *endings, size_t count,
                        struct mh_err *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++)
        if (i + 1 == count || endings[i].row.lease != endings[i + 1].row.lease)
            r = mh_lease_close(work, endings[i].row.lease, err);
    return r;
}

static int by_seq(const void *a, const void *b)
{
    const struct ending *x = a, *y = b;
    if (x->row.seq != y->row.seq) return x->row.seq < y->row.seq ? -1 : 1;
    return x->finish < y->finish ? -1 : 1;
}

/* Of the jobs that are in the lease that is named. */
static int find_endings(struct mh_work *work, const struct mh_request *request,
                        enum mh_status *statuses, struct ending *ret_endings, size_t *ret_count,
                        struct mh_err *err)
{
    struct mh_row_walk walk = {.work = work};
    size_t count = 0;
    int r = 0;
    for (size_t i = 0; r >= 0 && i < request->in.finish.count; i++) {
        const struct mh_finish *finish = &request->in.finish.finishes[i];
        struct ending *ending = &ret_endings[count];
        *ending = (struct ending){.finish = finish, .ret_status = &statuses[i]};
        statuses[i] = MH_STATUS_NONE;
        r = mh_row_walk_find(&walk, &finish->id, &ending->row, err);
        if (r > 0 && is_leased(&ending->row, finish->lease)) count++;
    }
    mh_row_walk_end(&walk);
    *ret_count = count;
    return r < 0 ? r : 0;
}

/* Of what is said twice of a job the first counts. */
static size_t sort_endings(struct ending *endings, size_t count)
{
    size_t kept = 0;
    qsort(endings, count, sizeof *endings, by_seq);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || endings[i].row.seq != endings[kept - 1].row.seq)
            endings[kept++] = endings[i];
    return kept;
}

int mh_sqlite_finish(struct mh_work *work, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    size_t count = request->in.finish.count;
    enum mh_status *statuses = mh_arena_array(&request->arena, count, sizeof *statuses);
    struct ending *endings = mh_arena_array(&request->arena, count, sizeof *endings);
    if (statuses == NULL || endings == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to finish: out of memory");
    size_t found = 0;
    int r = find_endings(work, request, statuses, endings, &found, err);
    if (r == 0) found = sort_endings(endings, found);
    if (r == 0) r = end_all(work, endings, found, err);
    if (r == 0) r = close_leases(work, endings, found, err);
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
    bool ours = r > 0 && is_leased(&row, held->lease);
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

static int write_note(struct mh_work *work, const struct mh_row *row, const struct mh_note *note,
                      struct mh_err *err)
{
    int r = note->progress >= 0 ? mh_row_progress(work, row, note->progress, err) : 0;
    if (r == 0 && (note->progress >= 0 || note->message != NULL))
        r = write_progress(work, row->seq, note, err);
    return r < 0 || note->log == NULL ? r : write_lines(work, row->seq, note, err);
}

int mh_sqlite_note(struct mh_work *work, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    int followed = mh_event_followed(work, err);
    if (followed < 0) return followed;
    for (size_t i = 0; i < request->in.note.count; i++) {
        const struct mh_note *note = &request->in.note.notes[i];
        struct mh_row row;
        int r = mh_row_find(work, &note->id, &row, err);
        if (r == 0 || (r > 0 && !is_leased(&row, note->lease))) continue;
        if (r > 0) r = write_note(work, &row, note, err);
        if (r < 0) return r;
        request->reply.count++;
    }
    request->reply.followed = followed != 0;
    return 0;
}
