/* What a text says of itself, in one line: the purpose that somebody wrote down.
 *
 * Of source code it is the beginning of the first comment before any code that is neither a licence
 * nor an order to a program; of prose (Markdown, plain text) the first paragraph that says what
 * something in a title is ("Gin is a …"), else the first one. Nothing is parsed: a comment is known
 * by how it begins. Thread-safe. */
#ifndef MH_EXCERPT_H
#define MH_EXCERPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/compiler.h"

#define MH_EXCERPT_MAX 240 /* bytes; a longer one ends with a sentence, or else with "…" */

/* In `arena`; *ret_text is NULL where there is none. MH_ENOMEM. */
int mh_excerpt_comment(struct mh_arena *arena, const char *text, size_t len,
                       const char **ret_text) MH_MUST_CHECK;
int mh_excerpt_prose(struct mh_arena *arena, const char *text, size_t len,
                     const char **ret_text) MH_MUST_CHECK;

/* Whether the file at this path is prose, by its name. */
bool mh_excerpt_is_prose(const char *path);
bool mh_excerpt_is_readme(const char *path);

#endif
