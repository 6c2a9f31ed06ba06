/* Events: what happened to jobs, for whoever follows. */
#include "fixture.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

static void follow(struct fixture *f)
{
    fixture_wait(f, mh_store_follow(f->store, fixture_done, f, NULL));
}

static const struct mh_reply *ask(struct fixture *f, struct mh_event_filter filter)
{
    if (filter.limit == 0) filter.limit = 1000;
    return fixture_wait(f, mh_store_events(f->store, &filter, fixture_done, f, NULL));
}

static const struct mh_reply *all_events(struct fixture *f)
{
    return ask(f, (struct mh_event_filter){0});
}

static void assert_kinds(const struct mh_reply *reply, const char *expected)
{
    char kinds[2000] = "";
    for (size_t i = 0; i < reply->count; i++) {
        size_t len = strlen(kinds);
        (void)snprintf(kinds + len, sizeof kinds - len, "%s%s", i > 0 ? " " : "",
                       mh_event_name(reply->events[i].kind));
    }
    assert_string_equal(kinds, expected);
}

static size_t tell(struct fixture *f, struct held held, struct mh_note note)
{
    note.lease = held.lease;
    note.id = held.id;
    if (note.log != NULL && note.log_len == 0) note.log_len = strlen(note.log);
    return fixture_wait(f, mh_store_note(f->store, &note, 1, fixture_done, f, NULL))->count;
}

static struct held work_on(struct fixture *f, int64_t worker, struct mh_dispatch job)
{
    enqueue_job(f, job);
    return claim_one(f, worker);
}

static void nothing_is_written_while_nobody_follows(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    struct held held = work_on(f, worker, a_job("t"));
    tell(f, held, (struct mh_note){.progress = 0.5, .log = "line"});
    finish(f, held, MH_OUTCOME_COMPLETED);
    assert_int_equal(all_events(f)->count, 0);
    follow(f);
    fixture_advance(f, DAY_MS + 1);
    enqueue(f, "t");
    assert_int_equal(all_events(f)->count, 0);
    follow(f);
    enqueue(f, "t");
    assert_kinds(all_events(f), "dispatched");
}

static void a_life_is_told_in_its_order(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    follow(f);
    struct mh_uuid id = enqueue(f, "mail");
    fixture_advance(f, 5);
    struct held held = claim_one(f, worker);
    tell(f, held, (struct mh_note){.progress = 0.5, .message = "half"});
    tell(f, held, (struct mh_note){.progress = -1, .log = "one\n\nthree\n"});
    finish(f, held, MH_OUTCOME_COMPLETED);

    const struct mh_reply *reply = all_events(f);

    assert_kinds(reply, "dispatched claimed progress log log log completed");
    for (size_t i = 0; i < reply->count; i++) {
        const struct mh_event *event = &reply->events[i];
        assert_id_equal(event->job_id, id);
        assert_id_equal(event->tenant_id, mh_uuid_zero);
        assert_string_equal(event->type, "mail");
        assert_int_equal(event->at, TEST_START + (i > 0 ? 5 : 0));
        assert_int_equal(event->attempts, i > 0);
        if (i > 0) assert_string_equal(event->worker_id, "w");
        assert_true(i == 2 ? event->progress == 0.5 : event->progress < 0);
    }
    assert_null(reply->events[0].worker_id);
    assert_string_equal(reply->events[2].text, "half");
    assert_string_equal(reply->events[3].text, "one");
    assert_string_equal(reply->events[4].text, "");
    assert_string_equal(reply->events[5].text, "three");
    assert_null(reply->events[6].text);
}

static void every_outcome_is_an_event(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    follow(f);
    struct mh_dispatch job = a_job("t");
    job.max_attempts = 3;
    struct held held = work_on(f, worker, job);
    finish(f, held, MH_OUTCOME_RELEASED);
    held = claim_one(f, worker);
    finish_with(
        f, (struct mh_finish){
               .lease = held.lease, .id = held.id, .outcome = MH_OUTCOME_LATER, .delay_ms = 1000});
    fixture_advance(f, 1000);
    held = claim_one(f, worker);
    finish_with(f, (struct mh_finish){.lease = held.lease,
                                      .id = held.id,
                                      .outcome = MH_OUTCOME_RETRY,
                                      .error = "no luck",
                                      .delay_ms = 2000});
    fixture_advance(f, 2000);
    held = claim_one(f, worker);
    finish_with(
        f, (struct mh_finish){
               .lease = held.lease, .id = held.id, .outcome = MH_OUTCOME_FAILED, .error = "bad"});

    const struct mh_reply *reply = all_events(f);

    assert_kinds(reply,
                 "dispatched claimed released claimed released claimed retried claimed failed");
    const struct mh_event *events = reply->events;
    assert_int_equal(events[2].attempts, 0);
    assert_int_equal(events[2].next_retry_at, 0);
    assert_int_equal(events[4].attempts, 0);
    assert_int_equal(events[4].next_retry_at, TEST_START + 1000);
    assert_string_equal(events[6].text, "no luck");
    assert_string_equal(events[6].worker_id, "w");
    assert_int_equal(events[6].attempts, 1);
    assert_int_equal(events[6].next_retry_at, TEST_START + 3000);
    assert_string_equal(events[8].text, "bad");
    assert_int_equal(events[8].attempts, 2);
}

static void acts_of_people_are_events(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    follow(f);
    struct held held = work_on(f, worker, a_job("t"));
    act(f, MH_ACT_CANCEL, held.id);
    act(f, MH_ACT_RETRY, held.id);
    act(f, MH_ACT_CANCEL, held.id);
    act(f, MH_ACT_CANCEL, held.id);

    const struct mh_reply *reply = all_events(f);

    assert_kinds(reply, "dispatched claimed cancelled retried cancelled");
    assert_string_equal(reply->events[2].worker_id, "w");
    assert_null(reply->events[3].worker_id);
    assert_int_equal(reply->events[3].attempts, 0);
    assert_null(reply->events[4].worker_id);
}

static void a_lost_lease_is_an_event(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    struct mh_dispatch job = a_job("t");
    job.max_attempts = 2;
    struct held held = work_on(f, worker, job);
    follow(f);
    for (int i = 0; i < 2; i++) {
        fixture_advance(f, LEASE_MS + 1);
        assert_int_equal(reclaim(f), 1);
        if (i == 0) held = claim_one(f, join_as(f, "w2"));
    }
    assert_int_equal(tell(f, held, (struct mh_note){.progress = 1, .log = "too late"}), 0);

    const struct mh_reply *reply = all_events(f);

    assert_kinds(reply, "retried claimed failed");
    assert_string_equal(reply->events[0].text, "lease expired");
    assert_string_equal(reply->events[0].worker_id, "w");
    assert_int_equal(reply->events[0].attempts, 1);
    assert_int_equal(reply->events[0].next_retry_at, 0);
    assert_string_equal(reply->events[2].worker_id, "w2");
    assert_string_equal(reply->events[2].text, "lease expired");
}

static void a_firing_dispatches(void **state)
{
    struct fixture *f = *state;
    const struct mh_schedule schedule = {.name = "s",
                                         .type = "t",
                                         .cron = "* * * * *",
                                         .tz = "UTC",
                                         .priority = -1,
                                         .max_attempts = 3,
                                         .payload = "{}",
                                         .payload_len = 2,
                                         .next_at = TEST_START};
    fixture_wait(f, mh_store_schedule_add(f->store, &schedule, fixture_done, f, NULL));
    const struct mh_schedule due =
        *fixture_wait(f, mh_store_schedule_due(f->store, 0, 1, fixture_done, f, NULL))->schedules;
    follow(f);
    const struct mh_firing_job job = {.id = mh_uuid_new(), .slot = TEST_START};
    const struct mh_firing firing = {.id = due.id,
                                     .revision = due.revision,
                                     .slot = due.next_at,
                                     .last_at = due.next_at,
                                     .next_at = due.next_at + 60000,
                                     .jobs = &job,
                                     .count = 1};
    fixture_wait(f, mh_store_schedule_fire(f->store, &firing, fixture_done, f, NULL));
    const struct mh_reply *reply = all_events(f);
    assert_kinds(reply, "dispatched");
    assert_id_equal(reply->events[0].job_id, job.id);
}

/* Goes on from each place, and from each end, in steps of two. */
static void a_reader_goes_on_from_any_place(void **state)
{
    struct fixture *f = *state;
    follow(f);
    struct mh_dispatch jobs[7];
    for (size_t i = 0; i < MH_LEN(jobs); i++) {
        jobs[i] = a_job("t");
        jobs[i].id = mh_uuid_new();
    }
    fixture_wait(f, mh_store_dispatch(f->store, jobs, 4, fixture_done, f, NULL));
    fixture_wait(f, mh_store_dispatch(f->store, jobs + 4, 3, fixture_done, f, NULL));
    const struct mh_reply *all = all_events(f);
    assert_int_equal(all->count, 7);
    for (size_t start = 0; start < 7; start++) {
        const struct mh_event *event = &all->events[start];
        assert_id_equal(event->job_id, jobs[start].id);
        const struct mh_reply *rest =
            ask(f, (struct mh_event_filter){
                       .after_pos = event->pos, .after_index = event->index, .limit = 2});
        assert_int_equal(rest->count, start < 5 ? 2 : 6 - start);
        for (size_t i = 0; i < rest->count; i++)
            assert_id_equal(rest->events[i].job_id, jobs[start + 1 + i].id);
        assert_false(rest->gap);
    }
    const struct mh_event_filter end = {.after_pos = -1};
    assert_int_equal(ask(f, end)->count, 0);
    int64_t cursor = ask(f, end)->cursor;
    assert_true(cursor >= all->events[6].pos);
    const struct mh_event_filter behind = {.after_pos = cursor, .after_index = INT_MAX};
    assert_int_equal(ask(f, behind)->count, 0);
    struct mh_uuid next = enqueue(f, "t");
    assert_id_equal(ask(f, behind)->events[0].job_id, next);
    assert_int_equal(ask(f, behind)->count, 1);
}

static void the_events_of_one_job_are_asked_for(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    follow(f);
    for (int i = 0; i < 3; i++)
        enqueue(f, "t");
    const struct mh_reply *claimed = claim(f, worker, 3);
    struct held held = {claimed->lease, claimed->jobs[1].id};
    finish(f, held, MH_OUTCOME_COMPLETED);
    const struct mh_reply *reply = ask(f, (struct mh_event_filter){.job_id = &held.id});
    assert_kinds(reply, "dispatched claimed completed");
    for (size_t i = 0; i < 3; i++)
        assert_id_equal(reply->events[i].job_id, held.id);
    struct mh_uuid stranger = mh_uuid_new();
    assert_int_equal(ask(f, (struct mh_event_filter){.job_id = &stranger})->count, 0);
}

static void a_tenant_is_told_of_its_own(void **state)
{
    struct fixture *f = *state;
    follow(f);
    struct mh_dispatch job = a_job("t");
    job.tenant_id = add_tenant(f, "own", MH_PLAN_FREE);
    struct mh_uuid other = enqueue(f, "t");
    struct mh_uuid own = enqueue_job(f, job);
    enqueue(f, "t");
    char id[MH_UUID_TEXT], claims[200];
    mh_uuid_format(&job.tenant_id, id);
    (void)snprintf(claims, sizeof claims, "{\"tenant_id\": \"%s\"}", id);
    const struct mh_asker asker = {.tenant_id = job.tenant_id, .claims = claims};
    mh_store_speak_for(f->store, &asker);
    const struct mh_reply *reply = all_events(f);
    assert_int_equal(reply->count, 1);
    assert_id_equal(reply->events[0].job_id, own);
    assert_id_equal(reply->events[0].tenant_id, job.tenant_id);
    assert_int_equal(ask(f, (struct mh_event_filter){.job_id = &other})->count, 0);
    assert_int_equal(fixture_wait_code(f, mh_store_follow(f->store, fixture_done, f, NULL)),
                     MH_EPERM);
}

static void texts_are_cut_and_made_text(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    struct held held = work_on(f, worker, a_job("t"));
    follow(f);
    size_t len = 2 * MH_EVENT_LOG_MAX;
    char *log = malloc(len + 1);
    assert_non_null(log);
    memset(log, 'x', len);
    log[len] = '\0';
    log[10] = '\xff';
    log[MH_EVENT_TEXT_MAX * 2] = '\n';
    log[MH_EVENT_TEXT_MAX * 2 + 3] = '\n';
    tell(f, held, (struct mh_note){.progress = 0, .message = log, .log = log});
    free(log);

    const struct mh_reply *reply = all_events(f);

    assert_kinds(reply, "progress log log log");
    assert_true(strlen(reply->events[0].text) > MH_EVENT_TEXT_MAX - 4);
    assert_true(strlen(reply->events[0].text) <= MH_EVENT_TEXT_MAX);
    assert_memory_equal(reply->events[1].text, "xxxxxxxxxx\xef\xbf\xbdx", 14);
    assert_int_equal(strlen(reply->events[1].text), MH_EVENT_TEXT_MAX);
    assert_string_equal(reply->events[2].text, "xx");
    assert_int_equal(strlen(reply->events[3].text), MH_EVENT_TEXT_MAX);
    const struct mh_event_filter none = {.limit = 0}, many = {.limit = 1001};
    assert_int_equal(mh_store_events(f->store, &none, fixture_done, f, NULL), MH_EINVAL);
    assert_int_equal(mh_store_events(f->store, &many, fixture_done, f, NULL), MH_EINVAL);
}

static void a_gap_is_told(void **state)
{
    struct fixture *f = *state;
    follow(f);
    enqueue(f, "t");
    int64_t pos = all_events(f)->events[0].pos;
    const struct mh_event_filter behind = {.after_pos = pos};
    fixture_advance(f, DAY_MS);
    follow(f);
    assert_false(ask(f, behind)->gap);
    fixture_advance(f, DAY_MS + 1);
    enqueue(f, "t");
    follow(f);
    enqueue(f, "t");
    assert_true(ask(f, behind)->gap);
    assert_false(all_events(f)->gap);
}

/* Each half day somebody is there, and some thousand jobs come. */
static void old_events_are_let_go_of(void **state)
{
    struct fixture *f = *state;
    follow(f);
    int64_t first = 0;
    for (int half = 0; half < 6; half++) {
        struct mh_dispatch jobs[1100];
        for (size_t i = 0; i < MH_LEN(jobs); i++) {
            jobs[i] = a_job("t");
            jobs[i].id = mh_uuid_new();
        }
        fixture_wait(f, mh_store_dispatch(f->store, jobs, MH_LEN(jobs), fixture_done, f, NULL));
        if (half == 0) first = all_events(f)->events[0].pos;
        if (half == 1) assert_int_equal(all_events(f)->events[0].pos, first);
        fixture_advance(f, DAY_MS / 2 + 1);
        reclaim(f);
        follow(f);
    }
    assert_true(all_events(f)->events[0].at >= TEST_START + DAY_MS);
    const struct mh_event_filter old = {.after_pos = first};
    assert_true(ask(f, old)->gap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(nothing_is_written_while_nobody_follows),
        STORE_TEST(a_life_is_told_in_its_order),
        STORE_TEST(every_outcome_is_an_event),
        STORE_TEST(acts_of_people_are_events),
        STORE_TEST(a_lost_lease_is_an_event),
        STORE_TEST(a_firing_dispatches),
        STORE_TEST(a_reader_goes_on_from_any_place),
        STORE_TEST(the_events_of_one_job_are_asked_for),
        STORE_TEST(a_tenant_is_told_of_its_own),
        STORE_TEST(texts_are_cut_and_made_text),
        STORE_TEST(a_gap_is_told),
        STORE_TEST(old_events_are_let_go_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
