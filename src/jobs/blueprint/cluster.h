/* From files to modules: folders, and what there is too much or too little of put together.
 *
 * A folder is one module with all that is below it; one with a huge part of the code is split into
 * the folders in it and its own files, and many files of one folder by how their names begin. Small
 * ones are then part of the folder above, but for those at the top. While there are too many, the
 * smallest goes to the one with which it shares most imports for its size, or to the one whose path
 * is most like its own. Below the top a folder of data alone is part of the one above. What is
 * small and what is huge depends on how many files of code there are.
 *
 * The same source gives the same modules. One thread. */
#ifndef MH_CLUSTER_H
#define MH_CLUSTER_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "jobs/blueprint/source.h"

#define MH_CLUSTER_MODULES 40

struct mh_cluster {
    const char *name;           /* the path of its folder, or of the largest; "." is the root */
    const char *const *folders; /* all of them that became part of it, by name */
    size_t folder_count;
};

/* `ret_module_of` gets a number for each file of the source. In `arena`; by name. MH_ENOMEM. */
int mh_cluster(const struct mh_source *source, struct mh_arena *arena,
               const struct mh_cluster **ret_clusters, size_t *ret_count,
               const uint32_t **ret_module_of) MH_MUST_CHECK;

#endif
