#include "fixture.h"

#include <string.h>

static const struct mh_reply *list(struct fixture *f, struct mh_filter filter)
{
    if (filter.limit == 0) filter.limit = 1000;
    return fixture_wait(f, mh_store_list(f->store, &filter, fixture_done, f, NULL));
}

static const struct mh_filter any = {.status = MH_STATUS_NONE};

static void the_newest_comes_first(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid ids[] = {enqueue(f, "a"), enqueue(f, "b"), enqueue(f, "a")};
    const struct mh_reply *reply = list(f, any);
    assert_int_equal(reply->count, 3);
    assert_int_equal(reply->cursor, 0);
    for (size_t i = 0; i < 3; i++)
        assert_id_equal(reply->jobs[i].id, ids[2 - i]);
}

static void an_empty_store_lists_nothing(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(list(f, any)->count, 0);
    assert_int_equal(list(f, any)->cursor, 0);
}

static void bodies_come_when_asked_for(void **state)
{
    struct fixture *f = *state;
    enqueue(f, "a");
    struct held held = claim_one(f, join_as(f, "w"));
    finish_with(f, (struct mh_finish){.lease = held.lease,
                                      .id = held.id,
                                      .outcome = MH_OUTCOME_COMPLETED,
                                      .result = "[1]",
                                      .result_len = 3});
    struct mh_filter with = any;
    with.bodies = true;
    assert_string_equal(list(f, with)->jobs[0].payload, "{}");
    assert_string_equal(list(f, with)->jobs[0].result, "[1]");
    assert_null(list(f, any)->jobs[0].payload);
    assert_null(list(f, any)->jobs[0].result);
}

/* Two types, two tenants, all statuses: 2 * 2 * 5 jobs. */
struct made {
    struct mh_uuid id, tenant_id;
    const char *type;
    enum mh_status status;
};

static void end_as(struct fixture *f, int64_t worker, struct made *made)
{
    if (made->status == MH_STATUS_CANCELLED) act(f, MH_ACT_CANCEL, made->id);
    if (made->status == MH_STATUS_PENDING || made->status == MH_STATUS_CANCELLED) return;
    struct held held = claim_one(f, worker);
    assert_id_equal(held.id, made->id);
    if (made->status == MH_STATUS_COMPLETED) finish(f, held, MH_OUTCOME_COMPLETED);
    if (made->status == MH_STATUS_FAILED) finish(f, held, MH_OUTCOME_FAILED);
}

/* Pending ones last, so that each claim finds the one job that is due. */
static size_t make_all(struct fixture *f, struct mh_uuid tenant_id, struct made *all)
{
    int64_t worker = join_as(f, "w");
    size_t count = 0;
    for (int status = MH_STATUS_CANCELLED; status >= 0; status--)
        for (int i = 0; i < 4; i++) {
            struct made *made = &all[count++];
            *made = (struct made){.type = i % 2 ? "a" : "b", .status = (enum mh_status)status};
            if (i / 2) made->tenant_id = tenant_id;
            struct mh_dispatch job = a_job(made->type);
            job.tenant_id = made->tenant_id;
            made->id = enqueue_job(f, job);
            end_as(f, worker, made);
        }
    return count;
}

static bool passes(const struct made *made, const struct mh_filter *filter)
{
    return (filter->status == MH_STATUS_NONE || filter->status == made->status) &&
           (filter->type == NULL || strcmp(filter->type, made->type) == 0) &&
           (filter->tenant_id == NULL || mh_uuid_equal(filter->tenant_id, &made->tenant_id));
}

/* Reads the pages that `filter` gives and compares them with what was made. */
static void assert_pages(struct fixture *f, const struct made *all, size_t count,
                         struct mh_filter filter)
{
    size_t next = count;
    filter.cursor = 0;
    do {
        const struct mh_reply *reply = list(f, filter);
        assert_true(reply->count <= filter.limit);
        assert_true(reply->cursor == 0 || reply->count == filter.limit);
        for (size_t i = 0; i < reply->count; i++) {
            do
                assert_true(next-- > 0);
            while (!passes(&all[next], &filter));
            assert_id_equal(reply->jobs[i].id, all[next].id);
            assert_int_equal(reply->jobs[i].status, all[next].status);
            assert_string_equal(reply->jobs[i].type, all[next].type);
            assert_id_equal(reply->jobs[i].tenant_id, all[next].tenant_id);
        }
        filter.cursor = reply->cursor;
    } while (filter.cursor != 0);
    while (next > 0)
        assert_false(passes(&all[--next], &filter));
}

static void every_filter_gives_its_jobs_page_by_page(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid other = add_tenant(f, "other", MH_PLAN_FREE);
    struct mh_uuid unknown = mh_uuid_new();
    struct made all[20];
    size_t count = make_all(f, other, all);
    const struct mh_uuid *const tenants[] = {NULL, &mh_uuid_zero, &other, &unknown};
    const char *const types[] = {NULL, "a", "never.seen"};
    for (size_t t = 0; t < MH_LEN(tenants); t++)
        for (size_t k = 0; k < MH_LEN(types); k++)
            for (int s = MH_STATUS_NONE; s < MH_STATUS__COUNT; s++)
                for (size_t limit = 1; limit <= 4; limit++)
                    assert_pages(f, all, count,
                                 (struct mh_filter){.status = (enum mh_status)s,
                                                    .type = types[k],
                                                    .tenant_id = tenants[t],
                                                    .limit = limit});
}

static void ids_are_filtered_too(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid other = add_tenant(f, "other", MH_PLAN_FREE);
    struct made all[20];
    make_all(f, other, all);
    const struct mh_uuid ids[] = {all[3].id, mh_uuid_new(), all[17].id, all[3].id, all[9].id};
    struct mh_filter filter = any;
    filter.ids = ids;
    filter.id_count = MH_LEN(ids);

    const struct mh_reply *reply = list(f, filter);
    assert_int_equal(reply->count, 3);
    assert_id_equal(reply->jobs[0].id, all[17].id);
    assert_id_equal(reply->jobs[1].id, all[9].id);
    assert_id_equal(reply->jobs[2].id, all[3].id);

    filter.limit = 2;
    reply = list(f, filter);
    assert_int_equal(reply->count, 2);
    filter.cursor = reply->cursor;
    reply = list(f, filter);
    assert_int_equal(reply->count, 1);
    assert_id_equal(reply->jobs[0].id, all[3].id);

    filter.cursor = 0;
    filter.status = all[9].status;
    assert_int_equal(list(f, filter)->count, 1);
    filter.status = MH_STATUS_NONE;
    filter.tenant_id = &mh_uuid_zero;
    assert_int_equal(list(f, filter)->count, 2);
    filter.id_count = 0;
    assert_int_equal(list(f, filter)->count, 0);
}

/* However many others are newer. */
static void old_pending_jobs_are_found(void **state)
{
    struct fixture *f = *state;
    static struct mh_dispatch jobs[6000];
    static struct mh_uuid ids[MH_LEN(jobs)];
    struct mh_uuid old[] = {enqueue(f, "a"), enqueue(f, "b"), enqueue(f, "a")};
    for (size_t i = 0; i < MH_LEN(jobs); i++) {
        jobs[i] = a_job("b");
        jobs[i].id = ids[i] = mh_uuid_new();
    }
    fixture_wait(f, mh_store_dispatch(f->store, jobs, MH_LEN(jobs), fixture_done, f, NULL));
    size_t cancelled = MH_LEN(jobs) - 1;
    fixture_wait(f, mh_store_act(f->store, MH_ACT_CANCEL, ids, cancelled, fixture_done, f, NULL));

    struct mh_filter filter = {.status = MH_STATUS_PENDING, .limit = 3};
    const struct mh_reply *reply = list(f, filter);
    assert_int_equal(reply->count, 3);
    assert_id_equal(reply->jobs[0].id, ids[cancelled]);
    assert_id_equal(reply->jobs[1].id, old[2]);
    assert_id_equal(reply->jobs[2].id, old[1]);
    filter.cursor = reply->cursor;
    reply = list(f, filter);
    assert_int_equal(reply->count, 1);
    assert_id_equal(reply->jobs[0].id, old[0]);
    filter = (struct mh_filter){.status = MH_STATUS_PENDING, .type = "a", .limit = 3};
    assert_int_equal(list(f, filter)->count, 2);
}

static void a_page_is_not_moved_by_new_jobs(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid first = enqueue(f, "a");
    enqueue(f, "a");
    struct mh_filter filter = any;
    filter.limit = 1;
    filter.cursor = list(f, filter)->cursor;
    enqueue(f, "a");
    const struct mh_reply *reply = list(f, filter);
    assert_int_equal(reply->count, 1);
    assert_id_equal(reply->jobs[0].id, first);
    assert_int_equal(reply->cursor, 0);
}

static void a_wrong_filter_is_refused_at_once(void **state)
{
    struct fixture *f = *state;
    const struct mh_filter wrong[] = {
        {.status = MH_STATUS_NONE, .limit = 0},
        {.status = MH_STATUS_NONE, .limit = 1001},
        {.status = MH_STATUS__COUNT, .limit = 1},
        {.status = MH_STATUS_NONE, .limit = 1, .cursor = -1},
        {.status = MH_STATUS_NONE, .limit = 1, .type = "no spaces"},
        {.status = MH_STATUS_NONE, .limit = 1, .id_count = 1001},
    };
    for (size_t i = 0; i < MH_LEN(wrong); i++)
        assert_int_equal(mh_store_list(f->store, &wrong[i], fixture_done, f, NULL), MH_EINVAL);
}

static void large_bodies_end_a_page_early(void **state)
{
    struct fixture *f = *state;
    static char payload[1000000];
    fill_payload(payload, sizeof payload);
    struct mh_dispatch job = a_job("a");
    job.payload = payload;
    job.payload_len = sizeof payload;
    for (int i = 0; i < 70; i++)
        enqueue_job(f, job);
    struct mh_filter filter = any;
    filter.bodies = true;

    const struct mh_reply *reply = list(f, filter);
    assert_true(reply->count >= 60 && reply->count < 70);
    assert_true(reply->cursor != 0);
    size_t first = reply->count;
    filter.cursor = reply->cursor;
    assert_int_equal(list(f, filter)->count, 70 - first);
}

static void a_job_that_succeeded_at_once_has_no_history(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid id = enqueue(f, "a");
    finish(f, claim_one(f, join_as(f, "w")), MH_OUTCOME_COMPLETED);
    assert_int_equal(attempts_of(f, id)->count, 0);
    assert_int_equal(attempts_of(f, mh_uuid_new())->count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(the_newest_comes_first),
        STORE_TEST(an_empty_store_lists_nothing),
        STORE_TEST(bodies_come_when_asked_for),
        STORE_TEST(every_filter_gives_its_jobs_page_by_page),
        STORE_TEST(ids_are_filtered_too),
        STORE_TEST(old_pending_jobs_are_found),
        STORE_TEST(a_page_is_not_moved_by_new_jobs),
        STORE_TEST(a_wrong_filter_is_refused_at_once),
        STORE_TEST(large_bodies_end_a_page_early),
        STORE_TEST(a_job_that_succeeded_at_once_has_no_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
