#include "fixture.h"

#include <string.h>

static void assert_acted(struct fixture *f, enum mh_act what, struct mh_uuid id, int expected,
                         enum mh_status was)
{
    struct mh_acted acted = act(f, what, id);
    assert_int_equal(acted.what, expected);
    assert_int_equal(acted.was, was);
}

/* A job of type "t" in each status. */
struct zoo {
    struct mh_uuid pending, processing, completed, failed, cancelled;
    struct held held;
};

static struct zoo make_zoo(struct fixture *f)
{
    struct zoo zoo;
    int64_t worker = join_as(f, "w1");
    zoo.completed = enqueue(f, "t");
    finish(f, claim_one(f, worker), MH_OUTCOME_COMPLETED);
    zoo.failed = enqueue(f, "t");
    finish(f, claim_one(f, worker), MH_OUTCOME_FAILED);
    zoo.processing = enqueue(f, "t");
    zoo.held = claim_one(f, worker);
    zoo.pending = enqueue(f, "t");
    zoo.cancelled = enqueue(f, "t");
    act(f, MH_ACT_CANCEL, zoo.cancelled);
    return zoo;
}

static void what_has_not_ended_can_be_cancelled(void **state)
{
    struct fixture *f = *state;
    struct zoo zoo = make_zoo(f);
    assert_acted(f, MH_ACT_CANCEL, zoo.pending, MH_ACTED, MH_STATUS_PENDING);
    assert_acted(f, MH_ACT_CANCEL, zoo.processing, MH_ACTED, MH_STATUS_PROCESSING);
    assert_acted(f, MH_ACT_CANCEL, zoo.completed, MH_ACTED_REFUSED, MH_STATUS_COMPLETED);
    assert_acted(f, MH_ACT_CANCEL, zoo.failed, MH_ACTED_REFUSED, MH_STATUS_FAILED);
    assert_acted(f, MH_ACT_CANCEL, zoo.cancelled, MH_ACTED_REFUSED, MH_STATUS_CANCELLED);
    assert_acted(f, MH_ACT_CANCEL, mh_uuid_new(), MH_ACTED_NOT_FOUND, MH_STATUS_NONE);
    assert_int_equal(stats(f).count[MH_STATUS_CANCELLED], 3);
    assert_int_equal(claim(f, join_as(f, "w2"), 9)->count, 0);
}

static void a_cancelled_job_has_ended(void **state)
{
    struct fixture *f = *state;
    struct zoo zoo = make_zoo(f);
    fixture_advance(f, 10);
    act(f, MH_ACT_CANCEL, zoo.pending);
    const struct mh_job *job = get(f, zoo.pending);
    assert_int_equal(job->status, MH_STATUS_CANCELLED);
    assert_int_equal(job->completed_at, f->now);
    assert_int_equal(attempts_of(f, zoo.pending)->count, 0);
}

static void cancelling_what_runs_goes_on_record(void **state)
{
    struct fixture *f = *state;
    struct zoo zoo = make_zoo(f);
    act(f, MH_ACT_CANCEL, zoo.processing);
    const struct mh_reply *reply = attempts_of(f, zoo.processing);
    assert_int_equal(reply->count, 1);
    assert_string_equal(reply->attempts[0].outcome, "cancelled");
    assert_int_equal(reply->attempts[0].number, 1);
    assert_string_equal(reply->attempts[0].worker_id, "w1");
    assert_null(reply->attempts[0].error);
    fixture_advance(f, LEASE_MS + 1);
    assert_int_equal(reclaim(f), 0);
}

static void cancelling_a_job_that_waits_for_its_next_try(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    enqueue(f, "t");
    struct held held = claim_one(f, worker);
    finish_with(f, (struct mh_finish){.lease = held.lease,
                                      .id = held.id,
                                      .outcome = MH_OUTCOME_RETRY,
                                      .error = "it broke",
                                      .delay_ms = 1000});
    act(f, MH_ACT_CANCEL, held.id);
    assert_int_equal(get(f, held.id)->next_retry_at, 0);
    assert_string_equal(get(f, held.id)->error, "it broke");
}

static void what_failed_or_was_cancelled_can_be_retried(void **state)
{
    struct fixture *f = *state;
    struct zoo zoo = make_zoo(f);
    assert_acted(f, MH_ACT_RETRY, zoo.failed, MH_ACTED, MH_STATUS_FAILED);
    assert_acted(f, MH_ACT_RETRY, zoo.cancelled, MH_ACTED, MH_STATUS_CANCELLED);
    assert_acted(f, MH_ACT_RETRY, zoo.pending, MH_ACTED_REFUSED, MH_STATUS_PENDING);
    assert_acted(f, MH_ACT_RETRY, zoo.processing, MH_ACTED_REFUSED, MH_STATUS_PROCESSING);
    assert_acted(f, MH_ACT_RETRY, zoo.completed, MH_ACTED_REFUSED, MH_STATUS_COMPLETED);
    assert_acted(f, MH_ACT_RETRY, mh_uuid_new(), MH_ACTED_NOT_FOUND, MH_STATUS_NONE);
    struct mh_stats counts = stats(f);
    assert_int_equal(counts.count[MH_STATUS_PENDING], 3);
    assert_int_equal(counts.count[MH_STATUS_FAILED], 0);
    assert_int_equal(counts.count[MH_STATUS_CANCELLED], 0);
}

static void a_retried_job_starts_from_nought(void **state)
{
    struct fixture *f = *state;
    struct zoo zoo = make_zoo(f);
    int64_t run_at = get(f, zoo.failed)->run_at;
    fixture_advance(f, 10);
    act(f, MH_ACT_RETRY, zoo.failed);

    const struct mh_job *job = get(f, zoo.failed);

    assert_int_equal(job->status, MH_STATUS_PENDING);
    assert_int_equal(job->attempts, 0);
    assert_int_equal(job->completed_at, 0);
    assert_int_equal(job->run_at, run_at);
    assert_int_equal(attempts_of(f, zoo.failed)->count, 1);
    int64_t worker = join_as(f, "w2");
    assert_id_equal(claim_one(f, worker).id, zoo.pending);
    struct held again = claim_one(f, worker);
    assert_id_equal(again.id, zoo.failed);
    assert_int_equal(get(f, zoo.failed)->attempts, 1);
}

static void a_retried_job_is_not_run_before_its_time(void **state)
{
    struct fixture *f = *state;
    struct mh_dispatch job = a_job("t");
    job.delay_ms = 1000;
    struct mh_uuid id = enqueue_job(f, job);
    act(f, MH_ACT_CANCEL, id);
    act(f, MH_ACT_RETRY, id);
    int64_t worker = join_as(f, "w");
    assert_int_equal(claim(f, worker, 1)->count, 0);
    fixture_advance(f, 1000);
    assert_int_equal(claim(f, worker, 1)->count, 1);
}

static void a_key_that_was_taken_meanwhile_refuses_the_retry(void **state)
{
    struct fixture *f = *state;
    struct mh_dispatch job = a_job("t");
    job.unique_key = "k";
    struct mh_uuid old = enqueue_job(f, job);
    act(f, MH_ACT_CANCEL, old);
    struct mh_uuid new = enqueue_job(f, job);
    assert_acted(f, MH_ACT_RETRY, old, MH_ACTED_KEY_TAKEN, MH_STATUS_CANCELLED);
    assert_int_equal(status_of(f, old), MH_STATUS_CANCELLED);

    act(f, MH_ACT_REMOVE, new);
    assert_acted(f, MH_ACT_RETRY, old, MH_ACTED, MH_STATUS_CANCELLED);
    assert_id_equal(enqueue_job(f, job), old);
}

static void what_does_not_run_can_be_removed(void **state)
{
    struct fixture *f = *state;
    struct zoo zoo = make_zoo(f);
    assert_acted(f, MH_ACT_REMOVE, zoo.processing, MH_ACTED_REFUSED, MH_STATUS_PROCESSING);
    assert_acted(f, MH_ACT_REMOVE, zoo.pending, MH_ACTED, MH_STATUS_PENDING);
    assert_acted(f, MH_ACT_REMOVE, zoo.completed, MH_ACTED, MH_STATUS_COMPLETED);
    assert_acted(f, MH_ACT_REMOVE, zoo.failed, MH_ACTED, MH_STATUS_FAILED);
    assert_acted(f, MH_ACT_REMOVE, zoo.cancelled, MH_ACTED, MH_STATUS_CANCELLED);
    assert_acted(f, MH_ACT_REMOVE, zoo.failed, MH_ACTED_NOT_FOUND, MH_STATUS_NONE);
    assert_null(get(f, zoo.failed));
    assert_int_equal(attempts_of(f, zoo.failed)->count, 0);
    struct mh_stats counts = stats(f);
    for (int i = 0; i < MH_STATUS__COUNT; i++)
        assert_int_equal(counts.count[i], i == MH_STATUS_PROCESSING);
    assert_int_equal(finish(f, zoo.held, MH_OUTCOME_COMPLETED), MH_STATUS_COMPLETED);
}

static void many_are_answered_in_their_order(void **state)
{
    struct fixture *f = *state;
    struct zoo zoo = make_zoo(f);
    const struct mh_uuid ids[] = {zoo.failed, zoo.pending, mh_uuid_new(), zoo.processing,
                                  zoo.pending};
    const struct mh_acted expected[] = {
        {MH_ACTED_REFUSED, MH_STATUS_FAILED},    {MH_ACTED, MH_STATUS_PENDING},
        {MH_ACTED_NOT_FOUND, MH_STATUS_NONE},    {MH_ACTED, MH_STATUS_PROCESSING},
        {MH_ACTED_REFUSED, MH_STATUS_CANCELLED},
    };

    const struct mh_reply *reply = fixture_wait(
        f, mh_store_act(f->store, MH_ACT_CANCEL, ids, MH_LEN(ids), fixture_done, f, NULL));

    assert_int_equal(reply->count, MH_LEN(ids));
    for (size_t i = 0; i < MH_LEN(ids); i++) {
        assert_int_equal(reply->acts[i].what, expected[i].what);
        assert_int_equal(reply->acts[i].was, expected[i].was);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(what_has_not_ended_can_be_cancelled),
        STORE_TEST(a_cancelled_job_has_ended),
        STORE_TEST(cancelling_what_runs_goes_on_record),
        STORE_TEST(cancelling_a_job_that_waits_for_its_next_try),
        STORE_TEST(what_failed_or_was_cancelled_can_be_retried),
        STORE_TEST(a_retried_job_starts_from_nought),
        STORE_TEST(a_retried_job_is_not_run_before_its_time),
        STORE_TEST(a_key_that_was_taken_meanwhile_refuses_the_retry),
        STORE_TEST(what_does_not_run_can_be_removed),
        STORE_TEST(many_are_answered_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
