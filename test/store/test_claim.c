#include "fixture.h"

#include <stdio.h>
#include <string.h>

static struct mh_uuid enqueue_at(struct fixture *f, const char *type, int priority)
{
    struct mh_dispatch job = a_job(type);
    job.priority = priority;
    return enqueue_job(f, job);
}

static void a_claimed_job_is_processing(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w1");
    struct mh_uuid id = enqueue(f, "mail");
    fixture_advance(f, 5);

    const struct mh_reply *reply = claim(f, worker, 10);

    assert_int_equal(reply->count, 1);
    assert_true(reply->lease > 0);
    const struct mh_job *job = &reply->jobs[0];
    assert_string_equal(job->payload, "{}");
    const struct mh_job *both[] = {job, get(f, id)};
    for (size_t i = 0; i < 2; i++) {
        assert_id_equal(both[i]->id, id);
        assert_string_equal(both[i]->type, "mail");
        assert_int_equal(both[i]->status, MH_STATUS_PROCESSING);
        assert_int_equal(both[i]->attempts, 1);
        assert_int_equal(both[i]->started_at, f->now);
        assert_int_equal(both[i]->run_at, f->now - 5);
        assert_string_equal(both[i]->worker_id, "w1");
    }
}

static void an_empty_claim_gives_nothing(void **state)
{
    struct fixture *f = *state;
    const struct mh_reply *reply = claim(f, join_as(f, "w"), 10);
    assert_int_equal(reply->count, 0);
    assert_int_equal(reply->lease, 0);
    assert_int_equal(reply->running, 0);
    assert_int_equal(reply->next_due_ms, -1);
}

static void higher_priority_comes_first(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    struct mh_uuid low = enqueue_at(f, "a", 0);
    struct mh_uuid high = enqueue_at(f, "b", 100);
    struct mh_uuid middle = enqueue_at(f, "a", 50);

    const struct mh_reply *reply = claim(f, worker, 10);

    assert_int_equal(reply->count, 3);
    assert_id_equal(reply->jobs[0].id, high);
    assert_id_equal(reply->jobs[1].id, middle);
    assert_id_equal(reply->jobs[2].id, low);
}

/* Types of one priority are one queue, whatever the shape of their backlogs. */
static void equal_priority_is_in_the_order_of_becoming_due(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    const char *const types[] = {"a", "a", "a", "a", "a", "a", "a", "b", "c", "b",
                                 "a", "c", "c", "c", "c", "c", "b", "a", "b", "b"};
    struct mh_uuid ids[MH_LEN(types)];
    for (size_t i = 0; i < MH_LEN(types); i++) {
        ids[i] = enqueue(f, types[i]);
        if (i % 3 == 0) fixture_advance(f, 1);
    }

    size_t next = 0;
    for (size_t limit = 1; next < MH_LEN(types); limit++) {
        const struct mh_reply *reply = claim(f, worker, limit);
        assert_true(reply->count > 0);
        for (size_t i = 0; i < reply->count; i++)
            assert_id_equal(reply->jobs[i].id, ids[next++]);
    }
}

/* Far more of one type than of the others, dispatched one by one; some have a key. */
static void types_that_are_unlike_in_number_are_claimed_in_order(void **state)
{
    enum { COUNT = 90, CLAIM = 60 };
    struct fixture *f = *state;
    struct mh_uuid ids[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        char key[8];
        (void)snprintf(key, sizeof key, "%zu", i);
        struct mh_dispatch job = a_job(i % 30 == 29 ? "rare" : i % 7 == 6 ? "few" : "many");
        if (i % 5 == 4) job.unique_key = key;
        ids[i] = enqueue_job(f, job);
    }
    int64_t worker = join_as(f, "w");
    const struct mh_reply *reply = claim(f, worker, CLAIM);
    assert_int_equal(reply->count, CLAIM);
    for (size_t i = 0; i < CLAIM; i++)
        assert_id_equal(reply->jobs[i].id, ids[i]);
    reply = claim(f, worker, CLAIM);
    assert_int_equal(reply->count, COUNT - CLAIM);
    for (size_t i = CLAIM; i < COUNT; i++)
        assert_id_equal(reply->jobs[i - CLAIM].id, ids[i]);
}

static void a_scheduled_job_stands_behind_those_due_before_it(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    struct mh_dispatch later = a_job("mail");
    later.delay_ms = 100;
    struct mh_uuid scheduled = enqueue_job(f, later);
    fixture_advance(f, 50);
    struct mh_uuid early = enqueue(f, "mail");
    fixture_advance(f, 100);
    struct mh_uuid late = enqueue(f, "mail");

    assert_id_equal(claim_one(f, worker).id, early);
    assert_id_equal(claim_one(f, worker).id, scheduled);
    assert_id_equal(claim_one(f, worker).id, late);
}

static void only_types_that_are_named_are_claimed(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    enqueue_at(f, "other", 100);
    struct mh_uuid wanted = enqueue(f, "mail");
    const char *const types[] = {"mail", "never.seen", "mail"};
    const struct mh_claim want = {.worker = worker, .types = types, .type_count = 3, .limit = 9};

    const struct mh_reply *reply =
        fixture_wait(f, mh_store_claim(f->store, &want, fixture_done, f, NULL));

    assert_int_equal(reply->count, 1);
    assert_id_equal(reply->jobs[0].id, wanted);
}

static void no_types_at_all_claim_nothing(void **state)
{
    struct fixture *f = *state;
    enqueue(f, "mail");
    const char *const none[] = {"unused"};
    const struct mh_claim want = {
        .worker = join_as(f, "w"), .types = none, .type_count = 0, .limit = 9};
    assert_int_equal(fixture_wait(f, mh_store_claim(f->store, &want, fixture_done, f, NULL))->count,
                     0);
}

static void pause_type(struct fixture *f, const char *type, bool paused)
{
    fixture_wait(f, mh_store_type_pause(f->store, type, paused, fixture_done, f, NULL));
}

static void a_paused_type_is_not_claimed(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    struct mh_uuid waiting = enqueue(f, "mail");
    struct mh_uuid other = enqueue(f, "other");
    pause_type(f, "mail", true);

    assert_id_equal(claim_one(f, worker).id, other);
    const struct mh_reply *reply = claim_type(f, worker, 9, "mail");
    assert_int_equal(reply->count, 0);
    assert_int_equal(reply->next_due_ms, -1);

    pause_type(f, "mail", false);
    assert_id_equal(claim_one(f, worker).id, waiting);
}

static void a_limit_is_kept(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    for (int i = 0; i < 5; i++)
        enqueue_at(f, i % 2 ? "a" : "b", i % 3);
    assert_int_equal(claim(f, worker, 3)->count, 3);
    assert_int_equal(claim(f, worker, 3)->count, 2);
    assert_int_equal(claim(f, worker, 3)->count, 0);
}

/* More than any store reads ahead at a time. */
static void a_large_claim_gets_all_there_is(void **state)
{
    struct fixture *f = *state;
    static struct mh_dispatch jobs[3000];
    for (size_t i = 0; i < MH_LEN(jobs); i++) {
        jobs[i] = a_job(i < 1500 ? "a" : "b");
        jobs[i].id = mh_uuid_new();
    }
    fixture_wait(f, mh_store_dispatch(f->store, jobs, MH_LEN(jobs), fixture_done, f, NULL));

    const struct mh_reply *reply = claim(f, join_as(f, "w"), 5000);

    assert_int_equal(reply->count, MH_LEN(jobs));
    for (size_t i = 0; i < MH_LEN(jobs); i++)
        assert_id_equal(reply->jobs[i].id, jobs[i].id);
}

static void two_workers_never_share_a_job(void **state)
{
    struct fixture *f = *state;
    int64_t first = join_as(f, "w1"), second = join_as(f, "w2");
    for (int i = 0; i < 10; i++)
        enqueue(f, "mail");
    const struct mh_reply *one = claim(f, first, 6), *two = claim(f, second, 6);
    assert_int_equal(one->count, 6);
    assert_int_equal(two->count, 4);
    assert_true(one->lease != two->lease);
    for (size_t i = 0; i < one->count; i++)
        for (size_t k = 0; k < two->count; k++)
            assert_false(mh_uuid_equal(&one->jobs[i].id, &two->jobs[k].id));
}

static void a_claim_says_when_to_come_back(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    struct mh_dispatch soon = a_job("mail"), sooner = a_job("other");
    soon.delay_ms = 700;
    sooner.delay_ms = 300;
    enqueue_job(f, soon);
    enqueue_job(f, sooner);

    assert_int_equal(claim(f, worker, 9)->next_due_ms, 300);
    assert_int_equal(claim_type(f, worker, 9, "mail")->next_due_ms, 700);
    fixture_advance(f, 100);
    assert_int_equal(claim_type(f, worker, 9, "mail")->next_due_ms, 600);
    enqueue(f, "mail");
    assert_int_equal(claim_type(f, worker, 1, "mail")->next_due_ms, 0);
    assert_int_equal(claim_type(f, worker, 1, "mail")->next_due_ms, 600);
    assert_int_equal(claim_type(f, worker, 9, "never.seen")->next_due_ms, -1);
}

static void an_empty_claim_says_what_is_running(void **state)
{
    struct fixture *f = *state;
    int64_t first = join_as(f, "w1"), second = join_as(f, "w2");
    enqueue(f, "mail");
    enqueue(f, "mail");
    enqueue(f, "other");
    assert_int_equal(claim(f, first, 9)->count, 3);
    assert_int_equal(claim(f, first, 9)->running, 3);
    assert_int_equal(claim(f, second, 9)->running, 3);
    assert_int_equal(claim_type(f, second, 9, "mail")->running, 2);
    pause_type(f, "mail", true);
    assert_int_equal(claim_type(f, second, 9, "mail")->running, 2);
    assert_int_equal(claim_type(f, second, 9, "never.seen")->running, 0);
}

/* By a claim of jobs that follow each other, and by one that finds each by itself. */
static void a_traceparent_goes_with_every_attempt(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    struct mh_dispatch jobs[] = {a_job("mail"), a_job("mail"), a_job("mail")};
    jobs[1].traceparent = A_TRACEPARENT;
    for (size_t i = 0; i < 3; i++)
        jobs[i].id = mh_uuid_new();
    fixture_wait(f, mh_store_dispatch(f->store, jobs, 3, fixture_done, f, NULL));
    for (int attempt = 1; attempt <= 2; attempt++) {
        const struct mh_reply *reply = claim(f, worker, 9);
        int64_t lease = reply->lease;
        assert_int_equal(reply->count, 3);
        for (size_t i = 0; i < 3; i++) {
            bool traced = mh_uuid_equal(&reply->jobs[i].id, &jobs[1].id);
            assert_int_equal(reply->jobs[i].attempts, attempt);
            assert_int_equal(reply->jobs[i].traceparent != NULL, traced);
            if (traced) assert_string_equal(reply->jobs[i].traceparent, A_TRACEPARENT);
        }
        for (size_t i = 0; i < 3; i++)
            finish(f, (struct held){lease, jobs[i].id}, MH_OUTCOME_RETRY);
    }
    assert_string_equal(get(f, jobs[1].id)->traceparent, A_TRACEPARENT);
}

static void a_worker_that_is_not_known_claims_nothing(void **state)
{
    struct fixture *f = *state;
    enqueue(f, "mail");
    const struct mh_claim want = {.worker = 4711, .limit = 1};
    assert_int_equal(fixture_wait_code(f, mh_store_claim(f->store, &want, fixture_done, f, NULL)),
                     MH_ENOENT);
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], 1);
}

static void a_wrong_claim_is_refused_at_once(void **state)
{
    struct fixture *f = *state;
    const char *const bad[] = {"no spaces"};
    const struct mh_claim none = {.worker = 1};
    const struct mh_claim type = {.worker = 1, .types = bad, .type_count = 1, .limit = 1};
    assert_int_equal(mh_store_claim(f->store, &none, fixture_done, f, NULL), MH_EINVAL);
    assert_int_equal(mh_store_claim(f->store, &type, fixture_done, f, NULL), MH_EINVAL);
}

/* A worker with a thousand free places must not read gigabytes at once. */
static void a_claim_of_large_payloads_ends_early(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    static char payload[1000000];
    fill_payload(payload, sizeof payload);
    struct mh_dispatch job = a_job("mail");
    job.payload = payload;
    job.payload_len = sizeof payload;
    for (int i = 0; i < 70; i++)
        enqueue_job(f, job);

    const struct mh_reply *reply = claim(f, worker, 100);

    assert_true(reply->count >= 60 && reply->count < 70);
    assert_int_equal(reply->next_due_ms, 0);
    assert_int_equal(claim(f, worker, 100)->count, 70 - reply->count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_claimed_job_is_processing),
        STORE_TEST(an_empty_claim_gives_nothing),
        STORE_TEST(higher_priority_comes_first),
        STORE_TEST(equal_priority_is_in_the_order_of_becoming_due),
        STORE_TEST(types_that_are_unlike_in_number_are_claimed_in_order),
        STORE_TEST(a_scheduled_job_stands_behind_those_due_before_it),
        STORE_TEST(only_types_that_are_named_are_claimed),
        STORE_TEST(no_types_at_all_claim_nothing),
        STORE_TEST(a_paused_type_is_not_claimed),
        STORE_TEST(a_limit_is_kept),
        STORE_TEST(a_large_claim_gets_all_there_is),
        STORE_TEST(two_workers_never_share_a_job),
        STORE_TEST(a_claim_says_when_to_come_back),
        STORE_TEST(an_empty_claim_says_what_is_running),
        STORE_TEST(a_traceparent_goes_with_every_attempt),
        STORE_TEST(a_worker_that_is_not_known_claims_nothing),
        STORE_TEST(a_wrong_claim_is_refused_at_once),
        STORE_TEST(a_claim_of_large_payloads_ends_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
