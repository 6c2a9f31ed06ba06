/* Whom requests are for: a tenant gets at nothing that is another's. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

/* Two tenants with a job each, one of them asking. */
struct place {
    struct mh_uuid own, other;
    struct mh_uuid own_job, other_job;
    struct mh_asker asker;
    char claims[200];
};

static struct mh_uuid job_of(struct fixture *f, struct mh_uuid tenant)
{
    struct mh_dispatch job = a_job("t");
    job.tenant_id = tenant;
    return enqueue_job(f, job);
}

static void claim_to_be(struct place *place, const char *before, struct mh_uuid tenant,
                        const char *behind)
{
    char id[MH_UUID_TEXT];
    mh_uuid_format(&tenant, id);
    (void)snprintf(place->claims, sizeof place->claims, "%s%s%s", before, id, behind);
    place->asker = (struct mh_asker){.tenant_id = tenant, .claims = place->claims};
}

static void begin(struct fixture *f, struct place *ret_place)
{
    *ret_place = (struct place){.own = add_tenant(f, "own", MH_PLAN_FREE),
                                .other = add_tenant(f, "other", MH_PLAN_FREE)};
    ret_place->own_job = job_of(f, ret_place->own);
    ret_place->other_job = job_of(f, ret_place->other);
    claim_to_be(ret_place, "{\"tenant_id\": \"", ret_place->own, "\"}");
    mh_store_speak_for(f->store, &ret_place->asker);
}

static const struct mh_reply *list(struct fixture *f, const struct mh_uuid *ids, size_t count)
{
    const struct mh_filter filter = {
        .status = MH_STATUS_NONE, .ids = ids, .id_count = count, .limit = 10};
    return fixture_wait(f, mh_store_list(f->store, &filter, fixture_done, f, NULL));
}

static void a_tenant_lists_and_counts_its_own(void **state)
{
    struct fixture *f = *state;
    struct place place;
    begin(f, &place);
    const struct mh_reply *all = list(f, NULL, 0);
    assert_int_equal(all->count, 1);
    assert_id_equal(all->jobs[0].id, place.own_job);
    assert_null(get(f, place.other_job));
    const struct mh_reply *counted =
        fixture_wait(f, mh_store_stats(f->store, NULL, fixture_done, f, NULL));
    assert_int_equal(counted->stats->count[MH_STATUS_PENDING], 1);
    assert_int_equal(
        fixture_wait_code(f, mh_store_stats(f->store, &place.other, fixture_done, f, NULL)),
        MH_EPERM);
}

static void the_tenant_may_stand_in_app_metadata(void **state)
{
    struct fixture *f = *state;
    struct place place;
    begin(f, &place);
    claim_to_be(&place, "{\"app_metadata\": {\"tenant_id\": \"", place.other, "\"}}");
    const struct mh_reply *all = list(f, NULL, 0);
    assert_int_equal(all->count, 1);
    assert_id_equal(all->jobs[0].id, place.other_job);
}

static void a_job_of_another_tenant_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct place place;
    begin(f, &place);
    const struct mh_uuid ids[] = {place.other_job, place.own_job};
    for (int what = MH_ACT_CANCEL; what <= MH_ACT_REMOVE; what++) {
        const struct mh_reply *reply = fixture_wait(
            f, mh_store_act(f->store, (enum mh_act)what, ids, 2, fixture_done, f, NULL));
        assert_int_equal(reply->acts[0].what, MH_ACTED_NOT_FOUND);
        assert_int_equal(reply->acts[0].was, MH_STATUS_NONE);
        assert_int_equal(reply->acts[1].what, MH_ACTED);
    }
    mh_store_speak_for(f->store, NULL);
    assert_int_equal(status_of(f, place.other_job), MH_STATUS_PENDING);
    assert_null(get(f, place.own_job));
}

static void the_history_of_another_tenants_job_is_empty(void **state)
{
    struct fixture *f = *state;
    struct place place;
    begin(f, &place);
    mh_store_speak_for(f->store, NULL);
    int64_t worker = join_as(f, "w");
    for (int i = 0; i < 2; i++)
        finish(f, claim_one(f, worker), MH_OUTCOME_FAILED);
    mh_store_speak_for(f->store, &place.asker);
    assert_int_equal(attempts_of(f, place.own_job)->count, 1);
    assert_int_equal(attempts_of(f, place.other_job)->count, 0);
}

static void a_tenant_dispatches_for_itself_alone(void **state)
{
    struct fixture *f = *state;
    struct place place;
    begin(f, &place);
    assert_non_null(get(f, job_of(f, place.own)));
    struct mh_dispatch job = a_job("t");
    job.tenant_id = place.other;
    assert_int_equal(enqueue_code(f, job), MH_EPERM);
    assert_int_equal(enqueue_code(f, a_job("t")), MH_EPERM);
    mh_store_speak_for(f->store, NULL);
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], 3);
}

static void what_is_no_tenants_is_refused(void **state)
{
    struct fixture *f = *state;
    struct place place;
    begin(f, &place);
    assert_int_equal(fixture_wait_code(f, mh_store_workers(f->store, fixture_done, f, NULL)),
                     MH_EPERM);
    assert_int_equal(fixture_wait_code(f, mh_store_type_list(f->store, fixture_done, f, NULL)),
                     MH_EPERM);
    assert_int_equal(
        fixture_wait_code(f, mh_store_type_pause(f->store, "t", true, fixture_done, f, NULL)),
        MH_EPERM);
    assert_int_equal(
        fixture_wait_code(f, mh_store_tenant_remove(f->store, &place.own, fixture_done, f, NULL)),
        MH_EPERM);
    const struct mh_join join = {.worker_id = "w", .lease_ms = LEASE_MS};
    assert_int_equal(fixture_wait_code(f, mh_store_join(f->store, &join, fixture_done, f, NULL)),
                     MH_EPERM);
}

static struct mh_schedule a_schedule(struct fixture *f, struct mh_uuid tenant)
{
    return (struct mh_schedule){.tenant_id = tenant,
                                .name = "nightly",
                                .type = "t",
                                .cron = "@daily",
                                .tz = "UTC",
                                .payload = "{}",
                                .payload_len = 2,
                                .priority = -1,
                                .next_at = f->now + 1000};
}

static const struct mh_reply *schedules(struct fixture *f)
{
    const struct mh_schedule_filter any = {0};
    return fixture_wait(f, mh_store_schedule_list(f->store, &any, fixture_done, f, NULL));
}

static void schedules_of_another_tenant_are_out_of_reach(void **state)
{
    struct fixture *f = *state;
    struct place place;
    begin(f, &place);
    struct mh_schedule schedule = a_schedule(f, place.other);
    assert_int_equal(
        fixture_wait_code(f, mh_store_schedule_add(f->store, &schedule, fixture_done, f, NULL)),
        MH_EPERM);
    mh_store_speak_for(f->store, NULL);
    fixture_wait(f, mh_store_schedule_add(f->store, &schedule, fixture_done, f, NULL));
    schedule = schedules(f)->schedules[0];
    schedule.payload = "{}";
    schedule.payload_len = 2;
    mh_store_speak_for(f->store, &place.asker);
    assert_int_equal(schedules(f)->count, 0);
    schedule.tenant_id = place.own; /* by its number it is still the other's */
    schedule.paused = true;
    assert_int_equal(
        fixture_wait(f, mh_store_schedule_change(f->store, &schedule, fixture_done, f, NULL))
            ->count,
        0);
    assert_int_equal(
        fixture_wait_code(
            f, mh_store_schedule_remove(f->store, &place.other, "nightly", fixture_done, f, NULL)),
        MH_EPERM);
    mh_store_speak_for(f->store, NULL);
    assert_false(schedules(f)->schedules[0].paused);
}

static void a_super_admin_sees_all(void **state)
{
    struct fixture *f = *state;
    struct place place;
    begin(f, &place);
    const struct mh_asker admin = {.sees_all = true,
                                   .claims = "{\"app_metadata\": {\"role\": \"super_admin\"}}"};
    mh_store_speak_for(f->store, &admin);
    assert_int_equal(list(f, NULL, 0)->count, 2);
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], 2);
    assert_int_equal(act(f, MH_ACT_CANCEL, place.other_job).what, MH_ACTED);
    fixture_wait(f, mh_store_type_pause(f->store, "t", true, fixture_done, f, NULL));
    assert_true(
        fixture_wait(f, mh_store_type_list(f->store, fixture_done, f, NULL))->types[0].paused);
}

/* One of several answers that are awaited at once. */
struct answer {
    bool came;
    size_t count;
    struct mh_uuid first;
};

static void take_answer(void *arg, const struct mh_reply *reply)
{
    struct answer *answer = arg;
    *answer = (struct answer){.came = true, .count = reply->count};
    if (reply->count > 0) answer->first = reply->jobs[0].id;
}

static void askers_that_ask_together_do_not_mix(void **state)
{
    struct fixture *f = *state;
    struct place place, others;
    begin(f, &place);
    others = place;
    claim_to_be(&others, "{\"tenant_id\": \"", place.other, "\"}");
    const struct mh_uuid ids[] = {place.own_job, place.other_job};
    const struct mh_asker *const askers[] = {&place.asker, &others.asker, NULL};
    const struct mh_filter filter = {
        .status = MH_STATUS_NONE, .ids = ids, .id_count = 2, .limit = 10};
    struct answer answers[6] = {0};
    for (int i = 0; i < 6; i++) {
        mh_store_speak_for(f->store, askers[i % 3]);
        assert_int_equal(mh_store_list(f->store, &filter, take_answer, &answers[i], NULL), 0);
    }
    for (int i = 0; i < 6; i++) {
        while (!answers[i].came)
            uv_run(&f->loop, UV_RUN_ONCE);
        assert_int_equal(answers[i].count, i % 3 == 2 ? 2 : 1);
        if (i % 3 < 2) assert_id_equal(answers[i].first, ids[i % 3]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_tenant_lists_and_counts_its_own),
        STORE_TEST(the_tenant_may_stand_in_app_metadata),
        STORE_TEST(a_job_of_another_tenant_is_not_found),
        STORE_TEST(the_history_of_another_tenants_job_is_empty),
        STORE_TEST(a_tenant_dispatches_for_itself_alone),
        STORE_TEST(what_is_no_tenants_is_refused),
        STORE_TEST(schedules_of_another_tenant_are_out_of_reach),
        STORE_TEST(a_super_admin_sees_all),
        STORE_TEST(askers_that_ask_together_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
