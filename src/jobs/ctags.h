/* Symbols of source texts, by Universal Ctags as a child.
 *
 * The child never sees the tree: it is started with no options but ours, no environment but PATH,
 * closes the door behind it (its sandbox allows nothing but reading and writing what is open), and
 * is given each text through its standard input under a made-up name. A text on which it dies, is
 * silent for too long or talks too much has no symbols, and the next one gets a new child; one that
 * keeps dying is given up.
 *
 * One thread; blocks. */
#ifndef MH_CTAGS_H
#define MH_CTAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/spawn.h"
#include "jobs/language.h"

#define MH_SYMBOLS_MAX 20000 /* of a text; those behind are not kept */
#define MH_SYMBOL_NAME 500   /* bytes; a longer one is not kept */

struct mh_symbol {
    const char *name;
    const char *kind; /* "function" */
    int line;
    const char *scope;     /* what it stands in, or NULL */
    const char *signature; /* or NULL */
};

struct mh_ctags {
    bool runs;
    bool missing; /* there is no such program, or it is given up: no symbols then */
    int failures; /* in a row */
    struct mh_process process;
    int to, from; /* pipes */
    struct mh_buf output;
};

void mh_ctags_init(struct mh_ctags *ctags);
void mh_ctags_stop(struct mh_ctags *ctags);

/* Symbols of a text, in an array of `arena`, in the order of their lines. None, and 0, where the
 * language is not known to it. MH_EIO, with what is to be reported: none for this text, but the
 * next one may be tried. MH_ENOMEM. */
int mh_ctags_read(struct mh_ctags *ctags, const struct mh_language *language, const char *text,
                  size_t len, struct mh_arena *arena, const struct mh_symbol **ret_symbols,
                  size_t *ret_count, struct mh_err *err) MH_MUST_CHECK;

/* One line of its output: 1 and the symbol, 0: it is none, 2: it was the last of this text, or
 * MH_ENOMEM. */
int mh_ctags_parse(const char *line, size_t len, struct mh_arena *arena,
                   struct mh_symbol *ret_symbol) MH_MUST_CHECK;

#endif
