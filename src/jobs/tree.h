/* The files of a project's tree: which there are, and opening them without leaving it.
 *
 * The tree was made by strangers. Every step is made from the descriptor of the folder above
 * (openat, no symbolic link is ever followed), so neither a link out of the tree nor one swapped in
 * meanwhile leads anywhere else; links, devices, pipes, submodules and .git are left out, and
 * depth, number of files and the work of matching patterns have a maximum.
 *
 * There are two ways to a list. Of a clone, what git tracks is the tree: its index gives paths and
 * the hash of each file's content, and .gitignore has no say in what is tracked. Of any other
 * folder it is what a walk finds that .gitignore does not name, as `git ls-files --others --cached
 * --exclude-standard` would list it in a fresh repository, without hashes but with the times of
 * last change.
 *
 * Paths are bytes: they may hold newlines, leading dashes, and what is not UTF-8. */
#ifndef MH_TREE_H
#define MH_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

#define MH_TREE_FILES  200000
#define MH_TREE_DEPTH  200  /* folders one in the other */
#define MH_TREE_PATH   4095 /* bytes of a path */
#define MH_BLOB_HEX    40   /* digits of a hash, SHA-1 as git has it */
#define MH_TREE_MEMORY (256 << 20)

struct mh_tree_file {
    const char *path; /* from the root */
    const char *blob; /* the hash that git gave its content; NULL: not known */
    int64_t size;     /* -1: not known */
    int64_t mtime_us; /* 0: not known */
};

struct mh_tree {
    int root; /* borrowed */
    struct mh_arena arena;
    struct mh_tree_file *files; /* by path, byte by byte; no path twice */
    size_t count;
    size_t skipped; /* links, devices, submodules, and folders that may not be read */
};

/* A zeroed tree may be released too. */
void mh_tree_release(struct mh_tree *tree);

/* Walks the folder `root`. MH_ELIMIT: deeper or more than it may be, or its patterns are too
 * much work. */
int mh_tree_walk(struct mh_tree *tree, int root, struct mh_err *err) MH_MUST_CHECK;

/* Reads what `git ls-files -s -z` printed of the repository at `root`. MH_EINVAL: it is not that.
 * MH_ELIMIT as above. */
int mh_tree_tracked(struct mh_tree *tree, int root, const char *list, size_t len,
                    struct mh_err *err) MH_MUST_CHECK;

enum mh_content {
    MH_CONTENT_TEXT,
    MH_CONTENT_BINARY, /* there is a NUL in what was read of it */
    MH_CONTENT_LARGE,  /* more than was wanted; not read */
    MH_CONTENT_GONE,   /* no ordinary file is at this path, or it may not be read */
};

/* Reads a file, empties `content` first, whose maximum is the size from which a file counts as
 * large, and sets the file's size and mtime_us. An enum mh_content, or negative. */
int mh_tree_read(const struct mh_tree *tree, struct mh_tree_file *file, struct mh_buf *content,
                 struct mh_err *err) MH_MUST_CHECK;

#endif
