#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct mh_reply *dispatch(struct fixture *f, const struct mh_dispatch *jobs,
                                       size_t count)
{
    return fixture_wait(f, mh_store_dispatch(f->store, jobs, count, fixture_done, f, NULL));
}

static void a_job_is_kept_as_it_was_given(void **state)
{
    struct fixture *f = *state;
    struct mh_dispatch job = a_job("mail.send");
    job.id = mh_uuid_new();
    job.payload = "{\"n\": 9007199254740993, \"x\": 0.10}";
    job.payload_len = strlen(job.payload);
    job.priority = 7;
    job.max_attempts = 5;
    job.unique_key = "k";
    job.correlation_id = "c";
    job.traceparent = A_TRACEPARENT;
    enqueue_job(f, job);

    const struct mh_job *kept = get(f, job.id);

    assert_non_null(kept);
    assert_id_equal(kept->id, job.id);
    assert_id_equal(kept->tenant_id, mh_uuid_zero);
    assert_string_equal(kept->type, "mail.send");
    assert_int_equal(kept->status, MH_STATUS_PENDING);
    assert_int_equal(kept->priority, 7);
    assert_string_equal(kept->payload, job.payload);
    assert_int_equal(kept->payload_len, job.payload_len);
    assert_int_equal(kept->max_attempts, 5);
    assert_int_equal(kept->attempts, 0);
    assert_string_equal(kept->unique_key, "k");
    assert_string_equal(kept->correlation_id, "c");
    assert_string_equal(kept->traceparent, A_TRACEPARENT);
    assert_int_equal(kept->run_at, f->now);
    assert_int_equal(kept->created_at, f->now);
}

static void what_was_not_given_is_null(void **state)
{
    struct fixture *f = *state;
    struct mh_uuid id = enqueue(f, "mail");
    char text[MH_UUID_TEXT];
    mh_uuid_format(&id, text);

    const struct mh_job *kept = get(f, id);

    assert_int_equal(kept->max_attempts, 3);
    assert_string_equal(kept->correlation_id, text);
    assert_null(kept->result);
    assert_null(kept->error);
    assert_null(kept->worker_id);
    assert_null(kept->unique_key);
    assert_null(kept->traceparent);
    assert_true(kept->progress < 0);
    assert_int_equal(kept->next_retry_at, 0);
    assert_int_equal(kept->started_at, 0);
    assert_int_equal(kept->completed_at, 0);
}

static void ids_come_back_in_the_order_given(void **state)
{
    struct fixture *f = *state;
    struct mh_dispatch jobs[500];
    for (size_t i = 0; i < MH_LEN(jobs); i++) {
        jobs[i] = a_job(i % 2 ? "odd" : "even");
        jobs[i].id = mh_uuid_new();
    }

    const struct mh_reply *reply = dispatch(f, jobs, MH_LEN(jobs));

    assert_int_equal(reply->count, MH_LEN(jobs));
    for (size_t i = 0; i < MH_LEN(jobs); i++) {
        assert_id_equal(reply->dispatched[i].id, jobs[i].id);
        assert_false(reply->dispatched[i].standing);
    }
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], MH_LEN(jobs));
}

/* Neighbours of a type cost less, and none waits for more than a thousand of other types. */
static void types_are_side_by_side_within_a_thousand(void **state)
{
    enum { COUNT = 1006, HALF = 500 };
    struct fixture *f = *state;
    struct mh_dispatch jobs[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        jobs[i] = a_job(i % 2 ? "odd" : "even");
        jobs[i].id = mh_uuid_new();
    }
    dispatch(f, jobs, COUNT);
    const struct mh_reply *reply = claim(f, join_as(f, "w"), COUNT);
    assert_int_equal(reply->count, COUNT);
    for (size_t i = 0; i < HALF; i++) {
        assert_id_equal(reply->jobs[i].id, jobs[2 * i].id);
        assert_id_equal(reply->jobs[HALF + i].id, jobs[2 * i + 1].id);
    }
    static const size_t rest[] = {1000, 1002, 1004, 1001, 1003, 1005};
    for (size_t i = 0; i < MH_LEN(rest); i++)
        assert_id_equal(reply->jobs[2 * HALF + i].id, jobs[rest[i]].id);
}

static void jobs_with_keys_stay_in_the_order_given(void **state)
{
    struct fixture *f = *state;
    struct mh_dispatch jobs[] = {a_job("b"), a_job("a"), a_job("b")};
    for (size_t i = 0; i < MH_LEN(jobs); i++)
        jobs[i].id = mh_uuid_new();
    jobs[0].unique_key = jobs[1].unique_key = "one";
    const struct mh_reply *reply = dispatch(f, jobs, MH_LEN(jobs));
    assert_false(reply->dispatched[0].standing);
    assert_true(reply->dispatched[1].standing);
    assert_id_equal(reply->dispatched[1].id, jobs[0].id);
}

/* A store may write several at once: the numbers of each part, and what is left over. */
static void a_batch_gives_each_job_its_own(void **state)
{
    struct fixture *f = *state;
    struct mh_dispatch jobs[53];
    char payloads[MH_LEN(jobs)][16];
    for (size_t i = 0; i < MH_LEN(jobs); i++) {
        jobs[i] = a_job("t");
        jobs[i].id = mh_uuid_new();
        jobs[i].payload_len = (size_t)snprintf(payloads[i], sizeof payloads[i], "{\"n\": %zu}", i);
        jobs[i].payload = payloads[i];
        if (i == 20) jobs[i].unique_key = "k";
    }
    dispatch(f, jobs, MH_LEN(jobs));
    for (size_t i = 0; i < MH_LEN(jobs); i++)
        assert_string_equal(get(f, jobs[i].id)->payload, payloads[i]);

    struct mh_uuid used = jobs[17].id;
    for (size_t i = 0; i < MH_LEN(jobs); i++)
        jobs[i].id = mh_uuid_new();
    jobs[20].unique_key = NULL;
    jobs[25].id = used;
    int r = mh_store_dispatch(f->store, jobs, MH_LEN(jobs), fixture_done, f, NULL);
    assert_int_equal(fixture_wait_code(f, r), MH_EEXIST);
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], MH_LEN(jobs));
}

static void a_batch_of_one_kind_keeps_what_differs(void **state)
{
    struct fixture *f = *state;
    struct mh_dispatch jobs[130];
    char names[MH_LEN(jobs)][8];
    int64_t worker = join_as(f, "w");
    enqueue(f, "mail");
    finish(f, claim_one(f, worker), MH_OUTCOME_COMPLETED);
    for (size_t i = 0; i < MH_LEN(jobs); i++) {
        (void)snprintf(names[i], sizeof names[i], "c%zu", i);
        jobs[i] = a_job("mail");
        jobs[i].id = mh_uuid_new();
        jobs[i].max_attempts = 7;
        jobs[i].correlation_id = i % 3 != 0 ? names[i] : NULL;
        jobs[i].traceparent = i % 2 != 0 ? A_TRACEPARENT : NULL;
    }

    dispatch(f, jobs, MH_LEN(jobs));

    const struct mh_reply *reply = claim(f, worker, MH_LEN(jobs));
    assert_int_equal(reply->count, MH_LEN(jobs));
    for (size_t i = 0; i < MH_LEN(jobs); i++) {
        assert_id_equal(reply->jobs[i].id, jobs[i].id);
        assert_int_equal(reply->jobs[i].max_attempts, 7);
        if (i % 3 != 0) assert_string_equal(reply->jobs[i].correlation_id, names[i]);
        assert_int_equal(reply->jobs[i].traceparent != NULL, i % 2);
    }
}

static void none_at_all_is_fine(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(dispatch(f, NULL, 0)->count, 0);
}

/* Dispatches a good job and then `bad`; nothing may come of either. */
static void assert_all_refused(struct fixture *f, struct mh_dispatch bad, int code)
{
    struct mh_dispatch jobs[] = {a_job("good"), bad};
    jobs[0].id = mh_uuid_new();
    if (mh_uuid_equal(&bad.id, &mh_uuid_zero)) jobs[1].id = mh_uuid_new();
    int64_t before = stats(f).count[MH_STATUS_PENDING];
    struct mh_err err = {0};
    int r = mh_store_dispatch(f->store, jobs, 2, fixture_done, f, &err);
    assert_int_equal(fixture_wait_code(f, r), code);
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], before);
}

static void all_or_none_are_dispatched(void **state)
{
    struct fixture *f = *state;
    struct mh_dispatch unknown_tenant = a_job("mail");
    unknown_tenant.tenant_id = mh_uuid_new();
    assert_all_refused(f, unknown_tenant, MH_ENOENT);

    struct mh_dispatch used_id = a_job("mail");
    used_id.id = enqueue(f, "mail");
    assert_all_refused(f, used_id, MH_EEXIST);

    assert_all_refused(f, a_job("no spaces"), MH_EINVAL);
}

struct codes {
    int code[3];
    int count;
    int all;
};

static void collect_code(void *arg, const struct mh_reply *reply)
{
    struct codes *codes = arg;
    codes->code[codes->count++] = reply->code;
    codes->all = codes->count == 3;
}

/* The three are asked for at once, so that they may share a commit. */
static void a_refused_dispatch_harms_no_other(void **state)
{
    struct fixture *f = *state;
    struct mh_dispatch first = a_job("mail"), bad = a_job("mail"), last = a_job("mail");
    first.id = mh_uuid_new();
    bad.id = mh_uuid_new();
    bad.tenant_id = mh_uuid_new();
    last.id = mh_uuid_new();
    const struct mh_dispatch pair[] = {last, bad};
    struct codes codes = {0};

    assert_int_equal(mh_store_dispatch(f->store, &first, 1, collect_code, &codes, NULL), 0);
    assert_int_equal(mh_store_dispatch(f->store, pair, 2, collect_code, &codes, NULL), 0);
    assert_int_equal(mh_store_dispatch(f->store, &last, 1, collect_code, &codes, NULL), 0);
    assert_int_equal(codes.count, 0);
    fixture_until(f, &codes.all, 5000);

    assert_int_equal(codes.code[0], 0);
    assert_int_equal(codes.code[1], MH_ENOENT);
    assert_int_equal(codes.code[2], 0);
    assert_int_equal(status_of(f, first.id), MH_STATUS_PENDING);
    assert_int_equal(status_of(f, bad.id), MH_STATUS_NONE);
    assert_int_equal(status_of(f, last.id), MH_STATUS_PENDING);
}

static void assert_payload(struct fixture *f, const char *payload, int code)
{
    struct mh_dispatch job = a_job("mail");
    job.payload = payload;
    job.payload_len = strlen(payload);
    assert_int_equal(enqueue_code(f, job), code);
}

static void a_payload_is_a_strict_json_object(void **state)
{
    struct fixture *f = *state;
    assert_payload(f, "{\"a\":{\"b\":[1,2.5,null,\"\\u00e9\"]}}", 0);
    assert_payload(f, "", MH_EINVAL);
    assert_payload(f, "[1]", MH_EINVAL);
    assert_payload(f, "\"text\"", MH_EINVAL);
    assert_payload(f, "{\"a\":1,\"a\":2}", MH_EINVAL);
    assert_payload(f, "{\"a\":\"\\u0000\"}", MH_EINVAL);
    assert_payload(f, "{\"a\":1} x", MH_EINVAL);
    assert_payload(f, "{\"a\":\"\xff\"}", MH_EINVAL);
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], 1);
}

static void a_payload_may_be_as_large_as_allowed(void **state)
{
    struct fixture *f = *state;
    size_t len = 1048576;
    char *payload = malloc(len + 1);
    assert_non_null(payload);
    fill_payload(payload, len);
    struct mh_dispatch job = a_job("mail");
    job.payload = payload;
    job.payload_len = len;

    struct mh_uuid id = enqueue_job(f, job);
    const struct mh_job *kept = get(f, id);
    assert_int_equal(kept->payload_len, len);
    assert_memory_equal(kept->payload, payload, len);

    job.payload_len = len + 1;
    assert_int_equal(enqueue_code(f, job), MH_ELIMIT);
    free(payload);
}

static void fields_out_of_range_are_refused(void **state)
{
    struct fixture *f = *state;
    char key[MH_KEY_MAX + 2];
    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    char type[MH_TYPE_MAX + 2];
    memset(type, 't', sizeof type - 1);
    type[sizeof type - 1] = '\0';
    const struct {
        struct mh_dispatch job;
        int code;
    } cases[] = {
        {{.type = NULL}, MH_EINVAL},
        {{.type = ""}, MH_EINVAL},
        {{.type = type}, MH_EINVAL},
        {{.type = "caf\xc3\xa9"}, MH_EINVAL},
        {{.type = "t", .priority = -2}, MH_EINVAL},
        {{.type = "t", .priority = 101}, MH_EINVAL},
        {{.type = "t", .max_attempts = -1}, MH_EINVAL},
        {{.type = "t", .max_attempts = MH_ATTEMPTS_MAX + 1}, MH_EINVAL},
        {{.type = "t", .delay_ms = -1}, MH_EINVAL},
        {{.type = "t", .run_at = -1}, MH_EINVAL},
        {{.type = "t", .run_at = 1, .delay_ms = 1}, MH_EINVAL},
        {{.type = "t", .unique_key = ""}, MH_EINVAL},
        {{.type = "t", .unique_key = "\xff"}, MH_EINVAL},
        {{.type = "t", .unique_key = key}, MH_ELIMIT},
        {{.type = "t", .correlation_id = key}, MH_ELIMIT},
        {{.type = "t", .correlation_id = "a\nb"}, MH_EINVAL},
        {{.type = "t", .correlation_id = "a\x7f"}, MH_EINVAL},
        {{.type = "t", .correlation_id = "\xc2\x85"}, MH_EINVAL},
        {{.type = "t", .correlation_id = "caf\xc3\xa9 \xc2\xa0 7"}, 0},
        {{.type = "t", .traceparent = ""}, MH_EINVAL},
        {{.type = "t", .traceparent = A_TRACEPARENT "-x"}, MH_EINVAL},
        {{.type = "t", .traceparent = "0" A_TRACEPARENT}, MH_EINVAL},
        {{.type = type + 1, .unique_key = key + 1, .correlation_id = key + 1}, 0},
    };
    for (size_t i = 0; i < MH_LEN(cases); i++) {
        struct mh_dispatch job = cases[i].job;
        job.payload = "{}";
        job.payload_len = 2;
        assert_int_equal(enqueue_code(f, job), cases[i].code);
    }
}

static void an_error_names_the_field_and_the_job(void **state)
{
    struct fixture *f = *state;
    struct mh_dispatch jobs[] = {a_job("mail"), a_job("mail")};
    jobs[1].priority = 200;
    struct mh_err err = {0};
    assert_int_equal(mh_store_dispatch(f->store, jobs, 2, fixture_done, f, &err), MH_EINVAL);
    assert_string_equal(err.text, "job 2 of 2: priority: expected -1 to 100, not 200");
}

static struct mh_dispatch keyed(const char *type, const char *key)
{
    struct mh_dispatch job = a_job(type);
    job.id = mh_uuid_new();
    job.unique_key = key;
    return job;
}

static void a_unique_key_gives_the_standing_job(void **state)
{
    struct fixture *f = *state;
    struct mh_dispatch first = keyed("mail", "k"), second = keyed("other", "k");
    assert_id_equal(enqueue_job(f, first), first.id);

    const struct mh_reply *reply = dispatch(f, &second, 1);

    assert_id_equal(reply->dispatched[0].id, first.id);
    assert_true(reply->dispatched[0].standing);
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], 1);
    int64_t worker = join_as(f, "w");
    claim_one(f, worker);
    assert_id_equal(enqueue_job(f, second), first.id);
}

static void a_key_is_free_once_its_job_has_ended(void **state)
{
    struct fixture *f = *state;
    const enum mh_outcome outcomes[] = {MH_OUTCOME_COMPLETED, MH_OUTCOME_FAILED};
    int64_t worker = join_as(f, "w");
    for (size_t i = 0; i < MH_LEN(outcomes); i++) {
        struct mh_dispatch job = keyed("mail", "k");
        assert_id_equal(enqueue_job(f, job), job.id);
        finish(f, claim_one(f, worker), outcomes[i]);
    }
    struct mh_dispatch cancelled = keyed("mail", "k");
    assert_id_equal(enqueue_job(f, cancelled), cancelled.id);
    act(f, MH_ACT_CANCEL, cancelled.id);
    struct mh_dispatch removed = keyed("mail", "k");
    assert_id_equal(enqueue_job(f, removed), removed.id);
    act(f, MH_ACT_REMOVE, removed.id);
    struct mh_dispatch last = keyed("mail", "k");
    assert_id_equal(enqueue_job(f, last), last.id);
}

static void a_key_that_retries_keeps_its_job(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    struct mh_uuid id = enqueue_job(f, keyed("mail", "k"));
    assert_int_equal(finish(f, claim_one(f, worker), MH_OUTCOME_RETRY), MH_STATUS_PENDING);
    assert_id_equal(enqueue_job(f, keyed("mail", "k")), id);
}

static void one_key_twice_in_a_batch_is_one_job(void **state)
{
    struct fixture *f = *state;
    const struct mh_dispatch jobs[] = {keyed("mail", "a"), keyed("mail", "b"), keyed("mail", "a")};

    const struct mh_reply *reply = dispatch(f, jobs, 3);

    assert_id_equal(reply->dispatched[2].id, jobs[0].id);
    assert_false(reply->dispatched[0].standing);
    assert_false(reply->dispatched[1].standing);
    assert_true(reply->dispatched[2].standing);
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], 2);
}

/* What an answer gave, to be looked at once all have come. */
struct given {
    int *left, *all;
    size_t count;
    struct mh_dispatched jobs[3];
};

static void note_given(void *arg, const struct mh_reply *reply)
{
    struct given *given = arg;
    assert_int_equal(reply->code, 0);
    assert_in_range(reply->count, 1, MH_LEN(given->jobs));
    given->count = reply->count;
    memcpy(given->jobs, reply->dispatched, reply->count * sizeof *reply->dispatched);
    *given->all = --*given->left == 0;
}

static void dispatches_that_stand_together_get_each_its_own(void **state)
{
    struct fixture *f = *state;
    struct mh_dispatch jobs[] = {a_job("mail"),    a_job("mail"),     a_job("mail"),
                                 a_job("other"),   keyed("key", "k"), keyed("again", "k"),
                                 keyed("key", "j")};
    const size_t counts[] = {1, 3, 1, 2};
    struct given given[MH_LEN(counts)];
    int left = MH_LEN(counts), all = 0;
    for (size_t i = 0; i < MH_LEN(jobs); i++)
        jobs[i].id = mh_uuid_new();
    jobs[1].traceparent = A_TRACEPARENT;
    jobs[3].delay_ms = 5000;

    for (size_t i = 0, at = 0; i < MH_LEN(counts); at += counts[i++]) {
        given[i] = (struct given){.left = &left, .all = &all};
        int r = mh_store_dispatch(f->store, &jobs[at], counts[i], note_given, &given[i], NULL);
        assert_int_equal(r, 0);
    }
    fixture_until(f, &all, 5000);

    for (size_t i = 0, at = 0; i < MH_LEN(counts); at += counts[i++]) {
        assert_int_equal(given[i].count, counts[i]);
        for (size_t n = 0; n < counts[i]; n++) {
            bool standing = at + n == 5;
            assert_int_equal(given[i].jobs[n].standing, standing);
            assert_id_equal(given[i].jobs[n].id, jobs[standing ? 4 : at + n].id);
        }
    }
    assert_null(get(f, jobs[0].id)->traceparent);
    assert_string_equal(get(f, jobs[1].id)->traceparent, A_TRACEPARENT);
    assert_int_equal(get(f, jobs[3].id)->run_at, f->now + 5000);
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], MH_LEN(jobs) - 1);
    int64_t worker = join_as(f, "w");
    const size_t due[] = {0, 1, 2, 4, 6};
    for (size_t i = 0; i < MH_LEN(due); i++)
        assert_id_equal(claim_one(f, worker).id, jobs[due[i]].id);
}

static void a_key_belongs_to_its_tenant(void **state)
{
    struct fixture *f = *state;
    struct mh_dispatch mine = keyed("mail", "k"), theirs = keyed("mail", "k");
    theirs.tenant_id = add_tenant(f, "theirs", MH_PLAN_FREE);
    assert_id_equal(enqueue_job(f, mine), mine.id);
    assert_id_equal(enqueue_job(f, theirs), theirs.id);
}

static void priority_comes_from_the_plan_unless_given(void **state)
{
    struct fixture *f = *state;
    const struct {
        const char *name;
        enum mh_plan plan;
        int given, priority;
    } cases[] = {
        {"a", MH_PLAN_FREE, -1, 0},      {"b", MH_PLAN_STARTER, -1, 5},
        {"c", MH_PLAN_PRO, -1, 10},      {"d", MH_PLAN_ENTERPRISE, -1, 10},
        {"e", MH_PLAN_ENTERPRISE, 3, 3},
    };
    for (size_t i = 0; i < MH_LEN(cases); i++) {
        struct mh_dispatch job = a_job("mail");
        job.tenant_id = add_tenant(f, cases[i].name, cases[i].plan);
        job.priority = cases[i].given;
        assert_int_equal(get(f, enqueue_job(f, job))->priority, cases[i].priority);
    }
}

static void delay_and_run_at_say_when_it_is_due(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    struct mh_dispatch delayed = a_job("mail"), timed = a_job("mail"), past = a_job("mail");
    delayed.delay_ms = 1000;
    timed.run_at = f->now + 2000;
    past.run_at = f->now - 5000;
    struct mh_uuid first = enqueue_job(f, delayed), second = enqueue_job(f, timed);
    struct mh_uuid third = enqueue_job(f, past);
    assert_int_equal(get(f, first)->run_at, f->now + 1000);
    assert_int_equal(get(f, second)->run_at, f->now + 2000);
    assert_int_equal(get(f, third)->run_at, f->now - 5000);

    assert_id_equal(claim_one(f, worker).id, third);
    fixture_advance(f, 999);
    assert_int_equal(claim(f, worker, 9)->count, 0);
    fixture_advance(f, 1);
    assert_id_equal(claim_one(f, worker).id, first);
    fixture_advance(f, 1000);
    assert_id_equal(claim_one(f, worker).id, second);
}

static void a_time_in_the_past_is_no_place_in_front(void **state)
{
    struct fixture *f = *state;
    int64_t worker = join_as(f, "w");
    struct mh_uuid waiting = enqueue(f, "mail");
    fixture_advance(f, 10);
    struct mh_dispatch job = a_job("mail");
    job.run_at = f->now - 5000;
    struct mh_uuid past = enqueue_job(f, job);
    assert_id_equal(claim_one(f, worker).id, waiting);
    assert_id_equal(claim_one(f, worker).id, past);
}

static void a_store_has_a_thousand_types_at_most(void **state)
{
    struct fixture *f = *state;
    static char names[MH_TYPES_MAX][16];
    static struct mh_dispatch jobs[MH_TYPES_MAX];
    for (int i = 0; i < MH_TYPES_MAX; i++) {
        (void)snprintf(names[i], sizeof names[i], "type%d", i);
        jobs[i] = a_job(names[i]);
        jobs[i].id = mh_uuid_new();
    }
    dispatch(f, jobs, MH_TYPES_MAX);
    assert_int_equal(enqueue_code(f, a_job("one.more")), MH_ELIMIT);
    assert_int_equal(enqueue_code(f, a_job("type7")), 0);

    act(f, MH_ACT_REMOVE, jobs[5].id);
    assert_int_equal(enqueue_code(f, a_job("one.more")), 0);
    assert_int_equal(enqueue_code(f, a_job("type5")), MH_ELIMIT);

    act(f, MH_ACT_REMOVE, jobs[6].id);
    struct mh_dispatch two[] = {a_job("one.each"), a_job("too.many")};
    two[0].id = mh_uuid_new();
    two[1].id = mh_uuid_new();
    int r = mh_store_dispatch(f->store, two, 2, fixture_done, f, NULL);
    assert_int_equal(fixture_wait_code(f, r), MH_ELIMIT);
    assert_int_equal(enqueue_code(f, two[1]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_job_is_kept_as_it_was_given),
        STORE_TEST(what_was_not_given_is_null),
        STORE_TEST(ids_come_back_in_the_order_given),
        STORE_TEST(types_are_side_by_side_within_a_thousand),
        STORE_TEST(jobs_with_keys_stay_in_the_order_given),
        STORE_TEST(a_batch_gives_each_job_its_own),
        STORE_TEST(a_batch_of_one_kind_keeps_what_differs),
        STORE_TEST(none_at_all_is_fine),
        STORE_TEST(all_or_none_are_dispatched),
        STORE_TEST(a_refused_dispatch_harms_no_other),
        STORE_TEST(a_payload_is_a_strict_json_object),
        STORE_TEST(a_payload_may_be_as_large_as_allowed),
        STORE_TEST(fields_out_of_range_are_refused),
        STORE_TEST(an_error_names_the_field_and_the_job),
        STORE_TEST(a_unique_key_gives_the_standing_job),
        STORE_TEST(a_key_is_free_once_its_job_has_ended),
        STORE_TEST(a_key_that_retries_keeps_its_job),
        STORE_TEST(one_key_twice_in_a_batch_is_one_job),
        STORE_TEST(dispatches_that_stand_together_get_each_its_own),
        STORE_TEST(a_key_belongs_to_its_tenant),
        STORE_TEST(priority_comes_from_the_plan_unless_given),
        STORE_TEST(delay_and_run_at_say_when_it_is_due),
        STORE_TEST(a_time_in_the_past_is_no_place_in_front),
        STORE_TEST(a_store_has_a_thousand_types_at_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
