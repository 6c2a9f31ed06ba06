/* gearmand by libgearman: background jobs, which it keeps in its memory alone. The place is a port.
 */
#define _GNU_SOURCE
#include <libgearman/gearman.h>
#include <stdlib.h>

#include "drive.h"

#define HOST "127.0.0.1"
#define NAME "noop"

struct session {
    gearman_client_st *client;
    gearman_worker_st *worker;
    in_port_t port;
};

const int peer_workers = 4;

static void check(gearman_return_t code, const char *what)
{
    if (gearman_failed(code)) die(what, gearman_strerror(code));
}

struct session *peer_open(const char *place)
{
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL) die("connect", "no memory");
    session->port = (in_port_t)strtoul(place, NULL, 10);
    session->client = gearman_client_create(NULL);
    check(gearman_client_add_server(session->client, HOST, session->port), "connect");
    check(gearman_client_echo(session->client, "x", 1), "connect");
    return session;
}

void peer_many(struct session *session, size_t count)
{
    gearman_return_t code;
    for (; count > 0; count--) {
        (void)gearman_client_add_task_background(session->client, NULL, NULL, NAME, NULL, PAYLOAD,
                                                 sizeof PAYLOAD - 1, &code);
        check(code, "add a task");
    }
    check(gearman_client_run_tasks(session->client), "run tasks");
    gearman_client_task_free_all(session->client);
}

void peer_one(struct session *session)
{
    char handle[GEARMAN_JOB_HANDLE_SIZE];
    check(gearman_client_do_background(session->client, NAME, NULL, PAYLOAD, sizeof PAYLOAD - 1,
                                       handle),
          "add a job");
}

static gearman_return_t run_job(gearman_job_st *job, void *arg)
{
    void (**run)(void) = arg;
    (void)job;
    (*run)();
    return GEARMAN_SUCCESS;
}

static void start_worker(struct session *session, void (**run)(void))
{
    session->worker = gearman_worker_create(NULL);
    gearman_worker_add_options(session->worker, GEARMAN_WORKER_GRAB_UNIQ);
    check(gearman_worker_add_server(session->worker, HOST, session->port), "connect");
    check(gearman_worker_define_function(session->worker, NAME, sizeof NAME - 1,
                                         gearman_function_create(run_job), 0, run),
          "register");
}

size_t peer_work(struct session *session, size_t most, void (*run)(void))
{
    static _Thread_local void (*mine)(void);
    (void)most;
    mine = run;
    if (session->worker == NULL) start_worker(session, &mine);
    check(gearman_worker_work(session->worker), "work");
    return 1;
}
