/* The source of a move: what may leave, and what has left. */
#include "store/sqlite/move.h"

#include <string.h>

#include "base/arena.h"
#include "mh_sqlite_sql.h"
#include "store/sqlite/row.h"

static int no_memory(struct mh_err *err)
{
    return mh_err_set(err, MH_ENOMEM, "unable to move: out of memory");
}

static int read_id(const struct mh_sql *sql, struct mh_arena *arena, void *ret_item,
                   struct mh_err *err)
{
    *(struct mh_uuid *)ret_item = mh_sql_get_uuid(sql, 0);
    return 0;
}

/* --- who moves */

int mh_sqlite_move_identify(struct mh_work *work, struct mh_request *request)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_identity_read);
    return mh_sql_collect(&sql, &request->arena, sizeof(struct mh_uuid), read_id,
                          &request->reply.ids, &request->reply.count, &request->reply.err);
}

int mh_sqlite_move_begin(struct mh_work *work, struct mh_request *request)
{
    const struct mh_move *move = &request->in.move.move;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_mover_set);
    mh_sql_uuid(&sql, &move->peer);
    mh_sql_uuid(&sql, &move->run);
    return mh_sql_run(&sql, &request->reply.err);
}

int mh_move_check(struct mh_work *work, const struct mh_move *move, struct mh_err *err)
{
    int64_t ours = 0;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_mover_check);
    mh_sql_uuid(&sql, &move->peer);
    mh_sql_uuid(&sql, &move->run);
    int r = mh_sql_number(&sql, &ours, err);
    if (r < 0 || ours) return r < 0 ? r : 0;
    return mh_err_set(err, MH_ESTATE, "another move between these stores has begun since");
}

/* --- what may leave */

static int read_leaving(struct mh_work *work, int64_t seq, struct mh_arena *arena,
                        struct mh_leaving *ret_leaving, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_job_stamp);
    mh_sql_int(&sql, seq);
    int r = mh_sql_step(&sql, err);
    if (r > 0) {
        ret_leaving->id = mh_sql_get_uuid(&sql, 0);
        ret_leaving->has_history = mh_sql_get_int(&sql, 2) != 0;
        r = mh_sql_get_text(&sql, 1, arena, &ret_leaving->stamp, NULL, err);
    }
    mh_sql_end(&sql);
    return r;
}

/* 0 where the tenant is not there: none of its jobs is either. */
static int find_seqs(struct mh_work *work, const struct mh_export *export, struct mh_arena *arena,
                     struct mh_numbers *ret_seqs, struct mh_err *err)
{
    int64_t tenant = 0;
    if (export->tenant_id != NULL) {
        struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_tenant_find);
        mh_sql_uuid(&sql, export->tenant_id);
        int r = mh_sql_number(&sql, &tenant, err);
        if (r <= 0) return r;
    }
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_move_export);
    mh_sql_int(&sql, export->cursor);
    mh_sql_int(&sql, export->ended);
    if (export->tenant_id != NULL)
        mh_sql_int(&sql, tenant);
    else
        mh_sql_null(&sql);
    mh_sql_int(&sql, (int64_t) export->limit);
    return mh_sql_numbers(&sql, arena, ret_seqs, err);
}

int mh_sqlite_move_export(struct mh_work *work, struct mh_request *request)
{
    const struct mh_export *export = &request->in.move_export;
    struct mh_err *err = &request->reply.err;
    struct mh_numbers seqs = {0};
    int r = find_seqs(work, export, &request->arena, &seqs, err);
    struct mh_leaving *leaving = mh_arena_array(&request->arena, seqs.count, sizeof *leaving);
    if (leaving == NULL) return no_memory(err);
    for (size_t i = 0; r == 0 && i < seqs.count; i++)
        r = read_leaving(work, seqs.items[i], &request->arena, &leaving[i], err);
    request->reply.leaving = leaving;
    request->reply.count = seqs.count;
    if (seqs.count == export->limit) request->reply.cursor = seqs.items[seqs.count - 1];
    return r;
}

/* --- what leaves */

static int note_departure(struct mh_work *work, const char *text, const struct mh_move *move,
                          const struct mh_uuid *id, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, text);
    mh_sql_uuid(&sql, &move->peer);
    mh_sql_uuid(&sql, id);
    return mh_sql_run(&sql, err);
}

/* 1: erased, 0: it is not what it was. */
static int erase(struct mh_work *work, struct mh_arena *arena, const struct mh_move *move,
                 const struct mh_leaving *leaving, struct mh_err *err)
{
    struct mh_row row;
    struct mh_leaving now = {0};
    int r = mh_row_find(work, &leaving->id, &row, err);
    if (r <= 0) return r;
    r = read_leaving(work, row.seq, arena, &now, err);
    if (r < 0 || now.stamp == NULL || strcmp(now.stamp, leaving->stamp) != 0) return r;
    r = mh_row_remove(work, &row, err);
    if (r == 0) r = note_departure(work, mh_sqlite_sql_departure_add, move, &leaving->id, err);
    return r < 0 ? r : 1;
}

int mh_sqlite_move_erase(struct mh_work *work, struct mh_request *request)
{
    const struct mh_move *move = &request->in.move_erase.move;
    struct mh_err *err = &request->reply.err;
    int r = mh_move_check(work, move, err);
    for (size_t i = 0; r >= 0 && i < request->in.move_erase.count; i++) {
        const struct mh_leaving *leaving = &request->in.move_erase.leaving[i];
        if (leaving->stamp == NULL) continue;
        r = erase(work, &request->arena, move, leaving, err);
        if (r > 0) request->reply.count++;
    }
    return r < 0 ? r : 0;
}

/* --- what has left */

int mh_sqlite_move_erased(struct mh_work *work, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    int r = mh_move_check(work, &request->in.move.move, err);
    if (r < 0) return r;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_departures_read);
    mh_sql_uuid(&sql, &request->in.move.move.peer);
    mh_sql_int(&sql, (int64_t)request->in.move.limit);
    return mh_sql_collect(&sql, &request->arena, sizeof(struct mh_uuid), read_id,
                          &request->reply.ids, &request->reply.count, err);
}

int mh_sqlite_move_forget(struct mh_work *work, struct mh_request *request)
{
    const struct mh_move *move = &request->in.move.move;
    struct mh_err *err = &request->reply.err;
    int r = mh_move_check(work, move, err);
    for (size_t i = 0; r == 0 && i < request->in.move.count; i++)
        r = note_departure(work, mh_sqlite_sql_departure_remove, move, &request->in.move.ids[i],
                           err);
    return r;
}
