/* Dispatching, and what people do to jobs. */
#include <string.h>

#include "base/arena.h"
#include "store/postgres/work.h"

#define DEFAULT_ATTEMPTS 3

/* Which of the arrays that may be absent are needed, and of which one item is not enough. */
struct needs {
    bool tenants, types; /* there are several */
    bool priorities, attempts, delays, run_ats, keys, correlations, traceparents;
};

static struct needs look(const struct mh_dispatch *jobs, size_t count)
{
    struct needs needs = {0};
    for (size_t i = 0; i < count; i++) {
        needs.tenants |= !mh_uuid_equal(&jobs[i].tenant_id, &jobs[0].tenant_id);
        needs.types |= strcmp(jobs[i].type, jobs[0].type) != 0;
        needs.priorities |= jobs[i].priority >= 0;
        needs.attempts |= jobs[i].max_attempts != DEFAULT_ATTEMPTS;
        needs.delays |= jobs[i].delay_ms != 0;
        needs.run_ats |= jobs[i].run_at != 0;
        needs.keys |= jobs[i].unique_key != NULL;
        needs.correlations |= jobs[i].correlation_id != NULL;
        needs.traceparents |= jobs[i].traceparent != NULL;
    }
    return needs;
}

/* True when the items are to follow. */
static bool begin(struct mh_params *params, bool needed, enum mh_oid of, size_t count)
{
    if (needed)
        mh_param_array(params, of, count);
    else
        mh_param_null(params);
    return needed;
}

static void write_priority(struct mh_params *params, int priority)
{
    if (priority >= 0)
        mh_item_int4(params, priority);
    else
        mh_item_null(params);
}

static void write_numbers(const struct mh_dispatch *jobs, size_t count, const struct needs *needs,
                          struct mh_params *params)
{
    if (begin(params, needs->priorities, MH_OID_INT4, count))
        for (size_t i = 0; i < count; i++)
            write_priority(params, jobs[i].priority);
    if (begin(params, needs->attempts, MH_OID_INT4, count))
        for (size_t i = 0; i < count; i++)
            mh_item_int4(params, jobs[i].max_attempts);
    if (begin(params, needs->delays, MH_OID_INT8, count))
        for (size_t i = 0; i < count; i++)
            mh_item_int8(params, jobs[i].delay_ms);
    if (begin(params, needs->run_ats, MH_OID_TIMESTAMPTZ, count))
        for (size_t i = 0; i < count; i++)
            mh_item_time(params, jobs[i].run_at);
}

void mh_pg_dispatch_write(struct mh_pg_work *work, const struct mh_request *request,
                          struct mh_params *params)
{
    const struct mh_dispatch *jobs = request->in.dispatch.jobs;
    size_t count = request->in.dispatch.count;
    struct needs needs = look(jobs, count);
    mh_param_array(params, MH_OID_UUID, count);
    for (size_t i = 0; i < count; i++)
        mh_item_uuid(params, &jobs[i].id);
    size_t tenants = needs.tenants || count == 0 ? count : 1;
    size_t types = needs.types || count == 0 ? count : 1;
    mh_param_array(params, MH_OID_UUID, tenants);
    for (size_t i = 0; i < tenants; i++)
        mh_item_uuid(params, &jobs[i].tenant_id);
    mh_param_array(params, MH_OID_TEXT, types);
    for (size_t i = 0; i < types; i++)
        mh_item_text(params, jobs[i].type);
    mh_param_array(params, MH_OID_JSONB, count);
    for (size_t i = 0; i < count; i++)
        mh_item_json(params, jobs[i].payload, jobs[i].payload_len);
    write_numbers(jobs, count, &needs, params);
    if (begin(params, needs.keys, MH_OID_TEXT, count))
        for (size_t i = 0; i < count; i++)
            mh_item_text(params, jobs[i].unique_key);
    if (begin(params, needs.correlations, MH_OID_TEXT, count))
        for (size_t i = 0; i < count; i++)
            mh_item_text(params, jobs[i].correlation_id);
    if (begin(params, needs.traceparents, MH_OID_TEXT, count))
        for (size_t i = 0; i < count; i++)
            mh_item_text(params, jobs[i].traceparent);
}

int mh_pg_dispatch_read(struct mh_pg_work *work, const struct mh_rows *rows,
                        struct mh_request *request)
{
    size_t count = request->in.dispatch.count;
    struct mh_dispatched *ids = mh_pg_array(request, (int)count, sizeof *ids);
    if (ids == NULL) return MH_ENOMEM;
    for (size_t i = 0; i < count; i++)
        ids[i].id = request->in.dispatch.jobs[i].id;
    for (int row = 0; row < rows->count; row++) {
        size_t ordinal = (size_t)mh_row_int(rows, row, 0, 0);
        if (ordinal < 1 || ordinal > count) continue;
        ids[ordinal - 1] =
            (struct mh_dispatched){.id = mh_row_uuid(rows, row, 1), .standing = true};
    }
    request->reply.dispatched = ids;
    request->reply.count = count;
    return 0;
}

/* --- one by itself */

void mh_pg_dispatch_one_write(struct mh_pg_work *work, const struct mh_request *request,
                              struct mh_params *params)
{
    const struct mh_dispatch *job = request->in.dispatch.jobs;
    mh_param_uuid(params, &job->id);
    mh_param_uuid(params, &job->tenant_id);
    mh_param_text(params, job->type);
    mh_param_json(params, job->payload, job->payload_len);
    if (job->priority >= 0)
        mh_param_int4(params, job->priority);
    else
        mh_param_null(params);
    mh_param_int4(params, job->max_attempts);
    mh_param_int8(params, job->delay_ms);
    mh_param_time(params, job->run_at);
    mh_param_text(params, job->unique_key);
    mh_param_text(params, job->correlation_id);
    mh_param_text(params, job->traceparent);
}

int mh_pg_dispatch_one_read(struct mh_pg_work *work, const struct mh_rows *rows,
                            struct mh_request *request)
{
    const struct mh_uuid *own = &request->in.dispatch.jobs[0].id;
    struct mh_dispatched *given = mh_pg_array(request, 1, sizeof *given);
    if (given == NULL) return MH_ENOMEM;
    given->id = rows->count > 0 ? mh_row_uuid(rows, 0, 0) : *own;
    given->standing = !mh_uuid_equal(&given->id, own);
    request->reply.dispatched = given;
    request->reply.count = 1;
    return 0;
}

/* --- acts */

void mh_pg_act_write(struct mh_pg_work *work, const struct mh_request *request,
                     struct mh_params *params)
{
    mh_param_int2(params, request->in.act.act);
    mh_param_array(params, MH_OID_UUID, request->in.act.count);
    for (size_t i = 0; i < request->in.act.count; i++)
        mh_item_uuid(params, &request->in.act.ids[i]);
}

int mh_pg_act_read(struct mh_pg_work *work, const struct mh_rows *rows, struct mh_request *request)
{
    struct mh_acted *acts = mh_pg_array(request, rows->count, sizeof *acts);
    if (acts == NULL) return MH_ENOMEM;
    for (int row = 0; row < rows->count; row++) {
        acts[row].what = (int)mh_row_int(rows, row, 0, MH_ACTED_NOT_FOUND);
        acts[row].was = (enum mh_status)mh_row_int(rows, row, 1, MH_STATUS_NONE);
    }
    request->reply.acts = acts;
    request->reply.count = (size_t)rows->count;
    return 0;
}
