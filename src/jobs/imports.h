/* What a file says it needs: includes, imports, modules, sourced scripts.
 *
 * Found by looking at statements where a language has them, once comments are taken away, and not
 * by parsing: what a program works out while it runs is not found. What each needs is kept in its
 * language's words ("jobs/tree.h", "<stdio.h>", "pkg/sub", ".sibling.name", "mod tree"); which file
 * that is says jobs/resolve.h. Thread-safe. */
#ifndef MH_IMPORTS_H
#define MH_IMPORTS_H

#include <stddef.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/err.h"
#include "jobs/language.h"

#define MH_IMPORTS_MAX 2000 /* of a file; those behind are not kept */
#define MH_IMPORT_MAX  500  /* bytes of one; a longer one is not kept */

struct mh_import {
    const char *target; /* in `arena` */
    int line;           /* from 1 */
};

/* All of a text, in its order, in an array of `arena`. MH_ENOMEM. */
int mh_imports_find(const struct mh_language *language, struct mh_arena *arena, const char *text,
                    size_t len, const struct mh_import **ret_imports,
                    size_t *ret_count) MH_MUST_CHECK;

#endif
