#include "fixture.h"

#include "base/clock.h"

/* Some news are hints about nothing; so what is waited for is one kind, and what must not come is
 * looked for after something that comes later. */
struct heard {
    int kinds; /* of all that came */
    int wanted;
    int came; /* one of the wanted */
};

static void hear(void *arg, int kinds)
{
    struct heard *heard = arg;
    heard->kinds |= kinds;
    if ((kinds & heard->wanted) != 0) heard->came = 1;
}

static struct mh_store *watch(struct fixture *f, struct heard *heard, int kinds)
{
    struct mh_store *store = fixture_open(f);
    assert_int_equal(mh_store_watch(store, kinds, hear, heard, NULL), 0);
    return store;
}

static void expect(struct fixture *f, struct heard *heard, int kind)
{
    heard->wanted = kind;
    heard->came = (heard->kinds & kind) != 0;
    fixture_until(f, &heard->came, 5000);
    heard->kinds = heard->came = 0;
}

static void dispatch_wakes_a_watcher(void **state)
{
    struct fixture *f = *state;
    struct heard heard = {0};
    struct mh_store *watcher = watch(f, &heard, MH_NEWS_DUE);
    enqueue(f, "t");
    expect(f, &heard, MH_NEWS_DUE);
    struct mh_dispatch later = a_job("t");
    later.delay_ms = 60000;
    enqueue_job(f, later);
    expect(f, &heard, MH_NEWS_DUE);
    mh_store_close(watcher);
}

static void work_that_comes_back_wakes_a_watcher(void **state)
{
    struct fixture *f = *state;
    struct heard heard = {0};
    int64_t worker = join_as(f, "w");
    enqueue(f, "t");
    struct held held = claim_one(f, worker);
    struct mh_store *watcher = watch(f, &heard, MH_NEWS_DUE);

    finish(f, held, MH_OUTCOME_RELEASED);
    expect(f, &heard, MH_NEWS_DUE);
    finish(f, claim_one(f, worker), MH_OUTCOME_LATER);
    expect(f, &heard, MH_NEWS_DUE);
    finish(f, claim_one(f, worker), MH_OUTCOME_RETRY);
    expect(f, &heard, MH_NEWS_DUE);
    claim_one(f, worker);
    fixture_advance(f, LEASE_MS + 1);
    reclaim(f);
    expect(f, &heard, MH_NEWS_DUE);
    act(f, MH_ACT_CANCEL, held.id);
    act(f, MH_ACT_RETRY, held.id);
    expect(f, &heard, MH_NEWS_DUE);
    fixture_wait(f, mh_store_type_pause(f->store, "t", true, fixture_done, f, NULL));
    fixture_wait(f, mh_store_type_pause(f->store, "t", false, fixture_done, f, NULL));
    expect(f, &heard, MH_NEWS_DUE);
    mh_store_close(watcher);
}

static void a_cancelled_run_is_news(void **state)
{
    struct fixture *f = *state;
    struct heard heard = {0};
    enqueue(f, "t");
    struct held held = claim_one(f, join_as(f, "w"));
    struct mh_store *watcher = watch(f, &heard, MH_NEWS_CANCELLED);
    act(f, MH_ACT_CANCEL, held.id);
    expect(f, &heard, MH_NEWS_CANCELLED);
    mh_store_close(watcher);
}

static void the_end_of_a_job_is_news(void **state)
{
    struct fixture *f = *state;
    struct heard heard = {0};
    int64_t worker = join_as(f, "w");
    struct mh_store *watcher = watch(f, &heard, MH_NEWS_ENDED);
    const enum mh_outcome outcomes[] = {MH_OUTCOME_COMPLETED, MH_OUTCOME_FAILED};
    for (size_t i = 0; i < MH_LEN(outcomes); i++) {
        enqueue(f, "t");
        finish(f, claim_one(f, worker), outcomes[i]);
        expect(f, &heard, MH_NEWS_ENDED);
    }
    act(f, MH_ACT_CANCEL, enqueue(f, "t"));
    expect(f, &heard, MH_NEWS_ENDED);
    mh_store_close(watcher);
}

static void nobody_hears_what_was_not_asked_for(void **state)
{
    struct fixture *f = *state;
    struct heard heard = {0}, other = {0};
    struct mh_store *ended = watch(f, &heard, MH_NEWS_ENDED);
    struct mh_store *all = watch(f, &other, MH_NEWS_DUE | MH_NEWS_CANCELLED | MH_NEWS_ENDED);
    enqueue(f, "t");
    expect(f, &other, MH_NEWS_DUE);
    assert_int_equal(heard.kinds & ~MH_NEWS_ENDED, 0);
    mh_store_close(ended);
    enqueue(f, "t");
    expect(f, &other, MH_NEWS_DUE);
    mh_store_close(all);
}

static void a_store_hears_of_its_own_deeds(void **state)
{
    struct fixture *f = *state;
    struct heard heard = {0};
    assert_int_equal(mh_store_watch(f->store, MH_NEWS_DUE, hear, &heard, NULL), 0);
    assert_int_equal(mh_store_watch(f->store, MH_NEWS_DUE, hear, &heard, NULL), MH_ESTATE);
    enqueue(f, "t");
    expect(f, &heard, MH_NEWS_DUE);
}

static void a_watch_may_begin_before_the_store_is_ready(void **state)
{
    struct fixture *f = *state;
    struct heard heard = {0};
    struct mh_store_options options = fixture_options(f);
    struct mh_store *watcher = NULL;
    int r = mh_store_open(&f->loop, &options, fixture_done, f, &watcher, NULL);
    assert_int_equal(r, 0);
    assert_int_equal(mh_store_watch(watcher, MH_NEWS_DUE, hear, &heard, NULL), 0);
    fixture_wait(f, r);
    enqueue(f, "t");
    expect(f, &heard, MH_NEWS_DUE);
    mh_store_close(watcher);
}

static void dispatch_by(struct fixture *f, struct mh_store *store)
{
    struct mh_dispatch job = a_job("t");
    job.id = mh_uuid_new();
    fixture_wait(f, mh_store_dispatch(store, &job, 1, fixture_done, f, NULL));
}

/* On SQLite it has no thread until then. */
static void a_watch_may_begin_where_the_caller_waited_for_answers(void **state)
{
    struct fixture *f = *state;
    struct heard heard = {0};
    struct mh_err err;
    struct mh_store_options options = fixture_options(f);
    options.waits = true;
    struct mh_store *store = fixture_open_with(f, &options, &err);
    dispatch_by(f, store);
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], 1);
    assert_int_equal(mh_store_watch(store, MH_NEWS_DUE, hear, &heard, NULL), 0);
    dispatch_by(f, store);
    expect(f, &heard, MH_NEWS_DUE);
    enqueue(f, "t");
    expect(f, &heard, MH_NEWS_DUE);
    mh_store_close(store);
}

static void an_unknown_kind_is_refused(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(mh_store_watch(f->store, 0, hear, NULL, NULL), MH_EINVAL);
    assert_int_equal(mh_store_watch(f->store, MH_NEWS_ALL + 1, hear, NULL, NULL), MH_EINVAL);
}

struct closing {
    struct mh_store *store;
    int done;
};

static void close_it(void *arg, int kinds)
{
    struct closing *closing = arg;
    mh_store_close(closing->store);
    closing->done = 1;
}

static void a_store_may_be_closed_when_it_has_news(void **state)
{
    struct fixture *f = *state;
    struct closing closing = {.store = fixture_open(f)};
    assert_int_equal(mh_store_watch(closing.store, MH_NEWS_DUE, close_it, &closing, NULL), 0);
    enqueue(f, "t");
    fixture_until(f, &closing.done, 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(dispatch_wakes_a_watcher),
        STORE_TEST(work_that_comes_back_wakes_a_watcher),
        STORE_TEST(a_cancelled_run_is_news),
        STORE_TEST(the_end_of_a_job_is_news),
        STORE_TEST(nobody_hears_what_was_not_asked_for),
        STORE_TEST(a_store_hears_of_its_own_deeds),
        STORE_TEST(a_watch_may_begin_before_the_store_is_ready),
        STORE_TEST(a_watch_may_begin_where_the_caller_waited_for_answers),
        STORE_TEST(an_unknown_kind_is_refused),
        STORE_TEST(a_store_may_be_closed_when_it_has_news),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
