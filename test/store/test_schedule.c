#include "fixture.h"

#include <string.h>

#define MINUTE 60000

static struct mh_schedule a_schedule(struct fixture *f, const char *name)
{
    return (struct mh_schedule){
        .name = name,
        .type = "t",
        .cron = "* * * * *",
        .tz = "UTC",
        .payload = "{\"a\": 1}",
        .payload_len = 8,
        .priority = -1,
        .overlap = true,
        .next_at = f->now + MINUTE,
    };
}

static int add_code(struct fixture *f, struct mh_schedule schedule)
{
    return fixture_wait_code(f, mh_store_schedule_add(f->store, &schedule, fixture_done, f, NULL));
}

static void add(struct fixture *f, struct mh_schedule schedule)
{
    fixture_wait(f, mh_store_schedule_add(f->store, &schedule, fixture_done, f, NULL));
}

static const struct mh_reply *list(struct fixture *f, struct mh_schedule_filter filter)
{
    return fixture_wait(f, mh_store_schedule_list(f->store, &filter, fixture_done, f, NULL));
}

/* There is one with this name. */
static struct mh_schedule show(struct fixture *f, const char *name)
{
    const struct mh_reply *reply =
        list(f, (struct mh_schedule_filter){.name = name, .bodies = true});
    assert_int_equal(reply->count, 1);
    return reply->schedules[0];
}

static size_t change(struct fixture *f, struct mh_schedule schedule)
{
    return fixture_wait(f, mh_store_schedule_change(f->store, &schedule, fixture_done, f, NULL))
        ->count;
}

static size_t remove_named(struct fixture *f, struct mh_uuid tenant, const char *name)
{
    return fixture_wait(f, mh_store_schedule_remove(f->store, &tenant, name, fixture_done, f, NULL))
        ->count;
}

static const struct mh_reply *due(struct fixture *f)
{
    return fixture_wait(f, mh_store_schedule_due(f->store, 0, 10, fixture_done, f, NULL));
}

/* One job for the slot that the schedule was read at; the next is a minute later. */
struct fired {
    struct mh_firing_job job;
    struct mh_firing firing;
};

static void prepare(const struct mh_schedule *schedule, struct fired *ret_fired)
{
    ret_fired->job = (struct mh_firing_job){mh_uuid_new(), schedule->next_at, "s@slot"};
    ret_fired->firing = (struct mh_firing){
        .id = schedule->id,
        .revision = schedule->revision,
        .slot = schedule->next_at,
        .last_at = schedule->next_at,
        .next_at = schedule->next_at + MINUTE,
        .jobs = &ret_fired->job,
        .count = 1,
    };
}

static const struct mh_reply *fire(struct fixture *f, const struct fired *fired)
{
    return fixture_wait(f, mh_store_schedule_fire(f->store, &fired->firing, fixture_done, f, NULL));
}

static int fire_code(struct fixture *f, const struct fired *fired)
{
    return fixture_wait_code(
        f, mh_store_schedule_fire(f->store, &fired->firing, fixture_done, f, NULL));
}

/* A schedule that is due, as a worker reads it. */
static struct mh_schedule due_schedule(struct fixture *f)
{
    add(f, a_schedule(f, "s"));
    fixture_advance(f, MINUTE);
    const struct mh_reply *reply = due(f);
    assert_int_equal(reply->count, 1);
    return reply->schedules[0];
}

/* --- for people */

static void a_schedule_reads_back_as_it_was_added(void **state)
{
    struct fixture *f = *state;
    struct mh_schedule schedule = a_schedule(f, "nightly:report");
    schedule.tenant_id = add_tenant(f, "acme", MH_PLAN_FREE);
    schedule.tz = "Europe/Berlin";
    schedule.priority = 7;
    schedule.max_attempts = 5;
    schedule.missed = MH_MISSED_ALL;
    schedule.overlap = false;
    add(f, schedule);
    struct mh_schedule seen = show(f, "nightly:report");
    assert_id_equal(seen.tenant_id, schedule.tenant_id);
    assert_string_equal(seen.type, "t");
    assert_string_equal(seen.cron, "* * * * *");
    assert_string_equal(seen.tz, "Europe/Berlin");
    assert_int_equal(seen.payload_len, 8);
    assert_memory_equal(seen.payload, "{\"a\": 1}", 8);
    assert_int_equal(seen.priority, 7);
    assert_int_equal(seen.max_attempts, 5);
    assert_int_equal(seen.missed, MH_MISSED_ALL);
    assert_false(seen.overlap);
    assert_false(seen.paused);
    assert_int_equal(seen.next_at, f->now + MINUTE);
    assert_int_equal(seen.last_at, 0);
    assert_int_equal(seen.created_at, f->now);
    assert_int_equal(seen.updated_at, f->now);
}

static void schedules_are_listed_by_name_and_tenant(void **state)
{
    struct fixture *f = *state;
    struct mh_schedule theirs = a_schedule(f, "b");
    assert_int_equal(list(f, (struct mh_schedule_filter){0})->count, 0);
    assert_int_equal(list(f, (struct mh_schedule_filter){0})->now_ms, f->now);
    theirs.tenant_id = add_tenant(f, "acme", MH_PLAN_FREE);
    add(f, a_schedule(f, "c"));
    add(f, theirs);
    add(f, a_schedule(f, "b"));
    const struct mh_reply *reply = list(f, (struct mh_schedule_filter){0});
    assert_int_equal(reply->count, 3);
    assert_string_equal(reply->schedules[0].name, "b");
    assert_string_equal(reply->schedules[2].name, "c");
    assert_null(reply->schedules[0].payload);
    assert_int_equal(reply->schedules[0].priority, -1);
    assert_int_equal(reply->schedules[0].max_attempts, 3);
    reply = list(f, (struct mh_schedule_filter){.tenant_id = &theirs.tenant_id});
    assert_int_equal(reply->count, 1);
    assert_id_equal(reply->schedules[0].tenant_id, theirs.tenant_id);
    reply = list(f, (struct mh_schedule_filter){.tenant_id = &mh_uuid_zero, .name = "b"});
    assert_int_equal(reply->count, 1);
    assert_id_equal(reply->schedules[0].tenant_id, mh_uuid_zero);
}

static void a_name_is_given_once_to_a_tenant(void **state)
{
    struct fixture *f = *state;
    struct mh_schedule stranger = a_schedule(f, "s");
    stranger.tenant_id = mh_uuid_new();
    add(f, a_schedule(f, "s"));
    assert_int_equal(add_code(f, a_schedule(f, "s")), MH_EEXIST);
    assert_int_equal(add_code(f, stranger), MH_ENOENT);
    assert_int_equal(list(f, (struct mh_schedule_filter){0})->count, 1);
}

static void what_is_no_schedule_is_refused(void **state)
{
    struct fixture *f = *state;
    struct mh_schedule good = a_schedule(f, "s"), bad[8];
    for (size_t i = 0; i < MH_LEN(bad); i++)
        bad[i] = good;
    bad[0].name = "no spaces";
    bad[1].type = "";
    bad[2].payload_len = 7;
    bad[3].priority = 101;
    bad[4].cron = "";
    bad[5].tz = NULL;
    bad[6].missed = MH_MISSED__COUNT;
    bad[7].next_at = -1;
    for (size_t i = 0; i < MH_LEN(bad); i++)
        assert_int_equal(add_code(f, bad[i]), MH_EINVAL);
    assert_int_equal(add_code(f, good), 0);
}

static void a_change_needs_the_last_revision(void **state)
{
    struct fixture *f = *state;
    add(f, a_schedule(f, "s"));
    struct mh_schedule first = show(f, "s"), second = first;
    fixture_advance(f, 1000);
    first.type = "other";
    first.next_at = 0;
    first.paused = true;
    first.payload = "{}";
    first.payload_len = 2;
    assert_int_equal(change(f, first), 1);
    assert_int_equal(change(f, second), 0);
    struct mh_schedule seen = show(f, "s");
    assert_string_equal(seen.type, "other");
    assert_true(seen.paused);
    assert_int_equal(seen.next_at, 0);
    assert_int_equal(seen.payload_len, 2);
    assert_int_equal(seen.updated_at, f->now);
    assert_int_equal(seen.created_at, f->now - 1000);
}

static void a_removed_schedule_is_gone_and_its_name_free(void **state)
{
    struct fixture *f = *state;
    struct mh_schedule old = due_schedule(f);
    struct fired fired;
    prepare(&old, &fired);
    assert_int_equal(remove_named(f, mh_uuid_zero, "other"), 0);
    assert_int_equal(remove_named(f, mh_uuid_zero, "s"), 1);
    assert_int_equal(remove_named(f, mh_uuid_zero, "s"), 0);
    struct mh_schedule again = a_schedule(f, "s");
    again.next_at = old.next_at;
    add(f, again);
    assert_null(fire(f, &fired)->dispatched); /* a worker that read the old one */
    assert_int_equal(due(f)->count, 1);
}

static void a_tenant_takes_its_schedules_along(void **state)
{
    struct fixture *f = *state;
    struct mh_schedule theirs = a_schedule(f, "theirs");
    theirs.tenant_id = add_tenant(f, "acme", MH_PLAN_FREE);
    add(f, theirs);
    add(f, a_schedule(f, "ours"));
    fixture_wait(f, mh_store_tenant_remove(f->store, &theirs.tenant_id, fixture_done, f, NULL));
    const struct mh_reply *reply = list(f, (struct mh_schedule_filter){0});
    assert_int_equal(reply->count, 1);
    assert_string_equal(reply->schedules[0].name, "ours");
}

/* --- for workers */

static void a_schedule_is_due_at_its_slot(void **state)
{
    struct fixture *f = *state;
    struct mh_schedule later = a_schedule(f, "later"), never = a_schedule(f, "never");
    assert_int_equal(due(f)->next_due_ms, -1);
    later.next_at += 5000;
    never.next_at = 0;
    add(f, later);
    add(f, never);
    add(f, a_schedule(f, "s"));
    assert_int_equal(due(f)->count, 0);
    assert_int_equal(due(f)->next_due_ms, MINUTE);
    fixture_advance(f, MINUTE - 1);
    assert_int_equal(due(f)->count, 0);
    assert_int_equal(due(f)->next_due_ms, 1);
    fixture_advance(f, 1);
    const struct mh_reply *reply = due(f);
    assert_int_equal(reply->count, 1);
    assert_string_equal(reply->schedules[0].name, "s");
    assert_int_equal(reply->schedules[0].next_at, f->now);
    assert_null(reply->schedules[0].payload);
    assert_int_equal(reply->now_ms, f->now);
    assert_int_equal(reply->next_due_ms, 5000);
    fixture_advance(f, 10000);
    reply = due(f);
    assert_int_equal(reply->count, 2);
    assert_string_equal(reply->schedules[0].name, "s"); /* the oldest slot first */
    assert_int_equal(reply->next_due_ms, -1);
}

/* Those at its front may be such as nobody can fire. */
static void what_is_due_is_read_in_pages(void **state)
{
    struct fixture *f = *state;
    const char *const names[] = {"a", "b", "c"};
    for (size_t i = 0; i < 3; i++)
        add(f, a_schedule(f, names[i]));
    fixture_advance(f, MINUTE);
    for (size_t i = 0; i < 3; i++) {
        const struct mh_reply *reply =
            fixture_wait(f, mh_store_schedule_due(f->store, i, 1, fixture_done, f, NULL));
        assert_int_equal(reply->count, 1);
        assert_string_equal(reply->schedules[0].name, names[i]);
    }
    assert_int_equal(
        fixture_wait(f, mh_store_schedule_due(f->store, 3, 1, fixture_done, f, NULL))->count, 0);
}

static void firing_dispatches_and_moves_on(void **state)
{
    struct fixture *f = *state;
    struct mh_schedule schedule = due_schedule(f);
    struct fired fired;
    prepare(&schedule, &fired);
    const struct mh_reply *reply = fire(f, &fired);
    assert_int_equal(reply->count, 1);
    assert_id_equal(reply->dispatched[0].id, fired.job.id);
    assert_false(reply->dispatched[0].standing);
    const struct mh_job *job = get(f, fired.job.id);
    assert_string_equal(job->type, "t");
    assert_int_equal(job->status, MH_STATUS_PENDING);
    assert_int_equal(job->payload_len, 8);
    assert_int_equal(job->priority, 0);
    assert_int_equal(job->max_attempts, 3);
    assert_int_equal(job->run_at, schedule.next_at);
    assert_string_equal(job->correlation_id, "s@slot");
    assert_null(job->unique_key);
    assert_int_equal(due(f)->count, 0);
    assert_int_equal(due(f)->next_due_ms, MINUTE);
    struct mh_schedule seen = show(f, "s");
    assert_int_equal(seen.last_at, schedule.next_at);
    assert_int_equal(seen.next_at, schedule.next_at + MINUTE);
    assert_id_equal(claim_one(f, join_as(f, "w")).id, fired.job.id);
}

static void two_that_fire_one_slot_make_one_job(void **state)
{
    struct fixture *f = *state;
    struct mh_schedule schedule = due_schedule(f);
    struct fired first, second;
    prepare(&schedule, &first);
    prepare(&schedule, &second);
    assert_non_null(fire(f, &first)->dispatched);
    const struct mh_reply *reply = fire(f, &second);
    assert_null(reply->dispatched);
    assert_int_equal(reply->count, 0);
    assert_null(get(f, second.job.id));
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], 1);
    assert_int_equal(show(f, "s").next_at, schedule.next_at + MINUTE);
}

static void a_schedule_that_was_changed_is_not_fired(void **state)
{
    struct fixture *f = *state;
    struct fired fired;
    struct mh_schedule read = due_schedule(f), edited = show(f, "s");
    prepare(&read, &fired);
    edited.type = "other"; /* and the slot stays */
    assert_int_equal(change(f, edited), 1);
    assert_null(fire(f, &fired)->dispatched);
    edited = show(f, "s");
    prepare(&edited, &fired);
    assert_non_null(fire(f, &fired)->dispatched);
    assert_string_equal(get(f, fired.job.id)->type, "other");
}

static void a_firing_may_have_no_job_or_many(void **state)
{
    struct fixture *f = *state;
    struct mh_schedule schedule = due_schedule(f);
    struct fired fired;
    prepare(&schedule, &fired);
    fired.firing.count = 0;
    const struct mh_reply *reply = fire(f, &fired);
    assert_non_null(reply->dispatched);
    assert_int_equal(reply->count, 0);
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], 0);

    schedule = show(f, "s");
    prepare(&schedule, &fired);
    struct mh_firing_job jobs[3] = {fired.job, fired.job, fired.job};
    for (int i = 0; i < 3; i++) {
        jobs[i].id = mh_uuid_new();
        jobs[i].slot += i * 1000;
        jobs[i].correlation_id = NULL;
    }
    fired.firing.jobs = jobs;
    fired.firing.count = 3;
    fired.firing.last_at = jobs[2].slot;
    fired.firing.next_at = 0; /* and never again */
    assert_int_equal(fire(f, &fired)->count, 3);
    assert_int_equal(get(f, jobs[2].id)->run_at, schedule.next_at + 2000);
    assert_int_equal(show(f, "s").last_at, schedule.next_at + 2000);
    assert_int_equal(show(f, "s").next_at, 0);
    assert_int_equal(due(f)->next_due_ms, -1);
}

static void a_key_lets_only_one_be_unfinished(void **state)
{
    struct fixture *f = *state;
    struct mh_schedule schedule = due_schedule(f);
    struct fired first, second;
    prepare(&schedule, &first);
    first.firing.unique_key = "schedule:s";
    fire(f, &first);
    schedule = show(f, "s");
    prepare(&schedule, &second);
    second.firing.unique_key = "schedule:s";
    const struct mh_reply *reply = fire(f, &second);
    assert_int_equal(reply->count, 1);
    assert_true(reply->dispatched[0].standing);
    assert_id_equal(reply->dispatched[0].id, first.job.id);
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], 1);
    assert_int_equal(show(f, "s").next_at, schedule.next_at + MINUTE);
}

static void a_firing_that_fails_leaves_the_slot_due(void **state)
{
    struct fixture *f = *state;
    struct mh_schedule schedule = due_schedule(f);
    struct fired fired;
    prepare(&schedule, &fired);
    fired.job.id = enqueue(f, "t"); /* in use */
    assert_int_equal(fire_code(f, &fired), MH_EEXIST);
    assert_int_equal(due(f)->count, 1);
    assert_int_equal(due(f)->schedules[0].revision, schedule.revision);
    fired.firing.next_at = fired.firing.slot; /* back */
    assert_int_equal(fire_code(f, &fired), MH_EINVAL);
}

static void hear(void *arg, int kinds)
{
    if ((kinds & MH_NEWS_SCHEDULE) != 0) *(int *)arg = 1;
}

static void a_new_schedule_is_news(void **state)
{
    struct fixture *f = *state;
    int heard = 0;
    struct mh_store *watcher = fixture_open(f);
    int kinds = MH_NEWS_DUE | MH_NEWS_CANCELLED | MH_NEWS_SCHEDULE;
    assert_int_equal(mh_store_watch(watcher, kinds, hear, &heard, NULL), 0);
    add(f, a_schedule(f, "s"));
    fixture_until(f, &heard, 5000);
    heard = 0;
    assert_int_equal(change(f, show(f, "s")), 1);
    fixture_until(f, &heard, 5000);
    mh_store_close(watcher);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_schedule_reads_back_as_it_was_added),
        STORE_TEST(schedules_are_listed_by_name_and_tenant),
        STORE_TEST(a_name_is_given_once_to_a_tenant),
        STORE_TEST(what_is_no_schedule_is_refused),
        STORE_TEST(a_change_needs_the_last_revision),
        STORE_TEST(a_removed_schedule_is_gone_and_its_name_free),
        STORE_TEST(a_tenant_takes_its_schedules_along),
        STORE_TEST(a_schedule_is_due_at_its_slot),
        STORE_TEST(what_is_due_is_read_in_pages),
        STORE_TEST(firing_dispatches_and_moves_on),
        STORE_TEST(two_that_fire_one_slot_make_one_job),
        STORE_TEST(a_schedule_that_was_changed_is_not_fired),
        STORE_TEST(a_firing_may_have_no_job_or_many),
        STORE_TEST(a_key_lets_only_one_be_unfinished),
        STORE_TEST(a_firing_that_fails_leaves_the_slot_due),
        STORE_TEST(a_new_schedule_is_news),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
