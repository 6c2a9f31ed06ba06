/* The calls of millhand.h that are no worker's: dispatch, look, act, claim and finish by hand. */
#include "site.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define NO_JOB "00000000-0000-7000-8000-000000000000"
#define PARENT "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static struct millhand *mh;

static int open_handle(void **state)
{
    if (site_setup(state) < 0) return -1;
    mh = site_open(NULL);
    return 0;
}

static int close_handle(void **state)
{
    millhand_close(mh);
    return site_teardown(state);
}

static void a_job_comes_back_as_it_was_dispatched(void **state)
{
    (void)state;
    struct millhand_error err;
    char id[MILLHAND_ID_SIZE];
    const struct millhand_job_spec spec = {.type = "back",
                                           .payload = "{\"n\":1}",
                                           .priority = 7,
                                           .max_attempts = 2,
                                           .delay_ms = 60000,
                                           .unique_key = "key",
                                           .correlation_id = "order 5",
                                           .traceparent = PARENT};
    site_ok(millhand_dispatch(mh, &spec, id, &err), &err);
    struct millhand_job *job = site_get(mh, id);
    assert_string_equal(job->id, id);
    assert_string_equal(job->tenant_id, "00000000-0000-0000-0000-000000000000");
    assert_string_equal(job->type, "back");
    assert_int_equal(job->status, MILLHAND_STATUS_PENDING);
    assert_int_equal(job->priority, 7);
    assert_int_equal(job->max_attempts, 2);
    assert_int_equal(job->attempts, 0);
    assert_true(job->run_at >= job->created_at + 60000 && job->created_at > 0);
    assert_string_equal(job->unique_key, "key");
    assert_string_equal(job->correlation_id, "order 5");
    assert_string_equal(job->traceparent, PARENT);
    assert_int_equal(job->payload_len, strlen(job->payload));
    assert_non_null(strstr(job->payload, "1"));
    assert_null(job->result);
    assert_null(job->error);
    assert_true(job->progress < 0);
    millhand_job_free(job);
}

static void what_is_left_out_has_its_default(void **state)
{
    (void)state;
    struct millhand_error err;
    char id[MILLHAND_ID_SIZE];
    const struct millhand_job_spec lowest = {.type = "plain", .priority = MILLHAND_PRIORITY_LOWEST};
    site_ok(millhand_dispatch(mh, &lowest, NULL, NULL), &err);
    site_dispatch(mh, "plain", id);
    struct millhand_job *job = site_get(mh, id);
    assert_string_equal(job->payload, "{}");
    assert_int_equal(job->priority, 0);
    assert_int_equal(job->max_attempts, 3);
    assert_string_equal(job->correlation_id, id);
    assert_null(job->traceparent);
    millhand_job_free(job);
}

static void a_taken_key_gives_the_standing_job(void **state)
{
    (void)state;
    struct millhand_error err;
    char first[MILLHAND_ID_SIZE], second[MILLHAND_ID_SIZE];
    const struct millhand_job_spec spec = {.type = "key", .unique_key = "once"};
    assert_int_equal(millhand_dispatch(mh, &spec, first, &err), 0);
    assert_int_equal(millhand_dispatch(mh, &spec, second, &err), 1);
    assert_string_equal(first, second);
}

static void many_are_dispatched_all_or_none(void **state)
{
    (void)state;
    struct millhand_error err;
    struct millhand_job_spec specs[250];
    char ids[250][MILLHAND_ID_SIZE];
    for (size_t i = 0; i < 250; i++)
        specs[i] = (struct millhand_job_spec){.type = "many"};
    site_ok(millhand_dispatch_many(mh, specs, 250, ids, &err), &err);
    assert_int_equal(site_status(mh, ids[249]), MILLHAND_STATUS_PENDING);
    specs[0].type = specs[1].type = "none";
    specs[2] = (struct millhand_job_spec){.type = "none", .payload = "[1]"};
    assert_int_equal(millhand_dispatch_many(mh, specs, 3, NULL, &err), MILLHAND_EINVAL);
    assert_non_null(strstr(err.message, "job 3 of 3"));
    assert_int_equal(millhand_dispatch_many(mh, NULL, 100001, NULL, &err), MILLHAND_ELIMIT);
    struct millhand_jobs *jobs;
    site_ok(millhand_list(mh, &(struct millhand_filter){.type = "none"}, &jobs, &err), &err);
    assert_int_equal(jobs->count, 0);
    millhand_jobs_free(jobs);
}

static void a_list_is_paged_newest_first(void **state)
{
    (void)state;
    struct millhand_error err;
    struct millhand_jobs *jobs;
    char ids[5][MILLHAND_ID_SIZE];
    for (int i = 0; i < 5; i++)
        site_dispatch(mh, "page", ids[i]);
    struct millhand_filter filter = {
        .status = MILLHAND_STATUS_PENDING, .type = "page", .limit = 2, .bodies = true};
    for (int seen = 0; seen < 5;) {
        site_ok(millhand_list(mh, &filter, &jobs, &err), &err);
        assert_true(jobs->count <= 2);
        for (size_t i = 0; i < jobs->count; i++) {
            assert_string_equal(jobs->jobs[i].id, ids[4 - seen++]);
            assert_string_equal(jobs->jobs[i].payload, "{}");
        }
        assert_true(seen == 5 || jobs->cursor != 0);
        filter.cursor = jobs->cursor;
        millhand_jobs_free(jobs);
    }
}

static void people_cancel_retry_and_delete(void **state)
{
    (void)state;
    struct millhand_error err;
    char id[MILLHAND_ID_SIZE];
    site_dispatch(mh, "act", id);
    assert_int_equal(millhand_retry(mh, id, &err), MILLHAND_ESTATE);
    assert_non_null(strstr(err.message, "it is pending"));
    site_ok(millhand_cancel(mh, id, &err), &err);
    assert_int_equal(site_status(mh, id), MILLHAND_STATUS_CANCELLED);
    site_ok(millhand_retry(mh, id, &err), &err);
    assert_int_equal(site_status(mh, id), MILLHAND_STATUS_PENDING);
    site_ok(millhand_delete(mh, id, &err), &err);
    assert_int_equal(millhand_cancel(mh, id, &err), MILLHAND_ENOENT);
    assert_int_equal(millhand_get(mh, id, NULL, NULL), MILLHAND_ENOENT);
}

static void counts_are_there(void **state)
{
    (void)state;
    struct millhand_error err;
    struct millhand_stats before, after;
    char id[MILLHAND_ID_SIZE];
    site_ok(millhand_stats(mh, NULL, &before, &err), &err);
    site_dispatch(mh, "count", id);
    site_ok(millhand_stats(mh, NULL, &after, &err), &err);
    assert_int_equal(after.pending, before.pending + 1);
    assert_true(after.oldest_pending_ms >= 0);
    site_ok(millhand_stats(mh, NO_JOB, &after, &err), &err); /* no such tenant */
    assert_int_equal(after.pending, 0);
}

static void wrong_input_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        struct millhand_job_spec spec;
        const char *field;
    } wrong[] = {
        {{.type = NULL}, "type"},
        {{.type = "a b"}, "type"},
        {{.type = "a", .payload = "{"}, "payload"},
        {{.type = "a", .priority = 101}, "priority"},
        {{.type = "a", .priority = -2}, "priority"},
        {{.type = "a", .tenant_id = "me"}, "tenant_id"},
        {{.type = "a", .delay_ms = -1}, "delay"},
        {{.type = "a", .delay_ms = 1, .run_at = 1}, "run_at"},
    };
    struct millhand_error err;
    struct millhand_job *job;
    struct millhand *other;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(millhand_dispatch(mh, &wrong[i].spec, NULL, &err), MILLHAND_EINVAL);
        assert_int_equal(err.code, MILLHAND_EINVAL);
        if (strstr(err.message, wrong[i].field) != err.message) fail_msg("%s", err.message);
    }
    assert_int_equal(millhand_get(mh, "what", &job, &err), MILLHAND_EINVAL);
    assert_int_equal(millhand_open("nowhere:x", NULL, &other, &err), MILLHAND_EINVAL);
    assert_int_equal(millhand_open(NULL, NULL, &other, NULL), MILLHAND_EINVAL);
    assert_true(millhand_open("sqlite:/no/such/folder/x", NULL, &other, &err) < 0);
}

/* --- by hand */

static struct millhand_jobs *claim(struct millhand *worker, const char *type, size_t limit)
{
    struct millhand_error err;
    struct millhand_jobs *jobs = NULL;
    const struct millhand_claim claim = {.types = &type, .type_count = 1, .limit = limit};
    site_ok(millhand_claim(worker, &claim, &jobs, &err), &err);
    return jobs;
}

static void jobs_are_claimed_and_finished_by_hand(void **state)
{
    (void)state;
    struct millhand_error err;
    char id[4][MILLHAND_ID_SIZE];
    for (int i = 0; i < 4; i++)
        site_dispatch(mh, "hand", id[i]);
    struct millhand_jobs *jobs = claim(mh, "hand", 10);
    assert_int_equal(jobs->count, 4);
    assert_int_equal(jobs->jobs[0].attempts, 1);
    const struct millhand_finish finishes[] = {
        {.verdict = MILLHAND_RUN_DONE, .result = "[1]"},
        {.verdict = MILLHAND_RUN_RETRY, .error = "not yet"},
        {.verdict = MILLHAND_RUN_FAIL, .error = "never"},
        {.verdict = MILLHAND_RUN_HAND_BACK},
    };
    static const enum millhand_status then[] = {MILLHAND_STATUS_COMPLETED, MILLHAND_STATUS_PENDING,
                                                MILLHAND_STATUS_FAILED, MILLHAND_STATUS_PENDING};
    static const int attempts[] = {1, 1, 1, 0};
    for (int i = 0; i < 4; i++) {
        site_ok(millhand_finish(mh, &jobs->jobs[i], &finishes[i], &err), &err);
        assert_int_equal(millhand_finish(mh, &jobs->jobs[i], NULL, &err), MILLHAND_ELEASE);
        struct millhand_job *job = site_get(mh, jobs->jobs[i].id);
        assert_int_equal(job->status, then[i]);
        assert_int_equal(job->attempts, attempts[i]);
        if (i == 0) assert_string_equal(job->result, "[1]");
        if (i == 1) assert_true(job->next_retry_at > 0);
        if (i == 2) assert_string_equal(job->error, "never");
        millhand_job_free(job);
    }
    millhand_jobs_free(jobs);
}

static void a_heartbeat_tells_what_is_held(void **state)
{
    (void)state;
    struct millhand_error err;
    char id[3][MILLHAND_ID_SIZE];
    for (int i = 0; i < 3; i++)
        site_dispatch(mh, "beat", id[i]);
    struct millhand *worker = site_open(NULL);
    assert_int_equal(millhand_heartbeat(worker, NULL, &err), MILLHAND_ELEASE);
    struct millhand_jobs *jobs = claim(worker, "beat", 3);
    assert_int_equal(millhand_heartbeat(worker, jobs, &err), 3);
    site_ok(millhand_cancel(mh, jobs->jobs[0].id, &err), &err);
    site_ok(millhand_finish(worker, &jobs->jobs[1], NULL, &err), &err);
    assert_int_equal(millhand_heartbeat(worker, jobs, &err), 1);
    assert_int_equal(jobs->jobs[0].status, MILLHAND_STATUS_CANCELLED);
    assert_int_equal(jobs->jobs[1].status, MILLHAND_STATUS_NONE);
    assert_int_equal(jobs->jobs[2].status, MILLHAND_STATUS_PROCESSING);
    assert_int_equal(millhand_finish(worker, &jobs->jobs[0], NULL, &err), MILLHAND_ELEASE);
    millhand_close(worker); /* which hands the last one back */
    struct millhand_job *job = site_get(mh, jobs->jobs[2].id);
    assert_int_equal(job->status, MILLHAND_STATUS_PENDING);
    assert_int_equal(job->attempts, 0);
    millhand_job_free(job);
    millhand_jobs_free(jobs);
}

static void *finish_soon(void *type)
{
    int ms = 5000;
    struct millhand *worker = site_open(NULL);
    struct millhand_jobs *jobs = claim(worker, type, 1);
    site_tick(&ms);
    (void)millhand_finish(worker, &jobs->jobs[0], NULL, NULL); /* seen by who waits */
    millhand_jobs_free(jobs);
    millhand_close(worker);
    return NULL;
}

static void a_wait_ends_with_the_job_or_its_time(void **state)
{
    (void)state;
    struct millhand_error err;
    struct millhand_job *job = NULL;
    char id[MILLHAND_ID_SIZE];
    char type[] = "wait";
    pthread_t thread;
    site_dispatch(mh, type, id);
    assert_int_equal(millhand_wait(mh, id, 0, &job, &err), MILLHAND_ETIMEOUT);
    assert_int_equal(millhand_wait(mh, id, 5, NULL, &err), MILLHAND_ETIMEOUT);
    assert_int_equal(millhand_wait(mh, NO_JOB, 5000, &job, &err), MILLHAND_ENOENT);
    assert_null(job);
    assert_int_equal(pthread_create(&thread, NULL, finish_soon, type), 0);
    site_ok(millhand_wait(mh, id, -1, &job, &err), &err);
    assert_int_equal(job->status, MILLHAND_STATUS_COMPLETED);
    millhand_job_free(job);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

/* --- threads */

static void *dispatch_some(void *arg)
{
    struct millhand *own = site_open(NULL);
    int *sent = arg;
    for (int i = 0; i < 50; i++)
        *sent +=
            millhand_dispatch(own, &(struct millhand_job_spec){.type = "threads"}, NULL, NULL) == 0;
    millhand_close(own);
    return NULL;
}

static void threads_dispatch_with_handles_of_their_own(void **state)
{
    (void)state;
    pthread_t threads[4];
    int sent[4] = {0};
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, dispatch_some, &sent[i]), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(sent[i], 50);
    }
    struct millhand_jobs *jobs = claim(mh, "threads", 1000);
    assert_int_equal(jobs->count, 200);
    millhand_jobs_free(jobs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_comes_back_as_it_was_dispatched),
        cmocka_unit_test(what_is_left_out_has_its_default),
        cmocka_unit_test(a_taken_key_gives_the_standing_job),
        cmocka_unit_test(many_are_dispatched_all_or_none),
        cmocka_unit_test(a_list_is_paged_newest_first),
        cmocka_unit_test(people_cancel_retry_and_delete),
        cmocka_unit_test(counts_are_there),
        cmocka_unit_test(wrong_input_is_refused_by_name),
        cmocka_unit_test(jobs_are_claimed_and_finished_by_hand),
        cmocka_unit_test(a_heartbeat_tells_what_is_held),
        cmocka_unit_test(a_wait_ends_with_the_job_or_its_time),
        cmocka_unit_test(threads_dispatch_with_handles_of_their_own),
    };
    return cmocka_run_group_tests_name("library calls", tests, open_handle, close_handle);
}
