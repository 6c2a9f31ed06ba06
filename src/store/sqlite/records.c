/* Small records: tenants, and what is set for a type. */
#include "base/arena.h"
#include "mh_sqlite_sql.h"
#include "store/sqlite/owned.h"
#include "store/sqlite/place.h"
#include "store/sqlite/span.h"
#include "store/sqlite/work.h"

/* --- types */

/* To pause a type that is not known yet makes it known; to resume one does not. */
int mh_sqlite_type_pause(struct mh_work *work, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    if (request->in.type_pause.paused) {
        int64_t id = 0;
        int r = mh_place_type(work, request->in.type_pause.type, &id, err);
        if (r < 0) return r;
    } else {
        work->news |= MH_NEWS_DUE;
    }
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_type_pause);
    mh_sql_text(&sql, request->in.type_pause.type);
    mh_sql_int(&sql, request->in.type_pause.paused);
    return mh_sql_run(&sql, err);
}

static int set_gate(struct mh_work *work, int64_t type, const struct mh_limits *limits,
                    struct mh_err *err)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_gate_set);
    mh_sql_int(&sql, type);
    mh_sql_int(&sql, limits->max);
    mh_sql_int(&sql, limits->per_tenant);
    mh_sql_int(&sql, limits->per_key);
    mh_sql_text(&sql, limits->key);
    int r = mh_sql_run(&sql, err);
    if (r < 0) return r;
    sql = mh_sql(work->db, mh_sqlite_sql_gate_sweep);
    mh_sql_int(&sql, type);
    return mh_sql_run(&sql, err);
}

/* Waiting jobs are grouped anew, running ones too: they count at once. Those of a type without
 * limits may stay in their spans. */
static int group_jobs(struct mh_work *work, int64_t type, struct mh_arena *arena,
                      struct mh_err *err)
{
    int64_t max_running;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_gate_read);
    mh_sql_int(&sql, type);
    int r = mh_sql_number(&sql, &max_running, err);
    if (r > 0) r = mh_span_settle_type(work, type, arena, err);
    if (r < 0) return r;
    sql = mh_sql(work->db, mh_sqlite_sql_jobs_group);
    mh_sql_int(&sql, type);
    return mh_sql_run(&sql, err);
}

int mh_sqlite_type_limit(struct mh_work *work, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    int64_t type = 0;
    int r = mh_place_type(work, request->in.type_limit.type, &type, err);
    if (r == 0) r = set_gate(work, type, &request->in.type_limit.limits, err);
    if (r == 0) r = group_jobs(work, type, &request->arena, err);
    work->news |= MH_NEWS_DUE;
    return r;
}

/* --- tenants */

int mh_sqlite_tenant_add(struct mh_work *work, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    struct mh_tenant *tenant = mh_arena_alloc(&request->arena, sizeof *tenant);
    if (tenant == NULL) return mh_err_set(err, MH_ENOMEM, "unable to add a tenant: out of memory");
    *tenant = request->in.tenant_add;
    tenant->created_at = work->now;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_tenant_add);
    mh_sql_uuid(&sql, &tenant->id);
    mh_sql_text(&sql, tenant->name);
    mh_sql_int(&sql, tenant->plan);
    mh_sql_int(&sql, tenant->created_at);
    int r = mh_sql_run(&sql, err);
    if (r == MH_EEXIST)
        return mh_err_set(err, r, "unable to add tenant %s: its name or id is taken", tenant->name);
    request->reply.tenants = tenant;
    request->reply.count = 1;
    return r;
}

static int read_tenant(const struct mh_sql *sql, struct mh_arena *arena, void *ret_item,
                       struct mh_err *err)
{
    struct mh_tenant *tenant = ret_item;
    *tenant = (struct mh_tenant){
        .id = mh_sql_get_uuid(sql, 0),
        .plan = (enum mh_plan)mh_sql_get_int(sql, 2),
        .created_at = mh_sql_get_int(sql, 3),
    };
    return mh_sql_get_text(sql, 1, arena, &tenant->name, NULL, err);
}

int mh_sqlite_tenant_list(struct mh_work *work, struct mh_request *request)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_tenant_list);
    return mh_sql_collect(&sql, &request->arena, sizeof(struct mh_tenant), read_tenant,
                          &request->reply.tenants, &request->reply.count, &request->reply.err);
}

/* Children before parents: the later statements name what the earlier ones look up. */
static const char *const removals[] = {
    mh_sqlite_sql_tenant_attempts_remove,
    mh_sqlite_sql_tenant_payloads_remove,
    mh_sqlite_sql_tenant_results_remove,
    mh_sqlite_sql_tenant_jobs_remove,
    mh_sqlite_sql_tenant_owned_remove,
    mh_sqlite_sql_tenant_tally_subtract,
    mh_sqlite_sql_tenant_tally_remove,
    mh_sqlite_sql_tenant_schedules_remove,
    mh_sqlite_sql_tenant_credentials_remove,
    mh_sqlite_sql_tenant_projects_remove,
    mh_sqlite_sql_tenant_remove,
};

static int remove_tenant(struct mh_work *work, int64_t tenant, size_t *ret_jobs, struct mh_err *err)
{
    size_t jobs = 0;
    for (size_t i = 0; i < MH_LEN(removals); i++) {
        struct mh_sql sql = mh_sql(work->db, removals[i]);
        mh_sql_int(&sql, tenant);
        int r = mh_sql_run(&sql, err);
        if (r < 0) return r;
        if (removals[i] == mh_sqlite_sql_tenant_jobs_remove) jobs = (size_t)mh_db_changes(work->db);
    }
    *ret_jobs = jobs;
    return 0;
}

/* Workers may run jobs of it: those are told as if the jobs had been cancelled, and others that a
 * limit of a type may leave room now. */
int mh_sqlite_tenant_remove(struct mh_work *work, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    if (mh_uuid_equal(&request->in.tenant_remove.id, &mh_uuid_zero))
        return mh_err_set(err, MH_ESTATE, "the default tenant cannot be removed");
    struct mh_place place = {0};
    int r = mh_place_tenant(work, &place, &request->in.tenant_remove.id, err);
    if (r == 0) r = mh_owned_complete(work, err);
    if (r == 0) r = mh_span_leave_tenant(work, place.tenant, err);
    if (r == 0) r = remove_tenant(work, place.tenant, &request->reply.count, err);
    if (r < 0) return r;
    work->news |= MH_NEWS_CANCELLED | MH_NEWS_DUE;
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_leases_sweep);
    return mh_sql_run(&sql, err);
}
