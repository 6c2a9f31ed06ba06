/* Projects and credentials of a store, kept past the reply that brought them. */
#ifndef MH_SHELF_H
#define MH_SHELF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/err.h"
#include "store/project.h"
#include "store/sync.h"

struct mh_cli;

struct mh_shelf {
    struct mh_arena arena;
    struct mh_credential *credentials;
    struct mh_project *projects;
    size_t count; /* of what was asked for last */
    bool failed;  /* out of memory */
};

void mh_shelf_init(struct mh_shelf *shelf);
void mh_shelf_release(struct mh_shelf *shelf);

int mh_shelf_credentials(struct mh_sync *sync, const struct mh_credential_filter *filter,
                         struct mh_shelf *shelf, struct mh_err *err) MH_MUST_CHECK;
int mh_shelf_projects(struct mh_sync *sync, const struct mh_project_filter *filter,
                      struct mh_shelf *shelf, struct mh_err *err) MH_MUST_CHECK;

/* The one project that `word` names, by name or id, of the tenant that people name `tenant` (NULL:
 * the default one), as shelf->projects[0]; opens the store. MH_ENOENT: there is none. */
int mh_shelf_project(struct mh_cli *cli, const char *tenant, const char *word,
                     struct mh_shelf *shelf, struct mh_err *err) MH_MUST_CHECK;

#endif
