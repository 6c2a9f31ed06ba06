/* Events of jobs. */
#include "base/arena.h"
#include "store/postgres/work.h"

/* Columns of mh_events. The first two stand in the first row alone, which has no others. */
enum {
    CURSOR,
    GAP,
    POS,
    PLACE,
    KIND,
    AT,
    ID,
    TENANT_ID,
    TYPE,
    WORKER_ID,
    ATTEMPTS,
    PROGRESS,
    TEXT,
    NEXT_RETRY_AT,
};

void mh_pg_events_write(struct mh_pg_work *work, const struct mh_request *request,
                        struct mh_params *params)
{
    const struct mh_event_filter *filter = &request->in.events;
    mh_param_int8(params, filter->after_pos);
    mh_param_int4(params, filter->after_index);
    mh_param_uuid(params, filter->job_id);
    mh_param_int4(params, (int64_t)filter->limit);
}

static void read_event(const struct mh_rows *rows, int row, struct mh_event *ret_event)
{
    *ret_event = (struct mh_event){
        .pos = mh_row_int(rows, row, POS, 0),
        .index = (int)mh_row_int(rows, row, PLACE, 0),
        .kind = (enum mh_event_kind)mh_row_int(rows, row, KIND, 0),
        .at = mh_row_time(rows, row, AT),
        .job_id = mh_row_uuid(rows, row, ID),
        .tenant_id = mh_row_uuid(rows, row, TENANT_ID),
        .type = mh_row_text(rows, row, TYPE, NULL),
        .worker_id = mh_row_text(rows, row, WORKER_ID, NULL),
        .attempts = (int)mh_row_int(rows, row, ATTEMPTS, 0),
        .progress = mh_row_real(rows, row, PROGRESS, -1),
        .text = mh_row_text(rows, row, TEXT, NULL),
        .next_retry_at = mh_row_time(rows, row, NEXT_RETRY_AT),
    };
}

int mh_pg_events_read(struct mh_pg_work *work, const struct mh_rows *rows,
                      struct mh_request *request)
{
    struct mh_event *events = mh_pg_array(request, rows->count, sizeof *events);
    if (events == NULL) return MH_ENOMEM;
    for (int row = 1; row < rows->count; row++)
        read_event(rows, row, &events[row - 1]);
    request->reply.cursor = mh_row_int(rows, 0, CURSOR, 0);
    request->reply.gap = mh_row_bool(rows, 0, GAP);
    request->reply.events = events;
    request->reply.count = (size_t)rows->count - 1;
    return 0;
}
