/* Child processes: started with vfork, watched by a pidfd, killed with their whole group.
 *
 * A child gets its own session and process group (unless it joins ours), an empty signal mask with
 * default dispositions, exactly the environment given, and no descriptor but those named. An exec
 * that fails is an error of mh_spawn, not an exit status to guess at. libuv's own spawn is not
 * used: it forks, and copies the page tables of a large parent.
 *
 * A child is killed by the kernel when the thread that started it ends, and so with its process,
 * however that ends: start none from a thread that does not last. What the child has started goes
 * on, and so does a program that changes its user (set-user-id).
 *
 * Calling order: mh_spawn; watch process.pidfd for reading; when readable mh_process_reap, once.
 * mh_process_signal in between. The pidfd is the caller's to close, after its watch is dropped:
 * mh_process_reap does not close it. */
#ifndef MH_SPAWN_H
#define MH_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/err.h"

#define MH_SPAWN_FDS 4

struct mh_spawn {
    const char *const
        *argv; /* argv[0] is looked up in PATH of `env` unless it holds a slash; NULL-terminated */
    const char *const *env; /* "NAME=value", NULL-terminated */
    int fds[MH_SPAWN_FDS];  /* become 0, 1, 2 and 3 of the child; -1 leaves it closed (0 to 2: the
                               null device) */
    bool joins_group; /* stays in the group of whoever starts it, and so ends with that; what is
                         said below of its group is then of it alone */
};

struct mh_process {
    pid_t pid;
    int pidfd; /* readable once the child has ended; an eventfd where there are no pidfds */
    bool joined_group;
};

/* MH_EIO with "unable to run <argv[0]>: <cause>" when the program cannot be executed. */
int mh_spawn(const struct mh_spawn *spawn, struct mh_process *ret_process,
             struct mh_err *err) MH_MUST_CHECK;

/* Sends `sig` to the whole group; nothing when it is gone. */
void mh_process_signal(const struct mh_process *process, int sig);

/* Once the child has ended: collects it and gives its wait status. What is left of its group lives
 * on, and its id, which is the group's, is not given to a stranger before the last of them has
 * gone: so ask mh_process_group_lives at once, and signal only while that is true. */
int mh_process_reap(const struct mh_process *process, int *ret_status,
                    struct mh_err *err) MH_MUST_CHECK;

/* True while some process of the group has not ended. After the reap. */
bool mh_process_group_lives(const struct mh_process *process);

/* Waits up to `timeout_ms` for the child's end; false when it has not come. */
bool mh_process_ends(const struct mh_process *process, int timeout_ms);

/* A pipe whose ends are close-on-exec; the end named by `parent_end` (0 read, 1 write) does not
 * block. */
int mh_pipe(int parent_end, int ret_fds[2], struct mh_err *err) MH_MUST_CHECK;

#endif
