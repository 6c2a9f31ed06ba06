/* Which file of the tree an import means, as far as names tell.
 *
 * Every language is given the places in which it commonly looks: beside the file, the root, src and
 * include, the folders above. Settings of compilers and bundlers are not read, but for the module
 * lines of go.mod. A Go package and a folder with an index are one file of theirs. What is not in
 * the tree (a library, a header of the system) is not resolved.
 *
 * The answer depends on the paths of the tree and on go.mod alone, so an import of a file that has
 * not changed may change its answer when others come and go. Borrows the tree. Thread-safe once
 * made. */
#ifndef MH_RESOLVE_H
#define MH_RESOLVE_H

#include <stddef.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/err.h"
#include "jobs/language.h"
#include "jobs/tree.h"

struct mh_resolver;

/* In `arena`. Reads the tree's go.mod files. MH_ENOMEM. */
int mh_resolver_new(struct mh_arena *arena, const struct mh_tree *tree,
                    struct mh_resolver **ret_resolver, struct mh_err *err) MH_MUST_CHECK;

/* The path of the file that `target` means in the file `from`, or NULL; the tree's. */
const char *mh_resolve(const struct mh_resolver *resolver, const char *from,
                       enum mh_import_style style, const char *target);

#endif
