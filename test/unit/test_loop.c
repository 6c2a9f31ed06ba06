#include "base/loop.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* What a callback does and what it saw. */
struct probe {
    uv_loop_t *loop;
    int calls;
    int events;
    struct mh_watch *drop_watch; /* dropped by the callback */
    struct mh_timer *drop_timer;
    struct mh_timer *stop_timer;
    struct mh_soon *drop_soon;
    struct mh_soon *ask_soon;
    int ask_until; /* asks only while calls is below */
};

static struct mh_bell *signalled; /* what a signal handler rings */

static void act(struct probe *probe)
{
    probe->calls++;
    mh_watch_drop(probe->drop_watch);
    mh_timer_drop(probe->drop_timer);
    mh_soon_drop(probe->drop_soon);
    probe->drop_watch = NULL;
    probe->drop_timer = NULL;
    probe->drop_soon = NULL;
    if (probe->stop_timer) mh_timer_stop(probe->stop_timer);
    if (probe->ask_soon && probe->calls < probe->ask_until) mh_soon_ask(probe->ask_soon);
}

static void on_watch(void *arg, int events)
{
    struct probe *probe = arg;
    probe->events = events;
    act(probe);
}

static void on_call(void *arg)
{
    act(arg);
}

static void on_end(void *arg)
{
    uv_stop(((struct probe *)arg)->loop);
}

static struct mh_timer *timer(uv_loop_t *loop, struct probe *probe)
{
    struct mh_timer *timer;
    assert_int_equal(mh_timer_new(loop, on_call, probe, &timer, NULL), 0);
    return timer;
}

static struct mh_soon *soon(uv_loop_t *loop, struct probe *probe)
{
    struct mh_soon *soon;
    assert_int_equal(mh_soon_new(loop, on_call, probe, &soon, NULL), 0);
    return soon;
}

static struct mh_watch *watch(uv_loop_t *loop, int fd, int events, struct probe *probe)
{
    struct mh_watch *watch;
    assert_int_equal(mh_watch_new(loop, fd, events, on_watch, probe, &watch, NULL), 0);
    return watch;
}

/* Runs the loop for so long, whatever happens in it. */
static void run_for(uv_loop_t *loop, int64_t ms)
{
    struct probe probe = {.loop = loop};
    struct mh_timer *end;
    assert_int_equal(mh_timer_new(loop, on_end, &probe, &end, NULL), 0);
    mh_timer_start(end, ms, 0);
    (void)uv_run(loop, UV_RUN_DEFAULT);
    mh_timer_drop(end);
}

static void run_until(uv_loop_t *loop, const int *calls, int wanted)
{
    uint64_t deadline = uv_hrtime() + 5 * UINT64_C(1000000000);
    while (*calls < wanted) {
        assert_true(uv_hrtime() < deadline);
        (void)uv_run(loop, UV_RUN_ONCE);
    }
}

static void a_watch_reports_what_is_ready(void **state)
{
    uv_loop_t *loop = *state;
    struct probe probe = {0};
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct mh_watch *reader = watch(loop, fds[0], UV_READABLE, &probe);
    assert_int_equal(write(fds[1], "x", 1), 1);
    run_until(loop, &probe.calls, 1);
    assert_int_equal(probe.events, UV_READABLE);
    mh_watch_drop(reader);
    close(fds[0]);
    close(fds[1]);
}

static void a_watch_for_nothing_is_silent_until_it_is_set(void **state)
{
    uv_loop_t *loop = *state;
    struct probe probe = {0};
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct mh_watch *reader = watch(loop, fds[0], 0, &probe);
    assert_int_equal(write(fds[1], "x", 1), 1);
    run_for(loop, 5);
    assert_int_equal(probe.calls, 0);
    mh_watch_set(reader, UV_READABLE);
    run_until(loop, &probe.calls, 1);
    mh_watch_set(reader, 0);
    int calls = probe.calls;
    run_for(loop, 5);
    assert_int_equal(probe.calls, calls);
    mh_watch_drop(reader);
    close(fds[0]);
    close(fds[1]);
}

static void a_watch_reports_an_error_as_both_and_goes_on(void **state)
{
    uv_loop_t *loop = *state;
    struct probe probe = {0};
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    char filler[4096] = {0};
    struct mh_watch *writer = watch(loop, fds[1], UV_WRITABLE, &probe);
    while (write(fds[1], filler, sizeof(filler)) > 0)
        continue;
    close(fds[0]);
    run_until(loop, &probe.calls, 3);
    assert_int_equal(probe.events, UV_READABLE | UV_WRITABLE);
    mh_watch_drop(writer);
    close(fds[1]);
}

static void a_watch_reports_a_hang_up(void **state)
{
    uv_loop_t *loop = *state;
    struct probe probe = {0};
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct mh_watch *reader = watch(loop, fds[0], UV_READABLE, &probe);
    close(fds[1]);
    run_until(loop, &probe.calls, 1);
    assert_true(probe.events & UV_READABLE);
    mh_watch_drop(reader);
    close(fds[0]);
}

/* Whichever of two ready watches is called first drops both. */
static void on_watch_drop_both(void *arg, int events)
{
    struct mh_watch **both = arg;
    (void)events;
    assert_non_null(both[0]); /* the second call would find it gone */
    mh_watch_drop(both[0]);
    mh_watch_drop(both[1]);
    both[0] = both[1] = NULL;
}

static void a_watch_dropped_in_the_same_round_is_not_called(void **state)
{
    uv_loop_t *loop = *state;
    int fds[2];
    struct mh_watch *both[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            mh_watch_new(loop, fds[i], UV_WRITABLE, on_watch_drop_both, both, &both[i], NULL), 0);
    }
    run_for(loop, 5);
    assert_null(both[0]);
    close(fds[0]);
    close(fds[1]);
}

static void a_watch_may_be_dropped_by_itself_and_its_descriptor_used_again(void **state)
{
    uv_loop_t *loop = *state;
    int one[2], two[2];
    struct probe first = {0}, second = {0};
    assert_int_equal(pipe(one), 0);
    assert_int_equal(pipe(two), 0);
    first.drop_watch = watch(loop, one[1], UV_WRITABLE, &first);
    run_until(loop, &first.calls, 1);
    assert_int_equal(dup2(two[0], one[1]), one[1]);
    struct mh_watch *reader = watch(loop, one[1], UV_READABLE, &second);
    assert_int_equal(write(two[1], "x", 1), 1);
    run_until(loop, &second.calls, 1);
    assert_int_equal(first.calls, 1);
    mh_watch_drop(reader);
    for (int i = 0; i < 2; i++) {
        close(one[i]);
        close(two[i]);
    }
}

static void a_regular_file_cannot_be_watched(void **state)
{
    struct probe probe = {0};
    struct mh_watch *none = NULL;
    struct mh_err err;
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(mh_watch_new(*state, fileno(file), UV_READABLE, on_watch, &probe, &none, &err),
                     MH_EIO);
    assert_non_null(strstr(err.text, "unable to watch descriptor"));
    assert_null(none);
    fclose(file);
}

static void a_timer_fires_once_unless_it_repeats(void **state)
{
    uv_loop_t *loop = *state;
    struct probe once = {0}, often = {0};
    struct mh_timer *one = timer(loop, &once), *many = timer(loop, &often);
    mh_timer_start(one, 1, 0);
    mh_timer_start(many, 1, 1);
    run_until(loop, &often.calls, 4);
    assert_int_equal(once.calls, 1);
    mh_timer_drop(one);
    mh_timer_drop(many);
}

static void starting_a_timer_again_replaces_the_earlier_start(void **state)
{
    uv_loop_t *loop = *state;
    struct probe probe = {0};
    struct mh_timer *t = timer(loop, &probe);
    mh_timer_start(t, 60000, 0);
    mh_timer_start(t, -5, 0); /* the past is now */
    run_until(loop, &probe.calls, 1);
    mh_timer_start(t, 0, 0);
    mh_timer_stop(t);
    run_for(loop, 5);
    assert_int_equal(probe.calls, 1);
    mh_timer_drop(t);
}

static void a_timer_counts_from_now_also_after_a_long_callback(void **state)
{
    uv_loop_t *loop = *state;
    struct probe probe = {0};
    struct mh_timer *t = timer(loop, &probe);
    (void)uv_run(loop, UV_RUN_NOWAIT); /* the loop reads its clock */
    uint64_t busy_until = uv_hrtime() + 30000000;
    while (uv_hrtime() < busy_until)
        continue;
    uint64_t before = uv_hrtime();
    mh_timer_start(t, 20, 0);
    run_until(loop, &probe.calls, 1);
    assert_true(uv_hrtime() - before >= 19000000); /* the loop counts whole milliseconds */
    mh_timer_drop(t);
}

static void a_timer_may_stop_and_drop_timers_from_inside(void **state)
{
    uv_loop_t *loop = *state;
    struct probe stopping = {0}, dropping = {0};
    struct mh_timer *t = timer(loop, &stopping);
    stopping.stop_timer = t;
    dropping.drop_timer = timer(loop, &dropping);
    mh_timer_start(t, 0, 1);
    mh_timer_start(dropping.drop_timer, 0, 1);
    run_for(loop, 10);
    assert_int_equal(stopping.calls, 1);
    assert_int_equal(dropping.calls, 1);
    mh_timer_drop(t);
}

static void a_deferred_call_is_made_once_however_often_asked(void **state)
{
    uv_loop_t *loop = *state;
    struct probe probe = {0};
    struct mh_soon *s = soon(loop, &probe);
    for (int i = 0; i < 3; i++)
        mh_soon_ask(s);
    assert_int_equal(probe.calls, 0); /* never before the asker has returned */
    run_for(loop, 5);
    assert_int_equal(probe.calls, 1);
    mh_soon_ask(s);
    run_for(loop, 5);
    assert_int_equal(probe.calls, 2);
    mh_soon_drop(s);
}

static void a_deferred_call_is_made_before_the_loop_waits(void **state)
{
    uv_loop_t *loop = *state;
    struct probe probe = {0}, asking = {.ask_until = 10};
    struct mh_soon *s = soon(loop, &probe);
    struct mh_timer *far = timer(loop, &probe), *now = timer(loop, &asking);
    asking.ask_soon = s;
    mh_timer_start(far, 60000, 0);
    mh_timer_start(now, 0, 0);
    uint64_t before = uv_hrtime();
    run_until(loop, &probe.calls, 1);
    assert_true(uv_hrtime() - before < UINT64_C(2000000000));
    mh_timer_drop(far);
    mh_timer_drop(now);
    mh_soon_drop(s);
}

static void a_deferred_call_may_ask_again_from_inside(void **state)
{
    uv_loop_t *loop = *state;
    struct probe probe = {.ask_until = 5};
    probe.ask_soon = soon(loop, &probe);
    mh_soon_ask(probe.ask_soon);
    run_for(loop, 10);
    assert_int_equal(probe.calls, 5);
    mh_soon_drop(probe.ask_soon);
}

static void a_dropped_call_is_not_made(void **state)
{
    uv_loop_t *loop = *state;
    struct probe one = {0}, two = {0};
    struct mh_soon *first = soon(loop, &one), *second = soon(loop, &two);
    one.drop_soon = second;
    two.drop_soon = first;
    mh_soon_ask(first);
    mh_soon_ask(second);
    run_for(loop, 5);
    assert_int_equal(one.calls + two.calls, 1);
    mh_soon_drop(one.calls == 1 ? first : second);
}

static void count_round(uv_prepare_t *prepare)
{
    (*(int *)prepare->data)++;
}

static void a_loop_with_nothing_asked_sleeps(void **state)
{
    uv_loop_t *loop = *state;
    struct probe probe = {0};
    int rounds = 0;
    uv_prepare_t prepare = {.data = &rounds};
    struct mh_soon *s = soon(loop, &probe);
    mh_soon_ask(s);
    assert_int_equal(uv_prepare_init(loop, &prepare), 0);
    assert_int_equal(uv_prepare_start(&prepare, count_round), 0);
    run_for(loop, 50);
    assert_in_range(rounds, 1, 5);
    uv_close((uv_handle_t *)&prepare, NULL);
    mh_soon_drop(s);
    (void)uv_run(loop, UV_RUN_NOWAIT); /* closes `prepare`, which ends with this function */
}

static void *ring_thrice(void *arg)
{
    for (int i = 0; i < 3; i++)
        mh_bell_ring(arg);
    return NULL;
}

static void stop_when_rung(void *arg)
{
    uv_loop_t *loop = arg;
    *(int *)loop->data += 1;
    uv_stop(loop);
}

static void a_bell_is_heard_from_another_thread(void **state)
{
    uv_loop_t *loop = *state;
    int heard = 0;
    pthread_t thread;
    struct mh_bell *bell = NULL;
    loop->data = &heard;
    assert_int_equal(mh_bell_new(loop, stop_when_rung, loop, &bell, NULL), 0);
    assert_int_equal(pthread_create(&thread, NULL, ring_thrice, bell), 0);
    (void)uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_in_range(heard, 1, 3);
    mh_bell_drop(bell);
}

static void ring_bell(int number)
{
    (void)number;
    mh_bell_ring(signalled);
}

static void a_bell_is_heard_from_a_signal_handler(void **state)
{
    uv_loop_t *loop = *state;
    int heard = 0;
    loop->data = &heard;
    assert_int_equal(mh_bell_new(loop, stop_when_rung, loop, &signalled, NULL), 0);
    assert_true(signal(SIGUSR1, ring_bell) != SIG_ERR);
    errno = ENOTTY;
    assert_int_equal(raise(SIGUSR1), 0);
    assert_int_equal(errno, ENOTTY);
    (void)uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(heard, 1);
    mh_bell_drop(signalled);
}

static void a_dropped_bell_is_not_heard(void **state)
{
    uv_loop_t *loop = *state;
    int heard = 0;
    struct mh_bell *bell = NULL;
    loop->data = &heard;
    assert_int_equal(mh_bell_new(loop, stop_when_rung, loop, &bell, NULL), 0);
    mh_bell_ring(bell);
    mh_bell_drop(bell);
    (void)uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(heard, 0);
}

static void dropping_nothing_is_allowed(void **state)
{
    (void)state;
    mh_watch_drop(NULL);
    mh_timer_drop(NULL);
    mh_soon_drop(NULL);
    mh_bell_drop(NULL);
}

static int open_loop(void **state)
{
    uv_loop_t *loop = malloc(sizeof(*loop));
    *state = loop;
    return loop ? uv_loop_init(loop) : -1;
}

static int close_loop(void **state)
{
    mh_loop_close(*state);
    free(*state);
    return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_loop, close_loop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_watch_reports_what_is_ready),
        CASE(a_watch_for_nothing_is_silent_until_it_is_set),
        CASE(a_watch_reports_an_error_as_both_and_goes_on),
        CASE(a_watch_reports_a_hang_up),
        CASE(a_watch_dropped_in_the_same_round_is_not_called),
        CASE(a_watch_may_be_dropped_by_itself_and_its_descriptor_used_again),
        CASE(a_regular_file_cannot_be_watched),
        CASE(a_timer_fires_once_unless_it_repeats),
        CASE(starting_a_timer_again_replaces_the_earlier_start),
        CASE(a_timer_counts_from_now_also_after_a_long_callback),
        CASE(a_timer_may_stop_and_drop_timers_from_inside),
        CASE(a_deferred_call_is_made_once_however_often_asked),
        CASE(a_deferred_call_is_made_before_the_loop_waits),
        CASE(a_deferred_call_may_ask_again_from_inside),
        CASE(a_dropped_call_is_not_made),
        CASE(a_loop_with_nothing_asked_sleeps),
        CASE(a_bell_is_heard_from_another_thread),
        CASE(a_bell_is_heard_from_a_signal_handler),
        CASE(a_dropped_bell_is_not_heard),
        CASE(dropping_nothing_is_allowed),
    };
    return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
