/* A folder for what a job puts down while it runs, and for nobody else to look into.
 *
 * It is made, with mode 0700, in millhand-UID in the folder for temporary files: TMPDIR, else
 * XDG_RUNTIME_DIR (which is often memory), else /tmp. Beside it lies a lock that is held for as
 * long as the process lives: so whoever comes next finds what a killed one has left behind, and
 * removes it, without ever touching what is in use.
 *
 * One thread. */
#ifndef MH_WORKDIR_H
#define MH_WORKDIR_H

#include <limits.h>

#include "base/compiler.h"
#include "base/err.h"

#define MH_WORKDIR_VARIABLES "TMPDIR XDG_RUNTIME_DIR"

struct mh_workdir {
    int parent; /* the folder that it is in; zeroed or -1: there is none */
    int lock;
    char name[64];
    char path[PATH_MAX];
};

/* MH_EPERM: the folder above belongs to somebody else, or others may write to it. MH_EIO. */
int mh_workdir_make(struct mh_workdir *dir, struct mh_err *err) MH_MUST_CHECK;

/* Removes it with all that is in it; a zeroed one is left alone. Negative: something is left. */
int mh_workdir_remove(struct mh_workdir *dir, struct mh_err *err) MH_MUST_CHECK;

/* Removes what processes that are gone have left. How many folders, or negative. */
int mh_workdir_sweep(struct mh_err *err) MH_MUST_CHECK;

/* Removes `name` in the folder `parent` with all that is in it, following no symbolic link. */
int mh_remove_tree(int parent, const char *name, struct mh_err *err) MH_MUST_CHECK;

#endif
