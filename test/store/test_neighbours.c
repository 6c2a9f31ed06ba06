/* Jobs that came together and were claimed together: what happens to one of them, to the first, the
 * last or some in between, is said of that one alone. */
#include "fixture.h"

#define COUNT 12

struct crowd {
    struct mh_uuid ids[COUNT];
    int64_t lease;
};

/* Those at an 'o' in `owners` are of tenant `other`. */
static struct crowd dispatch_of(struct fixture *f, const struct mh_uuid *other, const char *owners)
{
    struct crowd crowd = {0};
    struct mh_dispatch jobs[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        jobs[i] = a_job("crowd");
        jobs[i].id = crowd.ids[i] = mh_uuid_new();
        if (owners[i] == 'o') jobs[i].tenant_id = *other;
    }
    fixture_wait(f, mh_store_dispatch(f->store, jobs, COUNT, fixture_done, f, NULL));
    return crowd;
}

static struct crowd dispatch(struct fixture *f)
{
    return dispatch_of(f, NULL, "............");
}

static struct crowd claim_all(struct fixture *f)
{
    struct crowd crowd = dispatch(f);
    const struct mh_reply *reply = claim(f, join_as(f, "w"), COUNT);
    assert_int_equal(reply->count, COUNT);
    crowd.lease = reply->lease;
    return crowd;
}

static struct held held(const struct crowd *crowd, size_t i)
{
    return (struct held){crowd->lease, crowd->ids[i]};
}

static void assert_is(struct fixture *f, const struct crowd *crowd, const char *statuses)
{
    static const char letters[] = {[MH_STATUS_PENDING] = 'p',
                                   [MH_STATUS_PROCESSING] = 'r',
                                   [MH_STATUS_COMPLETED] = 'c',
                                   [MH_STATUS_FAILED] = 'f',
                                   [MH_STATUS_CANCELLED] = 'x'};
    char found[COUNT + 1] = "";
    int64_t counts[MH_STATUS__COUNT] = {0};
    for (size_t i = 0; i < COUNT; i++) {
        const struct mh_job *job = get(f, crowd->ids[i]);
        found[i] = job != NULL ? letters[job->status] : '-';
        if (job != NULL) counts[job->status]++;
    }
    assert_string_equal(found, statuses);
    struct mh_stats all = stats(f);
    for (int status = 0; status < MH_STATUS__COUNT; status++) {
        const struct mh_filter filter = {
            .status = (enum mh_status)status, .limit = 100, .looks = 1000};
        const struct mh_reply *page =
            fixture_wait(f, mh_store_list(f->store, &filter, fixture_done, f, NULL));
        assert_int_equal(page->count, counts[status]);
        assert_int_equal(all.count[status], counts[status]);
    }
}

static void one_that_waits_is_cancelled_or_removed(void **state)
{
    struct fixture *f = *state;
    struct crowd crowd = dispatch(f);
    (void)act(f, MH_ACT_CANCEL, crowd.ids[0]);
    (void)act(f, MH_ACT_CANCEL, crowd.ids[5]);
    (void)act(f, MH_ACT_REMOVE, crowd.ids[6]);
    (void)act(f, MH_ACT_REMOVE, crowd.ids[COUNT - 1]);
    assert_is(f, &crowd, "xppppx-pppp-");
    const struct mh_reply *reply = claim(f, join_as(f, "w"), COUNT);
    assert_int_equal(reply->count, 8);
    assert_id_equal(reply->jobs[4].id, crowd.ids[7]);
    assert_is(f, &crowd, "xrrrrx-rrrr-");
    (void)act(f, MH_ACT_RETRY, crowd.ids[5]);
    assert_id_equal(claim_one(f, join_as(f, "v")).id, crowd.ids[5]);
    assert_int_equal(get(f, crowd.ids[5])->attempts, 1);
}

static void each_that_runs_ends_as_it_does(void **state)
{
    struct fixture *f = *state;
    struct crowd crowd = claim_all(f);
    assert_int_equal(finish(f, held(&crowd, 4), MH_OUTCOME_COMPLETED), MH_STATUS_COMPLETED);
    assert_int_equal(finish(f, held(&crowd, 0), MH_OUTCOME_FAILED), MH_STATUS_FAILED);
    assert_int_equal(finish(f, held(&crowd, 7), MH_OUTCOME_RELEASED), MH_STATUS_PENDING);
    assert_int_equal(finish(f, held(&crowd, 11), MH_OUTCOME_RETRY), MH_STATUS_PENDING);
    (void)act(f, MH_ACT_CANCEL, crowd.ids[6]);
    assert_is(f, &crowd, "frrrcrxprrrp");
    assert_int_equal(finish(f, held(&crowd, 4), MH_OUTCOME_COMPLETED), MH_STATUS_NONE);
    assert_int_equal(finish(f, held(&crowd, 6), MH_OUTCOME_COMPLETED), MH_STATUS_NONE);

    const struct mh_job *job = get(f, crowd.ids[0]);
    assert_int_equal(job->attempts, 1);
    assert_string_equal(job->worker_id, "w");
    assert_int_equal(job->started_at, get(f, crowd.ids[1])->started_at);
    assert_int_equal(get(f, crowd.ids[7])->attempts, 0);
    assert_null(get(f, crowd.ids[7])->worker_id);
    assert_int_equal(attempts_of(f, crowd.ids[11])->count, 1);
    assert_int_equal(attempts_of(f, crowd.ids[4])->count, 0);
}

static void progress_is_of_one(void **state)
{
    struct fixture *f = *state;
    struct crowd crowd = claim_all(f);
    const struct mh_note note = {.lease = crowd.lease, .id = crowd.ids[3], .progress = 0.5};
    fixture_wait(f, mh_store_note(f->store, &note, 1, fixture_done, f, NULL));
    assert_true(get(f, crowd.ids[3])->progress == 0.5);
    assert_true(get(f, crowd.ids[4])->progress < 0);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(finish(f, held(&crowd, i), MH_OUTCOME_COMPLETED), MH_STATUS_COMPLETED);
    assert_is(f, &crowd, "cccccccccccc");
    assert_string_equal(get(f, crowd.ids[3])->worker_id, "w");
    assert_int_equal(get(f, crowd.ids[3])->attempts, 1);
}

static void those_of_a_lost_lease_come_back(void **state)
{
    struct fixture *f = *state;
    struct crowd crowd = claim_all(f);
    (void)finish(f, held(&crowd, 2), MH_OUTCOME_COMPLETED);
    (void)finish(f, held(&crowd, 3), MH_OUTCOME_COMPLETED);
    fixture_advance(f, 3600000);
    assert_int_equal(reclaim(f), COUNT - 2);
    assert_is(f, &crowd, "ppccpppppppp");
    assert_int_equal(get(f, crowd.ids[11])->attempts, 1);
    assert_int_equal(claim(f, join_as(f, "v"), COUNT)->count, COUNT - 2);
    assert_int_equal(get(f, crowd.ids[11])->attempts, 2);
}

static void a_limit_counts_those_that_run_already(void **state)
{
    struct fixture *f = *state;
    struct crowd crowd = dispatch(f);
    int64_t worker = join_as(f, "w");
    crowd.lease = claim(f, worker, 3)->lease;
    const struct mh_limits limits = {.max = 4};
    fixture_wait(f, mh_store_type_limit(f->store, "crowd", &limits, fixture_done, f, NULL));
    assert_is(f, &crowd, "rrrppppppppp");
    assert_int_equal(claim(f, worker, COUNT)->count, 1);
    (void)finish(f, held(&crowd, 1), MH_OUTCOME_COMPLETED);
    assert_id_equal(claim_one(f, worker).id, crowd.ids[4]);
    assert_is(f, &crowd, "rcrrrppppppp");
}

static void a_tenant_goes_from_among_others(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid other = add_tenant(f, "other", MH_PLAN_FREE);
    struct crowd crowd = dispatch_of(f, &other, "o..o..o..o..");
    int64_t worker = join_as(f, "w");
    crowd.lease = claim(f, worker, 5)->lease;
    (void)finish(f, held(&crowd, 0), MH_OUTCOME_COMPLETED);
    (void)finish(f, held(&crowd, 1), MH_OUTCOME_COMPLETED);
    fixture_wait(f, mh_store_tenant_remove(f->store, &other, fixture_done, f, NULL));
    assert_is(f, &crowd, "-cr-rp-pp-pp");
    fixture_advance(f, LEASE_MS + 1);
    assert_int_equal(reclaim(f), 2); /* the lease of those that run is still there */
}

static void a_tenant_goes_whose_jobs_are_neighbours(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid other = add_tenant(f, "other", MH_PLAN_FREE);
    struct crowd crowd = dispatch_of(f, &other, ".oooooo.oooo");
    int64_t worker = join_as(f, "w");
    crowd.lease = claim(f, worker, 6)->lease;
    (void)finish(f, held(&crowd, 2), MH_OUTCOME_COMPLETED);
    (void)finish(f, held(&crowd, 4), MH_OUTCOME_FAILED);
    fixture_wait(f, mh_store_tenant_remove(f->store, &other, fixture_done, f, NULL));
    assert_is(f, &crowd, "r------p----");
    (void)dispatch(f);
    assert_int_equal(claim(f, worker, COUNT * 2)->count, COUNT + 1);
}

static void what_ended_long_ago_goes_up_to_what_was_asked_for(void **state)
{
    struct fixture *f = *state;
    struct crowd crowd = claim_all(f);
    for (size_t i = 0; i < 9; i++)
        (void)finish(f, held(&crowd, i), MH_OUTCOME_COMPLETED);
    fixture_advance(f, 5000);
    size_t count =
        fixture_wait(f, mh_store_prune(f->store, 1000, 0, 4, fixture_done, f, NULL))->count;
    assert_int_equal(count, 4);
    assert_is(f, &crowd, "----cccccrrr");
    (void)fixture_wait(f, mh_store_prune(f->store, 1000, 0, 100, fixture_done, f, NULL));
    assert_is(f, &crowd, "---------rrr");
    (void)act(f, MH_ACT_REMOVE, crowd.ids[11]); /* refused: it is processing */
    assert_is(f, &crowd, "---------rrr");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(one_that_waits_is_cancelled_or_removed),
        STORE_TEST(each_that_runs_ends_as_it_does),
        STORE_TEST(progress_is_of_one),
        STORE_TEST(those_of_a_lost_lease_come_back),
        STORE_TEST(a_limit_counts_those_that_run_already),
        STORE_TEST(a_tenant_goes_from_among_others),
        STORE_TEST(a_tenant_goes_whose_jobs_are_neighbours),
        STORE_TEST(what_ended_long_ago_goes_up_to_what_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
