#include "base/spawn.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

static const char *path_of(const char *const *env)
{
    for (; *env; env++) {
        if (strncmp(*env, "PATH=", 5) == 0) return *env + 5;
    }
    return DEFAULT_PATH;
}

/* 0, or the errno that says why the file cannot be run. */
static int executable(const char *file)
{
    struct stat st;
    if (stat(file, &st) < 0) return errno;
    if (!S_ISREG(st.st_mode)) return EACCES;
    return access(file, X_OK) < 0 ? errno : 0;
}

static const char *mend_of(int errnum, const char *file)
{
    switch (errnum) {
    case ENOEXEC:
        return "; does it begin with #! and the path of its interpreter?";
    case EACCES:
        return "; is it executable (chmod +x)?";
    case ENOENT:
        /* The file is there and what its first line names is not. */
        return access(file, F_OK) == 0 ? "; does the interpreter of its #! line exist?" : "";
    default:
        return "";
    }
}

static int exec_error(struct mh_err *err, int errnum, const char *name, const char *file)
{
    if (errnum == ENOMEM) return mh_err_sys(err, errnum, "unable to run %s", name);
    char cause[128];
    return mh_err_set(err, MH_EIO, "unable to run %s: %s%s", name,
                      strerror_r(errnum, cause, sizeof(cause)), mend_of(errnum, file));
}

/* What execvp does, but in the child's PATH and with the cause kept. */
static int find_program(const char *name, const char *path, char ret_file[PATH_MAX],
                        struct mh_err *err)
{
    int why = ENOENT;
    for (const char *dir = path;;) {
        int len = (int)strcspn(dir, ":");
        char file[PATH_MAX];
        int n = len == 0 ? snprintf(file, sizeof(file), "./%s", name)
                         : snprintf(file, sizeof(file), "%.*s/%s", len, dir, name);
        int r = n < (int)sizeof(file) ? executable(file) : ENAMETOOLONG;
        if (r == 0) {
            memcpy(ret_file, file, (size_t)n + 1);
            return 0;
        }
        if (r != ENOENT && r != ENOTDIR) why = r;
        if (dir[len] == '\0') break;
        dir += len + 1;
    }
    if (why != ENOENT) return exec_error(err, why, name, name);
    return mh_err_set(err, MH_EIO, "unable to run %s: not found in PATH (%s)", name, path);
}

/* Descriptors 0 to 3 are targets in the child: a source among them is copied out of the way first,
 * so that no dup2 overwrites a source and none is onto itself, which would keep close-on-exec. */
static int lift_fds(const int fds[MH_SPAWN_FDS], int ret_lifted[MH_SPAWN_FDS], struct mh_err *err)
{
    for (int i = 0; i < MH_SPAWN_FDS; i++) {
        if (fds[i] < 0 || fds[i] >= MH_SPAWN_FDS) continue;
        ret_lifted[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, MH_SPAWN_FDS);
        if (ret_lifted[i] < 0)
            return mh_err_sys(err, errno, "unable to copy descriptor %d", fds[i]);
    }
    return 0;
}

/* What a child is told between vfork and exec, and the one word that it says. */
struct launch {
    const struct mh_spawn *spawn;
    const char *file;
    const int *lifted;
    pid_t parent;
    volatile int errnum;
};

static int place_fd(int source, int target)
{
    int fd = source >= 0 ? source : open("/dev/null", O_RDWR);
    if (fd < 0) return errno;
    if (fd != target && dup2(fd, target) < 0) return errno;
    if (source < 0 && fd != target) (void)close(fd); /* nothing was written */
    return 0;
}

static int place_fds(const int fds[MH_SPAWN_FDS], const int lifted[MH_SPAWN_FDS])
{
    for (int i = 0; i < MH_SPAWN_FDS; i++) {
        int source = lifted[i] >= 0 ? lifted[i] : fds[i];
        if (source < 0 && i > STDERR_FILENO) continue;
        int errnum = place_fd(source, i);
        if (errnum != 0) return errnum;
    }
    closefrom(fds[MH_SPAWN_FDS - 1] < 0 ? MH_SPAWN_FDS - 1 : MH_SPAWN_FDS);
    return 0;
}

/* No handler of ours may run in the child, which has our memory until it is another program. */
static void take_no_signals(void)
{
    const struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;
    sigemptyset(&none);
    for (int sig = 1; sig < NSIG; sig++)
        (void)sigaction(sig, &action, NULL); /* fails for KILL, STOP and those of the C library */
    (void)sigprocmask(SIG_SETMASK, &none, NULL); /* cannot fail */
}

/* A child whose parent was killed would go on with work that by then is another's. The parent may
 * have gone before the kernel was asked. */
static int end_with_parent(pid_t parent)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return errno;
    if (getppid() != parent) (void)raise(SIGKILL); /* cannot fail */
    return 0;
}

static int prepare(const struct launch *launch)
{
    if (!launch->spawn->joins_group && setsid() < 0) return errno;
    int errnum = place_fds(launch->spawn->fds, launch->lifted);
    if (errnum == 0) errnum = end_with_parent(launch->parent);
    if (errnum == 0) take_no_signals();
    return errnum;
}

/* In the child: on its parent's stack and in its memory, while the parent waits. It changes nothing
 * there but `errnum` and calls only what a signal handler might. */
static _Noreturn void become(struct launch *launch)
{
    launch->errnum = prepare(launch);
    if (launch->errnum == 0) {
        /* execve takes pointers to non-const for C's history and changes nothing. */
        (void)execve(launch->file, (char *const *)launch->spawn->argv,
                     (char *const *)launch->spawn->env);
        launch->errnum = errno;
    }
    _exit(127);
}

/* fork would copy the page tables of a large parent, and posix_spawn cannot make a child end with
 * its parent. */
static pid_t launch_child(struct launch *launch)
{
    pid_t pid = vfork();
    if (pid == 0) become(launch);
    return pid;
}

static int wait_for(pid_t pid, int *ret_status)
{
    int status;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return errno;
    }
    *ret_status = status;
    return 0;
}

/* Returns 0 or an errno. */
static int start(const struct mh_spawn *spawn, const char *file, const int lifted[MH_SPAWN_FDS],
                 pid_t *ret_pid)
{
    struct launch launch = {.spawn = spawn, .file = file, .lifted = lifted, .parent = getpid()};
    sigset_t all, before;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before); /* cannot fail, nor below */
    pid_t pid = launch_child(&launch);
    int errnum = pid < 0 ? errno : launch.errnum;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (errnum == 0) {
        *ret_pid = pid;
    } else if (pid > 0) {
        int status;
        (void)wait_for(pid, &status); /* it has said why it ended */
    }
    return errnum;
}

struct waiter {
    pid_t pid;
    int event;
};

static void *wait_and_tell(void *arg)
{
    struct waiter *waiter = arg;
    siginfo_t info;
    while (waitid(P_PID, (id_t)waiter->pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        continue;
    (void)eventfd_write(waiter->event, 1); /* the first write to an eventfd always fits */
    close(waiter->event);
    free(waiter);
    return NULL;
}

/* Returns 0 or an errno; the thread then owns `waiter`. It takes no signals: they are the loop's.
 */
static int start_waiter(struct waiter *waiter)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all;
    sigfillset(&all);
    int r = pthread_attr_init(&attributes);
    if (r != 0) return r;
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED); /* a valid state */
    r = pthread_attr_setsigmask_np(&attributes, &all);
    if (r == 0) r = pthread_create(&thread, &attributes, wait_and_tell, waiter);
    (void)pthread_attr_destroy(&attributes); /* always 0 */
    return r;
}

/* Stands in for a pidfd where a container's system call filter, or valgrind, has none: a thread
 * waits for the child and makes an eventfd readable. */
static int wait_in_thread(pid_t pid)
{
    struct waiter *waiter = malloc(sizeof(*waiter));
    int event = eventfd(0, EFD_CLOEXEC);
    int theirs = event < 0 ? -1 : fcntl(event, F_DUPFD_CLOEXEC, 0);
    int r = !waiter ? ENOMEM : errno;
    if (waiter && theirs >= 0) {
        *waiter = (struct waiter){.pid = pid, .event = theirs};
        r = start_waiter(waiter);
        if (r == 0) return event;
    }
    free(waiter);
    if (theirs >= 0) close(theirs);
    if (event >= 0) close(event);
    errno = r;
    return -1;
}

static int open_process(pid_t pid, const struct mh_spawn *spawn, struct mh_process *ret_process,
                        struct mh_err *err)
{
    int pidfd = pidfd_open(pid, 0);
    if (pidfd < 0 && (errno == ENOSYS || errno == EPERM)) pidfd = wait_in_thread(pid);
    if (pidfd < 0) {
        int errnum = errno, status;
        /* It is ours and not collected: it can be killed. */
        (void)kill(spawn->joins_group ? pid : -pid, SIGKILL);
        (void)wait_for(pid, &status); /* nobody asks any more how it ended */
        return mh_err_sys(err, errnum, "unable to watch %s", spawn->argv[0]);
    }
    *ret_process =
        (struct mh_process){.pid = pid, .pidfd = pidfd, .joined_group = spawn->joins_group};
    return 0;
}

int mh_spawn(const struct mh_spawn *spawn, struct mh_process *ret_process, struct mh_err *err)
{
    const char *name = spawn->argv[0];
    const char *file = name;
    char found[PATH_MAX];
    int lifted[MH_SPAWN_FDS] = {-1, -1, -1, -1};
    pid_t pid = -1;
    if (!strchr(name, '/')) {
        int r = find_program(name, path_of(spawn->env), found, err);
        if (r < 0) return r;
        file = found;
    }
    int r = lift_fds(spawn->fds, lifted, err);
    if (r < 0) goto out;
    int errnum = start(spawn, file, lifted, &pid);
    r = errnum == 0 ? open_process(pid, spawn, ret_process, err)
                    : exec_error(err, errnum, name, file);
out:
    for (int i = 0; i < MH_SPAWN_FDS; i++) {
        if (lifted[i] >= 0) close(lifted[i]);
    }
    return r;
}

void mh_process_signal(const struct mh_process *process, int sig)
{
    assert(process->pid > 1); /* -1 would be everybody */
    /* ESRCH: gone; EPERM: it has changed its user, nobody's to stop. */
    (void)kill(process->joined_group ? process->pid : -process->pid, sig);
}

int mh_process_reap(const struct mh_process *process, int *ret_status, struct mh_err *err)
{
    int errnum = wait_for(process->pid, ret_status);
    if (errnum != 0) return mh_err_sys(err, errnum, "unable to collect process %d", process->pid);
    return 0;
}

bool mh_process_group_lives(const struct mh_process *process)
{
    return !process->joined_group && (kill(-process->pid, 0) == 0 || errno == EPERM);
}

bool mh_process_ends(const struct mh_process *process, int timeout_ms)
{
    struct pollfd end = {.fd = process->pidfd, .events = POLLIN};
    return poll(&end, 1, timeout_ms) > 0;
}

int mh_pipe(int parent_end, int ret_fds[2], struct mh_err *err)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0) return mh_err_sys(err, errno, "unable to make a pipe");
    if (fcntl(fds[parent_end], F_SETFL, O_NONBLOCK) < 0) {
        int errnum = errno;
        close(fds[0]);
        close(fds[1]);
        return mh_err_sys(err, errnum, "unable to make a pipe that does not block");
    }
    memcpy(ret_fds, fds, sizeof(fds));
    return 0;
}
