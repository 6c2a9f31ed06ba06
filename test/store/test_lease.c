#include "fixture.h"

#include <string.h>

static const struct mh_reply *workers(struct fixture *f)
{
    return fixture_wait(f, mh_store_workers(f->store, fixture_done, f, NULL));
}

static void leave(struct fixture *f, int64_t worker)
{
    fixture_wait(f, mh_store_leave(f->store, worker, fixture_done, f, NULL));
}

static int beat_code(struct fixture *f, int64_t worker)
{
    return fixture_wait_code(f,
                             mh_store_heartbeat(f->store, worker, NULL, 0, fixture_done, f, NULL));
}

static void a_worker_that_joined_is_listed(void **state)
{
    struct fixture *f = *state;
    const char *const types[] = {"mail", "other"};
    const struct mh_join join = {
        .worker_id = "w1", .lease_ms = LEASE_MS, .types = types, .type_count = 2};
    fixture_wait(f, mh_store_join(f->store, &join, fixture_done, f, NULL));
    int64_t all = join_as(f, "w2");
    enqueue(f, "mail");
    enqueue(f, "mail");
    claim(f, all, 2);

    const struct mh_reply *reply = workers(f);

    assert_int_equal(reply->count, 2);
    assert_string_equal(reply->workers[0].id, "w1");
    assert_string_equal(reply->workers[0].types, "[\"mail\",\"other\"]");
    assert_int_equal(reply->workers[0].started_at, f->now);
    assert_int_equal(reply->workers[0].beat_at, f->now);
    assert_int_equal(reply->workers[0].lease_ms, LEASE_MS);
    assert_int_equal(reply->workers[0].processing, 0);
    assert_null(reply->workers[1].types);
    assert_int_equal(reply->workers[1].processing, 2);
}

static void a_wrong_join_is_refused_at_once(void **state)
{
    struct fixture *f = *state;
    const struct mh_join no_name = {.worker_id = "", .lease_ms = LEASE_MS};
    const struct mh_join no_lease = {.worker_id = "w"};
    assert_int_equal(mh_store_join(f->store, &no_name, fixture_done, f, NULL), MH_EINVAL);
    assert_int_equal(mh_store_join(f->store, &no_lease, fixture_done, f, NULL), MH_EINVAL);
}

static void a_silent_worker_is_not_alive(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w1");
    fixture_advance(f, LEASE_MS);
    assert_int_equal(workers(f)->count, 1);
    fixture_advance(f, 1);
    assert_int_equal(workers(f)->count, 0);
    assert_int_equal(beat_code(f, worker), 0);
    assert_int_equal(workers(f)->count, 1);
    assert_int_equal(workers(f)->workers[0].beat_at, f->now);
}

static void what_a_worker_leaves_behind_has_not_been_tried(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w1");
    struct mh_uuid ids[] = {enqueue(f, "mail"), enqueue(f, "mail"), enqueue(f, "mail")};
    struct held done = claim_one(f, worker);
    claim(f, worker, 2);
    finish(f, done, MH_OUTCOME_COMPLETED);

    leave(f, worker);

    assert_int_equal(status_of(f, ids[0]), MH_STATUS_COMPLETED);
    for (size_t i = 1; i < MH_LEN(ids); i++) {
        assert_int_equal(status_of(f, ids[i]), MH_STATUS_PENDING);
        assert_int_equal(get(f, ids[i])->attempts, 0);
        assert_int_equal(attempts_of(f, ids[i])->count, 0);
    }
    assert_int_equal(workers(f)->count, 0);
    assert_int_equal(beat_code(f, worker), MH_ENOENT);
    leave(f, worker);
    assert_int_equal(claim(f, join_as(f, "w2"), 9)->count, 2);
}

static void a_heartbeat_says_what_is_still_held(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w1");
    for (int i = 0; i < 4; i++)
        enqueue(f, "mail");
    struct held running = claim_one(f, worker), cancelled = claim_one(f, worker);
    struct held lost = claim_one(f, worker), unknown = {1, mh_uuid_new()};
    act(f, MH_ACT_CANCEL, cancelled.id);
    finish(f, lost, MH_OUTCOME_RELEASED);
    claim_one(f, join_as(f, "w2"));
    const struct mh_held held[] = {
        {cancelled.lease, cancelled.id},
        {running.lease, running.id},
        {unknown.lease, unknown.id},
        {lost.lease, lost.id},
    };

    const struct mh_reply *reply =
        fixture_wait(f, mh_store_heartbeat(f->store, worker, held, 4, fixture_done, f, NULL));

    assert_int_equal(reply->count, 4);
    assert_int_equal(reply->statuses[0], MH_STATUS_CANCELLED);
    assert_int_equal(reply->statuses[1], MH_STATUS_PROCESSING);
    assert_int_equal(reply->statuses[2], MH_STATUS_NONE);
    assert_int_equal(reply->statuses[3], MH_STATUS_NONE);
}

static void the_attempt_of_another_is_not_ours(void **state)
{
    struct fixture *f = *state;
    int64_t first = join_as(f, "w1"), second = join_as(f, "w2");
    enqueue(f, "mail");
    struct held lost = claim_one(f, first);
    finish(f, lost, MH_OUTCOME_RELEASED);
    struct held taken = claim_one(f, second);
    assert_int_equal(beat(f, first, lost), MH_STATUS_NONE);
    assert_int_equal(beat(f, second, taken), MH_STATUS_PROCESSING);
}

static void a_heartbeat_prolongs_the_lease(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w1");
    enqueue(f, "mail");
    struct held held = claim_one(f, worker);
    for (int i = 0; i < 5; i++) {
        fixture_advance(f, LEASE_MS - 1);
        assert_int_equal(reclaim(f), 0);
        assert_int_equal(beat(f, worker, held), MH_STATUS_PROCESSING);
    }
    fixture_advance(f, LEASE_MS);
    assert_int_equal(reclaim(f), 0);
    fixture_advance(f, 1);
    assert_int_equal(reclaim(f), 1);
}

static void a_lease_that_ran_out_is_a_failed_attempt(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w1");
    struct mh_uuid id = enqueue(f, "mail");
    struct held lost = claim_one(f, worker);
    int64_t run_at = get(f, id)->run_at;
    fixture_advance(f, LEASE_MS + 1);

    assert_int_equal(reclaim(f), 1);

    const struct mh_job *job = get(f, id);
    assert_int_equal(job->status, MH_STATUS_PENDING);
    assert_int_equal(job->attempts, 1);
    assert_string_equal(job->error, "lease expired");
    assert_int_equal(job->run_at, run_at);
    assert_int_equal(job->next_retry_at, 0);
    const struct mh_reply *reply = attempts_of(f, id);
    assert_int_equal(reply->count, 1);
    assert_string_equal(reply->attempts[0].outcome, "lease expired");
    assert_int_equal(reply->attempts[0].number, 1);
    assert_string_equal(reply->attempts[0].worker_id, "w1");
    assert_int_equal(reply->attempts[0].ended_at, f->now);
    assert_int_equal(beat_code(f, worker), MH_ENOENT);
    struct held taken = claim_one(f, join_as(f, "w2"));
    assert_id_equal(taken.id, lost.id);
    assert_true(taken.lease != lost.lease);
}

static void the_last_lease_that_runs_out_is_a_dead_letter(void **state)
{
    struct fixture *f = *state;
    struct mh_dispatch job = a_job("mail");
    job.max_attempts = 2;
    struct mh_uuid id = enqueue_job(f, job);
    for (int i = 0; i < 2; i++) {
        claim_one(f, join_as(f, "w"));
        fixture_advance(f, LEASE_MS + 1);
        assert_int_equal(reclaim(f), 1);
    }
    assert_int_equal(status_of(f, id), MH_STATUS_FAILED);
    assert_int_equal(get(f, id)->completed_at, f->now);
    assert_int_equal(stats(f).count[MH_STATUS_FAILED], 1);
    assert_int_equal(attempts_of(f, id)->count, 2);
}

static void a_reclaimed_job_stands_behind_those_that_wait(void **state)
{
    struct fixture *f = *state;
    enqueue(f, "mail");
    struct held lost = claim_one(f, join_as(f, "w1"));
    fixture_advance(f, 1);
    struct mh_uuid waiting = enqueue(f, "mail");
    fixture_advance(f, LEASE_MS);
    reclaim(f);
    int64_t worker = join_as(f, "w2");
    assert_id_equal(claim_one(f, worker).id, waiting);
    assert_id_equal(claim_one(f, worker).id, lost.id);
}

static void a_worker_of_the_same_id_is_another_one(void **state)
{
    struct fixture *f = *state;
    int64_t first = join_as(f, "same");
    enqueue(f, "mail");
    struct held old = claim_one(f, first);
    fixture_advance(f, LEASE_MS - 10);
    int64_t second = join_as(f, "same");
    assert_true(second != first);
    enqueue(f, "mail");
    struct held new = claim_one(f, second);
    fixture_advance(f, 20);
    assert_int_equal(beat(f, second, new), MH_STATUS_PROCESSING);

    assert_int_equal(reclaim(f), 1);

    assert_int_equal(status_of(f, old.id), MH_STATUS_PENDING);
    assert_int_equal(status_of(f, new.id), MH_STATUS_PROCESSING);
}

static void each_worker_has_a_lease_length_of_its_own(void **state)
{
    struct fixture *f = *state;
    const struct mh_join slow = {.worker_id = "slow", .lease_ms = 10 * LEASE_MS};
    int64_t slow_worker =
        fixture_wait(f, mh_store_join(f->store, &slow, fixture_done, f, NULL))->lease;
    enqueue(f, "mail");
    enqueue(f, "mail");
    struct held kept = claim_one(f, slow_worker), lost = claim_one(f, join_as(f, "quick"));
    fixture_advance(f, LEASE_MS + 1);
    assert_int_equal(reclaim(f), 1);
    assert_int_equal(status_of(f, kept.id), MH_STATUS_PROCESSING);
    assert_int_equal(status_of(f, lost.id), MH_STATUS_PENDING);
}

/* What was just claimed is not lost because the worker was silent before. */
static void a_claim_begins_a_lease_of_full_length(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    fixture_advance(f, LEASE_MS + 1);
    enqueue(f, "mail");
    claim_one(f, worker);
    assert_int_equal(reclaim(f), 0);
    fixture_advance(f, LEASE_MS + 1);
    assert_int_equal(reclaim(f), 1);
}

/* Whatever became of the last job it held. */
static void a_silent_worker_that_holds_nothing_is_forgotten(void **state)
{
    struct fixture *f = *state;
    int64_t finished = join_as(f, "w1"), cancelled = join_as(f, "w2"), removed = join_as(f, "w3");
    enqueue(f, "mail");
    finish(f, claim_one(f, finished), MH_OUTCOME_COMPLETED);
    enqueue(f, "mail");
    act(f, MH_ACT_CANCEL, claim_one(f, cancelled).id);
    struct mh_dispatch job = a_job("mail");
    job.tenant_id = add_tenant(f, "acme", MH_PLAN_FREE);
    enqueue_job(f, job);
    claim_one(f, removed);
    fixture_wait(f, mh_store_tenant_remove(f->store, &job.tenant_id, fixture_done, f, NULL));
    fixture_advance(f, LEASE_MS + 1);

    assert_int_equal(reclaim(f), 0);

    assert_int_equal(beat_code(f, finished), MH_ENOENT);
    assert_int_equal(beat_code(f, cancelled), MH_ENOENT);
    assert_int_equal(beat_code(f, removed), MH_ENOENT);
}

static void reclaim_keeps_to_its_limit(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    for (int i = 0; i < 5; i++)
        enqueue(f, "mail");
    claim(f, worker, 2);
    claim(f, worker, 3);
    fixture_advance(f, LEASE_MS + 1);
    size_t counts[3];
    for (size_t i = 0; i < 3; i++)
        counts[i] = fixture_wait(f, mh_store_reclaim(f->store, 3, fixture_done, f, NULL))->count;
    assert_int_equal(counts[0], 3);
    assert_int_equal(counts[1], 2);
    assert_int_equal(counts[2], 0);
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_worker_that_joined_is_listed),
        STORE_TEST(a_wrong_join_is_refused_at_once),
        STORE_TEST(a_silent_worker_is_not_alive),
        STORE_TEST(what_a_worker_leaves_behind_has_not_been_tried),
        STORE_TEST(a_heartbeat_says_what_is_still_held),
        STORE_TEST(the_attempt_of_another_is_not_ours),
        STORE_TEST(a_heartbeat_prolongs_the_lease),
        STORE_TEST(a_lease_that_ran_out_is_a_failed_attempt),
        STORE_TEST(the_last_lease_that_runs_out_is_a_dead_letter),
        STORE_TEST(a_reclaimed_job_stands_behind_those_that_wait),
        STORE_TEST(a_worker_of_the_same_id_is_another_one),
        STORE_TEST(each_worker_has_a_lease_length_of_its_own),
        STORE_TEST(a_claim_begins_a_lease_of_full_length),
        STORE_TEST(a_silent_worker_that_holds_nothing_is_forgotten),
        STORE_TEST(reclaim_keeps_to_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
