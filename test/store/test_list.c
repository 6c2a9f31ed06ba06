#include "fixture.h"

#include <stdio.h>
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
    for (enum mh_status status = MH_STATUS_PENDING; status <= MH_STATUS_CANCELLED; status++) {
        const struct mh_filter filter = {.status = status, .limit = 9};
        assert_int_equal(list(f, filter)->count, 0);
    }
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
        assert_true(reply->cursor == 0 || filter.cursor == 0 || reply->cursor < filter.cursor);
        if (filter.looks == 0) assert_true(reply->cursor == 0 || reply->count == filter.limit);
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

/* Each filter that can be made of these, and of any status. */
static void assert_every_filter(struct fixture *f, const struct made *all, size_t count,
                                const struct mh_uuid *other, size_t limit, size_t looks)
{
    struct mh_uuid unknown = mh_uuid_new();
    const struct mh_uuid *const tenants[] = {NULL, &mh_uuid_zero, other, &unknown};
    const char *const types[] = {NULL, "a", "b", "never.seen"};
    for (size_t t = 0; t < MH_LEN(tenants); t++)
        for (size_t k = 0; k < MH_LEN(types); k++)
            for (int s = MH_STATUS_NONE; s < MH_STATUS__COUNT; s++)
                assert_pages(f, all, count,
                             (struct mh_filter){.status = (enum mh_status)s,
                                                .type = types[k],
                                                .tenant_id = tenants[t],
                                                .limit = limit,
                                                .looks = looks});
}

static void every_filter_gives_its_jobs_page_by_page(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid other = add_tenant(f, "other", MH_PLAN_FREE);
    struct made all[20];
    size_t count = make_all(f, other, all);
    for (size_t limit = 1; limit <= 4; limit++)
        assert_every_filter(f, all, count, &other, limit, 0);
    assert_every_filter(f, all, count, &other, 3, 1);
}

/* --- among many */

#define MANY 1500

/* Of two types and tenants, the one of each rare; some have a key, some are put off. */
static void dispatch_many(struct fixture *f, struct mh_uuid other, struct made *all)
{
    static struct mh_dispatch jobs[MANY];
    static char keys[MANY][8];
    for (size_t i = 0; i < MANY; i++) {
        jobs[i] = a_job(i % 17 == 5 ? "b" : "a");
        jobs[i].id = mh_uuid_new();
        if (i % 13 == 3) jobs[i].tenant_id = other;
        if (i % 7 == 2) jobs[i].delay_ms = 1000000;
        (void)snprintf(keys[i], sizeof keys[i], "k%zu", i);
        if (i % 11 == 4) jobs[i].unique_key = keys[i];
        all[i] = (struct made){jobs[i].id, jobs[i].tenant_id, jobs[i].type, MH_STATUS_PENDING};
    }
    fixture_wait(f, mh_store_dispatch(f->store, jobs, MANY, fixture_done, f, NULL));
}

/* Does something to every `step`th job from `first` on, up to `end`. */
static void act_on_every(struct fixture *f, enum mh_act act, struct made *all, size_t first,
                         size_t end, size_t step, enum mh_status then)
{
    static struct mh_uuid ids[MANY];
    size_t count = 0;
    for (size_t i = first; i < end; i += step) {
        ids[count++] = all[i].id;
        all[i].status = then;
    }
    const struct mh_reply *reply =
        fixture_wait(f, mh_store_act(f->store, act, ids, count, fixture_done, f, NULL));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(reply->acts[i].what, MH_ACTED);
}

static struct made *find_made(struct made *all, struct mh_uuid id)
{
    size_t i = 0;
    while (!mh_uuid_equal(&all[i].id, &id))
        assert_true(++i < MANY);
    return &all[i];
}

/* Claims up to `limit` and ends most of those: one of five goes on, one fails. */
static void work_on(struct fixture *f, int64_t worker, struct made *all, size_t limit)
{
    static struct mh_finish finishes[MANY];
    size_t ended = 0;
    const struct mh_reply *reply = claim(f, worker, limit);
    assert_true(reply->count > 5);
    for (size_t i = 0; i < reply->count; i++) {
        const enum mh_status becomes[] = {MH_STATUS_PROCESSING, MH_STATUS_FAILED,
                                          MH_STATUS_COMPLETED};
        struct made *made = find_made(all, reply->jobs[i].id);
        made->status = becomes[i % 5 < 2 ? i % 5 : 2];
        if (made->status == MH_STATUS_PROCESSING) continue;
        finishes[ended++] = (struct mh_finish){
            .lease = reply->lease,
            .id = made->id,
            .outcome = made->status == MH_STATUS_FAILED ? MH_OUTCOME_FAILED : MH_OUTCOME_COMPLETED};
    }
    fixture_wait(f, mh_store_finish(f->store, finishes, ended, fixture_done, f, NULL));
}

/* The counts agree with what the pages give. */
static void assert_counts(struct fixture *f, const struct made *all, const struct mh_uuid *tenant)
{
    int64_t count[MH_STATUS__COUNT] = {0};
    for (size_t i = 0; i < MANY; i++)
        if (all[i].status != MH_STATUS_NONE &&
            (tenant == NULL || mh_uuid_equal(&all[i].tenant_id, tenant)))
            count[all[i].status]++;
    const struct mh_reply *reply =
        fixture_wait(f, mh_store_stats(f->store, tenant, fixture_done, f, NULL));
    for (int status = 0; status < MH_STATUS__COUNT; status++)
        assert_int_equal(reply->stats->count[status], count[status]);
}

static void assert_type_counts(struct fixture *f, const struct made *all)
{
    const struct mh_reply *reply =
        fixture_wait(f, mh_store_type_list(f->store, fixture_done, f, NULL));
    assert_int_equal(reply->count, 2);
    for (size_t k = 0; k < 2; k++) {
        int64_t pending = 0, processing = 0;
        for (size_t i = 0; i < MANY; i++) {
            if (strcmp(all[i].type, reply->types[k].name) != 0) continue;
            pending += all[i].status == MH_STATUS_PENDING;
            processing += all[i].status == MH_STATUS_PROCESSING;
        }
        assert_int_equal(reply->types[k].pending, pending);
        assert_int_equal(reply->types[k].processing, processing);
    }
}

/* A page that looked at many jobs ends early; none is lost and none comes twice. */
static void a_walk_that_is_cut_short_goes_on(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid other = add_tenant(f, "other", MH_PLAN_FREE);
    static struct made all[MANY];
    dispatch_many(f, other, all);
    act_on_every(f, MH_ACT_CANCEL, all, 0, MANY, 3, MH_STATUS_CANCELLED);
    act_on_every(f, MH_ACT_CANCEL, all, 1301, MANY, 3, MH_STATUS_CANCELLED);
    act_on_every(f, MH_ACT_RETRY, all, 900, MANY, 6, MH_STATUS_PENDING);
    int64_t worker = join_as(f, "w");
    for (int i = 0; i < 6; i++)
        work_on(f, worker, all, 60);
    assert_every_filter(f, all, MANY, &other, 300, 200);
    assert_counts(f, all, &mh_uuid_zero);
    assert_type_counts(f, all);
    reclaim(f); /* adds up what is counted one by one until then */
    assert_counts(f, all, &other);
    act_on_every(f, MH_ACT_REMOVE, all, 0, 900, 3, MH_STATUS_NONE);
    assert_counts(f, all, NULL);
    assert_type_counts(f, all);
}

/* --- */

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
static void old_jobs_are_found(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid completed = enqueue(f, "c");
    finish(f, claim_one(f, join_as(f, "w")), MH_OUTCOME_COMPLETED);
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
    filter = (struct mh_filter){.status = MH_STATUS_COMPLETED, .limit = 3};
    reply = list(f, filter);
    assert_int_equal(reply->count, 1);
    assert_id_equal(reply->jobs[0].id, completed);
    assert_int_equal(reply->cursor, 0);
}

/* Of a type that waits behind many of another that are not due either. */
static void old_scheduled_jobs_are_found(void **state)
{
    struct fixture *f = *state;
    static struct mh_dispatch jobs[6000];
    jobs[0] = a_job("a");
    for (size_t i = 1; i < MH_LEN(jobs); i++)
        jobs[i] = a_job("b");
    for (size_t i = 0; i < MH_LEN(jobs); i++) {
        jobs[i].id = mh_uuid_new();
        jobs[i].delay_ms = 3600000;
    }
    fixture_wait(f, mh_store_dispatch(f->store, jobs, MH_LEN(jobs), fixture_done, f, NULL));
    const struct mh_filter filter = {.status = MH_STATUS_PENDING, .type = "a", .limit = 3};
    const struct mh_reply *reply = list(f, filter);
    assert_int_equal(reply->count, 1);
    assert_id_equal(reply->jobs[0].id, jobs[0].id);
    assert_int_equal(reply->cursor, 0);
}

/* A store may look for the newest jobs of a tenant elsewhere than for the others. */
static void pages_of_a_tenant_reach_from_new_jobs_to_old(void **state)
{
    struct fixture *f = *state;
    static struct mh_dispatch jobs[9000];
    const struct mh_uuid other = add_tenant(f, "other", MH_PLAN_FREE);
    struct mh_uuid ids[10];
    for (size_t i = 0; i < MH_LEN(jobs); i++) {
        jobs[i] = a_job("a");
        jobs[i].id = mh_uuid_new();
        if (i % 1000 != 999) continue;
        jobs[i].tenant_id = other;
        ids[i / 1000] = jobs[i].id;
    }
    fixture_wait(f, mh_store_dispatch(f->store, jobs, MH_LEN(jobs), fixture_done, f, NULL));
    act(f, MH_ACT_REMOVE, ids[8]);
    for (size_t i = 8; i < MH_LEN(ids); i++) {
        struct mh_dispatch job = a_job("a");
        job.tenant_id = other;
        ids[i] = enqueue_job(f, job);
    }

    struct mh_filter filter = {.status = MH_STATUS_NONE, .tenant_id = &other, .limit = 4};
    size_t left = MH_LEN(ids);
    do {
        const struct mh_reply *reply = list(f, filter);
        for (size_t i = 0; i < reply->count; i++)
            assert_id_equal(reply->jobs[i].id, ids[--left]);
        filter.cursor = reply->cursor;
    } while (filter.cursor != 0);
    assert_int_equal(left, 0);
    const struct mh_reply *reply =
        fixture_wait(f, mh_store_tenant_remove(f->store, &other, fixture_done, f, NULL));
    assert_int_equal(reply->count, MH_LEN(ids));
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
        {.status = MH_STATUS_NONE, .limit = 1, .looks = 1000001},
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

/* What a look found, and whether all have been answered. */
struct glance {
    int *left, *all;
    size_t count;
    struct mh_uuid id;
    size_t payload_len;
};

static void note_glance(void *arg, const struct mh_reply *reply)
{
    struct glance *glance = arg;
    assert_int_equal(reply->code, 0);
    glance->count = reply->count;
    if (reply->count > 0) {
        glance->id = reply->jobs[0].id;
        glance->payload_len = reply->jobs[0].payload_len;
    }
    *glance->all = --*glance->left == 0;
}

/* One is there twice, one is not there. */
static void looks_that_stand_together_find_each_its_own(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid ids[20];
    struct glance glances[MH_LEN(ids)];
    int left = MH_LEN(ids), all = 0;
    for (size_t i = 0; i < MH_LEN(ids); i++)
        ids[i] = enqueue(f, "t");
    ids[4] = ids[9];
    ids[7] = mh_uuid_new();

    for (size_t i = 0; i < MH_LEN(ids); i++) {
        const struct mh_filter one = {
            .status = MH_STATUS_NONE, .ids = &ids[i], .id_count = 1, .limit = 1, .bodies = i < 15};
        glances[i] = (struct glance){.left = &left, .all = &all};
        assert_int_equal(mh_store_list(f->store, &one, note_glance, &glances[i], NULL), 0);
    }
    fixture_until(f, &all, 5000);

    for (size_t i = 0; i < MH_LEN(ids); i++) {
        assert_int_equal(glances[i].count, i != 7);
        if (i == 7) continue;
        assert_id_equal(glances[i].id, ids[i]);
        assert_int_equal(glances[i].payload_len > 0, i < 15);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(the_newest_comes_first),
        STORE_TEST(an_empty_store_lists_nothing),
        STORE_TEST(bodies_come_when_asked_for),
        STORE_TEST(every_filter_gives_its_jobs_page_by_page),
        STORE_TEST(a_walk_that_is_cut_short_goes_on),
        STORE_TEST(ids_are_filtered_too),
        STORE_TEST(old_jobs_are_found),
        STORE_TEST(old_scheduled_jobs_are_found),
        STORE_TEST(pages_of_a_tenant_reach_from_new_jobs_to_old),
        STORE_TEST(a_page_is_not_moved_by_new_jobs),
        STORE_TEST(a_wrong_filter_is_refused_at_once),
        STORE_TEST(large_bodies_end_a_page_early),
        STORE_TEST(a_job_that_succeeded_at_once_has_no_history),
        STORE_TEST(looks_that_stand_together_find_each_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
