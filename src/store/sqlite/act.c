/* What people do to jobs. */
#include "base/arena.h"
#include "mh_sqlite_sql.h"
#include "store/sqlite/row.h"
#include "store/sqlite/work.h"

/* Each returns 0 and says in `acted` what it did, `was` being set. */
typedef int act_fn(struct mh_work *work, const struct mh_row *row, struct mh_acted *acted,
                   struct mh_err *err);

static int cancel(struct mh_work *work, const struct mh_row *row, struct mh_acted *acted,
                  struct mh_err *err)
{
    if (row->status == MH_STATUS_PENDING) return mh_row_cancel(work, row, err);
    if (row->status != MH_STATUS_PROCESSING) {
        acted->what = MH_ACTED_REFUSED;
        return 0;
    }
    const struct mh_failure failure = {.outcome = "cancelled"};
    int r = mh_row_note_attempt(work, row, &failure, err);
    if (r == 0) r = mh_row_cancel(work, row, err);
    if (r == 0) r = mh_lease_close(work, row->lease, err);
    work->news |= MH_NEWS_CANCELLED;
    return r;
}

/* 1: another unfinished job holds the row's unique key. */
static int key_is_taken(struct mh_work *work, const struct mh_row *row, struct mh_err *err)
{
    int64_t taken = 0;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_key_is_taken);
    mh_sql_int(&sql, row->seq);
    int r = mh_sql_number(&sql, &taken, err);
    return r < 0 ? r : taken != 0;
}

static int retry(struct mh_work *work, const struct mh_row *row, struct mh_acted *acted,
                 struct mh_err *err)
{
    if (row->status != MH_STATUS_FAILED && row->status != MH_STATUS_CANCELLED) {
        acted->what = MH_ACTED_REFUSED;
        return 0;
    }
    int r = key_is_taken(work, row, err);
    if (r > 0) acted->what = MH_ACTED_KEY_TAKEN;
    if (r != 0) return r < 0 ? r : 0;
    return mh_row_revive(work, row, err);
}

static int remove_job(struct mh_work *work, const struct mh_row *row, struct mh_acted *acted,
                      struct mh_err *err)
{
    if (row->status != MH_STATUS_PROCESSING) return mh_row_remove(work, row, err);
    acted->what = MH_ACTED_REFUSED;
    return 0;
}

static act_fn *const acts[] = {
    [MH_ACT_CANCEL] = cancel,
    [MH_ACT_RETRY] = retry,
    [MH_ACT_REMOVE] = remove_job,
};

static int act_on(struct mh_work *work, enum mh_act act, const struct mh_uuid *id,
                  struct mh_acted *ret_acted, struct mh_err *err)
{
    struct mh_row row;
    int r = mh_row_find(work, id, &row, err);
    if (r > 0 && work->tenant >= 0 && row.tenant != work->tenant) r = 0;
    if (r == 0) *ret_acted = (struct mh_acted){MH_ACTED_NOT_FOUND, MH_STATUS_NONE};
    if (r <= 0) return r;
    *ret_acted = (struct mh_acted){MH_ACTED, row.status};
    return acts[act](work, &row, ret_acted, err);
}

int mh_sqlite_act(struct mh_work *work, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    size_t count = request->in.act.count;
    struct mh_acted *acted = mh_arena_array(&request->arena, count, sizeof *acted);
    if (acted == NULL) return mh_err_set(err, MH_ENOMEM, "unable to act: out of memory");
    int r = 0;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = act_on(work, request->in.act.act, &request->in.act.ids[i], &acted[i], err);
    request->reply.acts = acted;
    request->reply.count = count;
    return r;
}
