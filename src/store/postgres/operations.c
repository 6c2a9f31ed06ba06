#include "base/arena.h"
#include "mh_pg_sql.h"
#include "store/postgres/work.h"
#include "store/request.h"

#define URGENT_MAX 10 /* jobs */

#define ID_TAKEN "unable to dispatch: an id is in use"

/* Of what goes to the back; the rest is quick and writes. */
#define READS       .is_back = true, .reads = true
#define READS_LONG  READS, .is_long = true
#define WRITES      .is_back = true
#define WRITES_LONG WRITES, .is_long = true

const struct mh_pg_operation mh_pg_operations[MH_PG__COUNT] = {
    [MH_OP_DISPATCH] = {mh_pg_sql_dispatch, mh_pg_dispatch_write, mh_pg_dispatch_read,
                        .taken = ID_TAKEN},
    [MH_PG_DISPATCH_ONE] = {mh_pg_sql_dispatch_one, mh_pg_dispatch_one_write,
                            mh_pg_dispatch_one_read, .taken = ID_TAKEN},
    [MH_OP_JOIN] = {mh_pg_sql_join, mh_pg_join_write, mh_pg_join_read},
    [MH_OP_LEAVE] = {mh_pg_sql_leave, mh_pg_leave_write, mh_pg_leave_read},
    [MH_OP_CLAIM] = {mh_pg_sql_claim, mh_pg_claim_write, mh_pg_claim_read},
    [MH_OP_FINISH] = {mh_pg_sql_finish, mh_pg_finish_write, mh_pg_finish_read},
    [MH_OP_HEARTBEAT] = {mh_pg_sql_heartbeat, mh_pg_heartbeat_write, mh_pg_heartbeat_read},
    [MH_OP_NOTE] = {mh_pg_sql_note, mh_pg_note_write, mh_pg_note_read},
    [MH_OP_RECLAIM] = {mh_pg_sql_reclaim, mh_pg_reclaim_write, mh_pg_count_read, WRITES_LONG},
    [MH_OP_PRUNE] = {mh_pg_sql_prune, mh_pg_prune_write, mh_pg_count_read, WRITES_LONG},
    [MH_OP_ACT] = {mh_pg_sql_act, mh_pg_act_write, mh_pg_act_read, WRITES_LONG},
    [MH_OP_LIST] = {mh_pg_sql_list, mh_pg_list_write, mh_pg_list_read, READS_LONG},
    [MH_OP_ATTEMPTS] = {mh_pg_sql_attempts, mh_pg_attempts_write, mh_pg_attempts_read, READS},
    [MH_OP_STATS] = {mh_pg_sql_stats, mh_pg_stats_write, mh_pg_stats_read, READS_LONG},
    [MH_OP_WORKERS] = {mh_pg_sql_workers, NULL, mh_pg_workers_read, READS},
    [MH_OP_TYPE_LIST] = {mh_pg_sql_type_list, NULL, mh_pg_type_list_read, READS_LONG},
    [MH_OP_TYPE_PAUSE] = {mh_pg_sql_type_pause, mh_pg_type_pause_write, NULL, WRITES},
    [MH_OP_TYPE_LIMIT] = {mh_pg_sql_type_limit, mh_pg_type_limit_write, NULL, WRITES_LONG},
    [MH_OP_TENANT_ADD] = {mh_pg_sql_tenant_add, mh_pg_tenant_add_write, mh_pg_tenants_read, WRITES,
                          .taken = "unable to add the tenant: its name or id is taken"},
    [MH_OP_TENANT_LIST] = {mh_pg_sql_tenant_list, NULL, mh_pg_tenants_read, READS},
    [MH_OP_TENANT_REMOVE] = {mh_pg_sql_tenant_remove, mh_pg_tenant_remove_write, mh_pg_count_read,
                             WRITES_LONG},
    [MH_OP_SCHEDULE_LIST] = {mh_pg_sql_schedule_list, mh_pg_schedule_list_write,
                             mh_pg_schedules_read, READS},
    [MH_OP_SCHEDULE_ADD] = {mh_pg_sql_schedule_add, mh_pg_schedule_add_write, NULL, WRITES,
                            .taken = "unable to add the schedule: there is one of this name"},
    [MH_OP_SCHEDULE_CHANGE] = {mh_pg_sql_schedule_change, mh_pg_schedule_change_write,
                               mh_pg_count_read, WRITES},
    [MH_OP_SCHEDULE_REMOVE] = {mh_pg_sql_schedule_remove, mh_pg_schedule_remove_write,
                               mh_pg_count_read, WRITES},
    [MH_OP_SCHEDULE_DUE] = {mh_pg_sql_schedule_due, mh_pg_schedule_due_write, mh_pg_schedules_read,
                            READS},
    [MH_OP_SCHEDULE_FIRE] = {mh_pg_sql_schedule_fire, mh_pg_schedule_fire_write,
                             mh_pg_schedule_fire_read, WRITES, .taken = ID_TAKEN},
    [MH_OP_EVENTS] = {mh_pg_sql_events, mh_pg_events_write, mh_pg_events_read, READS},
    [MH_OP_FOLLOW] = {mh_pg_sql_follow_events, NULL, NULL, WRITES},
    [MH_OP_CREDENTIAL_LIST] = {mh_pg_sql_credential_list, mh_pg_credential_list_write,
                               mh_pg_credentials_read, READS},
    [MH_OP_CREDENTIAL_ADD] = {mh_pg_sql_credential_add, mh_pg_credential_add_write, NULL, WRITES,
                              .taken = "unable to add the credential: there is one of this name"},
    [MH_OP_CREDENTIAL_CHANGE] = {mh_pg_sql_credential_change, mh_pg_credential_change_write,
                                 mh_pg_count_read, WRITES},
    [MH_OP_CREDENTIAL_REMOVE] = {mh_pg_sql_credential_remove, mh_pg_credential_remove_write,
                                 mh_pg_count_read, WRITES},
    [MH_OP_CREDENTIAL_USE] = {mh_pg_sql_credential_use, mh_pg_credential_use_write,
                              mh_pg_credentials_read, WRITES},
    [MH_OP_PROJECT_LIST] = {mh_pg_sql_project_list, mh_pg_project_list_write, mh_pg_projects_read,
                            READS},
    [MH_OP_PROJECT_ADD] = {mh_pg_sql_project_add, mh_pg_project_add_write, NULL, WRITES,
                           .taken = "unable to add the project: there is one of this name or id"},
    [MH_OP_PROJECT_REMOVE] = {mh_pg_sql_project_remove, mh_pg_project_remove_write,
                              mh_pg_count_read, WRITES},
    [MH_OP_PROJECT_MARK] = {mh_pg_sql_project_mark, mh_pg_project_mark_write, mh_pg_count_read,
                            WRITES},
    [MH_OP_PROJECT_SWEEP] = {mh_pg_sql_project_sweep, NULL, mh_pg_count_read, WRITES},
    [MH_OP_INDEX_BEGIN] = {mh_pg_sql_index_begin, mh_pg_index_begin_write, mh_pg_index_begin_read,
                           WRITES_LONG},
    [MH_OP_INDEX_ADD] = {mh_pg_sql_index_add, mh_pg_index_add_write, NULL, WRITES_LONG},
    [MH_OP_INDEX_DROP] = {mh_pg_sql_index_drop, mh_pg_index_drop_write, mh_pg_count_read,
                          WRITES_LONG},
    [MH_OP_INDEX_PUBLISH] = {mh_pg_sql_index_publish, mh_pg_index_publish_write, NULL, WRITES},
    [MH_OP_INDEX_SWEEP] = {mh_pg_sql_index_sweep, mh_pg_index_sweep_write, mh_pg_count_read,
                           WRITES_LONG},
    [MH_OP_INDEX_GET] = {mh_pg_sql_index_get, mh_pg_index_get_write, mh_pg_index_get_read, READS},
    [MH_OP_INDEX_FILES] = {mh_pg_sql_index_files, mh_pg_index_files_write, mh_pg_index_files_read,
                           READS_LONG},
    [MH_OP_INDEX_SYMBOLS] = {mh_pg_sql_index_symbols, mh_pg_index_parts_write,
                             mh_pg_index_symbols_read, READS_LONG},
    [MH_OP_INDEX_IMPORTS] = {mh_pg_sql_index_imports, mh_pg_index_parts_write,
                             mh_pg_index_imports_read, READS_LONG},
    [MH_OP_INDEX_SEARCH] = {mh_pg_sql_index_search, mh_pg_index_search_write,
                            mh_pg_index_search_read, READS_LONG},
    [MH_OP_BLUEPRINT_ADD] = {mh_pg_sql_blueprint_add, mh_pg_blueprint_add_write, mh_pg_count_read,
                             WRITES_LONG},
    [MH_OP_BLUEPRINT_LIST] = {mh_pg_sql_blueprint_list, mh_pg_blueprint_list_write,
                              mh_pg_blueprint_list_read, READS_LONG},
    [MH_OP_MOVE_IDENTIFY] = {mh_pg_sql_move_identify, NULL, mh_pg_move_ids_read, READS},
    [MH_OP_MOVE_BEGIN] = {mh_pg_sql_move_begin, mh_pg_move_begin_write, NULL, WRITES_LONG},
    [MH_OP_MOVE_EXPORT] = {mh_pg_sql_move_export, mh_pg_move_export_write, mh_pg_move_export_read,
                           READS_LONG},
    [MH_OP_MOVE_HOLD] = {mh_pg_sql_move_hold, mh_pg_move_hold_write, mh_pg_move_hold_read,
                         WRITES_LONG, .taken = "unable to move: an id is in use"},
    [MH_OP_MOVE_ERASE] = {mh_pg_sql_move_erase, mh_pg_move_erase_write, mh_pg_count_read,
                          WRITES_LONG},
    [MH_OP_MOVE_ERASED] = {mh_pg_sql_move_erased, mh_pg_move_limit_write, mh_pg_move_ids_read,
                           WRITES},
    [MH_OP_MOVE_RELEASE] = {mh_pg_sql_move_release, mh_pg_move_ids_write, mh_pg_count_read,
                            WRITES_LONG},
    [MH_OP_MOVE_FORGET] = {mh_pg_sql_move_forget, mh_pg_move_ids_write, NULL, WRITES},
    [MH_OP_MOVE_DROP] = {mh_pg_sql_move_drop, mh_pg_move_limit_write, mh_pg_count_read,
                         WRITES_LONG},
    [MH_PG_CLAIM_ALONE] = {mh_pg_sql_claim_alone, mh_pg_claim_write, mh_pg_claim_read},
    [MH_PG_CLAIM_FIRST] = {mh_pg_sql_claim_first, mh_pg_claim_write, mh_pg_claim_read},
    [MH_PG_FLUSH] = {mh_pg_sql_flush, NULL, NULL, .reads = true},
    [MH_PG_DISOWN] = {mh_pg_sql_disown, mh_pg_disown_write, mh_pg_disown_read},
    [MH_PG_LISTEN] = {mh_pg_sql_listen, NULL, NULL, READS},
    [MH_PG_SLEEP] = {mh_pg_sql_sleep, NULL, mh_pg_bool_read, READS},
    [MH_PG_AWAKE] = {mh_pg_sql_awake, NULL, NULL, READS},
    [MH_PG_FOLLOW] = {mh_pg_sql_follow, NULL, NULL, READS},
    [MH_PG_SPEAK] = {mh_pg_sql_speak, NULL, NULL, READS},
};

int mh_pg_op(const struct mh_request *request)
{
    bool one = request->op == MH_OP_DISPATCH && request->in.dispatch.count == 1;
    return one ? (int)MH_PG_DISPATCH_ONE : (int)request->op;
}

bool mh_pg_is_back(const struct mh_request *request)
{
    return mh_pg_operations[request->op].is_back && !mh_request_is_look(request);
}

bool mh_pg_is_long(const struct mh_request *request)
{
    return mh_pg_operations[request->op].is_long && !mh_request_is_look(request);
}

bool mh_pg_is_urgent(const struct mh_request *request)
{
    return request->op == MH_OP_ACT && request->in.act.count <= URGENT_MAX;
}

void *mh_pg_array(struct mh_request *request, int count, size_t size)
{
    void *items = mh_arena_array(&request->arena, (size_t)count, size);
    if (items == NULL)
        (void)mh_err_set(&request->reply.err, MH_ENOMEM,
                         "unable to read the store's answer: out of memory");
    return items;
}

int mh_pg_count_read(struct mh_pg_work *work, const struct mh_rows *rows,
                     struct mh_request *request)
{
    request->reply.count = rows->count > 0 ? (size_t)mh_row_int(rows, 0, 0, 0) : 0;
    return 0;
}

int mh_pg_bool_read(struct mh_pg_work *work, const struct mh_rows *rows, struct mh_request *request)
{
    request->reply.count = rows->count > 0 && mh_row_bool(rows, 0, 0) ? 1 : 0;
    return 0;
}
