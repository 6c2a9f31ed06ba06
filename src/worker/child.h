/* A child process on the loop: its pipes read and written without blocking, its end told once.
 *
 * Calling order: mh_child_start; mh_child_write and mh_child_close_input as wanted; callbacks come;
 * `ended` is the last of them and comes exactly once, after what the child still had in its pipes
 * was given. Then mh_child_free, also from inside `ended`. No callback runs before mh_child_start
 * has returned. What the child leaves behind in its process group is killed when it ends. One
 * thread: the loop's. */
#ifndef MH_CHILD_H
#define MH_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/compiler.h"
#include "base/err.h"

#define MH_CHILD_LINE_MAX                                                                          \
    8192 /* bytes of a line on standard error or the event pipe; longer ones are cut */

struct mh_child;

struct mh_child_events {
    /* Standard output, as it comes; no bytes: it was closed while the child lives. */
    void (*output)(void *arg, const char *bytes, size_t len);
    void (*log)(void *arg, const char *line, size_t len); /* a line of standard error */
    void (*event)(void *arg, const char *line,
                  size_t len); /* a line of the event pipe; NULL: there is no such pipe */
    void (*ended)(void *arg, int wait_status);
};

struct mh_child_options {
    const char *const *argv;
    const char *const *env;
    size_t input_max; /* most bytes that wait to be written to its standard input */
    const struct mh_child_events *events;
    void *arg;
};

/* MH_EIO with the cause when the program cannot be executed. */
int mh_child_start(uv_loop_t *loop, const struct mh_child_options *options,
                   struct mh_child **ret_child, struct mh_err *err) MH_MUST_CHECK;

/* Queues bytes for its standard input (copies). MH_ELIMIT past input_max; MH_ENOMEM, and where a
 * part of them may have been written by then its input is closed. Bytes for a child that has closed
 * its input are dropped: it need not read. */
int mh_child_write(struct mh_child *child, const char *bytes, size_t len) MH_MUST_CHECK;

/* False once it has closed its standard input. */
bool mh_child_reads(const struct mh_child *child);

/* Closes its standard input once what was queued is written. */
void mh_child_close_input(struct mh_child *child);

/* Sends TERM to its group now and KILL after `grace_ms`; 0: KILL now. A second call can only bring
 * the end nearer. */
void mh_child_stop(struct mh_child *child, int64_t grace_ms);

/* Kills it if it still runs, without `ended`. Accepts NULL. */
void mh_child_free(struct mh_child *child);

/* "exit status 3" or "killed by signal 9 (Killed)". */
void mh_child_describe(int wait_status, char *ret_text, size_t size);

#endif
