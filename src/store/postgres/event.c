/* Events of jobs. */
#include "store/postgres/work.h"

void mh_pg_events_write(struct mh_pg_work *work, const struct mh_request *request,
                        struct mh_params *params)
{
    const struct mh_event_filter *filter = &request->in.events;
    mh_param_int8(params, filter->after_pos);
    mh_param_int4(params, filter->after_index);
    mh_param_uuid(params, filter->job_id);
    mh_param_int4(params, (int64_t)filter->limit);
}
