/* A blueprint before it is written down: system → modules → files → chief symbols, each with its
 * purpose, its size, what it depends on and what depends on it, and the cycles between modules.
 *
 * Made of a source (jobs/blueprint/source.h) whose texts have been read. A purpose that nobody
 * wrote down is made of names. The same source gives the same outline. What there may be much of is
 * given by its chief ones, and by how many there are.
 *
 * In the arena of the source, which it borrows from. One thread. */
#ifndef MH_OUTLINE_H
#define MH_OUTLINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "jobs/blueprint/cluster.h"
#include "jobs/blueprint/source.h"

#define MH_OUTLINE_FILES      2000 /* chief files in all */
#define MH_OUTLINE_OF_MODULE  100  /* … of one module */
#define MH_OUTLINE_SYMBOLS    5    /* of one file */
#define MH_OUTLINE_NEIGHBOURS 8    /* files that one imports, or is imported by */
#define MH_OUTLINE_LANGUAGES  12

struct mh_outline_language {
    const char *name;
    int64_t files, lines;
};

struct mh_outline_link {
    uint32_t module;
    uint32_t imports; /* of a file by a file */
};

struct mh_outline_file {
    const struct mh_source_file *file;
    struct mh_purpose purpose;
    uint32_t symbols[MH_OUTLINE_SYMBOLS]; /* of the source, the chief one first */
    size_t symbol_count;
};

struct mh_outline_module {
    const struct mh_cluster *cluster; /* its name and folders */
    struct mh_purpose purpose;
    int64_t files, lines, symbols;
    struct mh_outline_language languages[MH_OUTLINE_LANGUAGES]; /* the one with most lines first */
    size_t language_count;
    struct mh_outline_link *depends_on, *used_by; /* most imports first, then by name */
    size_t depends_on_count, used_by_count;
    struct mh_outline_file *chief; /* files, the one most depended on first */
    size_t chief_count;
    uint32_t cycle; /* that it is part of, or MH_SOURCE_NONE */
};

struct mh_outline_step {
    uint32_t from, to;           /* modules */
    uint32_t from_file, to_file; /* of the source: an import of the second by the first */
};

/* Modules that all depend on each other, and the shortest way round from the first of them. */
struct mh_outline_cycle {
    uint32_t *modules;
    size_t module_count;
    struct mh_outline_step *steps;
    size_t step_count;
};

struct mh_outline {
    const struct mh_source *source;
    struct mh_purpose purpose;
    int64_t files, lines, symbols, imports;
    struct mh_outline_language languages[MH_OUTLINE_LANGUAGES];
    size_t language_count;
    struct mh_outline_module *modules; /* by name */
    size_t module_count;
    struct mh_outline_cycle *cycles; /* by the name of their first module */
    size_t cycle_count;
    const uint32_t *module_of; /* each file's */
    uint32_t *links;           /* imports from one module to another, a square */
    uint32_t *ties;            /* … but for those by tests: of these cycles are made */
};

/* MH_ENOMEM. */
int mh_outline_make(const struct mh_source *source, struct mh_outline *ret_outline) MH_MUST_CHECK;

#endif
