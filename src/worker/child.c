#include "worker/child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/lines.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/spawn.h"

/* One read per turn of the loop: a child that floods a pipe gets its share and no more. */
#define READ_SIZE 65536

/* What is still read after the end, so that a grandchild that keeps a pipe full cannot hold us. */
#define LAST_READS 32

/* How often a group that was told to end is looked at once its first process has. */
#define GROUP_POLL_MS 20

/* How long a killed child is waited for when nobody wants to know its end. */
#define FREE_MS 1000

/* For one whose end could not be learned: anything but success. */
#define STATUS_UNKNOWN (255 << 8)

enum pipe_end { PIPE_IN, PIPE_OUT, PIPE_ERR, PIPE_EVENT, PIPE__COUNT };

struct child_pipe {
    int fd; /* -1: closed */
    struct mh_watch *watch;
};

struct mh_child {
    uv_loop_t *loop;
    const struct mh_child_events *events;
    void *arg;
    struct mh_process process;
    struct mh_watch *exit_watch;
    struct mh_timer *kill_timer;
    int64_t kill_at_us; /* 0: no KILL is planned */
    struct child_pipe pipes[PIPE__COUNT];
    struct mh_buf input;
    size_t written; /* of input */
    bool input_closing;
    bool reaped; /* its first process; others of its group may live */
    bool ended;
    int status;
    struct mh_lines log_lines;
    struct mh_lines event_lines;
};

static void close_fd(int *fd)
{
    if (*fd >= 0) (void)close(*fd); /* nothing was promised about what a pipe still holds */
    *fd = -1;
}

static void close_pipe(struct mh_child *child, enum pipe_end end)
{
    mh_watch_drop(child->pipes[end].watch);
    child->pipes[end].watch = NULL;
    close_fd(&child->pipes[end].fd);
}

static void forget_input(struct mh_child *child)
{
    mh_buf_reset(&child->input);
    child->written = 0;
}

static void write_input(struct mh_child *child)
{
    struct child_pipe *in = &child->pipes[PIPE_IN];
    if (in->fd < 0) return;
    while (child->input.len > child->written) {
        ssize_t n =
            write(in->fd, child->input.data + child->written, child->input.len - child->written);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) break;
        if (n < 0) { /* it closed its input: it need not read */
            forget_input(child);
            close_pipe(child, PIPE_IN);
            return;
        }
        child->written += (size_t)n;
    }
    if (child->written == child->input.len) forget_input(child);
    if (child->input.len == 0 && child->input_closing) {
        close_pipe(child, PIPE_IN);
        return;
    }
    if (in->watch != NULL) mh_watch_set(in->watch, child->input.len > 0 ? UV_WRITABLE : 0);
}

static void on_input_writable(void *arg, int events)
{
    (void)events;
    write_input(arg);
}

/* Most of what is written fits into the pipe, which is watched once something did not. After a
 * failure a part may have been written: nothing sensible can follow it. */
static int watch_input(struct mh_child *child)
{
    struct child_pipe *in = &child->pipes[PIPE_IN];
    struct mh_err err;
    if (in->fd < 0 || child->input.len == 0 || in->watch != NULL) return 0;
    int r =
        mh_watch_new(child->loop, in->fd, UV_WRITABLE, on_input_writable, child, &in->watch, &err);
    if (r == 0) return 0;
    forget_input(child);
    close_pipe(child, PIPE_IN);
    return r;
}

static void deliver(struct mh_child *child, enum pipe_end end, const char *bytes, size_t len)
{
    if (end == PIPE_OUT) child->events->output(child->arg, bytes, len);
    if (end == PIPE_ERR) mh_lines_feed(&child->log_lines, bytes, len);
    if (end == PIPE_EVENT) mh_lines_feed(&child->event_lines, bytes, len);
}

/* Reads once. False at end of file, on an error, or when nothing is there. */
static bool read_pipe(struct mh_child *child, enum pipe_end end, bool *ret_open)
{
    char bytes[READ_SIZE];
    ssize_t n;
    do {
        n = read(child->pipes[end].fd, bytes, sizeof bytes);
    } while (n < 0 && errno == EINTR);
    *ret_open = n > 0 || (n < 0 && errno == EAGAIN);
    if (n > 0) deliver(child, end, bytes, (size_t)n);
    return n > 0;
}

static void on_pipe_readable(struct mh_child *child, enum pipe_end end)
{
    bool open;
    (void)read_pipe(child, end, &open); /* only whether it is still open matters here */
    if (open) return;
    close_pipe(child, end);
    if (end == PIPE_OUT) child->events->output(child->arg, "", 0);
}

static void on_output(void *arg, int events)
{
    (void)events;
    on_pipe_readable(arg, PIPE_OUT);
}

static void on_error(void *arg, int events)
{
    (void)events;
    on_pipe_readable(arg, PIPE_ERR);
}

static void on_event(void *arg, int events)
{
    (void)events;
    on_pipe_readable(arg, PIPE_EVENT);
}

static void on_log_line(void *arg, const char *line, size_t len, bool cut)
{
    struct mh_child *child = arg;
    (void)cut;
    child->events->log(child->arg, line, len);
}

static void on_event_line(void *arg, const char *line, size_t len, bool cut)
{
    struct mh_child *child = arg;
    if (!cut) child->events->event(child->arg, line, len);
}

static void drain_pipe(struct mh_child *child, enum pipe_end end)
{
    bool open = true;
    for (int i = 0; i < LAST_READS && child->pipes[end].fd >= 0; i++)
        if (!read_pipe(child, end, &open)) break;
    close_pipe(child, end);
}

static void finish(struct mh_child *child)
{
    if (mh_process_group_lives(&child->process)) mh_process_signal(&child->process, SIGKILL);
    child->ended = true;
    mh_timer_stop(child->kill_timer);
    close_pipe(child, PIPE_IN);
    drain_pipe(child, PIPE_OUT);
    drain_pipe(child, PIPE_ERR);
    drain_pipe(child, PIPE_EVENT);
    mh_lines_end(&child->log_lines);
    mh_lines_end(&child->event_lines);
    child->events->ended(child->arg, child->status);
}

/* The group was told to end and has its time for that, also where its first process is quicker. */
static void finish_with_group(struct mh_child *child)
{
    bool lives = mh_process_group_lives(&child->process);
    if (lives && child->kill_at_us > mh_clock_mono_us())
        mh_timer_start(child->kill_timer, GROUP_POLL_MS, 0);
    else
        finish(child);
}

static void on_exit_readable(void *arg, int events)
{
    struct mh_child *child = arg;
    struct mh_err err;
    (void)events;
    mh_watch_drop(child->exit_watch);
    child->exit_watch = NULL;
    close_fd(&child->process.pidfd);
    if (mh_process_reap(&child->process, &child->status, &err) < 0) {
        mh_log(MH_LOG_ERROR, err.text, MH_FIELDS(mh_f_int("childPid", child->process.pid)));
        child->status = STATUS_UNKNOWN;
    }
    child->reaped = true;
    finish_with_group(child);
}

static void on_kill_timer(void *arg)
{
    struct mh_child *child = arg;
    if (child->reaped)
        finish_with_group(child);
    else
        mh_process_signal(&child->process, SIGKILL);
}

static int make_pipes(struct mh_child *child, bool with_events, int child_ends[MH_SPAWN_FDS],
                      struct mh_err *err)
{
    for (enum pipe_end end = PIPE_IN; end < PIPE__COUNT; end++) {
        int fds[2];
        int parent_end = end == PIPE_IN ? 1 : 0;
        if (end == PIPE_EVENT && !with_events) continue;
        int r = mh_pipe(parent_end, fds, err);
        if (r < 0) return r;
        child->pipes[end].fd = fds[parent_end];
        child_ends[end] = fds[!parent_end];
    }
    return 0;
}

static int make_watches(struct mh_child *child, struct mh_err *err)
{
    static mh_watch_fn *const on_ready[PIPE__COUNT] = {NULL, on_output, on_error, on_event};
    for (enum pipe_end end = PIPE_OUT; end < PIPE__COUNT; end++) {
        struct child_pipe *p = &child->pipes[end];
        if (p->fd < 0) continue;
        int r = mh_watch_new(child->loop, p->fd, UV_READABLE, on_ready[end], child, &p->watch, err);
        if (r < 0) return r;
    }
    int r = mh_watch_new(child->loop, child->process.pidfd, UV_READABLE, on_exit_readable, child,
                         &child->exit_watch, err);
    if (r < 0) return r;
    return mh_timer_new(child->loop, on_kill_timer, child, &child->kill_timer, err);
}

static int start(struct mh_child *child, const struct mh_child_options *options, struct mh_err *err)
{
    struct mh_spawn spawn = {options->argv, options->env, {-1, -1, -1, -1}};
    int r = make_pipes(child, options->events->event != NULL, spawn.fds, err);
    if (r == 0) r = mh_spawn(&spawn, &child->process, err);
    for (int i = 0; i < MH_SPAWN_FDS; i++)
        close_fd(&spawn.fds[i]);
    if (r < 0) return r;
    return make_watches(child, err);
}

int mh_child_start(uv_loop_t *loop, const struct mh_child_options *options,
                   struct mh_child **ret_child, struct mh_err *err)
{
    struct mh_child *child = calloc(1, sizeof *child);
    if (child == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to run %s: out of memory", options->argv[0]);
    child->loop = loop;
    child->events = options->events;
    child->arg = options->arg;
    child->process = (struct mh_process){.pid = -1, .pidfd = -1};
    for (int i = 0; i < PIPE__COUNT; i++)
        child->pipes[i].fd = -1;
    mh_buf_init(&child->input, options->input_max);
    mh_lines_init(&child->log_lines, MH_CHILD_LINE_MAX, on_log_line, child);
    mh_lines_init(&child->event_lines, MH_CHILD_LINE_MAX, on_event_line, child);

    int r = start(child, options, err);
    if (r < 0) {
        mh_child_free(child);
        return r;
    }
    *ret_child = child;
    return 0;
}

int mh_child_write(struct mh_child *child, const char *bytes, size_t len)
{
    if (child->pipes[PIPE_IN].fd < 0 || child->input_closing) return 0;
    mh_buf_consume(&child->input, child->written);
    child->written = 0;
    if (len > child->input.max - child->input.len) return MH_ELIMIT;
    mh_buf_append(&child->input, bytes, len);
    if (mh_buf_failed(&child->input)) return MH_ENOMEM;
    write_input(child);
    return watch_input(child);
}

bool mh_child_reads(const struct mh_child *child)
{
    return child->pipes[PIPE_IN].fd >= 0;
}

void mh_child_close_input(struct mh_child *child)
{
    child->input_closing = true;
    write_input(child);
}

void mh_child_stop(struct mh_child *child, int64_t grace_ms)
{
    if (child->ended) return;
    if (grace_ms <= 0) {
        child->kill_at_us = mh_clock_mono_us();
        mh_process_signal(&child->process, SIGKILL);
        return;
    }
    int64_t kill_at_us = mh_clock_mono_us() + grace_ms * 1000;
    if (child->kill_at_us == 0) mh_process_signal(&child->process, SIGTERM);
    if (child->kill_at_us != 0 && child->kill_at_us <= kill_at_us) return;
    child->kill_at_us = kill_at_us;
    mh_timer_start(child->kill_timer, grace_ms, 0);
}

/* A child that cannot be killed, since it has changed its user, is left to the system. */
static void end_unwatched(struct mh_child *child)
{
    int status;
    struct mh_err err = {0};
    mh_process_signal(&child->process, SIGKILL);
    if (child->reaped || !mh_process_ends(&child->process, FREE_MS)) return;
    if (mh_process_reap(&child->process, &status, &err) < 0)
        mh_log(MH_LOG_ERROR, err.text, MH_FIELDS(mh_f_int("childPid", child->process.pid)));
}

void mh_child_free(struct mh_child *child)
{
    if (child == NULL) return;
    mh_watch_drop(child->exit_watch);
    mh_timer_drop(child->kill_timer);
    if (!child->ended && child->process.pid > 0) end_unwatched(child);
    close_fd(&child->process.pidfd);
    for (enum pipe_end end = PIPE_IN; end < PIPE__COUNT; end++)
        close_pipe(child, end);
    mh_buf_release(&child->input);
    mh_lines_release(&child->log_lines);
    mh_lines_release(&child->event_lines);
    free(child);
}

void mh_child_describe(int wait_status, char *ret_text, size_t size)
{
    if (WIFSIGNALED(wait_status))
        (void)snprintf(ret_text, size, "killed by signal %d (%s)", WTERMSIG(wait_status),
                       strsignal(WTERMSIG(wait_status)));
    else
        (void)snprintf(ret_text, size, "exit status %d", WEXITSTATUS(wait_status));
}
