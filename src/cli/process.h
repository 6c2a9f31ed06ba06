/* What the commands that run until they are told to stop have in common: the signals that tell
 * them, the service manager that is told in turn, and the store that may have to be waited for.
 *
 *     process.stop = on_signal;
 *     r = mh_process_begin(&process, cli, err);
 *     r = mh_process_store(&process, err);
 *     ... start what works or serves ...
 *     r = mh_process_run(&process);     until mh_process_end
 *     ... free that ...
 *     mh_process_close(&process);       also after an error
 *
 * SIGTERM, SIGINT and SIGHUP call `stop`, each of them. One that comes before mh_process_run ends
 * the program at once with MH_EXIT_OK: the store is being opened, which may have to wait for
 * others, and nothing is in hand yet. */
#ifndef MH_PROCESS_H
#define MH_PROCESS_H

#include <stdbool.h>
#include <uv.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/service.h"

struct mh_cli;
struct mh_timer;

struct mh_process {
    void (*stop)(void *arg); /* a signal came, the first or another */
    void *arg;

    /* The rest belongs to the functions below; zeroed at first. */
    struct mh_cli *cli;
    uv_signal_t signals[3]; /* TERM, INT, HUP */
    bool begun;
    bool running;
    bool ended;
    bool clean;
    struct mh_service service;
    struct mh_timer *alive; /* for the service manager's watchdog */
};

/* Begins the loop of cli->sync, watches the signals and greets the service manager; where there is
 * something wrong with that one, it is said, and the process goes on. */
int mh_process_begin(struct mh_process *process, struct mh_cli *cli,
                     struct mh_err *err) MH_MUST_CHECK;

/* mh_cli_store, and a line in the log about what was opened. */
int mh_process_store(struct mh_process *process, struct mh_err *err) MH_MUST_CHECK;

/* Tells the service manager that all is ready and turns the loop until mh_process_end. Returns
 * MH_EXIT_OK, or MH_EXIT_FAILED where the end was not clean. */
int mh_process_run(struct mh_process *process);

/* Ends mh_process_run; `clean`: nothing was given up. Of two calls the last one counts. */
void mh_process_end(struct mh_process *process, bool clean);

/* Closes the store and the loop as well, hence what they point to goes after this and what needs
 * them before it. Accepts a process that never began. */
void mh_process_close(struct mh_process *process);

#endif
