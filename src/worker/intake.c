#include "worker/intake.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "base/log.h"

/* How far ahead a worker claims: what it ends in this time at its recent speed, and in that of two
 * claims. Of a store that is slow less would not last until the next claim is there, which would
 * make the worker slower, and so its next claim smaller. A claim that was held up for long is no
 * reason to take from other workers what they would begin sooner. */
#define AHEAD_S      0.05
#define AHEAD_CLAIMS 2
#define AHEAD_MOST_S 0.5

struct mh_claimer_want mh_intake_want(const struct mh_intake *intake, double claim_s)
{
    double wanted_s = AHEAD_S + AHEAD_CLAIMS * claim_s;
    double ahead_s = wanted_s < AHEAD_MOST_S ? wanted_s : AHEAD_MOST_S;
    const struct mh_slots *slots = intake->slots;
    struct mh_crew_room room = mh_crew_room(intake->crew, intake->once ? 0 : ahead_s);
    struct mh_claimer_want want = {.types = intake->crew->types, .type_count = room.type_count};
    bool all = intake->settings->unknown_types == MH_UNKNOWN_FAIL; /* types cannot be left out */
    size_t waiting = slots->waiting_count - (all ? 0 : room.blocked);
    size_t busy = slots->running_count + waiting;
    if (waiting > room.ahead / 2 || (intake->once && intake->taken > 0)) return want;
    want.partial = !all && room.type_count < intake->crew->count;
    want.limit = slots->size + room.ahead > busy ? slots->size + room.ahead - busy : 0;
    if (all)
        want.types = NULL;
    else if (room.type_count == 0)
        want.limit = 0;
    else if (want.limit > room.limit)
        want.limit = room.limit;
    if (intake->once && want.limit > 1) want.limit = 1;
    return want;
}

/* Why this job cannot run at all, with `ret_why` filled, or not now; success where it can. */
static enum mh_verdict_kind refused(const struct mh_intake *intake, const struct mh_run *run,
                                    char *ret_why, size_t size)
{
    struct mh_err err = {0};
    const struct mh_job *job = &run->job;
    int r = 0;
    if (run->handler == NULL)
        (void)snprintf(ret_why, size, "no handler for type \"%s\"", job->type);
    else if (job->payload_len > (size_t)intake->settings->max_payload_bytes)
        (void)snprintf(ret_why, size,
                       "the payload has %zu bytes, MAX_PAYLOAD_BYTES of this worker is %" PRId64,
                       job->payload_len, intake->settings->max_payload_bytes);
    else if ((r = mh_json_check(job->payload, job->payload_len, MH_JSON_OBJECT, &err)) < 0)
        (void)snprintf(ret_why, size, "the payload is refused: %s", err.text);
    else
        return MH_VERDICT_SUCCESS;
    return r == MH_ENOMEM ? MH_VERDICT_LATER : MH_VERDICT_FATAL;
}

static void on_given_back(void *arg, const struct mh_reply *reply)
{
    struct mh_intake *intake = arg;
    if (reply->code < 0) intake->failed(intake->arg, &reply->err);
}

/* A job that there is no memory for must not stay in a lease that the heartbeat prolongs. */
static void give_back(struct mh_intake *intake, const struct mh_job *job, int64_t lease)
{
    const struct mh_finish finish = {.lease = lease, .id = job->id, .outcome = MH_OUTCOME_RELEASED};
    struct mh_err err = {0};
    mh_log(MH_LOG_ERROR, "out of memory for a claimed job, handing it back", NULL);
    if (mh_store_finish(intake->store, &finish, 1, on_given_back, intake, &err) < 0)
        intake->failed(intake->arg, &err);
}

static void take_job(struct mh_intake *intake, const struct mh_job *job, int64_t lease)
{
    char why[600];
    struct mh_run *run = mh_run_new(job, lease, intake->events, intake->arg);
    if (run == NULL) {
        give_back(intake, job, lease);
        return;
    }
    run->handler = mh_crew_find(intake->crew, job->type);
    run->number = intake->taken;
    mh_slots_add(intake->slots, run);
    intake->taken++;
    mh_measures_claim(intake->measures, job);
    mh_run_say(run, MH_LOG_INFO, "job claimed", MH_FIELDS(mh_f_int("attempt", job->attempts)));
    enum mh_verdict_kind kind = refused(intake, run, why, sizeof why);
    if (kind != MH_VERDICT_SUCCESS)
        mh_run_end(
            run, &(struct mh_verdict){.kind = kind, .error = why, .delay_ms = MH_RUN_SHORT_OF_MS});
}

void mh_intake_take(struct mh_intake *intake, const struct mh_reply *claimed)
{
    for (size_t i = 0; i < claimed->count; i++)
        take_job(intake, &claimed->jobs[i], claimed->lease);
}
