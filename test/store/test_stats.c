#include "fixture.h"

#include <string.h>

static struct mh_stats stats_of(struct fixture *f, struct mh_uuid tenant_id)
{
    return *fixture_wait(f, mh_store_stats(f->store, &tenant_id, fixture_done, f, NULL))->stats;
}

static size_t prune(struct fixture *f, int64_t ended_ms, int64_t failed_ms, size_t limit)
{
    return fixture_wait(f,
                        mh_store_prune(f->store, ended_ms, failed_ms, limit, fixture_done, f, NULL))
        ->count;
}

static void end_one(struct fixture *f, int64_t worker, enum mh_outcome outcome)
{
    enqueue(f, "t");
    finish(f, claim_one(f, worker), outcome);
}

static void cancel_one(struct fixture *f)
{
    act(f, MH_ACT_CANCEL, enqueue(f, "t"));
}

static void a_new_store_counts_nothing(void **state)
{
    struct fixture *f = *state;
    struct mh_stats counts = stats(f);
    for (int i = 0; i < MH_STATUS__COUNT; i++)
        assert_int_equal(counts.count[i], 0);
    assert_int_equal(counts.oldest_pending_ms, -1);
    assert_int_equal(counts.workers, 0);
}

static void jobs_are_counted_by_status(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w1");
    join_as(f, "w2");
    for (int i = 0; i < 3; i++)
        end_one(f, worker, MH_OUTCOME_COMPLETED);
    for (int i = 0; i < 2; i++)
        end_one(f, worker, MH_OUTCOME_FAILED);
    cancel_one(f);
    enqueue(f, "t");
    claim_one(f, worker);
    for (int i = 0; i < 4; i++)
        enqueue(f, "t");

    struct mh_stats counts = stats(f);

    assert_int_equal(counts.count[MH_STATUS_PENDING], 4);
    assert_int_equal(counts.count[MH_STATUS_PROCESSING], 1);
    assert_int_equal(counts.count[MH_STATUS_COMPLETED], 3);
    assert_int_equal(counts.count[MH_STATUS_FAILED], 2);
    assert_int_equal(counts.count[MH_STATUS_CANCELLED], 1);
    assert_int_equal(counts.workers, 2);
}

static void a_tenant_has_counts_of_its_own(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    struct mh_dispatch job = a_job("t");
    job.tenant_id = add_tenant(f, "other", MH_PLAN_FREE);
    end_one(f, worker, MH_OUTCOME_COMPLETED);
    for (int i = 0; i < 3; i++)
        enqueue_job(f, job);
    finish(f, claim_one(f, worker), MH_OUTCOME_FAILED);
    claim_one(f, worker);
    fixture_advance(f, 5);

    struct mh_stats other = stats_of(f, job.tenant_id), ours = stats_of(f, mh_uuid_zero);
    struct mh_stats none = stats_of(f, mh_uuid_new());

    assert_int_equal(other.count[MH_STATUS_PENDING], 1);
    assert_int_equal(other.count[MH_STATUS_PROCESSING], 1);
    assert_int_equal(other.count[MH_STATUS_FAILED], 1);
    assert_int_equal(other.count[MH_STATUS_COMPLETED], 0);
    assert_int_equal(other.oldest_pending_ms, 5);
    assert_int_equal(ours.count[MH_STATUS_COMPLETED], 1);
    assert_int_equal(ours.count[MH_STATUS_PENDING], 0);
    assert_int_equal(ours.oldest_pending_ms, -1);
    for (int i = 0; i < MH_STATUS__COUNT; i++)
        assert_int_equal(none.count[i], 0);
}

static void the_oldest_pending_job_is_one_that_is_due(void **state)
{
    struct fixture *f = *state;
    struct mh_dispatch later = a_job("a");
    later.delay_ms = 1000;
    enqueue_job(f, later);
    fixture_advance(f, 100);
    assert_int_equal(stats(f).oldest_pending_ms, -1);
    enqueue(f, "b");
    fixture_advance(f, 50);
    assert_int_equal(stats(f).oldest_pending_ms, 50);
    fixture_advance(f, 850);
    assert_int_equal(stats(f).oldest_pending_ms, 1000);
}

/* What came back is as old as it is, although others stand before it. */
static void a_job_that_came_back_keeps_its_age(void **state)
{
    struct fixture *f = *state;
    enqueue(f, "t");
    struct held held = claim_one(f, join_as(f, "w"));
    fixture_advance(f, 100);
    enqueue(f, "t");
    fixture_advance(f, 100);
    finish(f, held, MH_OUTCOME_RELEASED);
    assert_int_equal(stats(f).oldest_pending_ms, 200);
}

static void jobs_that_ended_long_ago_are_pruned(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    end_one(f, worker, MH_OUTCOME_COMPLETED);
    end_one(f, worker, MH_OUTCOME_FAILED);
    cancel_one(f);
    struct mh_uuid pending = enqueue(f, "t");
    fixture_advance(f, 1000);
    end_one(f, worker, MH_OUTCOME_COMPLETED);

    assert_int_equal(prune(f, 1000, 1000, 10), 0);
    fixture_advance(f, 1);
    assert_int_equal(prune(f, 1000, 5000, 10), 2);

    struct mh_stats counts = stats(f);
    assert_int_equal(counts.count[MH_STATUS_COMPLETED], 1);
    assert_int_equal(counts.count[MH_STATUS_CANCELLED], 0);
    assert_int_equal(counts.count[MH_STATUS_FAILED], 1);
    assert_int_equal(status_of(f, pending), MH_STATUS_COMPLETED);
    fixture_advance(f, 4000);
    assert_int_equal(prune(f, 1000, 5000, 10), 2);
}

static void a_pruned_job_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid id = enqueue(f, "t");
    finish(f, claim_one(f, join_as(f, "w")), MH_OUTCOME_FAILED);
    fixture_advance(f, 10);
    assert_int_equal(prune(f, 5, 5, 10), 1);
    assert_null(get(f, id));
    assert_int_equal(attempts_of(f, id)->count, 0);
    assert_int_equal(stats(f).count[MH_STATUS_FAILED], 0);
}

static void nothing_is_pruned_that_is_kept_for_ever(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    end_one(f, worker, MH_OUTCOME_COMPLETED);
    end_one(f, worker, MH_OUTCOME_FAILED);
    fixture_advance(f, 1000000);
    assert_int_equal(prune(f, 0, 0, 10), 0);
    assert_int_equal(prune(f, 0, 1, 10), 1);
    assert_int_equal(prune(f, 1, 0, 10), 1);
}

static void prune_keeps_to_its_limit(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    for (int i = 0; i < 3; i++) {
        end_one(f, worker, MH_OUTCOME_COMPLETED);
        end_one(f, worker, MH_OUTCOME_FAILED);
    }
    fixture_advance(f, 10);
    assert_int_equal(prune(f, 1, 1, 4), 4);
    assert_int_equal(prune(f, 1, 1, 4), 2);
    assert_int_equal(prune(f, 1, 1, 4), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_new_store_counts_nothing),
        STORE_TEST(jobs_are_counted_by_status),
        STORE_TEST(a_tenant_has_counts_of_its_own),
        STORE_TEST(the_oldest_pending_job_is_one_that_is_due),
        STORE_TEST(a_job_that_came_back_keeps_its_age),
        STORE_TEST(jobs_that_ended_long_ago_are_pruned),
        STORE_TEST(a_pruned_job_leaves_nothing),
        STORE_TEST(nothing_is_pruned_that_is_kept_for_ever),
        STORE_TEST(prune_keeps_to_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
