/* From files to modules: folders, clustered by what they depend on.
 *
 * A folder is one module with all that is below it; one that is huge is split into the folders in
 * it and its own files, and many files of one folder by how their names begin. Then small ones go
 * to the one with which they share most imports, and, while there are too many, the smallest go on
 * so, or to the one whose path is most like theirs. A folder of data alone is part of the one
 * above. What is small and what is huge depends on the
 * size of the whole.
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
    const char *name;           /* the path of the folder with most of its files; "." is the root */
    const char *const *folders; /* all of them that became part of it, by name */
    size_t folder_count;
};

/* `ret_module_of` gets a number for each file of the source. In `arena`; by name. MH_ENOMEM. */
int mh_cluster(const struct mh_source *source, struct mh_arena *arena,
               const struct mh_cluster **ret_clusters, size_t *ret_count,
               const uint32_t **ret_module_of) MH_MUST_CHECK;

#endif
