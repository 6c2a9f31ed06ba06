/* Which language a file is in, and how that language is written.
 *
 * Told by the file's name, else by the last part of its name behind a dot, else by how it begins:
 * with "<?xml ", or the program that its first line names ("#!/usr/bin/env python3"). One table;
 * names are those that cloc uses where it knows the language. Thread-safe. */
#ifndef MH_LANGUAGE_H
#define MH_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>

/* How comments and strings are told from code. */
struct mh_syntax {
    const char *line[3];     /* what begins a comment to the end of the line */
    const char *block[2][2]; /* what begins and ends a longer one */
    const char *quotes;      /* what begins and ends a string within a line */
    const char *long_quotes; /* … and one that may go over several lines */
    bool nested;             /* block comments may hold others */
    bool docstrings;         /* a string in three quotes is a comment, as cloc has it */
    bool line_start;         /* comments to the end of the line begin it, but for blanks */
};

/* How a file says what else it needs. */
enum mh_import_style {
    MH_IMPORT_NONE,
    MH_IMPORT_C,
    MH_IMPORT_GO,
    MH_IMPORT_PYTHON,
    MH_IMPORT_SCRIPT, /* JavaScript and TypeScript */
    MH_IMPORT_JAVA,
    MH_IMPORT_RUST,
    MH_IMPORT_RUBY,
    MH_IMPORT_SHELL,
};

struct mh_language {
    const char *name;
    const char *extensions; /* "|c|h|"; lower case, or as it stands where upper case says more */
    const char *files;      /* "|Makefile|"; NULL: none */
    const char *programs;   /* "|sh|bash|"; without the digits at their ends; NULL: none */
    const char *ctags; /* an ending by which Universal Ctags knows the language; NULL: it does not,
                          or has nothing of use to say */
    const struct mh_syntax *syntax; /* NULL: without comments */
    enum mh_import_style imports;
};

/* `head` is the beginning of the content, at most a line of which is looked at. NULL: not known. */
const struct mh_language *mh_language_of(const char *path, const char *head, size_t len);

/* By its name, or NULL. */
const struct mh_language *mh_language_find(const char *name);

#endif
