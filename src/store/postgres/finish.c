/* What becomes of running jobs: outcomes, heartbeats, progress. */
#include "base/arena.h"
#include "store/postgres/work.h"

/* --- finishing */

static void write_held(struct mh_pg_work *work, const struct mh_finish *finishes, size_t count,
                       struct mh_params *params)
{
    mh_param_array(params, MH_OID_INT8, count);
    for (size_t i = 0; i < count; i++)
        mh_item_int8(params, finishes[i].lease);
    mh_param_array(params, MH_OID_INT8, count);
    for (size_t i = 0; i < count; i++)
        mh_item_int8(params, mh_pairs_find(&work->pairs, finishes[i].lease, &finishes[i].id));
    mh_param_array(params, MH_OID_INT2, count);
    for (size_t i = 0; i < count; i++)
        mh_item_int2(params, finishes[i].outcome);
}

static void write_results(const struct mh_finish *finishes, size_t count, struct mh_params *params)
{
    bool needed = false;
    for (size_t i = 0; i < count; i++)
        needed |= finishes[i].result != NULL;
    if (!needed) {
        mh_param_null(params);
        return;
    }
    mh_param_array(params, MH_OID_JSONB, count);
    for (size_t i = 0; i < count; i++)
        mh_item_json(params, finishes[i].result, finishes[i].result_len);
}

/* Errors, logs and delays: absent where all of them succeeded. */
static void write_failures(const struct mh_finish *finishes, size_t count, struct mh_params *params)
{
    bool needed = false;
    for (size_t i = 0; i < count; i++)
        needed |= finishes[i].error != NULL || finishes[i].log != NULL || finishes[i].delay_ms != 0;
    if (!needed) {
        for (int i = 0; i < 3; i++)
            mh_param_null(params);
        return;
    }
    mh_param_array(params, MH_OID_TEXT, count);
    for (size_t i = 0; i < count; i++)
        mh_item_text(params, finishes[i].error);
    mh_param_array(params, MH_OID_TEXT, count);
    for (size_t i = 0; i < count; i++)
        if (finishes[i].log != NULL)
            mh_item_textn(params, finishes[i].log, finishes[i].log_len);
        else
            mh_item_null(params);
    mh_param_array(params, MH_OID_INT8, count);
    for (size_t i = 0; i < count; i++)
        mh_item_int8(params, finishes[i].delay_ms);
}

void mh_pg_finish_write(struct mh_pg_work *work, const struct mh_request *request,
                        struct mh_params *params)
{
    const struct mh_finish *finishes = request->in.finish.finishes;
    size_t count = request->in.finish.count;
    write_held(work, finishes, count, params);
    write_results(finishes, count, params);
    write_failures(finishes, count, params);
}

/* One smallint[] of `count` statuses. */
static int read_statuses(const struct mh_rows *rows, size_t count, struct mh_request *request)
{
    if (rows->count < 1 || mh_row_items(rows, 0, 0) != count)
        return mh_err_set(&request->reply.err, MH_ESTORE,
                          "PostgreSQL answered for another number of jobs than it was asked for");
    enum mh_status *statuses = mh_pg_array(request, (int)count, sizeof *statuses);
    if (statuses == NULL) return MH_ENOMEM;
    for (size_t i = 0; i < count; i++)
        statuses[i] = (enum mh_status)mh_row_item(rows, 0, 0, i);
    request->reply.statuses = statuses;
    request->reply.count = count;
    return 0;
}

int mh_pg_finish_read(struct mh_pg_work *work, const struct mh_rows *rows,
                      struct mh_request *request)
{
    const struct mh_finish *finishes = request->in.finish.finishes;
    size_t count = request->in.finish.count;
    int r = read_statuses(rows, count, request);
    for (size_t i = 0; r == 0 && i < count; i++)
        mh_pairs_forget(&work->pairs, finishes[i].lease, &finishes[i].id);
    return r;
}

/* --- heartbeats */

void mh_pg_heartbeat_write(struct mh_pg_work *work, const struct mh_request *request,
                           struct mh_params *params)
{
    const struct mh_held *held = request->in.heartbeat.held;
    size_t count = request->in.heartbeat.count;
    mh_param_int4(params, request->in.heartbeat.worker);
    mh_param_array(params, MH_OID_INT8, count);
    for (size_t i = 0; i < count; i++)
        mh_item_int8(params, held[i].lease);
    mh_param_array(params, MH_OID_INT8, count);
    for (size_t i = 0; i < count; i++)
        mh_item_int8(params, mh_pairs_find(&work->pairs, held[i].lease, &held[i].id));
}

int mh_pg_heartbeat_read(struct mh_pg_work *work, const struct mh_rows *rows,
                         struct mh_request *request)
{
    if (rows->count < 1 || mh_row_is_null(rows, 0, 0)) {
        mh_pg_work_forget(work, request->in.heartbeat.worker);
        return mh_err_set(&request->reply.err, MH_ENOENT,
                          "this worker is not known any more: join again");
    }
    int r = read_statuses(rows, request->in.heartbeat.count, request);
    for (size_t i = 0; r == 0 && i < request->in.heartbeat.count; i++) {
        const struct mh_held *held = &request->in.heartbeat.held[i];
        if (request->reply.statuses[i] != MH_STATUS_PROCESSING)
            mh_pairs_forget(&work->pairs, held->lease, &held->id);
    }
    return r;
}

/* --- progress */

/* Messages and lines: absent where there are none. */
static void write_texts(const struct mh_note *notes, size_t count, struct mh_params *params)
{
    bool messages = false, logs = false;
    for (size_t i = 0; i < count; i++) {
        messages |= notes[i].message != NULL;
        logs |= notes[i].log != NULL;
    }
    if (messages)
        mh_param_array(params, MH_OID_TEXT, count);
    else
        mh_param_null(params);
    for (size_t i = 0; messages && i < count; i++)
        mh_item_text(params, notes[i].message);
    if (logs)
        mh_param_array(params, MH_OID_TEXT, count);
    else
        mh_param_null(params);
    for (size_t i = 0; logs && i < count; i++)
        if (notes[i].log != NULL)
            mh_item_textn(params, notes[i].log, notes[i].log_len);
        else
            mh_item_null(params);
}

void mh_pg_note_write(struct mh_pg_work *work, const struct mh_request *request,
                      struct mh_params *params)
{
    const struct mh_note *notes = request->in.note.notes;
    size_t count = request->in.note.count;
    mh_param_array(params, MH_OID_INT8, count);
    for (size_t i = 0; i < count; i++)
        mh_item_int8(params, notes[i].lease);
    mh_param_array(params, MH_OID_INT8, count);
    for (size_t i = 0; i < count; i++)
        mh_item_int8(params, mh_pairs_find(&work->pairs, notes[i].lease, &notes[i].id));
    mh_param_array(params, MH_OID_FLOAT4, count);
    for (size_t i = 0; i < count; i++)
        if (notes[i].progress >= 0)
            mh_item_real(params, notes[i].progress);
        else
            mh_item_null(params);
    write_texts(notes, count, params);
}

int mh_pg_note_read(struct mh_pg_work *work, const struct mh_rows *rows, struct mh_request *request)
{
    request->reply.count = (size_t)mh_row_int(rows, 0, 0, 0);
    request->reply.followed = mh_row_bool(rows, 0, 1);
    return 0;
}
