/* `schedule add`, `edit`, `pause`, `resume` and `delete`. */
#include <string.h>

#include "base/clock.h"
#include "cli/cmd_schedule.h"
#include "cli/options.h"
#include "cli/payload.h"
#include "cli/tenants.h"
#include "queue/schedule.h"

#define ARENA_MAX ((size_t)64 << 20)

/* How often a change begins anew because workers fire the schedule all the time. */
#define TRIES 50

int mh_schedule_tenant(struct mh_cli *cli, struct mh_uuid *ret_id, struct mh_err *err)
{
    int r = mh_cli_store(cli, err);
    *ret_id = mh_uuid_zero;
    if (r < 0 || cli->values[MH_SCHEDULE_TENANT] == NULL) return r;
    return mh_tenant_id(cli, cli->values[MH_SCHEDULE_TENANT], ret_id, err);
}

/* --- finding */

struct finding {
    struct mh_arena *arena;
    struct mh_schedule schedule;
    int64_t now_ms;
    bool found;
    bool failed;
};

static void take_found(void *arg, const struct mh_reply *reply)
{
    struct finding *finding = arg;
    finding->now_ms = reply->now_ms;
    if (reply->count == 0) return;
    struct mh_schedule *copy = &finding->schedule;
    struct mh_arena *arena = finding->arena;
    *copy = reply->schedules[0];
    copy->name = mh_arena_str(arena, copy->name);
    copy->type = mh_arena_str(arena, copy->type);
    copy->cron = mh_arena_str(arena, copy->cron);
    copy->tz = mh_arena_str(arena, copy->tz);
    copy->payload = mh_arena_copy(arena, copy->payload, copy->payload_len);
    finding->found = true;
    finding->failed = copy->name == NULL || copy->type == NULL || copy->cron == NULL ||
                      copy->tz == NULL || copy->payload == NULL;
}

static int look(struct mh_cli *cli, const struct mh_uuid *tenant_id, const char *name,
                struct finding *finding, struct mh_err *err)
{
    const struct mh_schedule_filter filter = {tenant_id, name, .bodies = true};
    struct mh_call call = {.use = take_found, .arg = finding};
    int r = mh_cli_store(cli, err);
    if (r < 0) return r;
    r = mh_store_schedule_list(cli->sync.store, &filter, mh_call_done, &call, err);
    r = mh_sync_await(&cli->sync, r, &call, err);
    if (r == 0 && finding->failed) return mh_err_set(err, MH_ENOMEM, "out of memory");
    return r;
}

static int say_missing(const char *name, struct mh_err *err)
{
    return mh_err_set(err, MH_ENOENT, "no such schedule: %.100s; millhand schedule list names them",
                      name);
}

int mh_schedule_find(struct mh_cli *cli, const struct mh_uuid *tenant_id, const char *name,
                     struct mh_arena *arena, struct mh_schedule *ret_schedule, int64_t *ret_now_ms,
                     struct mh_err *err)
{
    struct finding finding = {.arena = arena};
    int r = look(cli, tenant_id, name, &finding, err);
    if (r < 0) return r;
    if (!finding.found) return say_missing(name, err);
    *ret_schedule = finding.schedule;
    *ret_now_ms = finding.now_ms;
    return 0;
}

/* --- options */

static int read_words(const struct mh_cli *cli, struct mh_schedule *schedule, struct mh_err *err)
{
    const char *missed = cli->values[MH_SCHEDULE_MISSED];
    const char *overlap = cli->values[MH_SCHEDULE_OVERLAP];
    if (missed != NULL && mh_missed_parse(missed, &schedule->missed) < 0)
        return mh_err_set(err, MH_EINVAL, "--missed must be one, skip or all, not \"%.40s\"",
                          missed);
    if (overlap != NULL && mh_overlap_parse(overlap, &schedule->overlap) < 0)
        return mh_err_set(err, MH_EINVAL, "--overlap must be allow or skip, not \"%.40s\"",
                          overlap);
    return 0;
}

/* Puts what was given over what there is. */
static int read_options(const struct mh_cli *cli, struct mh_schedule *schedule, struct mh_err *err)
{
    int64_t priority = schedule->priority, max_attempts = schedule->max_attempts;
    int r = mh_option_int(cli, MH_SCHEDULE_PRIORITY, 0, MH_PRIORITY_MAX, &priority, err);
    if (r == 0)
        r = mh_option_int(cli, MH_SCHEDULE_MAX_ATTEMPTS, 1, MH_ATTEMPTS_MAX, &max_attempts, err);
    if (r == 0) r = read_words(cli, schedule, err);
    if (r < 0) return r;
    schedule->priority = (int)priority;
    schedule->max_attempts = (int)max_attempts;
    if (cli->values[MH_SCHEDULE_CRON] != NULL) schedule->cron = cli->values[MH_SCHEDULE_CRON];
    if (cli->values[MH_SCHEDULE_TZ] != NULL) schedule->tz = cli->values[MH_SCHEDULE_TZ];
    return 0;
}

/* Whether it would be accepted, before there is a store. */
static int check(const struct mh_cli *cli, struct mh_schedule *schedule, struct mh_err *err)
{
    int r = mh_schedule_check(schedule, cli->settings.max_payload_bytes, err);
    if (r == MH_ELIMIT) r = err->code = MH_EINVAL; /* too large is wrong use here */
    return r < 0 ? r : mh_schedule_prepare(schedule, mh_clock_now_ms(), err);
}

/* --- add */

static int add_to_store(struct mh_cli *cli, struct mh_schedule *schedule, struct mh_err *err)
{
    struct mh_arena arena;
    struct finding finding = {.arena = &arena};
    struct mh_call call = {0};
    mh_arena_init(&arena, ARENA_MAX);
    int r = mh_schedule_tenant(cli, &schedule->tenant_id, err);
    if (r == 0) r = look(cli, &schedule->tenant_id, schedule->name, &finding, err);
    if (r == 0) r = mh_schedule_prepare(schedule, finding.now_ms, err);
    if (r == 0) {
        r = mh_store_schedule_add(cli->sync.store, schedule, mh_call_done, &call, err);
        r = mh_sync_await(&cli->sync, r, &call, err);
    }
    mh_arena_release(&arena);
    return r;
}

int mh_schedule_cmd_add(struct mh_cli *cli, struct mh_err *err)
{
    const char *word = cli->values[MH_SCHEDULE_PAYLOAD];
    struct mh_schedule schedule = {
        .name = cli->args[0], .type = cli->args[1], .tz = "UTC", .priority = -1, .overlap = true};
    struct mh_buf payload;
    if (cli->values[MH_SCHEDULE_CRON] == NULL)
        return mh_cli_usage(cli, err, "--cron is needed: when shall it fire?");
    if (!mh_type_valid(schedule.name))
        return mh_cli_usage(cli, err, "not a name for a schedule: \"%.100s\"", schedule.name);
    mh_payload_init(&payload, cli);
    int r = read_options(cli, &schedule, err);
    if (r == 0)
        r = mh_payload_read(word != NULL ? word : "{}", &payload, &schedule.payload,
                            &schedule.payload_len, err);
    if (r == 0) r = check(cli, &schedule, err);
    if (r == 0) r = add_to_store(cli, &schedule, err);
    if (r == 0) r = mh_schedule_print(cli, &schedule.tenant_id, schedule.name, err);
    mh_buf_release(&payload);
    return r;
}

/* --- change */

/* Puts a change over what there is. */
typedef int change_fn(struct mh_cli *cli, void *arg, struct mh_schedule *schedule,
                      struct mh_err *err);

struct change {
    change_fn *fn;
    void *arg;
};

static void take_count(void *arg, const struct mh_reply *reply)
{
    *(size_t *)arg = reply->count;
}

/* Returns 1, or 0 where somebody else was first. */
static int try_change(struct mh_cli *cli, const struct mh_uuid *tenant_id,
                      const struct change *change, struct mh_err *err)
{
    struct mh_arena arena;
    struct mh_schedule schedule;
    int64_t now_ms = 0;
    size_t count = 0;
    struct mh_call call = {.use = take_count, .arg = &count};
    mh_arena_init(&arena, ARENA_MAX);
    int r = mh_schedule_find(cli, tenant_id, cli->args[0], &arena, &schedule, &now_ms, err);
    if (r == 0) r = change->fn(cli, change->arg, &schedule, err);
    if (r == 0) r = mh_schedule_prepare(&schedule, now_ms, err);
    if (r == 0) {
        r = mh_store_schedule_change(cli->sync.store, &schedule, mh_call_done, &call, err);
        r = mh_sync_await(&cli->sync, r, &call, err);
    }
    mh_arena_release(&arena);
    return r < 0 ? r : (int)count;
}

static int change_it(struct mh_cli *cli, const struct change *change, struct mh_err *err)
{
    struct mh_uuid tenant_id;
    int r = mh_schedule_tenant(cli, &tenant_id, err);
    if (r < 0) return r;
    for (int i = 0; r == 0 && i < TRIES; i++)
        r = try_change(cli, &tenant_id, change, err);
    if (r == 0)
        return mh_err_set(err, MH_ESTATE,
                          "unable to change schedule %s: it changes all the time, try again",
                          cli->args[0]);
    return r < 0 ? r : mh_schedule_print(cli, &tenant_id, cli->args[0], err);
}

static int set_paused(struct mh_cli *cli, void *arg, struct mh_schedule *schedule,
                      struct mh_err *err)
{
    schedule->paused = *(bool *)arg;
    return 0;
}

int mh_schedule_cmd_pause(struct mh_cli *cli, struct mh_err *err)
{
    bool paused = true;
    return change_it(cli, &(struct change){set_paused, &paused}, err);
}

int mh_schedule_cmd_resume(struct mh_cli *cli, struct mh_err *err)
{
    bool paused = false;
    return change_it(cli, &(struct change){set_paused, &paused}, err);
}

/* What the options name, read once: standard input is not there twice. */
struct edit {
    const char *payload; /* NULL: as it is */
    size_t payload_len;
};

static int apply_edit(struct mh_cli *cli, void *arg, struct mh_schedule *schedule,
                      struct mh_err *err)
{
    const struct edit *edit = arg;
    if (cli->values[MH_SCHEDULE_TYPE] != NULL) schedule->type = cli->values[MH_SCHEDULE_TYPE];
    if (edit->payload != NULL) {
        schedule->payload = edit->payload;
        schedule->payload_len = edit->payload_len;
    }
    int r = read_options(cli, schedule, err);
    return r < 0 ? r : check(cli, schedule, err);
}

static bool any_given(const struct mh_cli *cli)
{
    for (int i = MH_SCHEDULE_CRON; i <= MH_SCHEDULE_TYPE; i++)
        if (cli->values[i] != NULL) return true;
    return false;
}

/* Checks what can be checked before there is a store: the change of a schedule like any other. */
static int check_edit(struct mh_cli *cli, struct edit *edit, struct mh_err *err)
{
    struct mh_schedule any = {.name = "any",
                              .type = "any",
                              .cron = "@daily",
                              .tz = "UTC",
                              .payload = "{}",
                              .payload_len = 2};
    return apply_edit(cli, edit, &any, err);
}

int mh_schedule_cmd_edit(struct mh_cli *cli, struct mh_err *err)
{
    const char *word = cli->values[MH_SCHEDULE_PAYLOAD];
    struct edit edit = {0};
    struct mh_buf payload;
    int r = 0;
    if (!any_given(cli)) return mh_cli_usage(cli, err, "nothing to change is given");
    mh_payload_init(&payload, cli);
    if (word != NULL) r = mh_payload_read(word, &payload, &edit.payload, &edit.payload_len, err);
    if (r == 0) r = check_edit(cli, &edit, err);
    if (r == 0) r = change_it(cli, &(struct change){apply_edit, &edit}, err);
    mh_buf_release(&payload);
    return r;
}

/* --- delete */

int mh_schedule_cmd_delete(struct mh_cli *cli, struct mh_err *err)
{
    struct mh_uuid tenant_id;
    size_t count = 0;
    struct mh_call call = {.use = take_count, .arg = &count};
    int r = mh_schedule_tenant(cli, &tenant_id, err);
    if (r < 0) return r;
    r = mh_store_schedule_remove(cli->sync.store, &tenant_id, cli->args[0], mh_call_done, &call,
                                 err);
    r = mh_sync_await(&cli->sync, r, &call, err);
    return r == 0 && count == 0 ? say_missing(cli->args[0], err) : r;
}
