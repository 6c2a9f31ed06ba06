/* Tenants as people name them: by UUID or by name. */
#ifndef MH_TENANTS_H
#define MH_TENANTS_H

#include "base/arena.h"
#include "base/compiler.h"
#include "base/err.h"
#include "cli/command.h"
#include "store/job.h"

/* The tenant's row, its strings in `arena`; opens the store. MH_ENOENT: there is none with
 * this id; MH_EINVAL: none with this name. */
int mh_tenant_find(struct mh_cli *cli, const char *word, struct mh_arena *arena,
                   struct mh_tenant *ret_tenant, struct mh_err *err) MH_MUST_CHECK;

/* Only the id; a UUID is taken as it is, whether there is such a tenant or not. */
int mh_tenant_id(struct mh_cli *cli, const char *word, struct mh_uuid *ret_id,
                 struct mh_err *err) MH_MUST_CHECK;

/* The same for the value of an option: where `word` is NULL the default tenant's. */
int mh_tenant_wanted(struct mh_cli *cli, const char *word, struct mh_uuid *ret_id,
                     struct mh_err *err) MH_MUST_CHECK;

/* The same for the value of an option: NULL is the default tenant; opens the store. */
int mh_tenant_wanted(struct mh_cli *cli, const char *word, struct mh_uuid *ret_id,
                     struct mh_err *err) MH_MUST_CHECK;

#endif
