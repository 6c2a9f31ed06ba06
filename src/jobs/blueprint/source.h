/* What a blueprint is made from: the files of a project, their symbols, which of them import which,
 * and what their texts say.
 *
 *     mh_source_init → mh_source_add_file, in the order of their paths
 *     → mh_source_add_symbol, mh_source_add_import, in any order → mh_source_link
 *     → mh_source_read_text, at most once for each file
 *
 * How much a symbol is depended on is told by texts: it is *used* by a file in which its name
 * stands as a word, where that file imports the symbol's file or, of a name that is no plain word,
 * another one of its folder. Where nothing is imported a name has to be the only one of its kind.
 *
 * Everything is copied into the arena given at init. Negative codes: MH_ENOMEM, MH_ELIMIT. The same
 * files give the same source, in whatever order symbols and imports came. One thread. */
#ifndef MH_SOURCE_H
#define MH_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"

#define MH_SOURCE_FILES_MAX   200000
#define MH_SOURCE_SYMBOLS_MAX 4000000
#define MH_SOURCE_IMPORTS_MAX 8000000
#define MH_SOURCE_OF_FILE     200 /* symbols of one file that are kept */
#define MH_SOURCE_NONE        UINT32_MAX

/* Where a purpose was found, the weakest first. */
enum mh_purpose_from {
    MH_PURPOSE_NAMES,   /* nobody wrote it down */
    MH_PURPOSE_COMMENT, /* the first comment of a file */
    MH_PURPOSE_README,
    MH_PURPOSE_MODEL,
};

struct mh_purpose {
    const char *text; /* one line; NULL: none */
    enum mh_purpose_from from;
    uint64_t digest; /* of what a model was told; 0: none was asked */
};

/* "names", "comment", "readme", "model". */
const char *mh_purpose_from_name(enum mh_purpose_from from);

struct mh_source_symbol {
    const char *name;
    const char *kind;
    uint32_t file;
    int line;
    int lines;     /* until the next one of its file */
    uint32_t used; /* by so many other files */
    uint32_t same; /* another symbol of this name, or MH_SOURCE_NONE */
};

struct mh_source_file {
    const char *path;
    const char *language; /* or NULL */
    int64_t lines;
    struct mh_purpose purpose;
    uint32_t folder;              /* a number that files of one folder share */
    uint32_t symbols, symbol_end; /* its symbols, by line */
    uint32_t imports, import_end; /* what it imports, in `imported`, by file */
    uint32_t users, user_end;     /* who imports it, in `importing`, by file */
    uint32_t declared;            /* symbols that were added */
};

struct mh_source_edge {
    uint32_t from, to;
};

struct mh_source {
    struct mh_arena *arena; /* borrowed */
    struct mh_source_file *files;
    struct mh_source_symbol *symbols;
    struct mh_source_edge *edges; /* by `from`, then `to` */
    size_t file_count, symbol_count, edge_count, folder_count;
    const uint32_t *imported, *importing;

    /* The rest is the source's own. */
    size_t file_room, symbol_room, edge_room;
    struct mh_source_word *words; /* names of symbols, by hash */
    size_t word_mask;
    uint32_t *file_seen, *folder_seen; /* the last reader that imports it, plus one */
};

void mh_source_init(struct mh_source *source, struct mh_arena *arena);

/* A path that is not behind the one before is MH_EINVAL. */
int mh_source_add_file(struct mh_source *source, const char *path, const char *language,
                       int64_t lines) MH_MUST_CHECK;

/* The file at this path, or MH_SOURCE_NONE. */
uint32_t mh_source_find(const struct mh_source *source, const char *path);

/* Kinds that say nothing of a file (members, parameters, …) and what is past the limit of a file
 * are left out. */
int mh_source_add_symbol(struct mh_source *source, uint32_t file, const char *name,
                         const char *kind, int line) MH_MUST_CHECK;

/* A file that imports itself, or another one twice, is fine. */
int mh_source_add_import(struct mh_source *source, uint32_t from, uint32_t to) MH_MUST_CHECK;

int mh_source_link(struct mh_source *source) MH_MUST_CHECK;

/* Finds the purpose of the file, and which symbols it uses. */
int mh_source_read_text(struct mh_source *source, uint32_t file, const char *text,
                        size_t len) MH_MUST_CHECK;

/* How much a kind of symbol says of its file: 3 for what is a type, 2 for what is called, 1 for
 * other things, 0 for those left out. */
int mh_source_kind_rank(const char *kind);

#endif
