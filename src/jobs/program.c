#include "jobs/program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/spawn.h"
#include "jobs/jobs.h"

#define TICK_MS  100
#define GRACE_MS 1000
#define CHUNK    65536

struct run {
    const struct mh_program *program;
    struct mh_process process;
    int out, complaints; /* our ends of its pipes; -1: closed */
    char line[MH_PROGRAM_LINE + 1];
    size_t line_len;
    bool returned; /* the last byte was \r */
    char last[MH_PROGRAM_LINE + 1];
};

static void close_fd(int *fd)
{
    if (*fd >= 0) (void)close(*fd); /* a pipe: nothing is lost */
    *fd = -1;
}

/* --- complaints */

static void hide(char *line, const char *secret)
{
    size_t len = secret != NULL ? strlen(secret) : 0;
    for (char *at = line; len > 0 && (at = strstr(at, secret)) != NULL; at += len)
        memset(at, '*', len);
}

/* A line that was cut in the middle of the secret would show half of it: what is too long is
 * dropped whole. */
static void end_line(struct run *run)
{
    bool is_whole = run->line_len <= MH_PROGRAM_LINE;
    run->line[is_whole ? run->line_len : 0] = '\0';
    run->line_len = 0;
    run->returned = false;
    hide(run->line, run->program->secret);
    if (run->line[0] == '\0') return;
    mh_job_log("%s", run->line);
    if (run->program->is_phrase != NULL && run->program->is_phrase(run->line)) return;
    memcpy(run->last, run->line, sizeof run->last);
}

static void add_byte(struct run *run, char byte)
{
    if (run->returned) run->line_len = 0;
    run->returned = false;
    if (run->line_len < MH_PROGRAM_LINE)
        run->line[run->line_len++] = byte != '\0' ? byte : ' ';
    else
        run->line_len = MH_PROGRAM_LINE + 1;
}

/* Progress is written over after a \r: only what stays counts as a line. ssh ends its lines with
 * \r\n. */
static void take_complaint(struct run *run, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == '\n')
            end_line(run);
        else if (bytes[i] == '\r')
            run->returned = true;
        else
            add_byte(run, bytes[i]);
    }
}

/* --- pipes */

static int take(struct run *run, int *fd, struct mh_err *err)
{
    char chunk[CHUNK];
    ssize_t n = read(*fd, chunk, sizeof chunk);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return 0;
    if (n <= 0) {
        close_fd(fd);
        return 0;
    }
    if (fd == &run->complaints) {
        take_complaint(run, chunk, (size_t)n);
        return 0;
    }
    return run->program->output(run->program->arg, chunk, (size_t)n, err);
}

static int look_up(struct run *run, struct mh_err *err)
{
    if (mh_job_stopping()) return mh_err_set(err, MH_ECANCELED, "the job is to end");
    if (mh_clock_mono_us() > run->program->deadline_us)
        return mh_err_set(err, MH_ETIMEOUT, "%s took too long", run->program->argv[0]);
    return run->program->tick != NULL ? run->program->tick(run->program->arg, err) : 0;
}

/* Until both pipes are closed: the program has ended, or has nothing more to say. */
static int listen_to(struct run *run, struct mh_err *err)
{
    int r = 0;
    int64_t next_us = 0;
    while (r >= 0 && (run->out >= 0 || run->complaints >= 0)) {
        struct pollfd fds[] = {{.fd = run->out, .events = POLLIN},
                               {.fd = run->complaints, .events = POLLIN}};
        (void)poll(fds, MH_LEN(fds), TICK_MS); /* EINTR: look again */
        if (fds[0].revents != 0) r = take(run, &run->out, err);
        if (r >= 0 && fds[1].revents != 0) r = take(run, &run->complaints, err);
        if (r < 0 || mh_clock_mono_us() < next_us) continue;
        r = look_up(run, err);
        next_us = mh_clock_mono_us() + TICK_MS * INT64_C(1000);
    }
    while (r >= 0 && !mh_process_ends(&run->process, TICK_MS))
        r = look_up(run, err);
    return r;
}

static int start(struct run *run, struct mh_err *err)
{
    int out[2] = {-1, -1}, complaints[2] = {-1, -1};
    int r = run->program->output != NULL ? mh_pipe(0, out, err) : 0;
    if (r == 0) r = mh_pipe(0, complaints, err);
    if (r == 0) {
        const struct mh_spawn spawn = {
            .argv = run->program->argv,
            .env = run->program->env,
            .fds = {run->program->input > 0 ? run->program->input : -1, out[1], complaints[1], -1},
            .joins_group = true};
        r = mh_spawn(&spawn, &run->process, err);
    }
    close_fd(&out[1]);
    close_fd(&complaints[1]);
    run->out = out[0];
    run->complaints = complaints[0];
    return r;
}

int mh_program_run(const struct mh_program *program, int *ret_status,
                   char ret_last[MH_PROGRAM_LINE + 1], struct mh_err *err)
{
    struct run run = {.program = program, .process = {.pidfd = -1}, .out = -1, .complaints = -1};
    struct mh_err unheard;
    int status = 0;
    int r = start(&run, err);
    if (r == 0) {
        r = listen_to(&run, err);
        if (r < 0) {
            mh_process_signal(&run.process, SIGTERM);
            if (!mh_process_ends(&run.process, GRACE_MS)) mh_process_signal(&run.process, SIGKILL);
        }
        int reaped = mh_process_reap(&run.process, &status, r < 0 ? &unheard : err);
        if (r == 0) r = reaped;
    }
    end_line(&run);
    close_fd(&run.out);
    close_fd(&run.complaints);
    close_fd(&run.process.pidfd);
    if (r < 0) return r;
    *ret_status = status;
    memcpy(ret_last, run.last, sizeof run.last);
    return 0;
}
