#include "jobs/janitor.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/loop.h"
#include "jobs/workdir.h"

#define EVERY_MS 60000

struct mh_janitor {
    uv_loop_t *loop;
    struct mh_timer *timer;
    uv_work_t work;
    bool working;
    int swept; /* how many, or negative with `err` */
    struct mh_err err;
};

static void sweep(uv_work_t *work)
{
    struct mh_janitor *janitor = work->data;
    janitor->swept = mh_workdir_sweep(&janitor->err);
}

static void tell(const struct mh_janitor *janitor)
{
    if (janitor->swept < 0)
        mh_log(MH_LOG_WARN, "unable to remove what is left of clones",
               MH_FIELDS(mh_f_str("error", janitor->err.text)));
    if (janitor->swept > 0)
        mh_log(MH_LOG_INFO, "removed what was left of clones",
               MH_FIELDS(mh_f_int("count", janitor->swept)));
}

static void on_swept(uv_work_t *work, int status)
{
    struct mh_janitor *janitor = work->data;
    janitor->working = false;
    if (status == 0) tell(janitor);
}

static void on_timer(void *arg)
{
    struct mh_janitor *janitor = arg;
    if (janitor->working) return;
    janitor->swept = mh_loop_try_threads(&janitor->err);
    if (janitor->swept < 0)
        tell(janitor);
    else
        janitor->working = uv_queue_work(janitor->loop, &janitor->work, sweep, on_swept) == 0;
}

int mh_janitor_open(uv_loop_t *loop, struct mh_janitor **ret_janitor, struct mh_err *err)
{
    struct mh_janitor *janitor = calloc(1, sizeof *janitor);
    if (janitor == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to look after clones: out of memory");
    janitor->loop = loop;
    janitor->work.data = janitor;
    int r = mh_timer_new(loop, on_timer, janitor, &janitor->timer, err);
    if (r < 0) {
        free(janitor);
        return r;
    }
    sweep(&janitor->work);
    tell(janitor);
    mh_timer_start(janitor->timer, EVERY_MS, EVERY_MS);
    *ret_janitor = janitor;
    return 0;
}

void mh_janitor_close(struct mh_janitor *janitor)
{
    if (janitor == NULL) return;
    mh_timer_drop(janitor->timer);
    while (janitor->working)
        (void)uv_run(janitor->loop, UV_RUN_ONCE); /* says only whether handles are left */
    sweep(&janitor->work);
    tell(janitor);
    free(janitor);
}
