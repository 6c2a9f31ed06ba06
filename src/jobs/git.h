/* A project's repository, cloned by git as one that nobody trusts.
 *
 * git runs with a clean environment, no configuration but ours, no hooks, no filters, no submodules
 * and no prompt; it may use the one protocol of the project's URL; and it goes with the job, since
 * it stays in its process group. It fetches when it is told to, never by itself. What it says is
 * the job's log, without the token. A time, the bytes that are fetched, and the bytes and files
 * that are checked out are limited.
 *
 * Unless ALLOW_PRIVATE_PROJECTS or ALLOW_LOCAL_PROJECTS is set it reaches public addresses only,
 * and follows no redirection (jobs/githost.h). Where https_proxy is set, that decides what is
 * reached. ssh is the worker's user's own: its keys and settings, or those that PROJECT_SSH_CONFIG
 * names; a host whose key is not known is refused.
 *
 * What is checked out is a stranger's still: symbolic links may lead anywhere (do not follow any),
 * names hold any byte but NUL, and .git/config is not to be used by a git that is run otherwise
 * than here. */
#ifndef MH_GIT_H
#define MH_GIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "jobs/jobs.h"
#include "jobs/tree.h"
#include "store/project.h"

struct mh_git_limits {
    int64_t timeout_ms; /* here and below: 0 is the default */
    int64_t fetched_bytes;
    int64_t tree_bytes;
    int64_t tree_files;
    bool blobs_later; /* they are fetched when they are brought, where the server can do that */
};

#define MH_GIT_TIMEOUT_MS    900000
#define MH_GIT_FETCHED_BYTES (INT64_C(2) << 30)
#define MH_GIT_TREE_BYTES    (INT64_C(4) << 30)
#define MH_GIT_TREE_FILES    500000

/* What such a job is to have of settings and variables, for its row of the table. */
#define MH_GIT_SETTINGS                                                                            \
    "ALLOW_LOCAL_PROJECTS ALLOW_PRIVATE_PROJECTS PROJECT_SSH_CONFIG "                              \
    "CREDENTIAL_ENCRYPTION_KEY CREDENTIAL_ENCRYPTION_KEY_OLD"
#define MH_GIT_VARIABLES "https_proxy HTTPS_PROXY no_proxy NO_PROXY GIT_SSL_CAINFO SSH_AUTH_SOCK"

/* One clone, in the job's arena. */
struct mh_git;

/* Clones the newest commit of the project's ref into `folder`/tree, with its credential where it
 * has one; the store is opened for that. Nothing is checked out yet. `folder` is there, empty, the
 * job's own and for nobody else to look into; whatever happens, what is in it is the caller's to
 * remove. Borrows `project` and `folder` until it is closed. MH_EINVAL: a URL that may not be
 * cloned, or a credential that does not open; MH_ENOENT: no such credential, branch or repository,
 * or no commit in it; MH_EPERM: it does not let us in, or has a private address; MH_ELIMIT: too
 * large; MH_ETIMEOUT; MH_ECANCELED: the job is to end; MH_EIO: git failed otherwise. */
int mh_git_clone(struct mh_job_context *job, const struct mh_project *project,
                 const struct mh_git_limits *limits, const char *folder, struct mh_git **ret_git,
                 char ret_commit[MH_COMMIT_MAX + 1], struct mh_err *err) MH_MUST_CHECK;

/* Appends what `git ls-files -s -z` says of the clone. */
int mh_git_tracked(struct mh_git *git, struct mh_buf *list, struct mh_err *err) MH_MUST_CHECK;

/* Checks out these files, ordinary ones that it tracks, and fetches before, at once, what the
 * server has left out of the clone. Codes as above. */
int mh_git_bring(struct mh_git *git, const struct mh_tree_file *const *files, size_t count,
                 struct mh_err *err) MH_MUST_CHECK;

/* Forgets the credential. NULL is allowed. */
void mh_git_close(struct mh_git *git);

/* The newest commit of the project's ref, asked of its repository without cloning it. Codes as
 * above. */
int mh_git_newest(struct mh_job_context *job, const struct mh_project *project,
                  char ret_commit[MH_COMMIT_MAX + 1], struct mh_err *err) MH_MUST_CHECK;

#endif
