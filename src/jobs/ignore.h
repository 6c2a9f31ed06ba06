/* Patterns of .gitignore files, as git matches them.
 *
 * Each folder's file makes one set, which stands before that of the folder above: the last pattern
 * that matches decides, those of deeper folders after those of higher ones. What git does when it
 * meets an ignored folder (never looks inside, so that nothing in it can be taken back) is left to
 * the walk.
 *
 * Patterns come from strangers. Matching never backtracks further than the last star, and each step
 * is taken from a budget of the caller's, so that a tree of hostile patterns ends as an error and
 * not as an hour. Sets live in the arena given; the text is borrowed. Thread-safe. */
#ifndef MH_IGNORE_H
#define MH_IGNORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/err.h"

#define MH_IGNORE_PATTERNS 10000 /* of one file; those behind are not read */

struct mh_ignore;

/* Reads the text of one .gitignore. `folder_len` is the length of its folder's path with the slash
 * behind it, 0 for the root; `above` is the set that held so far, or NULL. MH_ENOMEM. */
int mh_ignore_parse(struct mh_arena *arena, const struct mh_ignore *above, size_t folder_len,
                    const char *text, size_t len, const struct mh_ignore **ret_set,
                    struct mh_err *err) MH_MUST_CHECK;

enum mh_path_kind { MH_PATH_FILE, MH_PATH_FOLDER };

/* True where the path (from the root, without slashes at its ends) is ignored, given that no folder
 * above it is. Takes the steps it went from *budget; once that is below 0 the answer means nothing.
 * `set` may be NULL. */
bool mh_ignore_matches(const struct mh_ignore *set, const char *path, enum mh_path_kind kind,
                       int64_t *budget);

#endif
