#include "fixture.h"

#include <string.h>

/* --- tenants */

static const struct mh_reply *tenants(struct fixture *f)
{
    return fixture_wait(f, mh_store_tenant_list(f->store, fixture_done, f, NULL));
}

static int add_code(struct fixture *f, struct mh_tenant tenant)
{
    return fixture_wait_code(f, mh_store_tenant_add(f->store, &tenant, fixture_done, f, NULL));
}

static int remove_code(struct fixture *f, struct mh_uuid id)
{
    return fixture_wait_code(f, mh_store_tenant_remove(f->store, &id, fixture_done, f, NULL));
}

static void a_new_store_has_the_default_tenant(void **state)
{
    struct fixture *f = *state;
    const struct mh_reply *reply = tenants(f);
    assert_int_equal(reply->count, 1);
    assert_id_equal(reply->tenants[0].id, mh_uuid_zero);
    assert_string_equal(reply->tenants[0].name, "default");
    assert_int_equal(reply->tenants[0].plan, MH_PLAN_FREE);
    assert_true(reply->tenants[0].created_at > 0);
}

static void tenants_are_listed_by_name(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid zebra = add_tenant(f, "zebra", MH_PLAN_PRO);
    struct mh_uuid acme = add_tenant(f, "acme", MH_PLAN_ENTERPRISE);
    const struct mh_reply *reply = tenants(f);
    assert_int_equal(reply->count, 3);
    assert_id_equal(reply->tenants[0].id, acme);
    assert_string_equal(reply->tenants[0].name, "acme");
    assert_int_equal(reply->tenants[0].plan, MH_PLAN_ENTERPRISE);
    assert_int_equal(reply->tenants[0].created_at, f->now);
    assert_string_equal(reply->tenants[1].name, "default");
    assert_id_equal(reply->tenants[2].id, zebra);
}

static void the_new_tenant_is_the_answer(void **state)
{
    struct fixture *f = *state;
    const struct mh_tenant tenant = {.id = mh_uuid_new(), .name = "acme", .plan = MH_PLAN_PRO};
    const struct mh_reply *reply =
        fixture_wait(f, mh_store_tenant_add(f->store, &tenant, fixture_done, f, NULL));
    assert_int_equal(reply->count, 1);
    assert_id_equal(reply->tenants[0].id, tenant.id);
    assert_string_equal(reply->tenants[0].name, "acme");
    assert_int_equal(reply->tenants[0].created_at, f->now);
}

static void a_name_and_an_id_are_given_once(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid id = add_tenant(f, "acme", MH_PLAN_FREE);
    assert_int_equal(add_code(f, (struct mh_tenant){.id = mh_uuid_new(), .name = "acme"}),
                     MH_EEXIST);
    assert_int_equal(add_code(f, (struct mh_tenant){.id = id, .name = "other"}), MH_EEXIST);
    assert_int_equal(add_code(f, (struct mh_tenant){.id = id, .name = ""}), MH_EINVAL);
    assert_int_equal(add_code(f, (struct mh_tenant){.id = id, .name = "x", .plan = 9}), MH_EINVAL);
    assert_int_equal(tenants(f)->count, 2);
}

static void removing_a_tenant_removes_its_jobs(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    struct mh_uuid ours = enqueue(f, "ours");
    struct mh_dispatch job = a_job("t");
    job.priority = 1;
    job.tenant_id = add_tenant(f, "acme", MH_PLAN_FREE);
    struct mh_uuid failed = enqueue_job(f, job);
    finish(f, claim_one(f, worker), MH_OUTCOME_FAILED);
    struct mh_uuid running = enqueue_job(f, job);
    struct held held = claim_one(f, worker);
    job.unique_key = "k";
    enqueue_job(f, job);

    const struct mh_reply *reply =
        fixture_wait(f, mh_store_tenant_remove(f->store, &job.tenant_id, fixture_done, f, NULL));

    assert_int_equal(reply->count, 3);
    assert_int_equal(tenants(f)->count, 1);
    assert_null(get(f, failed));
    assert_int_equal(attempts_of(f, failed)->count, 0);
    assert_null(get(f, running));
    assert_int_equal(beat(f, worker, held), MH_STATUS_NONE);
    assert_int_equal(finish(f, held, MH_OUTCOME_COMPLETED), MH_STATUS_NONE);
    struct mh_stats counts = stats(f);
    assert_int_equal(counts.count[MH_STATUS_FAILED], 0);
    assert_int_equal(counts.count[MH_STATUS_PROCESSING], 0);
    assert_int_equal(counts.count[MH_STATUS_PENDING], 1);
    assert_id_equal(claim_one(f, worker).id, ours);
    assert_int_equal(enqueue_code(f, job), MH_ENOENT);
    for (int i = 0; i < 3; i++) /* in the places of those that are gone */
        assert_int_equal(attempts_of(f, enqueue(f, "t"))->count, 0);
}

static void the_default_tenant_stays(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(remove_code(f, mh_uuid_zero), MH_ESTATE);
    assert_int_equal(remove_code(f, mh_uuid_new()), MH_ENOENT);
    assert_int_equal(tenants(f)->count, 1);
}

/* --- types */

static const struct mh_reply *types(struct fixture *f)
{
    return fixture_wait(f, mh_store_type_list(f->store, fixture_done, f, NULL));
}

static void set_paused(struct fixture *f, const char *type, bool paused)
{
    fixture_wait(f, mh_store_type_pause(f->store, type, paused, fixture_done, f, NULL));
}

static void types_are_listed_with_their_jobs(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(types(f)->count, 0);
    struct mh_dispatch urgent = a_job("mail");
    urgent.priority = 50;
    struct mh_dispatch later = a_job("mail");
    later.delay_ms = 1000;
    enqueue(f, "other");
    enqueue(f, "mail");
    enqueue_job(f, urgent);
    enqueue_job(f, later);
    claim_type(f, join_as(f, "w"), 1, "mail");

    const struct mh_reply *reply = types(f);

    assert_int_equal(reply->count, 2);
    assert_string_equal(reply->types[0].name, "mail");
    assert_int_equal(reply->types[0].pending, 2);
    assert_int_equal(reply->types[0].processing, 1);
    assert_false(reply->types[0].paused);
    assert_string_equal(reply->types[1].name, "other");
    assert_int_equal(reply->types[1].pending, 1);
    assert_int_equal(reply->types[1].processing, 0);
}

static void a_type_knows_the_workers_that_serve_it(void **state)
{
    struct fixture *f = *state;
    enqueue(f, "mail");
    enqueue(f, "other");
    const char *const served[] = {"mail", "mail", "unknown"};
    const struct mh_join join = {
        .worker_id = "w", .lease_ms = LEASE_MS, .types = served, .type_count = 3};
    fixture_wait(f, mh_store_join(f->store, &join, fixture_done, f, NULL));
    assert_int_equal(types(f)->types[0].workers, 1);
    assert_int_equal(types(f)->types[1].workers, 0);
    fixture_advance(f, 100);
    join_as(f, "all");
    assert_int_equal(types(f)->types[0].workers, 2);
    assert_int_equal(types(f)->types[1].workers, 1);
    fixture_advance(f, LEASE_MS);
    assert_int_equal(types(f)->types[0].workers, 1);
}

static void a_type_may_be_paused_before_its_first_job(void **state)
{
    struct fixture *f = *state;
    set_paused(f, "mail", true);
    assert_int_equal(types(f)->count, 1);
    assert_true(types(f)->types[0].paused);
    enqueue(f, "mail");
    assert_int_equal(claim(f, join_as(f, "w"), 1)->count, 0);
    set_paused(f, "mail", false);
    assert_false(types(f)->types[0].paused);
    set_paused(f, "never.seen", false);
    assert_int_equal(types(f)->count, 1);
    assert_int_equal(mh_store_type_pause(f->store, "no spaces", true, fixture_done, f, NULL),
                     MH_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_new_store_has_the_default_tenant),
        STORE_TEST(tenants_are_listed_by_name),
        STORE_TEST(the_new_tenant_is_the_answer),
        STORE_TEST(a_name_and_an_id_are_given_once),
        STORE_TEST(removing_a_tenant_removes_its_jobs),
        STORE_TEST(the_default_tenant_stays),
        STORE_TEST(types_are_listed_with_their_jobs),
        STORE_TEST(a_type_knows_the_workers_that_serve_it),
        STORE_TEST(a_type_may_be_paused_before_its_first_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
