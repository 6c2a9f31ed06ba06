/* The operations, each within a transaction that its caller (commit.c) begins and ends.
 *
 * An operation reads its input from the request, writes its reply there, both in the request's
 * arena, and returns 0 or a negative code with reply.err filled; what it wrote to the file is then
 * undone. It runs on the thread that owns `db`. */
#ifndef MH_SQLITE_WORK_H
#define MH_SQLITE_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "store/backend.h"
#include "store/sqlite/db.h"

#define MH_TALLY_SLOTS 128

/* Changes of the tally that are not written yet: those of neighbours are often alike. */
struct mh_tally {
    uint64_t used[MH_TALLY_SLOTS / 64]; /* a bit for each slot */
    struct mh_tally_slot {
        int64_t tenant, lane;
        int32_t n[MH_STATUS__COUNT];
    } slots[MH_TALLY_SLOTS];
};

struct mh_work {
    struct mh_db *db;
    int64_t now;    /* one time for the whole operation */
    int64_t tenant; /* whose jobs and schedules the asker may see; negative: all */
    int news;       /* what it made happen, a mask of enum mh_news */
    enum { MH_FOLLOWED_UNKNOWN, MH_FOLLOWED, MH_FOLLOWED_NOT } followed;
    int64_t first_added, last_added; /* seqs of jobs, see owned.h; 0: none */
    struct mh_tally tenants; /* where there are many of these, those of all are still alike */
    struct mh_tally all;
};

typedef int mh_operation_fn(struct mh_work *work, struct mh_request *request);

mh_operation_fn mh_sqlite_dispatch;
mh_operation_fn mh_sqlite_join;
mh_operation_fn mh_sqlite_leave;
mh_operation_fn mh_sqlite_claim;
mh_operation_fn mh_sqlite_finish;
mh_operation_fn mh_sqlite_heartbeat;
mh_operation_fn mh_sqlite_note;
mh_operation_fn mh_sqlite_reclaim;
mh_operation_fn mh_sqlite_prune;
mh_operation_fn mh_sqlite_act;
mh_operation_fn mh_sqlite_list;
mh_operation_fn mh_sqlite_attempts;
mh_operation_fn mh_sqlite_stats;
mh_operation_fn mh_sqlite_workers;
mh_operation_fn mh_sqlite_type_list;
mh_operation_fn mh_sqlite_type_pause;
mh_operation_fn mh_sqlite_type_limit;
mh_operation_fn mh_sqlite_tenant_add;
mh_operation_fn mh_sqlite_tenant_list;
mh_operation_fn mh_sqlite_tenant_remove;
mh_operation_fn mh_sqlite_schedule_list;
mh_operation_fn mh_sqlite_schedule_add;
mh_operation_fn mh_sqlite_schedule_change;
mh_operation_fn mh_sqlite_schedule_remove;
mh_operation_fn mh_sqlite_schedule_due;
mh_operation_fn mh_sqlite_schedule_fire;
mh_operation_fn mh_sqlite_events;
mh_operation_fn mh_sqlite_follow;

/* Dispatches in the operation that is under way; answers as mh_store_dispatch. */
int mh_sqlite_dispatch_jobs(struct mh_work *work, const struct mh_dispatch *jobs, size_t count,
                            struct mh_request *request) MH_MUST_CHECK;
mh_operation_fn mh_sqlite_credential_list;
mh_operation_fn mh_sqlite_credential_add;
mh_operation_fn mh_sqlite_credential_change;
mh_operation_fn mh_sqlite_credential_remove;
mh_operation_fn mh_sqlite_credential_use;
mh_operation_fn mh_sqlite_project_list;
mh_operation_fn mh_sqlite_project_add;
mh_operation_fn mh_sqlite_project_remove;
mh_operation_fn mh_sqlite_project_mark;
mh_operation_fn mh_sqlite_project_sweep;
mh_operation_fn mh_sqlite_index_begin;
mh_operation_fn mh_sqlite_index_add;
mh_operation_fn mh_sqlite_index_drop;
mh_operation_fn mh_sqlite_index_publish;
mh_operation_fn mh_sqlite_index_sweep;
mh_operation_fn mh_sqlite_index_get;
mh_operation_fn mh_sqlite_index_files;
mh_operation_fn mh_sqlite_index_symbols;
mh_operation_fn mh_sqlite_index_imports;
mh_operation_fn mh_sqlite_index_search;
mh_operation_fn mh_sqlite_blueprint_add;
mh_operation_fn mh_sqlite_blueprint_list;

/* The number of a project of the tenant of a job that is processing: else MH_ESTATE, MH_ENOENT. */
int mh_sqlite_project_of_job(struct mh_work *work, const struct mh_uuid *job_id,
                             const struct mh_uuid *project_id, int64_t *ret_number,
                             struct mh_err *err) MH_MUST_CHECK;

/* The index of a project, of one tenant or (NULL) any; MH_ENOENT: there is none, and err is not
 * filled. */
int mh_sqlite_index_find(struct mh_work *work, struct mh_request *request,
                         const struct mh_uuid *tenant_id, const struct mh_uuid *project_id,
                         struct mh_index *ret_index) MH_MUST_CHECK;

mh_operation_fn mh_sqlite_move_identify;
mh_operation_fn mh_sqlite_move_begin;
mh_operation_fn mh_sqlite_move_export;
mh_operation_fn mh_sqlite_move_hold;
mh_operation_fn mh_sqlite_move_erase;
mh_operation_fn mh_sqlite_move_erased;
mh_operation_fn mh_sqlite_move_release;
mh_operation_fn mh_sqlite_move_forget;
mh_operation_fn mh_sqlite_move_drop;

#endif
