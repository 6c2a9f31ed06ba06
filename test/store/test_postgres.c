/* What PostgreSQL alone has: connections that may be lost, transactions that are shared. */
#include "fixture.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The one value that a query gives; `$` in it stands for the schema. */
static void query(struct fixture *f, const char *text, char *ret_value, size_t size)
{
    char filled[1000];
    size_t len = 0;
    for (; *text != '\0' && len + sizeof f->name < sizeof filled; text++)
        if (*text == '$')
            len += (size_t)snprintf(filled + len, sizeof filled - len, "\"%s\"", f->name);
        else
            filled[len++] = *text;
    filled[len] = '\0';
    PGresult *result = PQexec(f->pg, filled);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) fail_msg("%s", PQerrorMessage(f->pg));
    (void)snprintf(ret_value, size, "%s", PQgetvalue(result, 0, 0));
    PQclear(result);
}

static void assert_query(struct fixture *f, const char *text, const char *expected)
{
    char value[100];
    query(f, text, value, sizeof value);
    assert_string_equal(value, expected);
}

/* Ends the sessions of the store under test, not ours. */
static void cut(struct fixture *f)
{
    char value[10];
    query(f,
          "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
          " WHERE application_name = 'millhand' AND datname = current_database()"
          " AND query LIKE '%$%'",
          value, sizeof value);
}

/* Answers of several requests under way, in the order they came. */
struct answers {
    int count, wanted, all;
    int codes[32];
    const char *names[32];
};

struct question {
    struct answers *answers;
    const char *name;
};

static void note_answer(void *arg, const struct mh_reply *reply)
{
    const struct question *question = arg;
    struct answers *answers = question->answers;
    answers->codes[answers->count] = reply->code;
    answers->names[answers->count++] = question->name;
    answers->all = answers->count == answers->wanted;
}

static void dispatch_to(struct fixture *f, struct mh_uuid tenant, struct question *question)
{
    struct mh_dispatch job = a_job("t");
    job.id = mh_uuid_new();
    job.tenant_id = tenant;
    assert_int_equal(mh_store_dispatch(f->store, &job, 1, note_answer, question, NULL), 0);
}

static void a_finish_and_a_claim_share_a_commit(void **state)
{
    struct fixture *f = *state;
    struct answers answers = {.wanted = 2};
    struct question first = {&answers, "finish"}, second = {&answers, "claim"};
    int64_t worker = join_as(f, "w");
    enqueue(f, "t");
    enqueue(f, "t");
    struct held held = claim_one(f, worker);
    const struct mh_finish finish = {.lease = held.lease, .id = held.id};
    const struct mh_claim claim = {.worker = worker, .limit = 1};

    assert_int_equal(mh_store_finish(f->store, &finish, 1, note_answer, &first, NULL), 0);
    assert_int_equal(mh_store_claim(f->store, &claim, note_answer, &second, NULL), 0);
    fixture_until(f, &answers.all, 5000);

    assert_string_equal(answers.names[0], "finish");
    assert_query(f, "SELECT d.xmin = l.xmin FROM $.done d, $.lease l", "t");
}

static void what_fails_harms_none_that_share_its_commit(void **state)
{
    struct fixture *f = *state;
    struct answers answers = {.wanted = 6};
    struct question good = {&answers, "good"}, bad = {&answers, "bad"};
    for (int i = 0; i < 3; i++) {
        dispatch_to(f, mh_uuid_zero, &good);
        dispatch_to(f, mh_uuid_new(), &bad);
    }
    fixture_until(f, &answers.all, 5000);
    for (int i = 0; i < 6; i++) {
        assert_string_equal(answers.names[i], i % 2 == 0 ? "good" : "bad");
        assert_int_equal(answers.codes[i], i % 2 == 0 ? 0 : MH_ENOENT);
    }
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], 3);
}

/* Until what was asked for waits for a lock of ours. */
static void run_until_locked(struct fixture *f)
{
    char waiting[10] = "0";
    while (strcmp(waiting, "0") == 0) {
        uv_run(&f->loop, UV_RUN_NOWAIT);
        query(f, "SELECT count(*) FROM pg_locks WHERE NOT granted", waiting, sizeof waiting);
    }
}

/* Locks what the text names, until the rollback. */
static void lock(struct fixture *f, const char *text)
{
    char value[10];
    PQclear(PQexec(f->pg, "BEGIN"));
    query(f, text, value, sizeof value);
}

/* Asks for a pause that waits for a lock of ours, until the rollback. */
static void begin_pause(struct fixture *f, struct question *question)
{
    lock(f, "SELECT count(*) FROM (SELECT FROM $.type FOR UPDATE) x");
    assert_int_equal(mh_store_type_pause(f->store, "t", true, note_answer, question, NULL), 0);
    run_until_locked(f);
}

static void what_is_under_way_when_the_session_ends_is_told(void **state)
{
    struct fixture *f = *state;
    struct answers answers = {.wanted = 1};
    struct question question = {&answers, "pause"};
    enqueue(f, "t");
    begin_pause(f, &question);
    cut(f);
    PQclear(PQexec(f->pg, "ROLLBACK"));

    fixture_until(f, &answers.all, 5000);
    assert_int_equal(answers.codes[0], MH_ECONN);
    enqueue(f, "t"); /* waits for the new session */
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], 2);
}

static void what_shares_a_call_is_lost_with_it(void **state)
{
    struct fixture *f = *state;
    struct answers answers = {.wanted = 3};
    struct question question = {&answers, "lost"};
    enqueue(f, "t");
    lock(f, "SELECT count(*) FROM (SELECT FROM $.tenant FOR UPDATE) x");
    for (int i = 0; i < 3; i++)
        dispatch_to(f, mh_uuid_zero, &question);
    run_until_locked(f);
    cut(f);
    PQclear(PQexec(f->pg, "ROLLBACK"));

    fixture_until(f, &answers.all, 5000);
    for (int i = 0; i < 3; i++)
        assert_int_equal(answers.codes[i], MH_ECONN);
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], 1);
}

static void note_news(void *arg, int news)
{
    int *told = arg;
    (void)news;
    *told = 1;
}

static void what_takes_long_delays_no_worker(void **state)
{
    struct fixture *f = *state;
    struct answers answers = {.wanted = 1};
    struct question question = {&answers, "pause"};
    int told = 0;
    int64_t worker = join_as(f, "w");
    enqueue(f, "t");
    begin_pause(f, &question);

    struct held held = claim_one(f, worker);
    assert_int_equal(beat(f, worker, held), MH_STATUS_PROCESSING);
    assert_int_equal(mh_store_watch(f->store, MH_NEWS_DUE, note_news, &told, NULL), 0);
    enqueue(f, "t");
    fixture_until(f, &told, 5000);
    assert_int_equal(finish(f, held, MH_OUTCOME_COMPLETED), MH_STATUS_COMPLETED);
    assert_int_equal(answers.count, 0);
    PQclear(PQexec(f->pg, "ROLLBACK"));
    fixture_until(f, &answers.all, 5000);
    assert_int_equal(answers.codes[0], 0);
}

/* But for the one under way. */
static void an_act_on_one_job_waits_for_no_page(void **state)
{
    struct fixture *f = *state;
    struct answers answers = {.wanted = 11};
    struct question page = {&answers, "page"}, cancel = {&answers, "cancel"};
    const struct mh_filter filter = {.status = MH_STATUS_NONE, .limit = 1};
    join_as(f, "w");
    struct mh_uuid id = enqueue(f, "t");
    for (int i = 0; i < 10; i++)
        assert_int_equal(mh_store_list(f->store, &filter, note_answer, &page, NULL), 0);
    assert_int_equal(mh_store_act(f->store, MH_ACT_CANCEL, &id, 1, note_answer, &cancel, NULL), 0);
    fixture_until(f, &answers.all, 5000);
    assert_true(answers.names[0] == cancel.name || answers.names[1] == cancel.name);
}

static void requests_wait_while_the_session_is_made_again(void **state)
{
    struct fixture *f = *state;
    enqueue(f, "t");
    cut(f);
    struct answers answers = {.wanted = 1};
    struct question question = {&answers, "good"};
    for (int tries = 0; tries < 2 && answers.codes[0] != 0; tries++) {
        answers = (struct answers){.wanted = 1};
        dispatch_to(f, mh_uuid_zero, &question);
        fixture_until(f, &answers.all, 8000);
    }
    assert_int_equal(answers.codes[0], 0);
}

/* As a claim does whose answer is lost with the session. */
static void claim_unknowingly(struct fixture *f, int64_t worker)
{
    char text[100], value[10];
    (void)snprintf(text, sizeof text, "SELECT count(id) FROM $.mh_claim(%d, 1, NULL, NULL)",
                   (int)worker);
    query(f, text, value, sizeof value);
    assert_string_equal(value, "1");
}

static void what_a_lost_claim_took_is_given_back(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    enqueue(f, "t");
    enqueue(f, "t");
    struct held held = claim_one(f, worker);
    claim_unknowingly(f, worker);
    cut(f);
    while (fixture_wait_code(
               f, mh_store_heartbeat(f->store, worker, NULL, 0, fixture_done, f, NULL)) < 0)
        ;
    assert_query(f, "SELECT count(*) FROM $.lease", "1");

    claim_unknowingly(f, worker); /* as where the lost session was at it still */
    assert_int_equal(beat(f, worker, held), MH_STATUS_PROCESSING);
    assert_query(f, "SELECT count(*) FROM $.lease", "1");
    assert_int_equal(finish(f, held, MH_OUTCOME_COMPLETED), MH_STATUS_COMPLETED);
    assert_int_equal(claim(f, worker, 9)->jobs[0].attempts, 1);
}

static void what_was_submitted_is_carried_out_by_closing(void **state)
{
    struct fixture *f = *state;
    struct answers answers = {.wanted = 100};
    struct question question = {&answers, "never"};
    struct mh_store *other = f->store;
    for (int i = 0; i < 200; i++)
        dispatch_to(f, mh_uuid_zero, &question);
    mh_store_close(other);
    f->store = fixture_open(f);
    assert_int_equal(answers.count, 0);
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], 200);
}

struct closing {
    struct fixture *f;
    int done;
};

static void close_store(void *arg, const struct mh_reply *reply)
{
    struct closing *closing = arg;
    assert_int_equal(reply->code, 0);
    mh_store_close(closing->f->store);
    closing->done = 1;
}

static void a_store_may_be_closed_by_an_answer(void **state)
{
    struct fixture *f = *state;
    struct answers answers = {.wanted = 100};
    struct question question = {&answers, "never"};
    struct closing closing = {.f = f};
    assert_int_equal(mh_store_stats(f->store, NULL, close_store, &closing, NULL), 0);
    for (int i = 0; i < 100; i++)
        dispatch_to(f, mh_uuid_zero, &question);
    fixture_until(f, &closing.done, 5000);
    f->store = fixture_open(f);
    assert_int_equal(answers.count, 0);
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], 100);
}

static void many_requests_are_few_commits(void **state)
{
    struct fixture *f = *state;
    struct answers answers = {.wanted = 30};
    struct question question = {&answers, "good"};
    enqueue(f, "t");
    for (int i = 0; i < 30; i++)
        dispatch_to(f, mh_uuid_zero, &question);
    fixture_until(f, &answers.all, 5000);
    assert_query(f, "SELECT count(DISTINCT xmin::text) FROM $.job", "2");
    assert_query(f, "SELECT max(cardinality(more)) > 1 FROM $.ready", "t"); /* and one call */
}

static void a_schema_must_be_made_first(void **state)
{
    struct fixture *f = *state;
    struct mh_store_options options = fixture_options(f);
    struct mh_err err;
    options.schema = "nobody_made_this";
    assert_null(fixture_open_with(f, &options, &err));
    assert_int_equal(err.code, MH_ENOENT);
    assert_non_null(strstr(err.text, "run millhand migrate"));
}

int main(void)
{
    const char *url = getenv("MILLHAND_TEST_STORE");
    if (url == NULL || strncmp(url, "postgres", 8) != 0) {
        puts("1..0 # SKIP for PostgreSQL: test/lib/pg-server runs it");
        return 0;
    }
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_finish_and_a_claim_share_a_commit),
        STORE_TEST(what_fails_harms_none_that_share_its_commit),
        STORE_TEST(what_is_under_way_when_the_session_ends_is_told),
        STORE_TEST(what_shares_a_call_is_lost_with_it),
        STORE_TEST(what_takes_long_delays_no_worker),
        STORE_TEST(an_act_on_one_job_waits_for_no_page),
        STORE_TEST(requests_wait_while_the_session_is_made_again),
        STORE_TEST(what_a_lost_claim_took_is_given_back),
        STORE_TEST(what_was_submitted_is_carried_out_by_closing),
        STORE_TEST(a_store_may_be_closed_by_an_answer),
        STORE_TEST(many_requests_are_few_commits),
        STORE_TEST(a_schema_must_be_made_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
