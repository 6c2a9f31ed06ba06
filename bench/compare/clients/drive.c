/* Drives a queue through a client in C: CLIENT PLACE VERB JOBS, prints JSON.
 *
 *     fill, bulk  dispatch the jobs in bulk       drain   the same, then run them
 *     single      one by one, 4 under way         exec    run /bin/true for each, 4 at once
 *     pickup      from the call to the handler    flow    dispatch and run at once
 *     work        say "begun" at the first job, "done" after the last; stay until the input ends */
#define _GNU_SOURCE
#include "drive.h"

#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE     4
#define MOST        2000
#define BATCH       500
#define BACKLOG_MAX 5000

static const char *place;
static long jobs;
static atomic_long done;

void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "unable to %s: %s\n", what, why);
    exit(1);
}

static double now_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void nap(long us)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

static void print_rate(double since)
{
    printf("{\"rate\":%f}\n", (double)jobs / (now_s() - since));
}

/* --- dispatching */

static void fill(struct session *session, long count)
{
    for (; count > 0; count -= CHUNK)
        peer_many(session, count < CHUNK ? (size_t)count : CHUNK);
}

static void *send_singly(void *arg)
{
    struct session *session = peer_open(place);
    for (long i = 0; i < jobs / AT_ONCE; i++)
        peer_one(session);
    return arg;
}

static void single(void)
{
    pthread_t threads[AT_ONCE];
    double since = now_s();
    for (int i = 0; i < AT_ONCE; i++)
        if (pthread_create(&threads[i], NULL, send_singly, NULL) != 0) die("work", "no thread");
    for (int i = 0; i < AT_ONCE; i++)
        (void)pthread_join(threads[i], NULL);
    print_rate(since);
}

/* --- working */

static void (*handler)(void);
static size_t most = MOST;

static void *work_on(void *arg)
{
    struct session *session = peer_open(place);
    for (;;)
        (void)atomic_fetch_add(&done, (long)peer_work(session, most, handler));
    return arg;
}

/* They end with the program. */
static void start_workers(int count, void (*run)(void))
{
    pthread_t thread;
    handler = run;
    while (count-- > 0)
        if (pthread_create(&thread, NULL, work_on, NULL) != 0) die("work", "no thread");
}

static void wait_until(long count)
{
    while (atomic_load(&done) < count)
        nap(200);
}

static void run_nothing(void)
{
}

static void run_true(void)
{
    char program[] = "/bin/true";
    char *const argv[] = {program, NULL};
    pid_t pid;
    if (posix_spawn(&pid, program, NULL, NULL, argv, environ) != 0) die("spawn", program);
    (void)waitpid(pid, NULL, 0);
}

static void drain(struct session *session, int workers, void (*run)(void))
{
    fill(session, jobs);
    double since = now_s();
    start_workers(workers, run);
    wait_until(jobs);
    print_rate(since);
}

/* --- pick-up */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static double begun;

static void tell(void)
{
    double now = now_s();
    (void)pthread_mutex_lock(&mutex);
    begun = now;
    (void)pthread_cond_signal(&changed);
    (void)pthread_mutex_unlock(&mutex);
}

static double pick_up_one(struct session *session)
{
    double since = now_s();
    peer_one(session);
    (void)pthread_mutex_lock(&mutex);
    while (begun == 0)
        (void)pthread_cond_wait(&changed, &mutex);
    double ms = (begun - since) * 1000;
    begun = 0;
    (void)pthread_mutex_unlock(&mutex);
    return ms;
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void pick_up(struct session *session)
{
    double *ms = calloc((size_t)jobs, sizeof *ms);
    if (ms == NULL) die("measure", "no memory");
    most = 1;
    start_workers(1, tell);
    for (long i = 0; i < jobs; i++) {
        nap(3000 + random() % 4000);
        ms[i] = pick_up_one(session);
    }
    qsort(ms, (size_t)jobs, sizeof *ms, compare);
    printf("{\"p50\":%f,\"p95\":%f,\"p99\":%f}\n", ms[jobs / 2], ms[jobs * 95 / 100],
           ms[jobs * 99 / 100]);
}

/* --- both at once; the first tenth warms up */

static void feed(struct session *session, long backlog, long until, long *sent)
{
    while (atomic_load(&done) < until) {
        if (*sent - atomic_load(&done) + BATCH <= backlog) {
            peer_many(session, BATCH);
            *sent += BATCH;
        } else {
            nap(200);
        }
    }
}

static void flow(struct session *session)
{
    const long tenth = jobs / 10, marks[] = {tenth, 2 * tenth, jobs, jobs + tenth};
    const long backlog = tenth < BATCH ? BATCH : tenth < BACKLOG_MAX ? tenth : BACKLOG_MAX;
    double rates[2], times[4];
    long sent = 0, counts[4];
    most = BATCH;
    start_workers(peer_workers, run_nothing);
    for (int i = 0; i < 4; i++) {
        feed(session, backlog, marks[i], &sent);
        counts[i] = atomic_load(&done);
        times[i] = now_s();
    }
    for (int i = 0; i < 2; i++)
        rates[i] = (double)(counts[2 * i + 1] - counts[2 * i]) / (times[2 * i + 1] - times[2 * i]);
    printf("{\"share\":%f}\n", rates[1] / rates[0]);
}

/* --- a worker by itself */

static void work(void)
{
    start_workers(peer_workers, run_nothing);
    wait_until(1);
    (void)puts("begun");
    (void)fflush(stdout);
    wait_until(jobs);
    (void)puts("done");
    (void)fflush(stdout);
    while (getchar() != EOF) {
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) die("start", "CLIENT PLACE VERB JOBS");
    const char *verb = argv[2];
    place = argv[1];
    jobs = strtol(argv[3], NULL, 10);
    struct session *session = peer_open(place);
    double since = now_s();
    if (strcmp(verb, "fill") == 0 || strcmp(verb, "bulk") == 0) {
        fill(session, jobs);
        print_rate(since);
    } else if (strcmp(verb, "single") == 0) {
        single();
    } else if (strcmp(verb, "drain") == 0) {
        drain(session, peer_workers, run_nothing);
    } else if (strcmp(verb, "exec") == 0) {
        most = 1;
        drain(session, AT_ONCE, run_true);
    } else if (strcmp(verb, "pickup") == 0) {
        pick_up(session);
    } else if (strcmp(verb, "flow") == 0) {
        flow(session);
    } else if (strcmp(verb, "work") == 0) {
        work();
    } else {
        die("start", "no such verb");
    }
    (void)fflush(stdout);
    _exit(0); /* not past threads that still wait for jobs */
}
