/* The operations: each is one statement, its parameters made from the request, the reply made from
 * its rows.
 *
 * To add one: sql/NAME.sql, the two functions here, and its row in operations.c. Replies may point
 * into the rows, which live until the reply has been given. */
#ifndef MH_PG_WORK_H
#define MH_PG_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/backend.h"
#include "store/postgres/pairs.h"
#include "store/postgres/params.h"
#include "store/postgres/rows.h"

/* What this process knows of the store between operations. */
struct mh_pg_work {
    struct mh_pairs pairs;
    struct mh_buf cursor; /* of the last claim, as the server gave it; empty: none */
    bool has_claimed;     /* in this session */
    struct mh_pg_name *names;
    int doubts; /* so many more times it is to be asked whether workers hold what they do not know
                 */
};

void mh_pg_work_init(struct mh_pg_work *work);
void mh_pg_work_release(struct mh_pg_work *work);

/* The worker is gone, and its leases. */
void mh_pg_work_forget(struct mh_pg_work *work, int64_t worker);

/* The number of the first, second … of the workers that joined here; 0 past the last. */
int64_t mh_pg_work_worker(const struct mh_pg_work *work, size_t index);

/* Operations of our own, numbered on from those of the store. */
enum mh_pg_op {
    MH_PG_DISOWN = MH_OP__COUNT, /* in.leave: gives back what the worker holds and does not know */
    MH_PG_DISPATCH_ONE,          /* what a dispatch of one job is sent as */
    MH_PG_CLAIM_ALONE,           /* what a claim alone in its group is sent as */
    MH_PG_CLAIM_FIRST,           /* and that one, where it is the session's first claim */
    MH_PG_FLUSH,                 /* durable.c's */
    MH_PG_LISTEN,                /* these four are news.c's */
    MH_PG_SLEEP,                 /* count: 1 once surely seen */
    MH_PG_AWAKE,
    MH_PG_FOLLOW,
    MH_PG_SPEAK, /* wire.c's: says whom the rest of its group is for; never queued */
    MH_PG__COUNT,
};

/* Puts the parameters in the order of their numbers. */
typedef void mh_pg_write_fn(struct mh_pg_work *work, const struct mh_request *request,
                            struct mh_params *params);

/* Fills the reply of what has been committed. 0, or negative with reply.err filled. */
typedef int mh_pg_read_fn(struct mh_pg_work *work, const struct mh_rows *rows,
                          struct mh_request *request);

struct mh_pg_operation {
    const char *text;
    mh_pg_write_fn *write; /* NULL: no parameters */
    mh_pg_read_fn *read;   /* NULL: the reply is empty */
    bool is_back;          /* for the connection that nobody's lease hangs on */
    bool is_long;          /* may take minutes; goes alone */
    bool reads;            /* nothing is lost where it is not carried out */
    const char *taken;     /* what to say where something must be unique and is not */
};

/* By enum mh_op and mh_pg_op. */
extern const struct mh_pg_operation mh_pg_operations[MH_PG__COUNT];

/* The number of the operation that the request is sent as. */
int mh_pg_op(const struct mh_request *request);

/* What holds of one request. A look at a job never waits behind a page of them. */
bool mh_pg_is_back(const struct mh_request *request);
bool mh_pg_is_long(const struct mh_request *request);

/* What a person does to a job or a few, and waits for: it overtakes the pages and counts that stand
 * in the queue. */
bool mh_pg_is_urgent(const struct mh_request *request);

/* Reserves the array of a reply; reports out of memory. */
void *mh_pg_array(struct mh_request *request, int count, size_t size);

mh_pg_write_fn mh_pg_dispatch_write, mh_pg_dispatch_one_write, mh_pg_join_write, mh_pg_leave_write,
    mh_pg_disown_write, mh_pg_claim_write, mh_pg_finish_write, mh_pg_heartbeat_write,
    mh_pg_note_write, mh_pg_reclaim_write, mh_pg_prune_write, mh_pg_act_write, mh_pg_list_write,
    mh_pg_attempts_write, mh_pg_stats_write, mh_pg_type_pause_write, mh_pg_type_limit_write,
    mh_pg_tenant_add_write, mh_pg_tenant_remove_write, mh_pg_schedule_list_write,
    mh_pg_schedule_add_write, mh_pg_schedule_change_write, mh_pg_schedule_remove_write,
    mh_pg_schedule_due_write, mh_pg_schedule_fire_write;
mh_pg_read_fn mh_pg_dispatch_read, mh_pg_dispatch_one_read, mh_pg_join_read, mh_pg_leave_read,
    mh_pg_disown_read, mh_pg_claim_read, mh_pg_finish_read, mh_pg_heartbeat_read, mh_pg_act_read,
    mh_pg_list_read, mh_pg_attempts_read, mh_pg_stats_read, mh_pg_workers_read,
    mh_pg_type_list_read, mh_pg_tenants_read, mh_pg_schedules_read, mh_pg_schedule_fire_read;

mh_pg_write_fn mh_pg_events_write;
mh_pg_read_fn mh_pg_events_read, mh_pg_note_read;

mh_pg_write_fn mh_pg_credential_list_write, mh_pg_credential_add_write,
    mh_pg_credential_change_write, mh_pg_credential_remove_write, mh_pg_credential_use_write,
    mh_pg_project_list_write, mh_pg_project_add_write, mh_pg_project_remove_write,
    mh_pg_project_mark_write;
mh_pg_read_fn mh_pg_credentials_read, mh_pg_projects_read;

mh_pg_write_fn mh_pg_move_begin_write, mh_pg_move_limit_write, mh_pg_move_ids_write,
    mh_pg_move_export_write, mh_pg_move_erase_write, mh_pg_move_hold_write;
mh_pg_read_fn mh_pg_move_ids_read, mh_pg_move_export_read, mh_pg_move_hold_read;

mh_pg_write_fn mh_pg_index_begin_write, mh_pg_index_add_write, mh_pg_index_drop_write,
    mh_pg_index_publish_write, mh_pg_index_sweep_write, mh_pg_index_get_write,
    mh_pg_index_files_write, mh_pg_index_parts_write, mh_pg_index_search_write;
mh_pg_read_fn mh_pg_index_begin_read, mh_pg_index_get_read, mh_pg_index_files_read,
    mh_pg_index_symbols_read, mh_pg_index_imports_read, mh_pg_index_search_read;

mh_pg_write_fn mh_pg_blueprint_add_write, mh_pg_blueprint_list_write;
mh_pg_read_fn mh_pg_blueprint_list_read;

/* For answers that are one number: it becomes the reply's count. */
mh_pg_read_fn mh_pg_count_read;

/* For those that are true or false: the reply's count is 1 or 0. */
mh_pg_read_fn mh_pg_bool_read;

#endif
