#include "store/sqlite/commit.h"

#include "base/clock.h"
#include "mh_sqlite_sql.h"
#include "store/sqlite/owned.h"
#include "store/sqlite/row.h"
#include "store/sqlite/work.h"

/* To add an operation: its record here and its prototype in work.h. */
static const struct {
    mh_operation_fn *run;
    bool writes;
} operations[MH_OP__COUNT] = {
    [MH_OP_DISPATCH] = {mh_sqlite_dispatch, true},
    [MH_OP_JOIN] = {mh_sqlite_join, true},
    [MH_OP_LEAVE] = {mh_sqlite_leave, true},
    [MH_OP_CLAIM] = {mh_sqlite_claim, true},
    [MH_OP_FINISH] = {mh_sqlite_finish, true},
    [MH_OP_HEARTBEAT] = {mh_sqlite_heartbeat, true},
    [MH_OP_NOTE] = {mh_sqlite_note, true},
    [MH_OP_RECLAIM] = {mh_sqlite_reclaim, true},
    [MH_OP_PRUNE] = {mh_sqlite_prune, true},
    [MH_OP_ACT] = {mh_sqlite_act, true},
    [MH_OP_LIST] = {mh_sqlite_list, false},
    [MH_OP_ATTEMPTS] = {mh_sqlite_attempts, false},
    [MH_OP_STATS] = {mh_sqlite_stats, false},
    [MH_OP_WORKERS] = {mh_sqlite_workers, false},
    [MH_OP_TYPE_LIST] = {mh_sqlite_type_list, false},
    [MH_OP_TYPE_PAUSE] = {mh_sqlite_type_pause, true},
    [MH_OP_TYPE_LIMIT] = {mh_sqlite_type_limit, true},
    [MH_OP_TENANT_ADD] = {mh_sqlite_tenant_add, true},
    [MH_OP_TENANT_LIST] = {mh_sqlite_tenant_list, false},
    [MH_OP_TENANT_REMOVE] = {mh_sqlite_tenant_remove, true},
    [MH_OP_SCHEDULE_LIST] = {mh_sqlite_schedule_list, false},
    [MH_OP_SCHEDULE_ADD] = {mh_sqlite_schedule_add, true},
    [MH_OP_SCHEDULE_CHANGE] = {mh_sqlite_schedule_change, true},
    [MH_OP_SCHEDULE_REMOVE] = {mh_sqlite_schedule_remove, true},
    [MH_OP_SCHEDULE_DUE] = {mh_sqlite_schedule_due, false},
    [MH_OP_SCHEDULE_FIRE] = {mh_sqlite_schedule_fire, true},
    [MH_OP_EVENTS] = {mh_sqlite_events, false},
    [MH_OP_FOLLOW] = {mh_sqlite_follow, true},
    [MH_OP_CREDENTIAL_LIST] = {mh_sqlite_credential_list, false},
    [MH_OP_CREDENTIAL_ADD] = {mh_sqlite_credential_add, true},
    [MH_OP_CREDENTIAL_CHANGE] = {mh_sqlite_credential_change, true},
    [MH_OP_CREDENTIAL_REMOVE] = {mh_sqlite_credential_remove, true},
    [MH_OP_CREDENTIAL_USE] = {mh_sqlite_credential_use, true},
    [MH_OP_PROJECT_LIST] = {mh_sqlite_project_list, false},
    [MH_OP_PROJECT_ADD] = {mh_sqlite_project_add, true},
    [MH_OP_PROJECT_REMOVE] = {mh_sqlite_project_remove, true},
    [MH_OP_PROJECT_MARK] = {mh_sqlite_project_mark, true},
    [MH_OP_PROJECT_SWEEP] = {mh_sqlite_project_sweep, true},
    [MH_OP_INDEX_BEGIN] = {mh_sqlite_index_begin, true},
    [MH_OP_INDEX_ADD] = {mh_sqlite_index_add, true},
    [MH_OP_INDEX_DROP] = {mh_sqlite_index_drop, true},
    [MH_OP_INDEX_PUBLISH] = {mh_sqlite_index_publish, true},
    [MH_OP_INDEX_SWEEP] = {mh_sqlite_index_sweep, true},
    [MH_OP_INDEX_GET] = {mh_sqlite_index_get, false},
    [MH_OP_INDEX_FILES] = {mh_sqlite_index_files, false},
    [MH_OP_INDEX_SYMBOLS] = {mh_sqlite_index_symbols, false},
    [MH_OP_INDEX_IMPORTS] = {mh_sqlite_index_imports, false},
    [MH_OP_INDEX_SEARCH] = {mh_sqlite_index_search, false},
    [MH_OP_BLUEPRINT_ADD] = {mh_sqlite_blueprint_add, true},
    [MH_OP_BLUEPRINT_LIST] = {mh_sqlite_blueprint_list, false},
    [MH_OP_MOVE_IDENTIFY] = {mh_sqlite_move_identify, false},
    [MH_OP_MOVE_BEGIN] = {mh_sqlite_move_begin, true},
    [MH_OP_MOVE_EXPORT] = {mh_sqlite_move_export, false},
    [MH_OP_MOVE_HOLD] = {mh_sqlite_move_hold, true},
    [MH_OP_MOVE_ERASE] = {mh_sqlite_move_erase, true},
    [MH_OP_MOVE_ERASED] = {mh_sqlite_move_erased, false},
    [MH_OP_MOVE_RELEASE] = {mh_sqlite_move_release, true},
    [MH_OP_MOVE_FORGET] = {mh_sqlite_move_forget, true},
    [MH_OP_MOVE_DROP] = {mh_sqlite_move_drop, true},
};

bool mh_commit_writes(enum mh_op op)
{
    return operations[op].writes;
}

static bool any_writes(const struct mh_request *requests)
{
    for (; requests != NULL; requests = requests->next)
        if (mh_commit_writes(requests->op)) return true;
    return false;
}

static int run_text(struct mh_db *db, const char *text, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(db, text);
    return mh_sql_run(&sql, err);
}

/* Of a tenant that is not there nobody is: a number that none has. */
static int find_asker(struct mh_work *work, const struct mh_request *request, struct mh_err *err)
{
    work->tenant = -1;
    if (request->asker == NULL || request->asker->sees_all) return 0;
    work->tenant = INT64_MAX;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_tenant_find);
    mh_sql_uuid(&sql, &request->asker->tenant_id);
    int r = mh_sql_number(&sql, &work->tenant, err);
    return r < 0 ? r : 0;
}

static int run_operation(struct mh_db *db, struct mh_request *request, int *news)
{
    struct mh_work work = {.db = db, .now = mh_clock_now_ms()};
    int r = find_asker(&work, request, &request->reply.err);
    if (r == 0) r = operations[request->op].run(&work, request);
    if (r == 0) r = mh_tally_write(&work, &request->reply.err);
    if (r == 0) r = mh_owned_write(&work, &request->reply.err);
    request->reply.code = r;
    if (request->reply.code == 0) *news |= work.news;
    return request->reply.code;
}

/* Carries out one request of a transaction. An error means that the transaction has failed. */
typedef int run_fn(struct mh_db *db, struct mh_request *request, int *news, struct mh_err *err);

static int run_bare(struct mh_db *db, struct mh_request *request, int *news, struct mh_err *err)
{
    int r = run_operation(db, request, news);
    if (r < 0) *err = request->reply.err;
    return r;
}

/* An operation that fails is undone, the transaction goes on. */
static int run_guarded(struct mh_db *db, struct mh_request *request, int *news, struct mh_err *err)
{
    int r = run_text(db, mh_sqlite_sql_savepoint, err);
    if (r < 0) return r;
    if (run_operation(db, request, news) < 0) {
        /* After some errors, as when the disk is full, SQLite has undone the whole transaction. */
        if (!mh_db_in_transaction(db)) {
            *err = request->reply.err;
            return request->reply.code;
        }
        r = run_text(db, mh_sqlite_sql_undo, err);
    }
    return r < 0 ? r : run_text(db, mh_sqlite_sql_release, err);
}

static int transact(struct mh_db *db, struct mh_request *requests, run_fn *run, int *ret_news,
                    struct mh_err *err)
{
    int news = 0;
    const char *begin = any_writes(requests) ? mh_sqlite_sql_begin_write : mh_sqlite_sql_begin_read;
    int r = run_text(db, begin, err);
    for (struct mh_request *request = requests; r == 0 && request != NULL; request = request->next)
        r = run(db, request, &news, err);
    if (r == 0) r = run_text(db, mh_sqlite_sql_commit, err);
    if (r == 0) *ret_news = news;
    if (r < 0) mh_db_roll_back(db);
    return r;
}

/* True where one of several operations failed; forgets what they answered. */
static bool one_of_several_failed(struct mh_request *requests)
{
    if (requests->next == NULL) return false;
    bool failed = false;
    for (; requests != NULL; requests = requests->next) {
        if (requests->reply.code < 0) failed = true;
        requests->reply = (struct mh_reply){0};
    }
    return failed;
}

/* A savepoint costs half of what a small operation does. So there is none at first, and where an
 * operation fails all are undone and done again with one for each. */
int mh_commit(struct mh_db *db, struct mh_request *requests)
{
    struct mh_err err = {0};
    int news = 0;
    int r = mh_db_check_file(db, &err);
    if (r == 0) r = transact(db, requests, run_bare, &news, &err);
    if (r < 0 && one_of_several_failed(requests))
        r = transact(db, requests, run_guarded, &news, &err);
    if (r == 0) return news;
    mh_commit_refuse(requests, &err);
    return 0;
}

void mh_commit_refuse(struct mh_request *requests, const struct mh_err *err)
{
    for (; requests != NULL; requests = requests->next)
        requests->reply = (struct mh_reply){.code = err->code, .err = *err};
}
