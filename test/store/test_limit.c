#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP -1

static void set_limits(struct fixture *f, const char *type, struct mh_limits limits)
{
    fixture_wait(f, mh_store_type_limit(f->store, type, &limits, fixture_done, f, NULL));
}

static void set_max(struct fixture *f, const char *type, int64_t max)
{
    set_limits(f, type, (struct mh_limits){.max = max, .per_tenant = KEEP, .per_key = KEEP});
}

static void set_per_tenant(struct fixture *f, const char *type, int64_t per_tenant)
{
    set_limits(f, type, (struct mh_limits){.max = KEEP, .per_tenant = per_tenant, .per_key = KEEP});
}

static void set_per_key(struct fixture *f, const char *type, const char *key, int64_t per_key)
{
    set_limits(f, type,
               (struct mh_limits){.max = KEEP, .per_tenant = KEEP, .per_key = per_key, .key = key});
}

static struct mh_uuid enqueue_with(struct fixture *f, const char *type, const char *payload)
{
    struct mh_dispatch job = a_job(type);
    job.payload = payload;
    job.payload_len = strlen(payload);
    return enqueue_job(f, job);
}

static struct mh_uuid enqueue_for(struct fixture *f, const char *type, struct mh_uuid tenant)
{
    struct mh_dispatch job = a_job(type);
    job.tenant_id = tenant;
    return enqueue_job(f, job);
}

static struct held held_of(const struct mh_reply *reply, size_t i)
{
    return (struct held){.lease = reply->lease, .id = reply->jobs[i].id};
}

static size_t claimed(struct fixture *f, int64_t worker)
{
    return claim(f, worker, 100)->count;
}

/* --- how many */

static void no_more_than_the_limit_run(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w"), other = join_as(f, "other");
    set_max(f, "mail", 3);
    for (int i = 0; i < 6; i++)
        enqueue(f, "mail");

    const struct mh_reply *reply = claim(f, worker, 2);
    assert_int_equal(reply->count, 2);
    assert_int_equal(claimed(f, other), 1);
    assert_int_equal(claimed(f, other), 0);

    finish(f, held_of(reply, 0), MH_OUTCOME_COMPLETED);
    finish(f, held_of(reply, 1), MH_OUTCOME_COMPLETED);
    assert_int_equal(claimed(f, other), 2);
    assert_int_equal(claimed(f, worker), 0);
}

/* Nothing can be claimed, but there is reason to wait: a worker neither spins nor goes home. */
static void a_blocked_claim_says_that_jobs_run_and_that_none_becomes_due(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    set_max(f, "mail", 1);
    enqueue(f, "mail");
    enqueue(f, "mail");
    claim_one(f, worker);

    const struct mh_reply *reply = claim(f, worker, 1);
    assert_int_equal(reply->count, 0);
    assert_int_equal(reply->running, 1);
    assert_int_equal(reply->next_due_ms, -1);

    struct mh_dispatch later = a_job("mail");
    later.delay_ms = 5000;
    enqueue_job(f, later);
    assert_int_equal(claim(f, worker, 1)->next_due_ms, 5000);
}

static void a_limit_counts_all_priorities(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    set_max(f, "mail", 2);
    struct mh_dispatch job = a_job("mail");
    for (int priority = 0; priority < 4; priority++) {
        job.priority = priority;
        enqueue_job(f, job);
    }
    const struct mh_reply *reply = claim(f, worker, 10);
    assert_int_equal(reply->count, 2);
    assert_int_equal(reply->jobs[0].priority, 3);
    assert_int_equal(reply->jobs[1].priority, 2);
    finish(f, held_of(reply, 0), MH_OUTCOME_COMPLETED);
    assert_int_equal(claim_one(f, worker).lease > 0, 1);
    assert_int_equal(claimed(f, worker), 0);
}

static void each_tenant_has_its_share(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    struct mh_uuid a = add_tenant(f, "a", MH_PLAN_FREE), b = add_tenant(f, "b", MH_PLAN_FREE);
    set_per_tenant(f, "mail", 2);
    for (int i = 0; i < 50; i++)
        enqueue_for(f, "mail", a);
    struct mh_uuid first = enqueue_for(f, "mail", b);

    const struct mh_reply *reply = claim(f, worker, 10);
    assert_int_equal(reply->count, 3);
    assert_id_equal(reply->jobs[0].tenant_id, a);
    assert_id_equal(reply->jobs[1].tenant_id, a);
    assert_id_equal(reply->jobs[2].id, first);
    assert_int_equal(claimed(f, worker), 0);
    finish(f, held_of(reply, 2), MH_OUTCOME_COMPLETED);
    assert_int_equal(claimed(f, worker), 0);
    finish(f, held_of(reply, 0), MH_OUTCOME_COMPLETED);
    assert_int_equal(claimed(f, worker), 1);
}

static void one_at_a_time_for_each_key(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    set_per_key(f, "index", "project", 1);
    const char *const payloads[] = {
        "{\"project\": \"a\"}", "{\"project\": \"a\", \"x\": 1}",
        "{\"project\": \"b\"}", "{\"project\": 7}",
        "{\"project\": 7}",     "{\"p\\u0072oject\": \"b\"}",
    };
    struct mh_uuid ids[MH_LEN(payloads)];
    for (size_t i = 0; i < MH_LEN(payloads); i++)
        ids[i] = enqueue_with(f, "index", payloads[i]);

    const struct mh_reply *reply = claim(f, worker, 10);
    assert_int_equal(reply->count, 3);
    assert_id_equal(reply->jobs[0].id, ids[0]);
    assert_id_equal(reply->jobs[1].id, ids[2]);
    assert_id_equal(reply->jobs[2].id, ids[3]);
    finish(f, held_of(reply, 1), MH_OUTCOME_COMPLETED);
    assert_id_equal(claim_one(f, worker).id, ids[5]);
    assert_int_equal(claimed(f, worker), 0);
}

static void a_job_without_the_member_has_no_key(void **state)
{
    struct fixture *f = *state;
    set_per_key(f, "index", "project", 1);
    enqueue_with(f, "index", "{}");
    enqueue_with(f, "index", "{\"project\": null}");
    enqueue_with(f, "index", "{\"nested\": {\"project\": 1}}");
    assert_int_equal(claimed(f, join_as(f, "w")), 3);
}

static void keys_of_two_tenants_are_two_keys(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    set_per_key(f, "index", "project", 1);
    enqueue_with(f, "index", "{\"project\": 1}");
    struct mh_dispatch job = a_job("index");
    job.payload = "{\"project\": 1}";
    job.payload_len = strlen(job.payload);
    job.tenant_id = add_tenant(f, "other", MH_PLAN_FREE);
    enqueue_job(f, job);
    enqueue_job(f, job);
    assert_int_equal(claimed(f, worker), 2);
}

/* --- which */

static void what_is_not_held_back_keeps_its_order(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    set_max(f, "limited", 2);
    struct mh_uuid expected[6];
    expected[1] = enqueue(f, "free");
    fixture_advance(f, 1);
    expected[2] = enqueue(f, "limited");
    fixture_advance(f, 1);
    expected[3] = enqueue(f, "free");
    fixture_advance(f, 1);
    enqueue(f, "limited");
    fixture_advance(f, 1);
    expected[4] = enqueue(f, "free");
    struct mh_dispatch urgent = a_job("limited");
    urgent.priority = 9;
    expected[0] = enqueue_job(f, urgent);

    const struct mh_reply *reply = claim(f, worker, 10);
    assert_int_equal(reply->count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_id_equal(reply->jobs[i].id, expected[i]);
}

static void a_claim_takes_no_more_than_it_asked_for(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    set_per_tenant(f, "limited", 5);
    for (int i = 0; i < 5; i++) {
        enqueue(f, "limited");
        enqueue(f, "free");
    }
    size_t all = 0;
    for (size_t limit = 1; limit <= 4; limit++) {
        assert_int_equal(claim(f, worker, limit)->count, limit);
        all += limit;
    }
    assert_int_equal(all, 10);
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], 0);
}

static void a_paused_type_with_a_limit_is_not_claimed(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    set_max(f, "mail", 5);
    enqueue(f, "mail");
    fixture_wait(f, mh_store_type_pause(f->store, "mail", true, fixture_done, f, NULL));
    assert_int_equal(claimed(f, worker), 0);
    fixture_wait(f, mh_store_type_pause(f->store, "mail", false, fixture_done, f, NULL));
    assert_int_equal(claimed(f, worker), 1);
}

static void a_retried_job_stands_in_line_again(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    struct mh_uuid id = enqueue_with(f, "index", "{\"project\": 1}");
    finish(f, claim_one(f, worker), MH_OUTCOME_FAILED);
    set_per_key(f, "index", "project", 1);
    enqueue_with(f, "index", "{\"project\": 1}");
    struct held first = claim_one(f, worker);
    assert_int_equal(act(f, MH_ACT_RETRY, id).what, MH_ACTED);
    assert_int_equal(claimed(f, worker), 0);
    finish(f, first, MH_OUTCOME_COMPLETED);
    assert_id_equal(claim_one(f, worker).id, id);
}

/* --- when one leaves */

struct heard {
    int due;
};

static void hear(void *arg, int news)
{
    if ((news & MH_NEWS_DUE) != 0) ((struct heard *)arg)->due = 1;
}

enum way { COMPLETE, FAIL, CANCEL, EXPIRE, LEAVE, REMOVE_TENANT, WAY__COUNT };

static void leave_by(struct fixture *f, enum way way, int64_t worker, struct held held,
                     struct mh_uuid tenant)
{
    switch (way) {
    case COMPLETE:
        assert_int_equal(finish(f, held, MH_OUTCOME_COMPLETED), MH_STATUS_COMPLETED);
        break;
    case FAIL:
        assert_int_equal(finish(f, held, MH_OUTCOME_FAILED), MH_STATUS_FAILED);
        break;
    case CANCEL:
        assert_int_equal(act(f, MH_ACT_CANCEL, held.id).what, MH_ACTED);
        break;
    case EXPIRE:
        fixture_advance(f, LEASE_MS + 1);
        assert_int_equal(reclaim(f), 1);
        break;
    case LEAVE:
        fixture_wait(f, mh_store_leave(f->store, worker, fixture_done, f, NULL));
        break;
    case REMOVE_TENANT:
        fixture_wait(f, mh_store_tenant_remove(f->store, &tenant, fixture_done, f, NULL));
        break;
    case WAY__COUNT:
        fail();
    }
}

/* However a job leaves its lease, those that sleep hear that a place is free, and it is. */
static void whoever_waits_hears_that_a_place_is_free(void **state)
{
    struct fixture *f = *state;
    set_max(f, "mail", 1);
    for (enum way way = COMPLETE; way < WAY__COUNT; way++) {
        char name[16];
        (void)snprintf(name, sizeof name, "t%d", (int)way);
        struct mh_uuid tenant = add_tenant(f, name, MH_PLAN_FREE);
        struct mh_dispatch job = a_job("mail");
        job.tenant_id = tenant;
        job.max_attempts = 1;
        enqueue_job(f, job);
        int64_t worker = join_as(f, "w"), other;
        struct held held = claim_one(f, worker);
        enqueue(f, "mail");
        other = join_as(f, "other");
        assert_int_equal(claimed(f, other), 0);

        struct heard heard = {0};
        struct mh_store *watcher = fixture_open(f);
        assert_int_equal(mh_store_watch(watcher, MH_NEWS_DUE, hear, &heard, NULL), 0);
        leave_by(f, way, worker, held, tenant);
        fixture_until(f, &heard.due, 5000);
        mh_store_close(watcher);

        other = join_as(f, "other");
        const struct mh_reply *reply = claim(f, other, 10);
        assert_int_equal(reply->count, 1);
        finish(f, held_of(reply, 0), MH_OUTCOME_COMPLETED);
        while ((reply = claim(f, other, 10))->count > 0)
            finish(f, held_of(reply, 0), MH_OUTCOME_COMPLETED);
    }
}

static void what_comes_back_frees_its_place_and_waits_for_one(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    set_per_key(f, "index", "project", 1);
    struct mh_uuid first = enqueue_with(f, "index", "{\"project\": 1}");
    struct mh_uuid second = enqueue_with(f, "index", "{\"project\": 1}");
    struct held held = claim_one(f, worker);
    assert_int_equal(finish_with(f, (struct mh_finish){.lease = held.lease,
                                                       .id = held.id,
                                                       .outcome = MH_OUTCOME_RETRY,
                                                       .delay_ms = 1000}),
                     MH_STATUS_PENDING);

    held = claim_one(f, worker);
    assert_id_equal(held.id, second);
    assert_int_equal(claim(f, worker, 1)->next_due_ms, 1000);
    fixture_advance(f, 1000);
    const struct mh_reply *reply = claim(f, worker, 1);
    assert_int_equal(reply->count, 0);
    assert_int_equal(reply->next_due_ms, -1);
    assert_int_equal(get(f, first)->status, MH_STATUS_PENDING);
    assert_int_equal(get(f, first)->attempts, 1);
    finish(f, held, MH_OUTCOME_COMPLETED);
    reply = claim(f, worker, 1);
    assert_id_equal(reply->jobs[0].id, first);
    assert_int_equal(reply->jobs[0].attempts, 2);
}

/* --- changing limits */

static void a_limit_holds_for_what_waits_already(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    for (int i = 0; i < 8; i++)
        enqueue_with(f, "index", i % 2 == 0 ? "{\"a\": 1, \"b\": 1}" : "{\"a\": 2, \"b\": 1}");
    assert_int_equal(claim(f, worker, 2)->count, 2);

    set_per_key(f, "index", "a", 1);
    assert_int_equal(claimed(f, worker), 0); /* one of each runs */
    set_per_key(f, "index", "a", 2);
    assert_int_equal(claimed(f, worker), 2);
    set_per_key(f, "index", "b", 5);
    assert_int_equal(claimed(f, worker), 1);
    set_max(f, "index", 6);
    set_per_key(f, "index", NULL, 0);
    assert_int_equal(claimed(f, worker), 1);
    set_max(f, "index", 1); /* what runs, runs on */
    assert_int_equal(stats(f).count[MH_STATUS_PROCESSING], 6);
    assert_int_equal(claimed(f, worker), 0);
    set_max(f, "index", 0);
    assert_int_equal(claimed(f, worker), 2);
}

static void a_limit_that_is_raised_is_news(void **state)
{
    struct fixture *f = *state;
    set_max(f, "mail", 1);
    struct heard heard = {0};
    struct mh_store *watcher = fixture_open(f);
    assert_int_equal(mh_store_watch(watcher, MH_NEWS_DUE, hear, &heard, NULL), 0);
    set_max(f, "mail", 2);
    fixture_until(f, &heard.due, 5000);
    mh_store_close(watcher);
}

static void jobs_that_a_limit_holds_back_are_pending_as_any(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    set_per_tenant(f, "mail", 1);
    enqueue(f, "mail");
    struct mh_uuid cancelled = enqueue(f, "mail");
    struct mh_uuid removed = enqueue(f, "mail");
    struct mh_uuid waiting = enqueue(f, "mail");
    claim_one(f, worker);
    assert_int_equal(claimed(f, worker), 0);
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], 3);
    assert_int_equal(get(f, waiting)->status, MH_STATUS_PENDING);
    assert_int_equal(get(f, waiting)->next_retry_at, 0);
    const struct mh_filter filter = {.status = MH_STATUS_PENDING, .limit = 10};
    assert_int_equal(
        fixture_wait(f, mh_store_list(f->store, &filter, fixture_done, f, NULL))->count, 3);

    assert_int_equal(act(f, MH_ACT_CANCEL, cancelled).was, MH_STATUS_PENDING);
    assert_int_equal(act(f, MH_ACT_REMOVE, removed).was, MH_STATUS_PENDING);
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], 1);
    assert_int_equal(status_of(f, cancelled), MH_STATUS_CANCELLED);
}

static const struct mh_limits *limits_of(struct fixture *f, const char *type)
{
    const struct mh_reply *reply =
        fixture_wait(f, mh_store_type_list(f->store, fixture_done, f, NULL));
    for (size_t i = 0; i < reply->count; i++)
        if (strcmp(reply->types[i].name, type) == 0) return &reply->types[i].limits;
    fail();
    return NULL;
}

static void types_are_listed_with_their_limits(void **state)
{
    struct fixture *f = *state;
    enqueue(f, "free");
    set_limits(f, "mail", (struct mh_limits){3, 2, 1, "project"});
    set_max(f, "mail", 9);
    assert_int_equal(limits_of(f, "mail")->max, 9);
    assert_int_equal(limits_of(f, "mail")->per_tenant, 2);
    assert_int_equal(limits_of(f, "mail")->per_key, 1);
    assert_string_equal(limits_of(f, "mail")->key, "project");
    set_limits(f, "mail", (struct mh_limits){.max = KEEP});
    assert_int_equal(limits_of(f, "mail")->max, 9);
    assert_int_equal(limits_of(f, "mail")->per_tenant, 0);
    assert_int_equal(limits_of(f, "mail")->per_key, 0);
    assert_null(limits_of(f, "mail")->key);
    set_max(f, "mail", 0);
    assert_int_equal(limits_of(f, "mail")->max, 0);
    assert_int_equal(limits_of(f, "free")->max, 0);
}

static void wrong_limits_are_refused(void **state)
{
    struct fixture *f = *state;
    const struct {
        const char *type;
        struct mh_limits limits;
    } wrong[] = {
        {"no spaces", {.max = 1}},
        {"mail", {.max = -2}},
        {"mail", {.per_tenant = MH_LIMIT_MAX + 1}},
        {"mail", {.per_key = 1}},
        {"mail", {.per_key = 1, .key = ""}},
    };
    for (size_t i = 0; i < MH_LEN(wrong); i++)
        assert_int_equal(
            mh_store_type_limit(f->store, wrong[i].type, &wrong[i].limits, fixture_done, f, NULL),
            MH_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(no_more_than_the_limit_run),
        STORE_TEST(a_blocked_claim_says_that_jobs_run_and_that_none_becomes_due),
        STORE_TEST(a_limit_counts_all_priorities),
        STORE_TEST(each_tenant_has_its_share),
        STORE_TEST(one_at_a_time_for_each_key),
        STORE_TEST(a_job_without_the_member_has_no_key),
        STORE_TEST(keys_of_two_tenants_are_two_keys),
        STORE_TEST(what_is_not_held_back_keeps_its_order),
        STORE_TEST(a_claim_takes_no_more_than_it_asked_for),
        STORE_TEST(a_paused_type_with_a_limit_is_not_claimed),
        STORE_TEST(a_retried_job_stands_in_line_again),
        STORE_TEST(whoever_waits_hears_that_a_place_is_free),
        STORE_TEST(what_comes_back_frees_its_place_and_waits_for_one),
        STORE_TEST(a_limit_holds_for_what_waits_already),
        STORE_TEST(a_limit_that_is_raised_is_news),
        STORE_TEST(jobs_that_a_limit_holds_back_are_pending_as_any),
        STORE_TEST(types_are_listed_with_their_limits),
        STORE_TEST(wrong_limits_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
