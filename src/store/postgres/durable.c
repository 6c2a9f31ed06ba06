#include "store/postgres/durable.h"

#include <stdlib.h>

#include "base/loop.h"
#include "store/postgres/work.h"
#include "store/request.h"

#define SOON_MS 2

struct mh_durable {
    struct mh_timer *timer;
    bool waits; /* the timer runs */
    mh_durable_submit_fn *submit;
    void *arg;
};

/* Should the server fall before it is carried out, the claim is lost as if this had not been. */
static void ignore(void *arg, const struct mh_reply *reply)
{
    (void)arg;
    (void)reply;
}

static void on_timer(void *arg)
{
    struct mh_durable *durable = arg;
    struct mh_request *request = mh_request_new((enum mh_op)MH_PG_FLUSH, ignore, NULL);
    durable->waits = false;
    if (request != NULL) durable->submit(durable->arg, request);
}

int mh_durable_new(uv_loop_t *loop, mh_durable_submit_fn *submit, void *arg,
                   struct mh_durable **ret_durable, struct mh_err *err)
{
    struct mh_durable *durable = calloc(1, sizeof *durable);
    if (durable == NULL) return mh_err_set(err, MH_ENOMEM, "unable to open a store: out of memory");
    durable->submit = submit;
    durable->arg = arg;
    int r = mh_timer_new(loop, on_timer, durable, &durable->timer, err);
    if (r < 0) {
        free(durable);
        return r;
    }
    *ret_durable = durable;
    return 0;
}

void mh_durable_drop(struct mh_durable *durable)
{
    if (durable == NULL) return;
    mh_timer_drop(durable->timer);
    free(durable);
}

/* The end of a lease that was lost writes nothing. */
static bool ends_jobs(const struct mh_request *request)
{
    if (request->op != MH_OP_FINISH) return false;
    for (size_t i = 0; i < request->reply.count; i++)
        if (request->reply.statuses[i] != MH_STATUS_NONE) return true;
    return false;
}

void mh_durable_committed(struct mh_durable *durable, const struct mh_flight *flight)
{
    const struct mh_request *request = flight->request;
    bool unflushed = flight->op == MH_PG_CLAIM_ALONE || flight->op == MH_PG_CLAIM_FIRST;
    if (ends_jobs(request)) {
        if (durable->waits) mh_timer_stop(durable->timer);
        durable->waits = false;
    } else if (unflushed && request->reply.count > 0 && !durable->waits) {
        mh_timer_start(durable->timer, SOON_MS, 0);
        durable->waits = true;
    }
}
