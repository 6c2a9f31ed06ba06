#include "fixture.h"

#include <stdlib.h>
#include <string.h>

static struct held claimed(struct fixture *f, struct mh_dispatch job)
{
    enqueue_job(f, job);
    return claim_one(f, join_as(f, "w1"));
}

static void a_completed_job_has_its_result(void **state)
{
    struct fixture *f = *state;
    struct held held = claimed(f, a_job("mail"));
    fixture_advance(f, 20);

    enum mh_status status = finish_with(f, (struct mh_finish){.lease = held.lease,
                                                              .id = held.id,
                                                              .outcome = MH_OUTCOME_COMPLETED,
                                                              .result = "{\"x\": 0.10}",
                                                              .result_len = 11});

    assert_int_equal(status, MH_STATUS_COMPLETED);
    const struct mh_job *job = get(f, held.id);
    assert_int_equal(job->status, MH_STATUS_COMPLETED);
    assert_string_equal(job->result, "{\"x\": 0.10}");
    assert_int_equal(job->completed_at, f->now);
    assert_int_equal(job->started_at, f->now - 20);
    assert_string_equal(job->worker_id, "w1");
    assert_int_equal(job->attempts, 1);
    assert_null(job->error);
}

static void a_result_may_be_null(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    const char *const texts[] = {NULL, "null"};
    for (size_t i = 0; i < MH_LEN(texts); i++) {
        enqueue(f, "mail");
        struct held held = claim_one(f, worker);
        finish_with(f, (struct mh_finish){.lease = held.lease,
                                          .id = held.id,
                                          .outcome = MH_OUTCOME_COMPLETED,
                                          .result = texts[i],
                                          .result_len = texts[i] ? 4 : 0});
        assert_null(get(f, held.id)->result);
    }
}

static void a_failed_attempt_waits_for_the_next(void **state)
{
    struct fixture *f = *state;
    struct held held = claimed(f, a_job("mail"));
    const struct mh_finish retry = {.lease = held.lease,
                                    .id = held.id,
                                    .outcome = MH_OUTCOME_RETRY,
                                    .error = "it broke",
                                    .delay_ms = 1500};

    assert_int_equal(finish_with(f, retry), MH_STATUS_PENDING);

    const struct mh_job *job = get(f, held.id);
    assert_int_equal(job->status, MH_STATUS_PENDING);
    assert_int_equal(job->run_at, f->now + 1500);
    assert_int_equal(job->next_retry_at, f->now + 1500);
    assert_string_equal(job->error, "it broke");
    assert_int_equal(job->attempts, 1);
    assert_int_equal(job->completed_at, 0);

    int64_t worker = join_as(f, "w2");
    assert_int_equal(claim(f, worker, 1)->next_due_ms, 1500);
    fixture_advance(f, 1500);
    const struct mh_reply *again = claim(f, worker, 1);
    assert_int_equal(again->count, 1);
    assert_int_equal(again->jobs[0].attempts, 2);
    assert_int_equal(again->jobs[0].next_retry_at, 0);
    assert_int_equal(get(f, held.id)->next_retry_at, 0);
}

static void success_after_a_failure_has_no_error(void **state)
{
    struct fixture *f = *state;
    struct held held = claimed(f, a_job("mail"));
    finish(f, held, MH_OUTCOME_RETRY);
    finish(f, claim_one(f, join_as(f, "w2")), MH_OUTCOME_COMPLETED);
    assert_null(get(f, held.id)->error);
    assert_int_equal(get(f, held.id)->attempts, 2);
}

static void the_last_attempt_ends_in_the_dead_letter(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    struct mh_dispatch job = a_job("mail");
    job.max_attempts = 2;
    struct mh_uuid id = enqueue_job(f, job);

    assert_int_equal(finish(f, claim_one(f, worker), MH_OUTCOME_RETRY), MH_STATUS_PENDING);
    assert_int_equal(finish(f, claim_one(f, worker), MH_OUTCOME_RETRY), MH_STATUS_FAILED);

    const struct mh_job *dead = get(f, id);
    assert_int_equal(dead->status, MH_STATUS_FAILED);
    assert_int_equal(dead->attempts, 2);
    assert_int_equal(dead->completed_at, f->now);
    assert_int_equal(dead->next_retry_at, 0);
    assert_string_equal(dead->error, "it broke");
    assert_int_equal(claim(f, worker, 1)->count, 0);
}

static void a_job_may_fail_for_good_at_once(void **state)
{
    struct fixture *f = *state;
    struct held held = claimed(f, a_job("mail"));
    assert_int_equal(finish(f, held, MH_OUTCOME_FAILED), MH_STATUS_FAILED);
    assert_int_equal(get(f, held.id)->attempts, 1);
}

static void a_released_job_has_not_been_tried(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid other;
    struct held held = claimed(f, a_job("mail"));
    fixture_advance(f, 10);
    other = enqueue(f, "mail");
    fixture_advance(f, 10);

    assert_int_equal(finish(f, held, MH_OUTCOME_RELEASED), MH_STATUS_PENDING);

    const struct mh_job *job = get(f, held.id);
    assert_int_equal(job->status, MH_STATUS_PENDING);
    assert_int_equal(job->attempts, 0);
    assert_int_equal(job->run_at, f->now - 20);
    assert_int_equal(job->started_at, 0);
    assert_null(job->worker_id);
    assert_int_equal(attempts_of(f, held.id)->count, 0);
    int64_t worker = join_as(f, "w2");
    assert_id_equal(claim_one(f, worker).id, other);
    assert_id_equal(claim_one(f, worker).id, held.id);
}

static void a_job_may_be_put_off(void **state)
{
    struct fixture *f = *state;
    struct held held = claimed(f, a_job("mail"));

    enum mh_status status = finish_with(
        f, (struct mh_finish){
               .lease = held.lease, .id = held.id, .outcome = MH_OUTCOME_LATER, .delay_ms = 60000});

    assert_int_equal(status, MH_STATUS_PENDING);
    const struct mh_job *job = get(f, held.id);
    assert_int_equal(job->attempts, 0);
    assert_int_equal(job->run_at, f->now + 60000);
    assert_int_equal(job->next_retry_at, 0);
    assert_int_equal(attempts_of(f, held.id)->count, 0);
    int64_t worker = join_as(f, "w2");
    assert_int_equal(claim(f, worker, 1)->count, 0);
    fixture_advance(f, 60000);
    assert_id_equal(claim_one(f, worker).id, held.id);
}

static void a_batch_is_answered_in_its_order(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    const enum mh_outcome outcomes[] = {MH_OUTCOME_COMPLETED, MH_OUTCOME_FAILED,
                                        MH_OUTCOME_RELEASED, MH_OUTCOME_RETRY,
                                        MH_OUTCOME_COMPLETED};
    const enum mh_status expected[] = {MH_STATUS_COMPLETED, MH_STATUS_FAILED, MH_STATUS_PENDING,
                                       MH_STATUS_PENDING, MH_STATUS_COMPLETED};
    struct mh_finish finishes[MH_LEN(outcomes)];
    for (size_t i = 0; i < MH_LEN(outcomes); i++)
        enqueue(f, i % 2 ? "a" : "b");
    for (size_t i = 0; i < MH_LEN(outcomes); i++) {
        struct held held = claim_one(f, worker);
        finishes[i] = (struct mh_finish){
            .lease = held.lease, .id = held.id, .outcome = outcomes[i], .error = "it broke"};
    }

    const struct mh_reply *reply = fixture_wait(
        f, mh_store_finish(f->store, finishes, MH_LEN(finishes), fixture_done, f, NULL));

    assert_int_equal(reply->count, MH_LEN(finishes));
    for (size_t i = 0; i < MH_LEN(finishes); i++) {
        assert_int_equal(reply->statuses[i], expected[i]);
        assert_int_equal(status_of(f, finishes[i].id), expected[i]);
    }
}

static void a_batch_may_be_in_any_order(void **state)
{
    struct fixture *f = *state;
    /* In a row, over gaps, backwards, over a wide gap, and one that no lease holds among them. */
    static const size_t order[] = {0, 1, 2, 4, 5, 8, 7, 6, 9, 3, 10, 11, 20, 21, 30, 12, 13};
    struct mh_finish finishes[MH_LEN(order)];
    for (size_t i = 0; i < 31; i++)
        enqueue(f, "mail");
    const struct mh_reply *reply = claim(f, join_as(f, "w"), 31);
    for (size_t i = 0; i < MH_LEN(order); i++)
        finishes[i] = (struct mh_finish){.lease = reply->lease, .id = reply->jobs[order[i]].id};
    finishes[3].id = mh_uuid_new();
    finishes[4].lease++;

    reply = fixture_wait(
        f, mh_store_finish(f->store, finishes, MH_LEN(finishes), fixture_done, f, NULL));

    for (size_t i = 0; i < MH_LEN(order); i++)
        assert_int_equal(reply->statuses[i],
                         i == 3 || i == 4 ? MH_STATUS_NONE : MH_STATUS_COMPLETED);
    for (size_t i = 5; i < MH_LEN(order); i++)
        assert_int_equal(status_of(f, finishes[i].id), MH_STATUS_COMPLETED);
    assert_int_equal(stats(f).count[MH_STATUS_COMPLETED], MH_LEN(order) - 2);
}

static void a_job_is_finished_once(void **state)
{
    struct fixture *f = *state;
    struct held held = claimed(f, a_job("mail"));
    assert_int_equal(finish(f, held, MH_OUTCOME_COMPLETED), MH_STATUS_COMPLETED);
    assert_int_equal(finish(f, held, MH_OUTCOME_FAILED), MH_STATUS_NONE);
    assert_int_equal(status_of(f, held.id), MH_STATUS_COMPLETED);
    assert_int_equal(attempts_of(f, held.id)->count, 0);
    assert_int_equal(stats(f).count[MH_STATUS_COMPLETED], 1);
    assert_int_equal(stats(f).count[MH_STATUS_FAILED], 0);
}

static void one_job_twice_in_a_batch_is_finished_once(void **state)
{
    struct fixture *f = *state;
    struct held held = claimed(f, a_job("mail"));
    const struct mh_finish twice[] = {
        {.lease = held.lease, .id = held.id, .outcome = MH_OUTCOME_FAILED, .error = "it broke"},
        {.lease = held.lease, .id = held.id, .outcome = MH_OUTCOME_COMPLETED},
    };
    const struct mh_reply *reply =
        fixture_wait(f, mh_store_finish(f->store, twice, 2, fixture_done, f, NULL));
    assert_int_equal(reply->statuses[0], MH_STATUS_FAILED);
    assert_int_equal(reply->statuses[1], MH_STATUS_NONE);
    assert_int_equal(status_of(f, held.id), MH_STATUS_FAILED);
}

static void a_lost_lease_finishes_nothing(void **state)
{
    struct fixture *f = *state;
    struct held lost = claimed(f, a_job("mail"));
    fixture_advance(f, LEASE_MS + 1);
    assert_int_equal(reclaim(f), 1);
    const enum mh_outcome outcomes[] = {MH_OUTCOME_COMPLETED, MH_OUTCOME_RETRY, MH_OUTCOME_FAILED,
                                        MH_OUTCOME_RELEASED, MH_OUTCOME_LATER};
    for (size_t i = 0; i < MH_LEN(outcomes); i++)
        assert_int_equal(finish(f, lost, outcomes[i]), MH_STATUS_NONE);
    assert_int_equal(status_of(f, lost.id), MH_STATUS_PENDING);

    struct held taken = claim_one(f, join_as(f, "w2"));
    for (size_t i = 0; i < MH_LEN(outcomes); i++)
        assert_int_equal(finish(f, lost, outcomes[i]), MH_STATUS_NONE);
    assert_int_equal(status_of(f, lost.id), MH_STATUS_PROCESSING);
    assert_int_equal(finish(f, taken, MH_OUTCOME_COMPLETED), MH_STATUS_COMPLETED);
}

static void a_late_finish_that_nobody_reclaimed_counts(void **state)
{
    struct fixture *f = *state;
    struct held held = claimed(f, a_job("mail"));
    fixture_advance(f, LEASE_MS * 10);
    assert_int_equal(finish(f, held, MH_OUTCOME_COMPLETED), MH_STATUS_COMPLETED);
}

static void a_cancelled_job_is_not_finished(void **state)
{
    struct fixture *f = *state;
    struct held held = claimed(f, a_job("mail"));
    act(f, MH_ACT_CANCEL, held.id);
    assert_int_equal(finish(f, held, MH_OUTCOME_COMPLETED), MH_STATUS_NONE);
    assert_int_equal(status_of(f, held.id), MH_STATUS_CANCELLED);
    assert_null(get(f, held.id)->result);
}

static void an_unknown_job_is_not_finished(void **state)
{
    struct fixture *f = *state;
    struct held held = claimed(f, a_job("mail"));
    struct held wrong_job = {held.lease, mh_uuid_new()}, wrong_lease = {held.lease + 1, held.id};
    assert_int_equal(finish(f, wrong_job, MH_OUTCOME_COMPLETED), MH_STATUS_NONE);
    assert_int_equal(finish(f, wrong_lease, MH_OUTCOME_COMPLETED), MH_STATUS_NONE);
    assert_int_equal(status_of(f, held.id), MH_STATUS_PROCESSING);
}

static void a_failed_attempt_is_on_record(void **state)
{
    struct fixture *f = *state;
    struct held held = claimed(f, a_job("mail"));
    int64_t started_at = f->now;
    fixture_advance(f, 70);
    finish_with(f, (struct mh_finish){.lease = held.lease,
                                      .id = held.id,
                                      .outcome = MH_OUTCOME_RETRY,
                                      .error = "exit 1",
                                      .log = "line 1\nline 2\n",
                                      .log_len = 14});
    finish(f, claim_one(f, join_as(f, "w2")), MH_OUTCOME_FAILED);

    const struct mh_reply *reply = attempts_of(f, held.id);

    assert_int_equal(reply->count, 2);
    const struct mh_attempt *first = &reply->attempts[0];
    assert_int_equal(first->number, 1);
    assert_string_equal(first->worker_id, "w1");
    assert_int_equal(first->started_at, started_at);
    assert_int_equal(first->ended_at, started_at + 70);
    assert_string_equal(first->outcome, "failed");
    assert_string_equal(first->error, "exit 1");
    assert_string_equal(first->log, "line 1\nline 2\n");
    assert_int_equal(reply->attempts[1].number, 2);
    assert_string_equal(reply->attempts[1].worker_id, "w2");
    assert_null(reply->attempts[1].log);
}

/* The end of a log says why; what is not text is made text. */
static void a_long_log_is_cut_at_its_front(void **state)
{
    struct fixture *f = *state;
    struct held held = claimed(f, a_job("mail"));
    size_t len = MH_LOG_TAIL + 1000;
    char *log = malloc(len);
    assert_non_null(log);
    memset(log, 'x', len);
    memcpy(log + len - 8, "a\0b\xff.end", 8);
    char error[MH_ERROR_MAX + 10];
    memset(error, 'e', sizeof error);
    error[MH_ERROR_MAX - 1] = '\xc3';
    error[MH_ERROR_MAX] = '\xa9';
    error[sizeof error - 1] = '\0';

    finish_with(f, (struct mh_finish){.lease = held.lease,
                                      .id = held.id,
                                      .outcome = MH_OUTCOME_FAILED,
                                      .error = error,
                                      .log = log,
                                      .log_len = len});

    const struct mh_attempt *attempt = attempts_of(f, held.id)->attempts;
    assert_int_equal(strlen(attempt->log), MH_LOG_TAIL);
    assert_string_equal(attempt->log + MH_LOG_TAIL - 12, "a\xef\xbf\xbd"
                                                         "b\xef\xbf\xbd.end");
    assert_int_equal(strlen(attempt->error), MH_ERROR_MAX - 1);
    assert_int_equal(strlen(get(f, held.id)->error), MH_ERROR_MAX - 1);
    free(log);
}

static void a_wrong_result_is_refused_at_once(void **state)
{
    struct fixture *f = *state;
    struct held held = claimed(f, a_job("mail"));
    struct mh_finish finish = {.lease = held.lease, .id = held.id, .result = "{", .result_len = 1};
    assert_int_equal(mh_store_finish(f->store, &finish, 1, fixture_done, f, NULL), MH_EINVAL);
    size_t len = 1048577;
    char *large = malloc(len);
    assert_non_null(large);
    memset(large, '1', len);
    finish.result = large;
    finish.result_len = len;
    assert_int_equal(mh_store_finish(f->store, &finish, 1, fixture_done, f, NULL), MH_ELIMIT);
    free(large);
    assert_int_equal(status_of(f, held.id), MH_STATUS_PROCESSING);
}

static size_t note(struct fixture *f, struct held held, double progress)
{
    const struct mh_note one = {.lease = held.lease, .id = held.id, .progress = progress};
    return fixture_wait(f, mh_store_note(f->store, &one, 1, fixture_done, f, NULL))->count;
}

static void progress_is_kept_while_the_job_runs(void **state)
{
    struct fixture *f = *state;
    struct held held = claimed(f, a_job("mail"));
    assert_int_equal(note(f, held, 0.1), 1);
    assert_true(get(f, held.id)->progress == 0.1);
    assert_int_equal(note(f, held, 1), 1);
    finish(f, held, MH_OUTCOME_COMPLETED);
    assert_int_equal(note(f, held, 0.5), 0);
    assert_true(get(f, held.id)->progress == 1);
}

static void progress_begins_anew_with_the_next_attempt(void **state)
{
    struct fixture *f = *state;
    struct held held = claimed(f, a_job("mail"));
    note(f, held, 0.5);
    finish(f, held, MH_OUTCOME_RETRY);
    assert_true(get(f, held.id)->progress < 0);
    assert_int_equal(note(f, held, 0.5), 0);
    const struct mh_note wrong = {.progress = 1.5};
    assert_int_equal(mh_store_note(f->store, &wrong, 1, fixture_done, f, NULL), MH_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_completed_job_has_its_result),
        STORE_TEST(a_result_may_be_null),
        STORE_TEST(a_failed_attempt_waits_for_the_next),
        STORE_TEST(success_after_a_failure_has_no_error),
        STORE_TEST(the_last_attempt_ends_in_the_dead_letter),
        STORE_TEST(a_job_may_fail_for_good_at_once),
        STORE_TEST(a_released_job_has_not_been_tried),
        STORE_TEST(a_job_may_be_put_off),
        STORE_TEST(a_batch_is_answered_in_its_order),
        STORE_TEST(a_batch_may_be_in_any_order),
        STORE_TEST(a_job_is_finished_once),
        STORE_TEST(one_job_twice_in_a_batch_is_finished_once),
        STORE_TEST(a_lost_lease_finishes_nothing),
        STORE_TEST(a_late_finish_that_nobody_reclaimed_counts),
        STORE_TEST(a_cancelled_job_is_not_finished),
        STORE_TEST(an_unknown_job_is_not_finished),
        STORE_TEST(a_failed_attempt_is_on_record),
        STORE_TEST(a_long_log_is_cut_at_its_front),
        STORE_TEST(a_wrong_result_is_refused_at_once),
        STORE_TEST(progress_is_kept_while_the_job_runs),
        STORE_TEST(progress_begins_anew_with_the_next_attempt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
