#include "cli/wait.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "queue/record.h"

#define WINDOW    1000 /* jobs looked at together; those behind them wait for their turn */
#define BODIES    16   /* ended jobs whose results are read together */
#define LOOK_MS   250
#define GATHER_MS 20 /* where many are waited for, so much news is taken together */

enum look { LOOK_MISSING, LOOK_RUNNING, LOOK_ENDED, LOOK_GONE };

struct wait {
    struct mh_cli *cli;
    struct mh_uuid *ids; /* those not done with, sorted: ids of one process are then in order */
    size_t count;
    size_t total;
    int64_t deadline_us; /* 0: none */
    enum mh_wait_print print;
    size_t failed; /* or cancelled */
    size_t missing;
    enum look looks[WINDOW];
    enum mh_status status; /* of the last one seen running */
    struct mh_progress progress;
};

static size_t window(const struct wait *wait)
{
    return wait->count < WINDOW ? wait->count : WINDOW;
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct mh_uuid));
}

/* Where in the window, or its size. */
static size_t find(const struct wait *wait, const struct mh_uuid *id)
{
    const struct mh_uuid *found = bsearch(id, wait->ids, window(wait), sizeof *id, compare);
    return found != NULL ? (size_t)(found - wait->ids) : window(wait);
}

static bool has_ended(enum mh_status status)
{
    return status != MH_STATUS_PENDING && status != MH_STATUS_PROCESSING;
}

static void take_statuses(void *arg, const struct mh_reply *reply)
{
    struct wait *wait = arg;
    for (size_t i = 0; i < reply->count; i++) {
        const struct mh_job *job = &reply->jobs[i];
        size_t at = find(wait, &job->id);
        if (at == window(wait)) continue;
        wait->looks[at] = has_ended(job->status) ? LOOK_ENDED : LOOK_RUNNING;
        if (!has_ended(job->status)) wait->status = job->status;
    }
}

static void say_unsuccessful(const struct mh_job *job)
{
    char id[MH_UUID_TEXT];
    mh_uuid_format(&job->id, id);
    if (job->status == MH_STATUS_CANCELLED)
        mh_say("job %s was cancelled", id);
    else
        mh_say("job %s failed: %s", id, job->error != NULL ? job->error : "no error was given");
}

static void print_job(struct wait *wait, const struct mh_job *job)
{
    struct mh_out *out = &wait->cli->out;
    bool completed = job->status == MH_STATUS_COMPLETED;
    if (wait->cli->json) {
        mh_record_job(&out->line, job);
        mh_out_end_json(out);
    } else if (completed && wait->print == MH_WAIT_RESULTS) {
        if (job->result == NULL)
            mh_json_null(&out->line);
        else
            mh_json_raw(&out->line, job->result, job->result_len);
        mh_out_end_json(out);
    }
    if (!completed) {
        say_unsuccessful(job);
        wait->failed++;
    }
}

static void take_ended(void *arg, const struct mh_reply *reply)
{
    struct wait *wait = arg;
    mh_progress_hide(&wait->progress);
    for (size_t i = reply->count; i-- > 0;) { /* oldest first */
        size_t at = find(wait, &reply->jobs[i].id);
        /* Retried by somebody since the first look, it has not ended after all. */
        if (at == window(wait) || !has_ended(reply->jobs[i].status)) continue;
        print_job(wait, &reply->jobs[i]);
        wait->looks[at] = LOOK_GONE;
    }
}

static int list(struct wait *wait, const struct mh_uuid *ids, size_t count, bool bodies,
                mh_reply_fn *use, struct mh_err *err)
{
    struct mh_sync *sync = &wait->cli->sync;
    struct mh_filter filter = {
        .status = MH_STATUS_NONE, .ids = ids, .id_count = count, .limit = count, .bodies = bodies};
    struct mh_call call = {.use = use, .arg = wait};
    int r = mh_store_list(sync->store, &filter, mh_call_done, &call, err);
    return mh_sync_await(sync, r, &call, err);
}

/* Reads and prints those of the window that have ended. */
static int print_ended(struct wait *wait, struct mh_err *err)
{
    struct mh_uuid ids[BODIES];
    size_t count = 0, size = window(wait);
    for (size_t i = 0; i < size; i++) {
        if (wait->looks[i] == LOOK_ENDED) ids[count++] = wait->ids[i];
        if (count == 0 || (count < BODIES && i + 1 < size)) continue;
        int r = list(wait, ids, count, true, take_ended, err);
        if (r < 0) return r;
        count = 0;
    }
    return 0;
}

static void drop_missing(struct wait *wait)
{
    char id[MH_UUID_TEXT];
    for (size_t i = 0; i < window(wait); i++) {
        if (wait->looks[i] != LOOK_MISSING) continue;
        mh_uuid_format(&wait->ids[i], id);
        mh_progress_hide(&wait->progress);
        mh_say("no such job: %s", id);
        wait->missing++;
        wait->looks[i] = LOOK_GONE;
    }
}

/* Returns how many of the window are done with. */
static size_t compact(struct wait *wait)
{
    size_t size = window(wait), kept = 0;
    for (size_t i = 0; i < size; i++)
        if (wait->looks[i] != LOOK_GONE) wait->ids[kept++] = wait->ids[i];
    memmove(wait->ids + kept, wait->ids + size, (wait->count - size) * sizeof *wait->ids);
    wait->count -= size - kept;
    return size - kept;
}

/* One look at the window. Returns how many jobs it finished with, or a negative code. */
static int look(struct wait *wait, struct mh_err *err)
{
    for (size_t i = 0; i < WINDOW; i++)
        wait->looks[i] = LOOK_MISSING;
    int r = list(wait, wait->ids, window(wait), false, take_statuses, err);
    if (r == 0) r = print_ended(wait, err);
    if (r < 0) return r;
    drop_missing(wait);
    return (int)compact(wait);
}

static int64_t time_left_ms(const struct wait *wait)
{
    if (wait->deadline_us == 0) return INT64_MAX;
    int64_t left = (wait->deadline_us - mh_clock_mono_us()) / 1000;
    return left > 0 ? left : 0;
}

static void pause_until_news(struct wait *wait)
{
    int64_t left = time_left_ms(wait);
    mh_progress_set(&wait->progress, (int64_t)(wait->total - wait->count));
    mh_sync_pause(&wait->cli->sync, left < LOOK_MS ? left : LOOK_MS);
    if (wait->count > 1 && left > GATHER_MS) mh_sync_pause(&wait->cli->sync, GATHER_MS);
}

static int timed_out(const struct wait *wait, int64_t timeout_ms)
{
    char id[MH_UUID_TEXT], text[32];
    mh_duration_format(timeout_ms, text, sizeof text);
    mh_uuid_format(&wait->ids[0], id);
    if (wait->total == 1)
        mh_say("job %s is still %s after %s", id, mh_status_name(wait->status), text);
    else
        mh_say("%zu of %zu jobs have not ended after %s", wait->count, wait->total, text);
    return MH_EXIT_TIMED_OUT;
}

/* A unique key can give one id twice. */
static size_t sort_unique(struct mh_uuid *ids, size_t count)
{
    size_t kept = 0;
    qsort(ids, count, sizeof *ids, compare);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || compare(&ids[kept - 1], &ids[i]) != 0) ids[kept++] = ids[i];
    return kept;
}

int mh_wait(struct mh_cli *cli, struct mh_uuid *ids, size_t count, int64_t timeout_ms,
            enum mh_wait_print print, struct mh_err *err)
{
    if (count > 0) count = sort_unique(ids, count);
    struct wait wait = {.cli = cli, .ids = ids, .count = count, .total = count, .print = print};
    if (timeout_ms >= 0) wait.deadline_us = mh_clock_mono_us() + timeout_ms * 1000;
    int r = mh_cli_store(cli, err);
    if (r == 0) r = mh_sync_watch(&cli->sync, MH_NEWS_ENDED, err);
    if (r < 0) return r;
    mh_progress_begin(&wait.progress, "waiting", (int64_t)count);
    while (wait.count > 0) {
        bool last = time_left_ms(&wait) == 0;
        r = look(&wait, err);
        if (r < 0 || last || !mh_out_flush(&cli->out)) break;
        if (r == 0) pause_until_news(&wait);
    }
    mh_progress_hide(&wait.progress);
    if (r < 0) return r;
    if (wait.missing > 0) return MH_EXIT_FAILED;
    if (wait.count > 0 && !mh_out_broken(&cli->out)) return timed_out(&wait, timeout_ms);
    return wait.failed > 0 ? MH_EXIT_JOB_FAILED : MH_EXIT_OK;
}
