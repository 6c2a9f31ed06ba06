/* What SQLite alone has: several processes on one file. */
#include "fixture.h"

#include <dirent.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"

#define CHILDREN  10
#define PER_CHILD 30

/* --- children */

static int child_dispatch(const char *url)
{
    struct fixture f;
    fixture_attach(&f, url);
    for (int i = 0; i < PER_CHILD; i++)
        enqueue(&f, "t");
    fixture_detach(&f);
    return 0;
}

/* Until nothing is left. */
static int child_work(const char *url)
{
    struct fixture f;
    fixture_attach(&f, url);
    int64_t worker = join_as(&f, "w");
    for (;;) {
        const struct mh_reply *reply = claim(&f, worker, 3);
        if (reply->count == 0 && reply->running == 0) break;
        for (size_t i = 0; i < reply->count; i++) {
            struct held held = {reply->lease, reply->jobs[i].id};
            if (finish(&f, held, MH_OUTCOME_COMPLETED) != MH_STATUS_COMPLETED) return 1;
        }
    }
    fixture_detach(&f);
    return 0;
}

static void say(const char *text)
{
    size_t len = strlen(text);
    if (write(STDOUT_FILENO, text, len) != (ssize_t)len) _exit(1);
}

static void say_heard(void *arg, int kinds)
{
    say("!");
}

/* Says "." when it listens and "!" for each news, until it is killed. */
static int child_watch(const char *url)
{
    struct fixture f;
    fixture_attach(&f, url);
    if (mh_store_watch(f.store, MH_NEWS_DUE, say_heard, NULL, NULL) < 0) return 1;
    say(".");
    uv_run(&f.loop, UV_RUN_DEFAULT);
    return 1;
}

/* Writes as fast as it can, until it is killed. */
static int child_write(const char *url)
{
    struct fixture f;
    fixture_attach(&f, url);
    for (int i = 0; i < 1000000; i++) {
        enqueue(&f, "t");
        if (i == 20) say(".");
    }
    return 1;
}

static pid_t spawn(const struct fixture *f, const char *what, int *ret_fd)
{
    const char *const args[] = {what, f->url, NULL};
    return fixture_spawn(args, ret_fd);
}

static void run_children(const struct fixture *f, const char *what, int count)
{
    pid_t pids[CHILDREN];
    int fd = -1;
    for (int i = 0; i < count; i++) {
        pids[i] = spawn(f, what, &fd);
        (void)close(fd);
    }
    for (int i = 0; i < count; i++)
        assert_int_equal(fixture_join(pids[i]), 0);
}

static void expect_char(int fd, char expected)
{
    char c = 0;
    assert_int_equal(read(fd, &c, 1), 1);
    assert_int_equal(c, expected);
}

static void kill_child(pid_t pid, int fd)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    (void)close(fd);
}

/* --- tests */

static void many_processes_may_make_the_file_at_once(void **state)
{
    struct fixture *f = *state;
    run_children(f, "dispatch", CHILDREN);
    f->store = fixture_open(f);
    assert_int_equal(stats(f).count[MH_STATUS_PENDING], CHILDREN * PER_CHILD);
}

static void many_processes_do_each_job_once(void **state)
{
    struct fixture *f = *state;
    mh_clock_fake(0); /* the children's clock */
    f->store = fixture_open(f);
    struct mh_dispatch jobs[CHILDREN * PER_CHILD];
    for (size_t i = 0; i < MH_LEN(jobs); i++) {
        jobs[i] = a_job("t");
        jobs[i].id = mh_uuid_new();
    }
    fixture_wait(f, mh_store_dispatch(f->store, jobs, MH_LEN(jobs), fixture_done, f, NULL));

    run_children(f, "work", 4);

    struct mh_stats counts = stats(f);
    assert_int_equal(counts.count[MH_STATUS_COMPLETED], MH_LEN(jobs));
    for (size_t i = 0; i < MH_LEN(jobs); i++)
        assert_int_equal(get(f, jobs[i].id)->attempts, 1);
}

struct lock {
    sqlite3 *db;
    struct mh_timer *timer;
};

static void unlock(void *arg)
{
    struct lock *lock = arg;
    assert_int_equal(sqlite3_exec(lock->db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
}

static void a_locked_file_is_waited_for(void **state)
{
    struct fixture *f = *state;
    f->store = fixture_open(f);
    struct lock lock = {0};
    assert_int_equal(sqlite3_open(f->path, &lock.db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(lock.db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(mh_timer_new(&f->loop, unlock, &lock, &lock.timer, NULL), 0);
    mh_timer_start(lock.timer, 300, 0);

    int64_t from_us = mh_clock_mono_us();
    enqueue(f, "t");
    assert_true(mh_clock_mono_us() - from_us > 200000);

    mh_timer_drop(lock.timer);
    assert_int_equal(sqlite3_close(lock.db), SQLITE_OK);
}

static void a_process_killed_while_it_writes_harms_nothing(void **state)
{
    struct fixture *f = *state;
    f->store = fixture_open(f);
    for (int i = 0; i < 5; i++) {
        int fd = -1;
        pid_t pid = spawn(f, "write", &fd);
        expect_char(fd, '.');
        kill_child(pid, fd);
        int64_t before = stats(f).count[MH_STATUS_PENDING];
        enqueue(f, "t");
        assert_int_equal(stats(f).count[MH_STATUS_PENDING], before + 1);
    }
    sqlite3 *db = NULL;
    sqlite3_stmt *check = NULL;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &check, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(check), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(check, 0), "ok");
    sqlite3_finalize(check);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Well below the second after which it would look by itself. */
static void another_process_is_woken_at_once(void **state)
{
    struct fixture *f = *state;
    f->store = fixture_open(f);
    int fd = -1;
    pid_t pid = spawn(f, "watch", &fd);
    expect_char(fd, '.');
    int64_t took_us[9];
    for (size_t i = 0; i < MH_LEN(took_us); i++) {
        int64_t from_us = mh_clock_mono_us();
        enqueue(f, "t");
        expect_char(fd, '!');
        took_us[i] = mh_clock_mono_us() - from_us;
    }
    kill_child(pid, fd);
    qsort(took_us, MH_LEN(took_us), sizeof *took_us, ascending);
    assert_true(took_us[MH_LEN(took_us) / 2] < 100000);
}

static int count_sockets(const struct fixture *f)
{
    char path[600];
    (void)snprintf(path, sizeof path, "%s-wake", f->path);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    int count = 0;
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void the_socket_of_a_dead_process_is_removed(void **state)
{
    struct fixture *f = *state;
    f->store = fixture_open(f);
    int fd = -1;
    pid_t pid = spawn(f, "watch", &fd);
    expect_char(fd, '.');
    assert_int_equal(count_sockets(f), 1);
    kill_child(pid, fd);
    assert_int_equal(count_sockets(f), 1);
    enqueue(f, "t");
    assert_int_equal(count_sockets(f), 0);
}

static void a_socket_goes_with_its_store(void **state)
{
    struct fixture *f = *state;
    f->store = fixture_open(f);
    assert_int_equal(mh_store_watch(f->store, MH_NEWS_DUE, say_heard, NULL, NULL), 0);
    assert_int_equal(count_sockets(f), 1);
    mh_store_close(f->store);
    f->store = NULL;
    assert_int_equal(count_sockets(f), 0);
}

static void set_flag(void *arg, int kinds)
{
    *(int *)arg = 1;
}

static void run_sql(const char *path, const char *text)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    char *error = NULL;
    if (sqlite3_exec(db, text, NULL, NULL, &error) != SQLITE_OK) fail_msg("%s", error);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The first look around is behind us once the thread that takes it has answered twice. */
static void learn_what_there_is(struct fixture *f, struct mh_store *store)
{
    for (int i = 0; i < 2; i++)
        fixture_wait(f, mh_store_reclaim(store, 1, fixture_done, f, NULL));
}

static void a_foreign_program_is_noticed(void **state)
{
    struct fixture *f = *state;
    int heard = 0;
    f->store = fixture_open(f);
    enqueue(f, "t");
    struct held held = claim_one(f, join_as(f, "w"));
    finish(f, held, MH_OUTCOME_COMPLETED);
    assert_int_equal(mh_store_watch(f->store, MH_NEWS_DUE, set_flag, &heard, NULL), 0);
    learn_what_there_is(f, f->store);
    run_sql(f->path, "UPDATE span SET status = 0, completed_at = NULL;"
                     "UPDATE tally SET n = 0 WHERE status > 0");
    fixture_until(f, &heard, 3000);
    assert_id_equal(claim_one(f, join_as(f, "w")).id, held.id);
}

static void set_flag_late(void *arg)
{
    *(int *)arg = 1;
}

struct listener {
    struct mh_store *store;
    int wanted, heard;
};

static void hear(void *arg, int kinds)
{
    struct listener *listener = arg;
    if ((kinds & listener->wanted) != 0) listener->heard = 1;
}

static void listen_for(struct fixture *f, struct listener *listener, int kind)
{
    *listener = (struct listener){.store = fixture_open(f), .wanted = kind};
    assert_int_equal(mh_store_watch(listener->store, kind, hear, listener, NULL), 0);
}

static void expect(struct fixture *f, struct listener *listener)
{
    fixture_until(f, &listener->heard, 5000);
    listener->heard = 0;
}

/* Each kind comes by socket: five rounds would take as many seconds by looking around. */
static void no_news_waits_for_the_look_around(void **state)
{
    struct fixture *f = *state;
    f->store = fixture_open(f);
    int64_t worker = join_as(f, "w");
    struct listener due, cancelled, ended;
    int64_t from_us = mh_clock_mono_us();
    for (int i = 0; i < 5; i++) {
        enqueue(f, "t");
        struct held held = claim_one(f, worker);
        listen_for(f, &due, MH_NEWS_DUE); /* those of earlier rounds are gone */
        listen_for(f, &cancelled, MH_NEWS_CANCELLED);
        listen_for(f, &ended, MH_NEWS_ENDED);
        act(f, MH_ACT_CANCEL, held.id);
        expect(f, &cancelled);
        expect(f, &ended);
        fixture_wait(f, mh_store_type_pause(f->store, "t", false, fixture_done, f, NULL));
        expect(f, &due);
        mh_store_close(due.store);
        mh_store_close(cancelled.store);
        mh_store_close(ended.store);
    }
    assert_true(mh_clock_mono_us() - from_us < 2500000);
}

/* With a file where the folder of the sockets would be. */
static void close_the_way_of_sockets(const struct fixture *f)
{
    char path[600];
    (void)snprintf(path, sizeof path, "%s-wake", f->path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
}

static void the_end_of_a_job_is_noticed_without_sockets(void **state)
{
    struct fixture *f = *state;
    int heard = 0;
    f->store = fixture_open(f);
    close_the_way_of_sockets(f);
    enqueue(f, "t");
    struct held held = claim_one(f, join_as(f, "w"));
    struct mh_store *watcher = fixture_open(f);
    assert_int_equal(mh_store_watch(watcher, MH_NEWS_ENDED, set_flag, &heard, NULL), 0);
    learn_what_there_is(f, watcher);
    finish(f, held, MH_OUTCOME_COMPLETED);
    fixture_until(f, &heard, 3000);
    mh_store_close(watcher);
}

/* Else workers would answer heartbeats with heartbeats for ever. */
static void the_heartbeat_of_another_is_no_news(void **state)
{
    struct fixture *f = *state;
    int heard = 0, late = 0;
    f->store = fixture_open(f);
    enqueue(f, "t");
    finish(f, claim_one(f, join_as(f, "w")), MH_OUTCOME_COMPLETED);
    act(f, MH_ACT_CANCEL, enqueue(f, "t"));
    fixture_advance(f, 60000);
    struct mh_store *watcher = fixture_open(f);
    int all = MH_NEWS_DUE | MH_NEWS_CANCELLED | MH_NEWS_ENDED;
    assert_int_equal(mh_store_watch(watcher, all, set_flag, &heard, NULL), 0);
    learn_what_there_is(f, watcher);
    int64_t worker = join_as(f, "w");
    fixture_wait(f, mh_store_heartbeat(f->store, worker, NULL, 0, fixture_done, f, NULL));
    struct mh_timer *timer = NULL;
    assert_int_equal(mh_timer_new(&f->loop, set_flag_late, &late, &timer, NULL), 0);
    mh_timer_start(timer, 1300, 0); /* longer than from one look to the next */
    fixture_until(f, &late, 5000);
    mh_timer_drop(timer);
    mh_store_close(watcher);
    assert_int_equal(heard, 0);
}

int main(int argc, char **argv)
{
    const struct {
        const char *name;
        int (*run)(const char *url);
    } children[] = {
        {"dispatch", child_dispatch},
        {"work", child_work},
        {"watch", child_watch},
        {"write", child_write},
    };
    for (size_t i = 0; argc == 3 && i < MH_LEN(children); i++)
        if (strcmp(argv[1], children[i].name) == 0) return children[i].run(argv[2]);
    const struct CMUnitTest tests[] = {
        FILE_TEST(many_processes_may_make_the_file_at_once),
        FILE_TEST(many_processes_do_each_job_once),
        FILE_TEST(a_locked_file_is_waited_for),
        FILE_TEST(a_process_killed_while_it_writes_harms_nothing),
        FILE_TEST(another_process_is_woken_at_once),
        FILE_TEST(the_socket_of_a_dead_process_is_removed),
        FILE_TEST(a_socket_goes_with_its_store),
        FILE_TEST(no_news_waits_for_the_look_around),
        FILE_TEST(a_foreign_program_is_noticed),
        FILE_TEST(the_end_of_a_job_is_noticed_without_sockets),
        FILE_TEST(the_heartbeat_of_another_is_no_news),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
