#include "http/past.h"

#include <string.h>

#include "http/sse.h"

#define ATTEMPTS_TOLD 50

static void tell(struct mh_buf *out, const struct mh_job *job, struct mh_event event)
{
    event.job_id = job->id;
    event.tenant_id = job->tenant_id;
    event.type = job->type;
    event.progress = -1;
    mh_sse_event(out, NULL, &event);
}

static void tell_claimed(struct mh_buf *out, const struct mh_job *job, int number,
                         const char *worker_id, int64_t at)
{
    tell(out, job,
         (struct mh_event){
             .kind = MH_EVENT_CLAIMED, .at = at, .worker_id = worker_id, .attempts = number});
}

static bool is_last(const struct mh_job *job, const struct mh_attempt *attempt)
{
    return attempt->number == job->attempts && attempt->ended_at >= job->started_at;
}

/* How the attempt ended, unless that is how the job did. */
static void tell_attempt(struct mh_buf *out, const struct mh_job *job,
                         const struct mh_attempt *attempt)
{
    bool is_end = is_last(job, attempt) &&
                  (job->status == MH_STATUS_FAILED || job->status == MH_STATUS_CANCELLED);
    bool waits = is_last(job, attempt) && job->status == MH_STATUS_PENDING;
    tell_claimed(out, job, attempt->number, attempt->worker_id, attempt->started_at);
    if (!is_end)
        tell(out, job,
             (struct mh_event){.kind = MH_EVENT_RETRIED,
                               .at = attempt->ended_at,
                               .worker_id = attempt->worker_id,
                               .attempts = attempt->number,
                               .text = attempt->error,
                               .next_retry_at = waits ? job->next_retry_at : 0});
}

static void tell_end(struct mh_buf *out, const struct mh_job *job)
{
    static const enum mh_event_kind kinds[MH_STATUS__COUNT] = {
        [MH_STATUS_COMPLETED] = MH_EVENT_COMPLETED,
        [MH_STATUS_FAILED] = MH_EVENT_FAILED,
        [MH_STATUS_CANCELLED] = MH_EVENT_CANCELLED,
    };
    if (job->status == MH_STATUS_PENDING || job->status == MH_STATUS_PROCESSING) return;
    tell(out, job,
         (struct mh_event){.kind = kinds[job->status],
                           .at = job->completed_at,
                           .worker_id = job->worker_id,
                           .attempts = job->attempts,
                           .text = job->status == MH_STATUS_FAILED ? job->error : NULL});
}

void mh_past_tell(struct mh_buf *out, const struct mh_place *id, const struct mh_job *job,
                  const struct mh_attempt *attempts, size_t count, struct mh_told *ret_told)
{
    size_t first = count > ATTEMPTS_TOLD ? count - ATTEMPTS_TOLD : 0;
    bool is_under_way = job->started_at != 0 && job->status != MH_STATUS_PENDING &&
                        (count == 0 || !is_last(job, &attempts[count - 1]));
    int ended = job->status == MH_STATUS_PENDING ? job->attempts : job->attempts - 1;
    if (count > 0 && is_last(job, &attempts[count - 1])) ended = job->attempts;
    tell(out, job, (struct mh_event){.kind = MH_EVENT_DISPATCHED, .at = job->created_at});
    for (size_t i = first; i < count; i++)
        tell_attempt(out, job, &attempts[i]);
    if (is_under_way) tell_claimed(out, job, job->attempts, job->worker_id, job->started_at);
    tell_end(out, job);
    mh_sse_id(out, id);
    *ret_told = (struct mh_told){.any = true, .claimed = job->attempts, .ended = ended};
}
