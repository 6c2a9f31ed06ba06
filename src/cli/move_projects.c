/* Projects and credentials are there at both ends after a move: jobs that stay need them, too. A
 * credential goes as it is, sealed; a project without what was found in it. */
#include <string.h>

#include "cli/move.h"
#include "cli/say.h"
#include "cli/shelf.h"

/* What is at the target already stays as it is there. 1: it is there, 0: its tenant is not. */
static int settle(int code, const struct mh_err *why, struct mh_err *err)
{
    if (code == 0 || code == MH_EEXIST) return 1;
    if (code == MH_ENOENT) return 0;
    *err = *why;
    return code;
}

static int carry_credential(struct mh_moving *moving, const struct mh_credential *credential,
                            struct mh_err *err)
{
    struct mh_call call = {0};
    struct mh_err why = {0};
    int r = mh_store_credential_add(moving->to->store, credential, mh_call_done, &call, &why);
    return settle(mh_sync_await(moving->to, r, &call, &why), &why, err);
}

static int carry_project(struct mh_moving *moving, const struct mh_project *project,
                         struct mh_err *err)
{
    struct mh_call call = {0};
    struct mh_err why = {0};
    int r = mh_store_project_add(moving->to->store, project, mh_call_done, &call, &why);
    return settle(mh_sync_await(moving->to, r, &call, &why), &why, err);
}

static void say_left(const struct mh_moving *moving, const char *what, const char *name)
{
    if (moving->round == 0)
        mh_say("%s %s stays: its tenant or its credential is not at the target", what, name);
}

int mh_moving_projects(struct mh_moving *moving, struct mh_err *err)
{
    struct mh_shelf shelf;
    const struct mh_uuid *tenant = moving->tenant != NULL ? &moving->tenant->id : NULL;
    const struct mh_credential_filter sealed = {.tenant_id = tenant, .sealed = true};
    const struct mh_project_filter filter = {.tenant_id = tenant};
    mh_shelf_init(&shelf);
    int r = mh_shelf_credentials(moving->from, &sealed, &shelf, err);
    for (size_t i = 0; r >= 0 && i < shelf.count; i++) {
        r = carry_credential(moving, &shelf.credentials[i], err);
        if (r == 0) say_left(moving, "credential", shelf.credentials[i].name);
    }
    if (r >= 0) r = mh_shelf_projects(moving->from, &filter, &shelf, err);
    for (size_t i = 0; r >= 0 && i < shelf.count; i++) {
        r = carry_project(moving, &shelf.projects[i], err);
        if (r == 0) say_left(moving, "project", shelf.projects[i].name);
    }
    mh_shelf_release(&shelf);
    return r < 0 ? r : 0;
}
