#include "queue/schedule.h"

#include <stdio.h>

#include "base/clock.h"
#include "queue/cron.h"
#include "queue/zone.h"

_Static_assert(MH_CRON_MAX == MH_SCHEDULE_EXPR, "what is parsed can be kept");
_Static_assert(MH_ZONE_NAME_MAX == MH_SCHEDULE_ZONE, "what is opened can be kept");

#define KEY_SIZE (MH_KEY_MAX + 1)

/* Expression and zone, ready to be asked. */
struct clock_work {
    struct mh_cron cron;
    struct mh_zone *zone; /* owned */
};

static int open_clock(const char *cron, const char *tz, struct clock_work *ret_clock,
                      struct mh_err *err)
{
    struct clock_work clock;
    int r = mh_cron_parse(cron, &clock.cron, err);
    if (r == 0) r = mh_zone_open(MH_ZONE_FOLDER, tz, &clock.zone, err);
    if (r == 0) *ret_clock = clock;
    return r;
}

static int64_t next_slot(const struct clock_work *clock, int64_t after_ms)
{
    return mh_cron_next(&clock->cron, clock->zone, after_ms);
}

int mh_schedule_prepare(struct mh_schedule *schedule, int64_t now_ms, struct mh_err *err)
{
    struct clock_work clock;
    int r = open_clock(schedule->cron, schedule->tz, &clock, err);
    if (r < 0) return r;
    int64_t after_ms = now_ms > schedule->last_at ? now_ms : schedule->last_at;
    schedule->next_at = schedule->paused ? 0 : next_slot(&clock, after_ms);
    mh_zone_free(clock.zone);
    return 0;
}

int mh_schedule_slots(const char *cron, const char *tz, int64_t after_ms, int64_t *ret_slots,
                      int max, struct mh_err *err)
{
    struct clock_work clock;
    int r = open_clock(cron, tz, &clock, err);
    if (r < 0) return r;
    int count = 0;
    int64_t slot = next_slot(&clock, after_ms);
    for (; slot != 0 && count < max; slot = next_slot(&clock, slot))
        ret_slots[count++] = slot;
    mh_zone_free(clock.zone);
    return count;
}

/* --- firing */

static void name_slot(const struct mh_schedule *schedule, int64_t slot, char ret_text[KEY_SIZE])
{
    char time[MH_TIME_TEXT];
    mh_time_format(slot, time);
    /* A slot has no milliseconds; a name and a time are shorter than a key. */
    (void)snprintf(ret_text, KEY_SIZE, "%s@%.19sZ", schedule->name, time);
}

static int add_job(const struct mh_schedule *schedule, int64_t slot, struct mh_arena *arena,
                   struct mh_firing_job *ret_job, struct mh_err *err)
{
    char text[KEY_SIZE];
    name_slot(schedule, slot, text);
    const char *correlation_id = mh_arena_str(arena, text);
    if (correlation_id == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to fire a schedule: out of memory");
    *ret_job =
        (struct mh_firing_job){.id = mh_uuid_new(), .slot = slot, .correlation_id = correlation_id};
    return 0;
}

/* The slots to fire of those that have come, in `slots`; how many. */
static size_t choose(const struct mh_schedule *schedule, const struct clock_work *clock,
                     int64_t now_ms, int64_t slots[MH_SCHEDULE_AT_ONCE], int64_t *ret_last)
{
    size_t count = 0;
    int64_t slot = schedule->next_at;
    if (schedule->missed != MH_MISSED_ALL) {
        slot = mh_cron_last(&clock->cron, clock->zone, slot, now_ms);
        if (schedule->missed == MH_MISSED_ONE || now_ms - slot <= MH_SCHEDULE_LATE_MS)
            slots[count++] = slot;
        *ret_last = slot;
        return count;
    }
    for (; slot != 0 && slot <= now_ms && count < MH_SCHEDULE_AT_ONCE;
         slot = next_slot(clock, slot))
        slots[count++] = slot;
    *ret_last = slots[count - 1];
    return count;
}

/* One key for all its jobs, so that there is at most one that has not ended. */
static int set_key(const struct mh_schedule *schedule, struct mh_arena *arena,
                   struct mh_firing *firing, struct mh_err *err)
{
    char key[KEY_SIZE];
    if (schedule->overlap) return 0;
    (void)snprintf(key, sizeof key, "schedule:%s", schedule->name); /* fits, as above */
    firing->unique_key = mh_arena_str(arena, key);
    if (firing->unique_key != NULL) return 0;
    return mh_err_set(err, MH_ENOMEM, "unable to fire a schedule: out of memory");
}

int mh_schedule_firing(const struct mh_schedule *schedule, int64_t now_ms, struct mh_arena *arena,
                       struct mh_firing *ret_firing, struct mh_err *err)
{
    struct clock_work clock;
    int64_t slots[MH_SCHEDULE_AT_ONCE];
    int r = open_clock(schedule->cron, schedule->tz, &clock, err);
    if (r < 0) return r;
    struct mh_firing firing = {
        .id = schedule->id,
        .revision = schedule->revision,
        .slot = schedule->next_at,
    };
    firing.count = choose(schedule, &clock, now_ms, slots, &firing.last_at);
    firing.next_at = next_slot(&clock, firing.last_at);
    mh_zone_free(clock.zone);

    struct mh_firing_job *jobs = mh_arena_array(arena, firing.count, sizeof *jobs);
    if (jobs == NULL) return mh_err_set(err, MH_ENOMEM, "unable to fire a schedule: out of memory");
    for (size_t i = 0; r == 0 && i < firing.count; i++)
        r = add_job(schedule, slots[i], arena, &jobs[i], err);
    firing.jobs = jobs;
    if (r == 0) r = set_key(schedule, arena, &firing, err);
    if (r == 0) *ret_firing = firing;
    return r;
}
