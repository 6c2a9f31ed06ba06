/* Moving, one end at a time: the store under test is the source and then the target, of a peer that
 * is only a name. Both ends together: test/system/test_move.py. */
#include "fixture.h"

#include <string.h>

static struct mh_move begin(struct fixture *f)
{
    struct mh_move move = {.peer = mh_uuid_new(), .run = mh_uuid_new()};
    fixture_wait(f, mh_store_move_begin(f->store, &move, fixture_done, f, NULL));
    return move;
}

/* --- the steps as shorthands */

static const struct mh_reply *export(struct fixture *f, struct mh_export export)
{
    if (export.limit == 0) export.limit = 100;
    return fixture_wait(f, mh_store_move_export(f->store, &export, fixture_done, f, NULL));
}

static struct mh_leaving leaving(struct fixture *f, struct mh_uuid id)
{
    for (int ended = 0; ended <= 1; ended++) {
        const struct mh_reply *reply = export(f, (struct mh_export){.ended = ended});
        for (size_t i = 0; i < reply->count; i++)
            if (mh_uuid_equal(&reply->leaving[i].id, &id)) return reply->leaving[i];
    }
    fail_msg("not exported");
    return (struct mh_leaving){0};
}

static struct mh_parcel parcel(struct fixture *f, struct mh_uuid id)
{
    const struct mh_reply *history = attempts_of(f, id);
    return (struct mh_parcel){get(f, id), history->attempts, history->count};
}

static size_t erase(struct fixture *f, const struct mh_move *move, struct mh_leaving leaving)
{
    return fixture_wait(f, mh_store_move_erase(f->store, move, &leaving, 1, fixture_done, f, NULL))
        ->count;
}

static struct mh_hold hold(struct fixture *f, const struct mh_move *move, struct mh_parcel parcel)
{
    const struct mh_reply *reply =
        fixture_wait(f, mh_store_move_hold(f->store, move, &parcel, 1, fixture_done, f, NULL));
    assert_int_equal(reply->count, 1);
    return reply->holds[0];
}

static size_t release(struct fixture *f, const struct mh_move *move, struct mh_uuid id)
{
    return fixture_wait(f, mh_store_move_release(f->store, move, &id, 1, fixture_done, f, NULL))
        ->count;
}

static const struct mh_reply *erased(struct fixture *f, const struct mh_move *move)
{
    return fixture_wait(f, mh_store_move_erased(f->store, move, 9, fixture_done, f, NULL));
}

static void forget(struct fixture *f, const struct mh_move *move, struct mh_uuid id)
{
    fixture_wait(f, mh_store_move_forget(f->store, move, &id, 1, fixture_done, f, NULL));
}

static size_t drop(struct fixture *f, const struct mh_move *move)
{
    return fixture_wait(f, mh_store_move_drop(f->store, move, 9, fixture_done, f, NULL))->count;
}

/* A job that left this store and is held in it. */
static struct mh_parcel hold_again(struct fixture *f, const struct mh_move *move, struct mh_uuid id)
{
    struct mh_parcel it = parcel(f, id);
    assert_int_equal(erase(f, move, leaving(f, id)), 1);
    assert_null(get(f, id));
    assert_int_equal(hold(f, move, it).what, MH_HOLD_HELD);
    return it;
}

static struct mh_uuid hold_new(struct fixture *f, const struct mh_move *move, const char *type)
{
    struct mh_uuid id = enqueue(f, type);
    hold_again(f, move, id);
    return id;
}

/* --- what arrives is what left */

static void assert_text_equal(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        assert_ptr_equal(a, b);
    else
        assert_string_equal(a, b);
}

static void assert_job_equal(const struct mh_job *a, const struct mh_job *b)
{
    assert_id_equal(a->id, b->id);
    assert_id_equal(a->tenant_id, b->tenant_id);
    assert_string_equal(a->type, b->type);
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->priority, b->priority);
    assert_string_equal(a->payload, b->payload);
    assert_text_equal(a->result, b->result);
    assert_text_equal(a->error, b->error);
    assert_true(a->progress == b->progress);
    assert_text_equal(a->worker_id, b->worker_id);
    assert_int_equal(a->attempts, b->attempts);
    assert_int_equal(a->max_attempts, b->max_attempts);
    assert_int_equal(a->run_at, b->run_at);
    assert_int_equal(a->next_retry_at, b->next_retry_at);
    assert_text_equal(a->unique_key, b->unique_key);
    assert_string_equal(a->correlation_id, b->correlation_id);
    assert_text_equal(a->traceparent, b->traceparent);
    assert_int_equal(a->created_at, b->created_at);
    assert_int_equal(a->started_at, b->started_at);
    assert_int_equal(a->completed_at, b->completed_at);
}

static void assert_attempt_equal(const struct mh_attempt *a, const struct mh_attempt *b)
{
    assert_int_equal(a->number, b->number);
    assert_text_equal(a->worker_id, b->worker_id);
    assert_int_equal(a->started_at, b->started_at);
    assert_int_equal(a->ended_at, b->ended_at);
    assert_string_equal(a->outcome, b->outcome);
    assert_text_equal(a->error, b->error);
    assert_text_equal(a->log, b->log);
}

/* Through the store, and compared. */
static void carry(struct fixture *f, struct mh_uuid id)
{
    struct mh_move move = begin(f);
    struct mh_stats before = stats(f);
    struct mh_parcel left = hold_again(f, &move, id);
    fixture_advance(f, 1000);
    assert_int_equal(release(f, &move, id), 1);
    struct mh_parcel arrived = parcel(f, id);
    assert_job_equal(arrived.job, left.job);
    assert_int_equal(arrived.attempt_count, left.attempt_count);
    for (size_t i = 0; i < left.attempt_count; i++)
        assert_attempt_equal(&arrived.attempts[i], &left.attempts[i]);
    struct mh_stats after = stats(f);
    assert_memory_equal(after.count, before.count, sizeof after.count);
    assert_int_equal(drop(f, &move), 0);
}

static struct mh_dispatch a_full_job(struct fixture *f)
{
    struct mh_dispatch job = a_job("t");
    job.tenant_id = add_tenant(f, "acme", MH_PLAN_PRO);
    job.payload = "{\"a\": [0.1, 123456789012345678901, \"\\u00e4\\n\"]}";
    job.payload_len = strlen(job.payload);
    job.priority = 77;
    job.max_attempts = 5;
    job.unique_key = "key";
    job.correlation_id = "trace";
    job.traceparent = A_TRACEPARENT;
    return job;
}

static struct mh_finish failure(struct held held)
{
    return (struct mh_finish){.lease = held.lease,
                              .id = held.id,
                              .outcome = MH_OUTCOME_RETRY,
                              .error = "it broke",
                              .log = "line \"1\"\nline 2\t\x01",
                              .log_len = 17,
                              .delay_ms = 60000};
}

static void pending_jobs_arrive_as_they_left(void **state)
{
    struct fixture *f = *state;
    carry(f, enqueue(f, "t"));
    carry(f, enqueue_job(f, a_full_job(f)));
    struct mh_dispatch later = a_job("t");
    later.delay_ms = 3600000;
    carry(f, enqueue_job(f, later));
}

static void a_job_that_waits_for_its_next_try_arrives_as_it_left(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid id = enqueue_job(f, a_full_job(f));
    int64_t worker = join_as(f, "w1");
    fixture_advance(f, 50);
    finish_with(f, failure(claim_one(f, worker)));
    fixture_advance(f, 70000);
    finish_with(f, failure(claim_one(f, worker)));
    assert_int_equal(get(f, id)->attempts, 2);
    carry(f, id);
    assert_int_equal(claim(f, worker, 1)->count, 0);
    fixture_advance(f, 60000);
    const struct mh_reply *reply = claim(f, worker, 1);
    assert_int_equal(reply->count, 1);
    assert_int_equal(reply->jobs[0].attempts, 3);
    assert_string_equal(reply->jobs[0].error, "it broke");
}

static void jobs_that_ended_arrive_as_they_left(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid done = enqueue_job(f, a_full_job(f));
    int64_t worker = join_as(f, "w1");
    struct held held = claim_one(f, worker);
    struct mh_note note = {.lease = held.lease, .id = held.id, .progress = 0.5};
    fixture_wait(f, mh_store_note(f->store, &note, 1, fixture_done, f, NULL));
    fixture_advance(f, 50);
    finish_with(f, (struct mh_finish){.lease = held.lease,
                                      .id = held.id,
                                      .outcome = MH_OUTCOME_COMPLETED,
                                      .result = "{\"r\": 1}",
                                      .result_len = 8});
    struct mh_dispatch job = a_job("t");
    job.max_attempts = 1;
    job.unique_key = "key";
    struct mh_uuid failed = enqueue_job(f, job);
    finish_with(f, failure(claim_one(f, worker)));
    struct mh_uuid cancelled = enqueue(f, "t");
    act(f, MH_ACT_CANCEL, cancelled);
    carry(f, done);
    carry(f, failed);
    carry(f, cancelled);
    assert_int_equal(act(f, MH_ACT_RETRY, failed).what, MH_ACTED);
}

/* One that ended holds its key no more, here or there. */
static void an_ended_job_takes_no_key(void **state)
{
    struct fixture *f = *state;
    struct mh_dispatch job = a_job("t");
    job.unique_key = "key";
    struct mh_uuid first = enqueue_job(f, job);
    act(f, MH_ACT_CANCEL, first);
    struct mh_uuid second = enqueue_job(f, job);
    carry(f, first);
    assert_id_equal(enqueue_job(f, job), second);
}

static void released_jobs_run_in_the_order_of_becoming_due(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid old = enqueue(f, "t");
    fixture_advance(f, 10);
    struct mh_uuid young = enqueue(f, "t");
    carry(f, old);
    int64_t worker = join_as(f, "w1");
    assert_id_equal(claim_one(f, worker).id, old);
    assert_id_equal(claim_one(f, worker).id, young);
}

/* --- what is held */

static size_t processing(struct fixture *f)
{
    const struct mh_filter filter = {.status = MH_STATUS_PROCESSING, .type = "t", .limit = 9};
    return fixture_wait(f, mh_store_list(f->store, &filter, fixture_done, f, NULL))->count;
}

static void what_is_held_is_shown(void **state)
{
    struct fixture *f = *state;
    struct mh_move move = begin(f);
    hold_new(f, &move, "t");
    assert_int_equal(processing(f), 1);
    assert_int_equal(stats(f).count[MH_STATUS_PROCESSING], 1);
    const struct mh_reply *types =
        fixture_wait(f, mh_store_type_list(f->store, fixture_done, f, NULL));
    assert_int_equal(types->types[0].processing, 0);
    assert_int_equal(drop(f, &move), 1);
    assert_int_equal(processing(f), 0);
    assert_int_equal(stats(f).count[MH_STATUS_PROCESSING], 0);
}

static void what_is_held_is_nobodys(void **state)
{
    struct fixture *f = *state;
    struct mh_move move = begin(f);
    struct mh_uuid id = hold_new(f, &move, "t");
    int64_t worker = join_as(f, "w1");
    assert_int_equal(status_of(f, id), MH_STATUS_PROCESSING);
    assert_null(get(f, id)->worker_id);
    const struct mh_reply *replies[] = {claim_type(f, worker, 9, "t"), claim(f, worker, 9)};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(replies[i]->count, 0);
        assert_int_equal(replies[i]->running, 0);
    }
    fixture_advance(f, INT64_C(20) * 365 * 86400000);
    assert_int_equal(reclaim(f), 0);
    assert_int_equal(claim(f, join_as(f, "w2"), 9)->count, 0);
    assert_int_equal(act(f, MH_ACT_REMOVE, id).what, MH_ACTED_REFUSED);
    assert_int_equal(act(f, MH_ACT_RETRY, id).what, MH_ACTED_REFUSED);
    assert_int_equal(release(f, &move, id), 1);
    assert_id_equal(claim_one(f, join_as(f, "w3")).id, id);
}

static void what_is_held_holds_its_key(void **state)
{
    struct fixture *f = *state;
    struct mh_move move = begin(f);
    struct mh_dispatch job = a_job("t");
    job.unique_key = "key";
    struct mh_uuid id = enqueue_job(f, job);
    hold_again(f, &move, id);
    assert_id_equal(enqueue_job(f, job), id);
    assert_int_equal(drop(f, &move), 1);
    assert_null(get(f, id));
    assert_int_not_equal(memcmp(enqueue_job(f, job).b, id.b, sizeof id.b), 0);
}

static void a_person_may_cancel_what_is_held(void **state)
{
    struct fixture *f = *state;
    struct mh_move move = begin(f);
    struct mh_uuid id = hold_new(f, &move, "t"), other = hold_new(f, &move, "t");
    assert_int_equal(act(f, MH_ACT_CANCEL, id).what, MH_ACTED);
    assert_int_equal(act(f, MH_ACT_CANCEL, other).what, MH_ACTED);
    assert_int_equal(release(f, &move, id), 0);
    assert_int_equal(drop(f, &move), 1);
    assert_int_equal(status_of(f, id), MH_STATUS_CANCELLED);
    assert_int_equal(status_of(f, other), MH_STATUS_CANCELLED);
    assert_int_equal(stats(f).count[MH_STATUS_CANCELLED], 2);
}

static void what_is_held_goes_with_its_tenant(void **state)
{
    struct fixture *f = *state;
    struct mh_move move = begin(f);
    struct mh_dispatch job = a_job("t");
    job.tenant_id = add_tenant(f, "acme", MH_PLAN_FREE);
    struct mh_uuid id = enqueue_job(f, job);
    hold_again(f, &move, id);
    fixture_wait(f, mh_store_tenant_remove(f->store, &job.tenant_id, fixture_done, f, NULL));
    assert_null(get(f, id));
    assert_int_equal(release(f, &move, id), 0);
}

static void what_is_held_for_one_peer_is_not_the_others(void **state)
{
    struct fixture *f = *state;
    struct mh_move move = begin(f), other = begin(f);
    struct mh_uuid id = hold_new(f, &move, "t");
    assert_int_equal(release(f, &other, id), 0);
    assert_int_equal(drop(f, &other), 0);
    assert_int_equal(release(f, &move, id), 1);
}

static void what_cannot_be_held_is_said(void **state)
{
    struct fixture *f = *state;
    struct mh_move move = begin(f);
    struct mh_dispatch keyed = a_job("t");
    keyed.unique_key = "key";
    struct mh_uuid id = enqueue_job(f, keyed);
    struct mh_parcel there = parcel(f, id);
    assert_int_equal(hold(f, &move, there).what, MH_HOLD_ID_TAKEN);

    struct mh_job job = *there.job;
    job.id = mh_uuid_new();
    struct mh_hold held = hold(f, &move, (struct mh_parcel){.job = &job});
    assert_int_equal(held.what, MH_HOLD_KEY_TAKEN);
    assert_id_equal(held.holder, id);
    assert_null(get(f, job.id));

    job.tenant_id = mh_uuid_new();
    held = hold(f, &move, (struct mh_parcel){.job = &job});
    assert_int_equal(held.what, MH_HOLD_NO_TENANT);
    job.status = MH_STATUS_PROCESSING;
    there.job = &job;
    assert_int_equal(
        fixture_wait_code(f, mh_store_move_hold(f->store, &move, &there, 1, fixture_done, f, NULL)),
        MH_EINVAL);
}

/* --- what leaves */

static void export_pages_from_the_oldest(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid tenant = add_tenant(f, "acme", MH_PLAN_FREE);
    struct mh_dispatch theirs = a_job("t");
    theirs.tenant_id = tenant;
    struct mh_uuid first = enqueue_job(f, theirs), second = enqueue(f, "t");
    assert_id_equal(claim_one(f, join_as(f, "w1")).id, first);
    struct mh_uuid third = enqueue(f, "t");
    act(f, MH_ACT_CANCEL, second);

    const struct mh_reply *page = export(f, (struct mh_export){.limit = 1});
    assert_int_equal(page->count, 1);
    assert_id_equal(page->leaving[0].id, first);
    assert_null(page->leaving[0].stamp);
    page = export(f, (struct mh_export){.limit = 2, .cursor = page->cursor});
    assert_int_equal(page->count, 1);
    assert_id_equal(page->leaving[0].id, third);
    assert_int_equal(page->cursor, 0);
    page = export(f, (struct mh_export){.ended = true});
    assert_int_equal(page->count, 1);
    assert_id_equal(page->leaving[0].id, second);
    page = export(f, (struct mh_export){.tenant_id = &tenant});
    assert_int_equal(page->count, 1);
    struct mh_uuid nobody = mh_uuid_new();
    assert_int_equal(export(f, (struct mh_export){.tenant_id = &nobody})->count, 0);
}

static void what_left_is_noted_until_it_is_forgotten(void **state)
{
    struct fixture *f = *state;
    struct mh_move move = begin(f);
    struct mh_uuid id = enqueue(f, "t");
    assert_int_equal(erased(f, &move)->count, 0);
    assert_int_equal(erase(f, &move, leaving(f, id)), 1);
    assert_int_equal(erased(f, &move)->count, 1);
    assert_id_equal(erased(f, &move)->ids[0], id);
    struct mh_move other = begin(f);
    assert_int_equal(erased(f, &other)->count, 0);
    forget(f, &other, id);
    assert_int_equal(erased(f, &move)->count, 1);
    forget(f, &move, id);
    assert_int_equal(erased(f, &move)->count, 0);
}

/* Fails where the job, exported and then changed, still leaves. */
static void assert_stays(struct fixture *f, struct mh_leaving leaving)
{
    struct mh_move move = begin(f);
    assert_int_equal(erase(f, &move, leaving), 0);
    assert_non_null(get(f, leaving.id));
    assert_int_equal(erased(f, &move)->count, 0);
}

static void a_job_that_changed_since_stays(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w1");
    struct mh_uuid id = enqueue(f, "t");
    struct mh_leaving then = leaving(f, id);
    struct held held = claim_one(f, worker);
    assert_stays(f, then);
    finish_with(f, failure(held));
    assert_stays(f, then);
    then = leaving(f, id);
    fixture_advance(f, 70000);
    held = claim_one(f, worker);
    finish(f, held, MH_OUTCOME_COMPLETED);
    assert_stays(f, then);

    struct mh_uuid other = enqueue(f, "t");
    then = leaving(f, other);
    act(f, MH_ACT_CANCEL, other);
    assert_stays(f, then);
    then = leaving(f, other);
    act(f, MH_ACT_RETRY, other);
    assert_stays(f, then);
    assert_id_equal(claim_one(f, worker).id, other);
}

static void a_job_that_was_removed_is_not_noted(void **state)
{
    struct fixture *f = *state;
    struct mh_move move = begin(f);
    struct mh_uuid id = enqueue(f, "t");
    struct mh_leaving then = leaving(f, id);
    act(f, MH_ACT_REMOVE, id);
    assert_int_equal(erase(f, &move, then), 0);
    assert_int_equal(erased(f, &move)->count, 0);
}

static void an_erased_job_leaves_its_key(void **state)
{
    struct fixture *f = *state;
    struct mh_move move = begin(f);
    struct mh_dispatch job = a_job("t");
    job.unique_key = "key";
    struct mh_uuid id = enqueue_job(f, job);
    assert_int_equal(erase(f, &move, leaving(f, id)), 1);
    assert_int_not_equal(memcmp(enqueue_job(f, job).b, id.b, sizeof id.b), 0);
}

/* --- one run at a time */

static void a_run_ends_where_another_begins(void **state)
{
    struct fixture *f = *state;
    struct mh_move move = begin(f);
    struct mh_uuid id = enqueue(f, "t");
    struct mh_parcel it = parcel(f, id);
    struct mh_leaving then = leaving(f, id);
    struct mh_move next = {.peer = move.peer, .run = mh_uuid_new()};
    fixture_wait(f, mh_store_move_begin(f->store, &next, fixture_done, f, NULL));
    const int codes[] = {
        mh_store_move_hold(f->store, &move, &it, 1, fixture_done, f, NULL),
        fixture_wait_code(f, 0),
        mh_store_move_erase(f->store, &move, &then, 1, fixture_done, f, NULL),
        fixture_wait_code(f, 0),
        mh_store_move_erased(f->store, &move, 1, fixture_done, f, NULL),
        fixture_wait_code(f, 0),
        mh_store_move_release(f->store, &move, &id, 1, fixture_done, f, NULL),
        fixture_wait_code(f, 0),
        mh_store_move_forget(f->store, &move, &id, 1, fixture_done, f, NULL),
        fixture_wait_code(f, 0),
        mh_store_move_drop(f->store, &move, 1, fixture_done, f, NULL),
        fixture_wait_code(f, 0),
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        assert_int_equal(codes[i], i % 2 == 0 ? 0 : MH_ESTATE);
    assert_int_equal(erase(f, &next, then), 1);
}

static void a_store_is_who_it_is(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid who[2];
    for (int i = 0; i < 2; i++) {
        const struct mh_reply *reply =
            fixture_wait(f, mh_store_move_identify(f->store, fixture_done, f, NULL));
        assert_int_equal(reply->count, 1);
        who[i] = reply->ids[0];
    }
    assert_id_equal(who[0], who[1]);
    assert_false(mh_uuid_equal(&who[0], &mh_uuid_zero));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(pending_jobs_arrive_as_they_left),
        STORE_TEST(a_job_that_waits_for_its_next_try_arrives_as_it_left),
        STORE_TEST(jobs_that_ended_arrive_as_they_left),
        STORE_TEST(an_ended_job_takes_no_key),
        STORE_TEST(released_jobs_run_in_the_order_of_becoming_due),
        STORE_TEST(what_is_held_is_shown),
        STORE_TEST(what_is_held_is_nobodys),
        STORE_TEST(what_is_held_holds_its_key),
        STORE_TEST(a_person_may_cancel_what_is_held),
        STORE_TEST(what_is_held_goes_with_its_tenant),
        STORE_TEST(what_is_held_for_one_peer_is_not_the_others),
        STORE_TEST(what_cannot_be_held_is_said),
        STORE_TEST(export_pages_from_the_oldest),
        STORE_TEST(what_left_is_noted_until_it_is_forgotten),
        STORE_TEST(a_job_that_changed_since_stays),
        STORE_TEST(a_job_that_was_removed_is_not_noted),
        STORE_TEST(an_erased_job_leaves_its_key),
        STORE_TEST(a_run_ends_where_another_begins),
        STORE_TEST(a_store_is_who_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
