#include "base/spawn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ENV                                                                                        \
    (const char *const[])                                                                          \
    {                                                                                              \
        "A=1", NULL                                                                                \
    }
#define SH(...) ((const char *const[]){"sh", "-c", __VA_ARGS__, NULL})

static const char *folder; /* for programs made by a test */

static int count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    int count = 0;
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static const char *in_folder(const char *name)
{
    static char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static const char *make_file(const char *name, const char *text, mode_t mode)
{
    const char *path = in_folder(name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

/* Reads until the last writer is gone; a writer that stays is a failure. */
static void read_all(int fd, char *ret_text, size_t size)
{
    size_t len = 0;
    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&ready, 1, 10000), 1);
        ssize_t n = read(fd, ret_text + len, size - 1 - len);
        assert_true(n >= 0);
        if (n == 0) break;
        len += (size_t)n;
        assert_true(len < size - 1);
    }
    ret_text[len] = '\0';
}

static void wait_end(const struct mh_process *process)
{
    struct pollfd ended = {.fd = process->pidfd, .events = POLLIN};
    assert_int_equal(poll(&ended, 1, 10000), 1);
}

/* Starts a child whose standard output is the pipe; the caller's end is returned. */
static int start(const char *const *argv, const char *const *env, struct mh_process *ret_process)
{
    int fds[2];
    struct mh_err err;
    assert_int_equal(mh_pipe(0, fds, &err), 0);
    struct mh_spawn spawn = {.argv = argv, .env = env, .fds = {-1, fds[1], -1, -1}};
    if (mh_spawn(&spawn, ret_process, &err) < 0) fail_msg("%s", err.text);
    close(fds[1]);
    return fds[0];
}

static int reap(struct mh_process *process)
{
    int status;
    wait_end(process);
    assert_int_equal(mh_process_reap(process, &status, NULL), 0);
    close(process->pidfd);
    return status;
}

/* What the child writes, after it has ended with status 0. */
static const char *output(const char *const *argv, const char *const *env)
{
    static char text[8192];
    struct mh_process process;
    int fd = start(argv, env, &process);
    read_all(fd, text, sizeof(text));
    close(fd);
    assert_int_equal(reap(&process), 0);
    return text;
}

static const char *failure(const char *program, const char *const *env)
{
    static struct mh_err err;
    struct mh_process process;
    struct mh_spawn spawn = {
        .argv = (const char *const[]){program, NULL}, .env = env, .fds = {-1, -1, -1, -1}};
    int before = count_fds();
    assert_int_equal(mh_spawn(&spawn, &process, &err), MH_EIO);
    assert_int_equal(count_fds(), before);
    return err.text;
}

static void a_child_gets_exactly_the_environment_given(void **state)
{
    (void)state;
    assert_string_equal(output((const char *const[]){"env", NULL},
                               (const char *const[]){"PATH=/usr/bin", "B=two words", NULL}),
                        "PATH=/usr/bin\nB=two words\n");
}

static void a_child_gets_its_arguments(void **state)
{
    (void)state;
    assert_string_equal(output(SH("echo \"$1|$2\"", "sh", "a b", ""), ENV), "a b|\n");
}

static void a_program_is_looked_up_in_the_childs_path(void **state)
{
    (void)state;
    char path[600];
    (void)make_file("greet", "#!/bin/sh\necho hello\n", 0755);
    (void)snprintf(path, sizeof(path), "PATH=/nowhere:%s", folder);
    assert_string_equal(
        output((const char *const[]){"greet", NULL}, (const char *const[]){path, NULL}), "hello\n");
    assert_string_equal(failure("greet", (const char *const[]){"PATH=/nowhere:/bin", NULL}),
                        "unable to run greet: not found in PATH (/nowhere:/bin)");
}

static void what_cannot_run_is_an_error_with_its_mend(void **state)
{
    (void)state;
    const char *text = failure(make_file("plain", "echo x\n", 0755), ENV);
    assert_non_null(strstr(text, "unable to run /"));
    assert_non_null(strstr(text, "Exec format error; does it begin with #!"));
    text = failure(make_file("locked", "#!/bin/sh\n", 0644), ENV);
    assert_non_null(strstr(text, "Permission denied; is it executable (chmod +x)?"));
    text = failure(make_file("dos", "#!/bin/sh\r\necho\r\n", 0755), ENV);
    assert_non_null(strstr(text, "; does the interpreter of its #! line exist?"));
    text = failure("/nowhere/at/all", ENV);
    assert_string_equal(text, "unable to run /nowhere/at/all: No such file or directory");
    assert_non_null(strstr(failure("/", ENV), "Permission denied"));
}

static void a_file_in_path_that_may_not_run_is_told_from_none(void **state)
{
    (void)state;
    char path[600];
    (void)make_file("locked", "#!/bin/sh\n", 0644);
    (void)snprintf(path, sizeof(path), "PATH=%s", folder);
    assert_string_equal(failure("locked", (const char *const[]){path, NULL}),
                        "unable to run locked: Permission denied; is it executable (chmod +x)?");
}

static void a_child_leads_its_own_session_and_group(void **state)
{
    (void)state;
    char text[64];
    struct mh_process process;
    int fd = start(SH("read x"), ENV, &process);
    assert_int_equal(getpgid(process.pid), process.pid);
    assert_int_equal(getsid(process.pid), process.pid);
    read_all(fd, text, sizeof(text));
    close(fd);
    (void)reap(&process);
}

static void a_child_has_no_signal_blocked_or_ignored(void **state)
{
    (void)state;
    sigset_t term, before;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    assert_int_equal(sigprocmask(SIG_BLOCK, &term, &before), 0);
    void (*old)(int) = signal(SIGPIPE, SIG_IGN);
    unsigned long long blocked, ignored;
    const char *const argv[] = {"grep", "^Sig[BI]", "/proc/self/status", NULL};
    assert_int_equal(sscanf(output(argv, ENV), "SigBlk: %llx SigIgn: %llx", &blocked, &ignored), 2);
    assert_true(blocked == 0);
    assert_true((ignored & 0x7fffffff) == 0); /* 32 and 33 are glibc's own */
    (void)signal(SIGPIPE, old);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
}

static void a_child_has_no_descriptor_but_those_named(void **state)
{
    (void)state;
    int leaks[2];
    assert_int_equal(pipe(leaks), 0); /* without close-on-exec, on purpose */
    const char *script = "n=0; while [ $n -lt 64 ]; do [ -e /proc/self/fd/$n ] && echo $n; "
                         "n=$((n+1)); done; readlink /proc/$$/fd/0 /proc/$$/fd/2";
    assert_string_equal(output(SH(script), ENV), "0\n1\n2\n/dev/null\n/dev/null\n");
    close(leaks[0]);
    close(leaks[1]);
}

static void the_fourth_descriptor_reaches_the_child(void **state)
{
    (void)state;
    char text[64];
    int fds[2];
    struct mh_process process;
    assert_int_equal(mh_pipe(0, fds, NULL), 0);
    struct mh_spawn spawn = {.argv = SH("echo event >&3; [ -e /proc/self/fd/4 ] && echo leak >&3"),
                             .env = ENV,
                             .fds = {-1, -1, -1, fds[1]}};
    assert_int_equal(mh_spawn(&spawn, &process, NULL), 0);
    close(fds[1]);
    read_all(fds[0], text, sizeof(text));
    assert_string_equal(text, "event\n");
    close(fds[0]);
    (void)reap(&process);
}

/* The parent's 0 becomes the child's 1, its 3 the child's 0, and 1 is given twice. */
static void descriptors_may_overlap_those_of_the_child(void **state)
{
    (void)state;
    char text[64];
    int in[2], out[2], saved = fcntl(0, F_DUPFD_CLOEXEC, 20), at_3 = fcntl(3, F_DUPFD_CLOEXEC, 20);
    struct mh_process process;
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    int in_read = fcntl(in[0], F_DUPFD_CLOEXEC, 20), in_write = fcntl(in[1], F_DUPFD_CLOEXEC, 20);
    int out_read = fcntl(out[0], F_DUPFD_CLOEXEC, 20),
        out_write = fcntl(out[1], F_DUPFD_CLOEXEC, 20);
    for (int i = 0; i < 2; i++) {
        close(in[i]);
        close(out[i]);
    }
    assert_int_equal(dup3(out_write, 0, O_CLOEXEC), 0);
    assert_int_equal(dup3(in_read, 3, O_CLOEXEC), 3);
    struct mh_spawn spawn = {
        .argv = SH("cat; echo error >&2; echo event >&3"), .env = ENV, .fds = {3, 0, 0, out_write}};
    int r = mh_spawn(&spawn, &process, NULL);
    if (saved >= 0) (void)dup2(saved, 0);
    if (at_3 >= 0)
        (void)dup2(at_3, 3);
    else
        close(3);
    assert_int_equal(r, 0);
    assert_int_equal(write(in_write, "payload ", 8), 8);
    close(in_write);
    close(in_read);
    close(out_write);
    read_all(out_read, text, sizeof(text));
    assert_string_equal(text, "payload error\nevent\n");
    close(out_read);
    assert_int_equal(reap(&process), 0);
}

static void a_child_given_its_own_numbers_keeps_them_open(void **state)
{
    (void)state;
    struct mh_process process;
    struct mh_spawn spawn = {.argv = SH("[ -e /proc/self/fd/1 ] && [ -e /proc/self/fd/2 ]"),
                             .env = ENV,
                             .fds = {0, 1, 2, -1}};
    int flags = fcntl(1, F_GETFD);
    assert_int_equal(fcntl(1, F_SETFD, FD_CLOEXEC), 0);
    assert_int_equal(mh_spawn(&spawn, &process, NULL), 0);
    assert_int_equal(fcntl(1, F_SETFD, flags), 0);
    assert_int_equal(reap(&process), 0);
}

static void the_wait_status_tells_exits_from_signals(void **state)
{
    (void)state;
    struct mh_process process;
    close(start(SH("exit 7"), ENV, &process));
    int status = reap(&process);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    close(start(SH("kill -SEGV $$"), ENV, &process));
    status = reap(&process);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
}

static void a_signal_reaches_the_whole_group(void **state)
{
    (void)state;
    char text[64];
    struct mh_process process;
    int fd = start(SH("sh -c 'echo ready; exec sleep 1000' & wait"), ENV, &process);
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, 10000), 1);
    mh_process_signal(&process, SIGTERM);
    read_all(fd, text, sizeof(text)); /* ends only when both are gone */
    close(fd);
    int status = reap(&process);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
}

static void what_is_left_of_the_group_can_still_be_killed(void **state)
{
    (void)state;
    char text[64];
    struct mh_process process;
    int fd = start(SH("trap '' TERM; sleep 1000 & exit 3"), ENV, &process);
    wait_end(&process);
    mh_process_signal(&process, SIGTERM); /* what is left ignores it */
    int status = reap(&process);
    assert_int_equal(WEXITSTATUS(status), 3);
    assert_true(mh_process_group_lives(&process));
    mh_process_signal(&process, SIGKILL);
    read_all(fd, text, sizeof(text)); /* ends when the last of them has gone */
    close(fd);
}

static void a_group_without_processes_does_not_live(void **state)
{
    (void)state;
    struct mh_process process;
    struct mh_spawn spawn = {.argv = SH("true"), .env = ENV, .fds = {0, 1, 2, -1}};
    assert_int_equal(mh_spawn(&spawn, &process, NULL), 0);
    assert_true(mh_process_ends(&process, 10000));
    assert_true(mh_process_group_lives(&process)); /* its first is not collected yet */
    (void)reap(&process);
    assert_false(mh_process_group_lives(&process));
}

/* The child of a process that is killed, told by the pipe that only it holds open. */
static void a_child_ends_with_its_parent_however_that_ends(void **state)
{
    (void)state;
    int fds[2];
    char nothing;
    assert_int_equal(mh_pipe(0, fds, NULL), 0);
    pid_t parent = fork();
    if (parent == 0) {
        struct mh_process process;
        struct mh_spawn spawn = {.argv = SH("trap '' TERM HUP; exec sleep 1000"),
                                 .env = ENV,
                                 .fds = {-1, fds[1], -1, -1}};
        if (mh_spawn(&spawn, &process, NULL) == 0) (void)raise(SIGKILL);
        _exit(1);
    }
    close(fds[1]);
    int status;
    assert_int_equal(waitpid(parent, &status, 0), parent);
    assert_int_equal(WTERMSIG(status), SIGKILL);
    struct pollfd end = {.fd = fds[0], .events = POLLIN};
    assert_int_equal(poll(&end, 1, 10000), 1);
    assert_int_equal(read(fds[0], &nothing, 1), 0);
    close(fds[0]);
}

static void reaping_a_stranger_is_an_error(void **state)
{
    (void)state;
    struct mh_err err;
    int status;
    struct mh_process process = {.pid = 1 << 30, .pidfd = -1};
    assert_int_equal(mh_process_reap(&process, &status, &err), MH_EIO);
    assert_non_null(strstr(err.text, "unable to collect process"));
}

static void spawning_leaves_only_the_pidfd_open(void **state)
{
    (void)state;
    int before = count_fds();
    struct mh_process process;
    struct mh_spawn spawn = {.argv = SH("true"), .env = ENV, .fds = {0, 1, 2, -1}};
    assert_int_equal(mh_spawn(&spawn, &process, NULL), 0);
    assert_int_equal(count_fds(), before + 1);
    assert_true(fcntl(process.pidfd, F_GETFD) & FD_CLOEXEC);
    (void)reap(&process);
    assert_int_equal(count_fds(), before);
}

/* As the system call filters of older container engines do. */
static int refuse_pidfd_open(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pidfd_open, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = MH_LEN(code), .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void run_without_pidfds(void)
{
    struct mh_process process;
    struct mh_spawn spawn = {.argv = SH("exit 5"), .env = ENV, .fds = {-1, -1, -1, -1}};
    int status = 0, before = count_fds();
    if (refuse_pidfd_open() < 0 || mh_spawn(&spawn, &process, NULL) < 0) _exit(1);
    struct pollfd ended = {.fd = process.pidfd, .events = POLLIN};
    if (poll(&ended, 1, 10000) != 1) _exit(2);
    if (mh_process_reap(&process, &status, NULL) < 0 || WEXITSTATUS(status) != 5) _exit(3);
    close(process.pidfd);
    _exit(count_fds() <= before + 1 ? 0 : 4); /* the thread may be about to close its own */
}

static void a_child_is_watched_also_where_there_are_no_pidfds(void **state)
{
    (void)state;
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) run_without_pidfds();
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_pipe_does_not_block_its_parent_end(void **state)
{
    (void)state;
    for (int parent_end = 0; parent_end < 2; parent_end++) {
        int fds[2];
        assert_int_equal(mh_pipe(parent_end, fds, NULL), 0);
        for (int i = 0; i < 2; i++) {
            assert_int_equal((fcntl(fds[i], F_GETFL) & O_NONBLOCK) != 0, i == parent_end);
            assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
            close(fds[i]);
        }
    }
}

static int make_folder(void **state)
{
    static char name[] = "/tmp/millhand-test-spawn-XXXXXX";
    (void)state;
    folder = mkdtemp(name);
    return folder ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const made[] = {"greet", "plain", "locked", "dos"};
    for (size_t i = 0; i < MH_LEN(made); i++)
        (void)unlink(in_folder(made[i]));
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_gets_exactly_the_environment_given),
        cmocka_unit_test(a_child_gets_its_arguments),
        cmocka_unit_test(a_program_is_looked_up_in_the_childs_path),
        cmocka_unit_test(what_cannot_run_is_an_error_with_its_mend),
        cmocka_unit_test(a_file_in_path_that_may_not_run_is_told_from_none),
        cmocka_unit_test(a_child_leads_its_own_session_and_group),
        cmocka_unit_test(a_child_has_no_signal_blocked_or_ignored),
        cmocka_unit_test(a_child_has_no_descriptor_but_those_named),
        cmocka_unit_test(the_fourth_descriptor_reaches_the_child),
        cmocka_unit_test(descriptors_may_overlap_those_of_the_child),
        cmocka_unit_test(a_child_given_its_own_numbers_keeps_them_open),
        cmocka_unit_test(the_wait_status_tells_exits_from_signals),
        cmocka_unit_test(a_signal_reaches_the_whole_group),
        cmocka_unit_test(what_is_left_of_the_group_can_still_be_killed),
        cmocka_unit_test(a_group_without_processes_does_not_live),
        cmocka_unit_test(a_child_ends_with_its_parent_however_that_ends),
        cmocka_unit_test(reaping_a_stranger_is_an_error),
        cmocka_unit_test(spawning_leaves_only_the_pidfd_open),
        cmocka_unit_test(a_child_is_watched_also_where_there_are_no_pidfds),
        cmocka_unit_test(a_pipe_does_not_block_its_parent_end),
    };
    return cmocka_run_group_tests_name("spawn", tests, make_folder, remove_folder);
}
