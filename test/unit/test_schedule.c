#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/clock.h"
#include "queue/schedule.h"

#define MINUTE 60000

static int64_t at(const char *text)
{
    int64_t ms = 0;
    assert_int_equal(mh_time_parse(text, &ms, NULL), 0);
    return ms;
}

static struct mh_arena arena;
static struct mh_firing firing;
static struct mh_schedule schedule;

static int setup(void **state)
{
    mh_arena_init(&arena, 1 << 20);
    firing = (struct mh_firing){0};
    schedule = (struct mh_schedule){
        .id = 7,
        .revision = 3,
        .name = "nightly",
        .cron = "*/5 * * * *",
        .tz = "UTC",
        .overlap = true,
        .next_at = at("2026-03-01T00:05:00Z"),
    };
    return 0;
}

static int teardown(void **state)
{
    mh_arena_release(&arena);
    return 0;
}

static void fire(const char *now)
{
    assert_int_equal(mh_schedule_firing(&schedule, at(now), &arena, &firing, NULL), 0);
    assert_int_equal(firing.id, 7);
    assert_int_equal(firing.revision, 3);
    assert_int_equal(firing.slot, schedule.next_at);
}

static void a_slot_that_has_come_is_fired(void **state)
{
    for (int missed = 0; missed < MH_MISSED__COUNT; missed++) {
        schedule.missed = (enum mh_missed)missed;
        fire("2026-03-01T00:05:00.003Z");
        assert_int_equal(firing.count, 1);
        assert_int_equal(firing.jobs[0].slot, at("2026-03-01T00:05:00Z"));
        assert_string_equal(firing.jobs[0].correlation_id, "nightly@2026-03-01T00:05:00Z");
        assert_int_equal(firing.last_at, at("2026-03-01T00:05:00Z"));
        assert_int_equal(firing.next_at, at("2026-03-01T00:10:00Z"));
        assert_null(firing.unique_key);
    }
}

static void one_job_stands_for_all_missed_slots(void **state)
{
    schedule.missed = MH_MISSED_ONE;
    fire("2026-03-01T05:03:00Z");
    assert_int_equal(firing.count, 1);
    assert_int_equal(firing.jobs[0].slot, at("2026-03-01T05:00:00Z"));
    assert_int_equal(firing.last_at, at("2026-03-01T05:00:00Z"));
    assert_int_equal(firing.next_at, at("2026-03-01T05:05:00Z"));
}

static void missed_slots_are_let_go_by(void **state)
{
    schedule.missed = MH_MISSED_SKIP;
    fire("2026-03-01T05:03:00Z");
    assert_int_equal(firing.count, 0);
    assert_int_equal(firing.last_at, at("2026-03-01T05:00:00Z"));
    assert_int_equal(firing.next_at, at("2026-03-01T05:05:00Z"));
    fire("2026-03-01T05:01:00Z"); /* late, but in time */
    assert_int_equal(firing.count, 1);
    assert_int_equal(firing.jobs[0].slot, at("2026-03-01T05:00:00Z"));
}

static void every_missed_slot_has_its_job_a_thousand_at_a_time(void **state)
{
    schedule.missed = MH_MISSED_ALL;
    fire("2026-03-01T00:19:00Z");
    assert_int_equal(firing.count, 3);
    assert_int_equal(firing.jobs[1].slot, at("2026-03-01T00:10:00Z"));
    assert_int_equal(firing.last_at, at("2026-03-01T00:15:00Z"));
    assert_int_equal(firing.next_at, at("2026-03-01T00:20:00Z"));
    fire("2026-03-31T00:00:00Z");
    assert_int_equal(firing.count, MH_SCHEDULE_AT_ONCE);
    assert_int_equal(firing.last_at, schedule.next_at + 999 * 5 * MINUTE);
    assert_int_equal(firing.next_at, schedule.next_at + 1000 * 5 * MINUTE);
}

static void jobs_of_one_key_do_not_overlap(void **state)
{
    schedule.overlap = false;
    fire("2026-03-01T00:05:00Z");
    assert_string_equal(firing.unique_key, "schedule:nightly");
}

static void the_next_slot_is_prepared(void **state)
{
    schedule.tz = "Europe/Berlin";
    schedule.cron = "30 2 * * *";
    int64_t now = at("2026-03-28T12:00:00Z");
    assert_int_equal(mh_schedule_prepare(&schedule, now, NULL), 0);
    assert_int_equal(schedule.next_at, at("2026-03-29T01:00:00Z"));
    schedule.last_at = at("2026-03-29T01:00:00Z"); /* the clock was put back */
    assert_int_equal(mh_schedule_prepare(&schedule, now, NULL), 0);
    assert_int_equal(schedule.next_at, at("2026-03-30T00:30:00Z"));
    schedule.paused = true;
    assert_int_equal(mh_schedule_prepare(&schedule, now, NULL), 0);
    assert_int_equal(schedule.next_at, 0);
}

static void slots_to_come_are_listed(void **state)
{
    int64_t slots[3];
    assert_int_equal(mh_schedule_slots("@hourly", "UTC", 1, slots, 3, NULL), 3);
    assert_int_equal(slots[0], 60 * MINUTE);
    assert_int_equal(slots[2], 180 * MINUTE);
}

static void what_is_wrong_changes_nothing(void **state)
{
    struct mh_err err;
    int64_t before = schedule.next_at;
    schedule.cron = "61 * * * *";
    assert_int_equal(mh_schedule_prepare(&schedule, 1, &err), MH_EINVAL);
    assert_non_null(strstr(err.text, "minute \"61\""));
    schedule.cron = "1 * * * *";
    schedule.tz = "Mars/Base";
    assert_int_equal(mh_schedule_prepare(&schedule, 1, &err), MH_EINVAL);
    assert_non_null(strstr(err.text, "there is no time zone"));
    assert_int_equal(mh_schedule_firing(&schedule, before, &arena, &firing, &err), MH_EINVAL);
    assert_int_equal(schedule.next_at, before);
    assert_int_equal(firing.id, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_slot_that_has_come_is_fired),
        TEST(one_job_stands_for_all_missed_slots),
        TEST(missed_slots_are_let_go_by),
        TEST(every_missed_slot_has_its_job_a_thousand_at_a_time),
        TEST(jobs_of_one_key_do_not_overlap),
        TEST(the_next_slot_is_prepared),
        TEST(slots_to_come_are_listed),
        TEST(what_is_wrong_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
