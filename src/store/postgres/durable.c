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

static bool ends_jobs(const struct mh_group *group)
{
    for (size_t i = 0; i < group->count; i++)
        if (group->flights[i].request->op == MH_OP_FINISH) return true;
    return false;
}

void mh_durable_committed(struct mh_durable *durable, const struct mh_group *group)
{
    if (ends_jobs(group)) {
        if (durable->waits) mh_timer_stop(durable->timer);
        durable->waits = false;
    } else if (mh_group_is_lone_claim(group) && group->flights[0].request->reply.count > 0 &&
               !durable->waits) {
        mh_timer_start(durable->timer, SOON_MS, 0);
        durable->waits = true;
    }
}
