/* The worker of millhand.h, whose handlers are C functions. */
#include "site.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct millhand *mh;

/* What handlers and tests tell each other. */
static atomic_int started, inside, most, let_go;

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

static int reset(void **state)
{
    (void)state;
    started = inside = most = let_go = 0;
    return 0;
}

/* --- a worker on a thread of its own */

struct working {
    struct millhand_worker *worker;
    pthread_t thread;
    int code;
};

static void *work(void *arg)
{
    struct working *working = arg;
    working->code = millhand_worker_run(working->worker, NULL);
    return NULL;
}

static struct millhand_worker *new_worker(const struct millhand_worker_options *options)
{
    struct millhand_error err;
    struct millhand_worker *worker = NULL;
    site_ok(millhand_worker_new(mh, options, &worker, &err), &err);
    return worker;
}

static struct working start(const struct millhand_worker_options *options)
{
    return (struct working){.worker = new_worker(options)};
}

static void go(struct working *working)
{
    assert_int_equal(pthread_create(&working->thread, NULL, work, working), 0);
}

static int end(struct working *working)
{
    assert_int_equal(pthread_join(working->thread, NULL), 0);
    millhand_worker_free(working->worker);
    return working->code;
}

/* Runs all that is due of one type, to its end. */
static void drain_with(const struct millhand_worker_options *given,
                       const struct millhand_handler *handler)
{
    struct millhand_error err;
    struct millhand_worker_options options = *given;
    options.handlers = handler;
    options.handler_count = 1;
    options.drain = true;
    options.poll_interval_ms = 10;
    struct millhand_worker *worker = new_worker(&options);
    site_ok(millhand_worker_run(worker, &err), &err);
    millhand_worker_free(worker);
}

static void drain(const char *type, millhand_handler_fn *fn, void *arg)
{
    const struct millhand_handler handler = {
        .type = type, .fn = fn, .arg = arg, .backoff_base_ms = 1};
    drain_with(&(struct millhand_worker_options){.concurrency = 4}, &handler);
}

/* Runs one job that may be tried once, and returns what became of it. */
static struct millhand_job *run_one(const char *type, millhand_handler_fn *fn, void *arg)
{
    struct millhand_error err;
    char id[MILLHAND_ID_SIZE];
    const struct millhand_job_spec spec = {.type = type, .payload = "{\"n\":5}", .max_attempts = 1};
    site_ok(millhand_dispatch(mh, &spec, id, &err), &err);
    drain(type, fn, arg);
    return site_get(mh, id);
}

static void assert_ended(struct millhand_job *job, enum millhand_status status, const char *error)
{
    if (error != NULL && (job->error == NULL || strstr(job->error, error) == NULL))
        fail_msg("error \"%s\", not \"%s\"", job->error, error);
    assert_int_equal(job->status, status);
    millhand_job_free(job);
}

/* --- handlers */

static int echo(struct millhand_run *run, void *arg)
{
    (void)arg;
    const struct millhand_job *job = millhand_run_job(run);
    return millhand_run_result(run, job->payload, job->payload_len);
}

static int return_number(struct millhand_run *run, void *arg)
{
    (void)run;
    return *(int *)arg;
}

static int refuse(struct millhand_run *run, void *arg)
{
    (void)arg;
    millhand_run_log(run, "about to refuse");
    return millhand_run_fail(run, "no %s today", "bread");
}

static int succeed_at_second(struct millhand_run *run, void *arg)
{
    (void)arg;
    if (millhand_run_job(run)->attempts == 1) return millhand_run_retry(run, "first time");
    return MILLHAND_RUN_DONE;
}

static int put_off_once(struct millhand_run *run, void *arg)
{
    (void)arg;
    return started++ == 0 ? millhand_run_later(run, 20) : MILLHAND_RUN_DONE;
}

static int give_bad_result(struct millhand_run *run, void *arg)
{
    (void)arg;
    (void)millhand_run_result(run, "{", 0);
    return MILLHAND_RUN_DONE;
}

/* Works until it is told to end or let go. */
static int linger(struct millhand_run *run, void *arg)
{
    int ms = 20000;
    (void)arg;
    int now = ++inside;
    if (now > most) most = now;
    started++;
    while (!millhand_run_cancelled(run) && !let_go)
        site_tick(&ms);
    inside--;
    return MILLHAND_RUN_DONE;
}

static int ignore_everything(struct millhand_run *run, void *arg)
{
    int ms = 20000;
    (void)run;
    (void)arg;
    started++;
    while (!let_go)
        site_tick(&ms);
    return MILLHAND_RUN_DONE;
}

static int report_half(struct millhand_run *run, void *arg)
{
    millhand_run_progress(run, 0.25);
    millhand_run_progress(run, 0.5);
    return linger(run, arg);
}

static int dispatch_next(struct millhand_run *run, void *arg)
{
    struct millhand *own = site_open(NULL);
    (void)arg;
    (void)run;
    int r = millhand_dispatch(own, &(struct millhand_job_spec){.type = "chain-end"}, NULL, NULL);
    millhand_close(own);
    return r < 0 ? MILLHAND_RUN_RETRY : MILLHAND_RUN_DONE;
}

static void wait_started(int count)
{
    int ms = 10000;
    while (started < count)
        site_tick(&ms);
}

/* --- what a worker does */

static void functions_run_on_several_threads(void **state)
{
    (void)state;
    struct millhand_error err;
    struct millhand_job_spec specs[300];
    char ids[300][MILLHAND_ID_SIZE], payloads[300][32];
    for (int i = 0; i < 300; i++) {
        (void)snprintf(payloads[i], sizeof payloads[i], "{\"n\":%d}", i);
        specs[i] = (struct millhand_job_spec){.type = "echo", .payload = payloads[i]};
    }
    site_ok(millhand_dispatch_many(mh, specs, 300, ids, &err), &err);
    drain("echo", echo, NULL);
    for (int i = 0; i < 300; i += 37) {
        struct millhand_job *job = site_get(mh, ids[i]);
        assert_int_equal(job->status, MILLHAND_STATUS_COMPLETED);
        assert_int_equal(job->attempts, 1);
        assert_int_equal(strtol(strpbrk(job->result, "0123456789"), NULL, 10), i);
        millhand_job_free(job);
    }
}

static void a_verdict_decides(void **state)
{
    (void)state;
    int seven = 7;
    struct millhand_job *job = run_one("number", return_number, &seven);
    assert_ended(job, MILLHAND_STATUS_FAILED, "the handler returned 7");
    assert_ended(run_one("refuse", refuse, NULL), MILLHAND_STATUS_FAILED, "no bread today");
    assert_ended(run_one("bad", give_bad_result, NULL), MILLHAND_STATUS_FAILED,
                 "the result is refused: not valid JSON");
}

/* Works until the job has ended, however often it is tried, and returns it. */
static struct millhand_job *work_until_ended(const char *type, millhand_handler_fn *fn)
{
    struct millhand_error err;
    struct millhand_job *job = NULL;
    char id[MILLHAND_ID_SIZE];
    const struct millhand_handler handler = {.type = type, .fn = fn, .backoff_base_ms = 1};
    struct working working =
        start(&(struct millhand_worker_options){.handlers = &handler, .handler_count = 1});
    site_dispatch(mh, type, id);
    go(&working);
    site_ok(millhand_wait(mh, id, 10000, &job, &err), &err);
    millhand_worker_stop(working.worker);
    assert_int_equal(end(&working), 0);
    return job;
}

static void a_failed_attempt_is_tried_again(void **state)
{
    (void)state;
    struct millhand_job *job = work_until_ended("second", succeed_at_second);
    assert_int_equal(job->attempts, 2);
    assert_ended(job, MILLHAND_STATUS_COMPLETED, NULL);
}

static void a_job_put_off_is_not_counted(void **state)
{
    (void)state;
    struct millhand_job *job = work_until_ended("later", put_off_once);
    assert_int_equal(started, 2);
    assert_int_equal(job->attempts, 1);
    assert_ended(job, MILLHAND_STATUS_COMPLETED, NULL);
}

static void a_handler_may_dispatch(void **state)
{
    (void)state;
    struct millhand_error err;
    struct millhand_jobs *jobs;
    char id[MILLHAND_ID_SIZE];
    site_dispatch(mh, "chain", id);
    drain("chain", dispatch_next, NULL);
    assert_int_equal(site_status(mh, id), MILLHAND_STATUS_COMPLETED);
    site_ok(millhand_list(mh, &(struct millhand_filter){.type = "chain-end"}, &jobs, &err), &err);
    assert_int_equal(jobs->count, 1);
    millhand_jobs_free(jobs);
}

static void a_type_keeps_to_its_concurrency(void **state)
{
    (void)state;
    char id[MILLHAND_ID_SIZE];
    const struct millhand_handler handler = {.type = "alone", .fn = linger, .concurrency = 1};
    for (int i = 0; i < 5; i++)
        site_dispatch(mh, "alone", id);
    let_go = 1;
    drain_with(&(struct millhand_worker_options){.concurrency = 4}, &handler);
    assert_int_equal(started, 5);
    assert_int_equal(most, 1);
}

static void a_timeout_asks_and_fails_the_attempt(void **state)
{
    (void)state;
    struct millhand_error err;
    char id[MILLHAND_ID_SIZE];
    const struct millhand_handler handler = {.type = "slow", .fn = linger, .timeout_ms = 50};
    const struct millhand_job_spec spec = {.type = "slow", .max_attempts = 1};
    site_ok(millhand_dispatch(mh, &spec, id, &err), &err);
    drain_with(&(struct millhand_worker_options){0}, &handler);
    assert_ended(site_get(mh, id), MILLHAND_STATUS_FAILED, "timed out after 50ms");
}

static void progress_and_cancel_pass_through(void **state)
{
    (void)state;
    struct millhand_error err;
    char id[MILLHAND_ID_SIZE];
    int ms = 10000;
    const struct millhand_handler handler = {.type = "half", .fn = report_half};
    struct working working =
        start(&(struct millhand_worker_options){.handlers = &handler, .handler_count = 1});
    go(&working);
    site_dispatch(mh, "half", id);
    for (double share = 0; share < 0.5;) {
        struct millhand_job *job = site_get(mh, id);
        share = job->progress;
        millhand_job_free(job);
        site_tick(&ms);
    }
    site_ok(millhand_cancel(mh, id, &err), &err);
    while (inside > 0)
        site_tick(&ms);
    assert_int_equal(site_status(mh, id), MILLHAND_STATUS_CANCELLED);
    millhand_worker_stop(working.worker);
    assert_int_equal(end(&working), 0);
}

/* --- how it stops */

static struct millhand_worker *signalled;

static void stop_signalled(int number)
{
    (void)number;
    millhand_worker_stop(signalled);
}

static void a_signal_handler_may_stop_it(void **state)
{
    (void)state;
    char running[MILLHAND_ID_SIZE], waiting[MILLHAND_ID_SIZE];
    const struct millhand_handler handler = {.type = "stop", .fn = linger};
    site_dispatch(mh, "stop", running);
    site_dispatch(mh, "stop", waiting);
    struct working working =
        start(&(struct millhand_worker_options){.handlers = &handler, .handler_count = 1});
    signalled = working.worker;
    assert_true(signal(SIGUSR1, stop_signalled) != SIG_ERR);
    go(&working);
    wait_started(1);
    assert_int_equal(pthread_kill(working.thread, SIGUSR1), 0);
    let_go = 1;
    assert_int_equal(end(&working), 0);
    assert_int_equal(site_status(mh, running), MILLHAND_STATUS_COMPLETED);
    assert_int_equal(site_status(mh, waiting), MILLHAND_STATUS_PENDING);
    assert_int_equal(started, 1);
}

static void a_stop_before_it_runs_counts(void **state)
{
    (void)state;
    const struct millhand_handler handler = {.type = "early", .fn = linger};
    struct working working =
        start(&(struct millhand_worker_options){.handlers = &handler, .handler_count = 1});
    millhand_worker_stop(working.worker);
    go(&working);
    assert_int_equal(end(&working), 0);
}

static void a_second_stop_hands_back_at_once(void **state)
{
    (void)state;
    char id[MILLHAND_ID_SIZE];
    const struct millhand_handler handler = {.type = "hurry", .fn = linger};
    struct working working =
        start(&(struct millhand_worker_options){.handlers = &handler, .handler_count = 1});
    site_dispatch(mh, "hurry", id);
    go(&working);
    wait_started(1);
    millhand_worker_stop(working.worker);
    millhand_worker_stop(working.worker);
    assert_int_equal(end(&working), 0);
    struct millhand_job *job = site_get(mh, id);
    assert_int_equal(job->attempts, 0);
    assert_ended(job, MILLHAND_STATUS_PENDING, NULL);
}

static void *let_go_soon(void *arg)
{
    int ms = 1000;
    (void)arg;
    for (int i = 0; i < 50; i++)
        site_tick(&ms);
    let_go = 1;
    return NULL;
}

static void one_that_ignores_the_end_is_waited_for_by_free(void **state)
{
    (void)state;
    char id[MILLHAND_ID_SIZE];
    pthread_t thread;
    const struct millhand_handler handler = {.type = "deaf", .fn = ignore_everything};
    struct working working = start(&(struct millhand_worker_options){
        .handlers = &handler, .handler_count = 1, .shutdown_timeout_ms = 100});
    site_dispatch(mh, "deaf", id);
    go(&working);
    wait_started(1);
    millhand_worker_stop(working.worker);
    assert_int_equal(pthread_join(working.thread, NULL), 0);
    assert_int_equal(working.code, MILLHAND_ETIMEOUT);
    assert_int_equal(pthread_create(&thread, NULL, let_go_soon, NULL), 0);
    millhand_worker_free(working.worker);
    assert_int_equal(let_go, 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(site_status(mh, id), MILLHAND_STATUS_PROCESSING); /* until its lease ends */
}

/* --- what it is given, and what it says */

static void wrong_options_are_refused(void **state)
{
    (void)state;
    struct millhand_error err;
    struct millhand_worker *worker;
    const struct millhand_handler twice[] = {{.type = "a", .fn = echo}, {.type = "a", .fn = echo}};
    struct millhand_worker_options options = {0};
    assert_int_equal(millhand_worker_new(mh, &options, &worker, &err), MILLHAND_EINVAL);
    assert_non_null(strstr(err.message, "handlers"));
    options = (struct millhand_worker_options){.handlers = twice, .handler_count = 2};
    assert_int_equal(millhand_worker_new(mh, &options, &worker, &err), MILLHAND_EINVAL);
    assert_non_null(strstr(err.message, "type a has two"));
    options = (struct millhand_worker_options){
        .handlers = &(struct millhand_handler){.type = "no fn"}, .handler_count = 1};
    assert_int_equal(millhand_worker_new(mh, &options, &worker, &err), MILLHAND_EINVAL);
    assert_non_null(strstr(err.message, "handler 1 (no fn)"));
    options =
        (struct millhand_worker_options){.handlers = twice, .handler_count = 1, .lease_ms = 5};
    assert_int_equal(millhand_worker_new(mh, &options, &worker, &err), MILLHAND_EINVAL);
    assert_non_null(strstr(err.message, "lease_ms: expected 1000 to"));
    options = (struct millhand_worker_options){
        .handlers = twice, .handler_count = 1, .concurrency = 1001};
    assert_int_equal(millhand_worker_new(mh, &options, &worker, &err), MILLHAND_EINVAL);
    options =
        (struct millhand_worker_options){.handlers = twice, .handler_count = 1, .lease_ms = 999};
    assert_int_equal(millhand_worker_new(mh, &options, &worker, &err), MILLHAND_EINVAL);
    options = (struct millhand_worker_options){
        .handlers = twice, .handler_count = 1, .worker_id = "\xff"};
    assert_int_equal(millhand_worker_new(mh, &options, &worker, &err), MILLHAND_EINVAL);
    assert_non_null(strstr(err.message, "worker_id"));
}

static void note_completed(void *arg, int level, const char *message, const char *fields)
{
    if (level == MILLHAND_LOG_INFO && strcmp(message, "job completed") == 0)
        (void)snprintf(arg, 500, "%s", fields);
}

static void the_log_goes_to_the_callback(void **state)
{
    (void)state;
    char line[500] = "", id[MILLHAND_ID_SIZE];
    struct millhand *quiet = mh;
    mh = site_open_logging(note_completed, line);
    site_dispatch(mh, "logged", id);
    drain("logged", echo, NULL);
    millhand_close(mh);
    mh = quiet;
    assert_non_null(strstr(line, id));
    assert_non_null(strstr(line, "\"durationMs\":"));
}

static int say_two_lines(struct millhand_run *run, void *arg)
{
    (void)arg;
    millhand_run_log(run, "first\nsecond");
    return MILLHAND_RUN_DONE;
}

static void note_log(void *arg, int level, const char *message, const char *fields)
{
    const char *line = strstr(fields, "\"line\":");
    size_t len = strlen(arg);
    if (level == MILLHAND_LOG_DEBUG && strcmp(message, "job log") == 0 && line != NULL)
        (void)snprintf((char *)arg + len, 500 - len, "%s", line);
}

static void each_line_of_a_job_is_logged_alone(void **state)
{
    (void)state;
    char said[500] = "", id[MILLHAND_ID_SIZE];
    struct millhand *quiet = mh;
    mh = site_open(&(struct millhand_options){
        .log = note_log, .log_arg = said, .log_level = MILLHAND_LOG_DEBUG});
    site_dispatch(mh, "lines", id);
    drain("lines", say_two_lines, NULL);
    millhand_close(mh);
    mh = quiet;
    assert_string_equal(said, "\"line\":\"first\"}\"line\":\"second\"}");
}

#define CASE(name) cmocka_unit_test_setup(name, reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(functions_run_on_several_threads),
        CASE(a_verdict_decides),
        CASE(a_failed_attempt_is_tried_again),
        CASE(a_job_put_off_is_not_counted),
        CASE(a_handler_may_dispatch),
        CASE(a_type_keeps_to_its_concurrency),
        CASE(a_timeout_asks_and_fails_the_attempt),
        CASE(progress_and_cancel_pass_through),
        CASE(a_signal_handler_may_stop_it),
        CASE(a_stop_before_it_runs_counts),
        CASE(a_second_stop_hands_back_at_once),
        CASE(one_that_ignores_the_end_is_waited_for_by_free),
        CASE(wrong_options_are_refused),
        CASE(the_log_goes_to_the_callback),
        CASE(each_line_of_a_job_is_logged_alone),
    };
    return cmocka_run_group_tests_name("library worker", tests, open_handle, close_handle);
}
