/* git, run for a project as jobs/git.h promises: its environment, its token, its address, and what
 * it says when it fails. Only git.c needs this.
 *
 *     mh_gitrun_open → mh_gitrun … → mh_gitrun_keep_in → mh_gitrun … → mh_gitrun_forget */
#ifndef MH_GITRUN_H
#define MH_GITRUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "jobs/git.h"
#include "jobs/githost.h"
#include "jobs/jobs.h"
#include "queue/giturl.h"
#include "store/project.h"

#define MH_GITRUN_ENV 40

struct mh_git {
    struct mh_job_context *job;
    const struct mh_project *project;
    struct mh_git_limits limits;
    struct mh_giturl url;
    const char *folder, *tree; /* tree: in the folder, where it is checked out */
    const char *env[MH_GITRUN_ENV + 1];
    size_t env_count, protocol_at;
    const char *protocol;   /* of the environment, at protocol_at while git may go out */
    struct mh_githost host; /* without an address: git finds it by itself */
    const char *resolve;    /* … and what it is told of it over https; NULL: nothing */
    char *token;            /* in the arena, MH_TOKEN_MAX and more; NULL: none */
    size_t token_size;
    char *token_entry; /* of the environment, with the token in it; NULL: none */
    int64_t deadline_us;
    struct mh_buf *output; /* of what is read whole */
    int input;             /* of the git that is run next; 0: none */
    char size[32];         /* of the blob that is being read */
    bool lacks_blobs;      /* the server left them out */
    int64_t tree_bytes, tree_files;
};

/* Of the job, the project and the folder makes the environment, and opens the project's credential.
 * Codes as mh_git_clone's. */
int mh_gitrun_open(struct mh_git *git, struct mh_err *err) MH_MUST_CHECK;

/* Runs git with what is always set and then `args`, which NULL ends; `output` and `tick` as in
 * jobs/program.h, with `git` as their argument. */
int mh_gitrun(struct mh_git *git, const char *const *args,
              int (*output)(void *, const char *, size_t, struct mh_err *),
              int (*tick)(void *, struct mh_err *), struct mh_err *err) MH_MUST_CHECK;

/* While it is kept in git reaches nothing, and fetches nothing that it misses by itself: also one
 * that does not know GIT_NO_LAZY_FETCH. */
void mh_gitrun_keep_in(struct mh_git *git);
void mh_gitrun_let_out(struct mh_git *git);

/* Wipes the token; no git has it from then on. */
void mh_gitrun_forget(struct mh_git *git);

/* The three in one, in `arena`; NULL: out of memory. */
char *mh_gitrun_join(struct mh_arena *arena, const char *a, const char *b, const char *c);

#endif
