/* The index of a project: its files, their symbols, imports and texts, and searching them.
 *
 * An index is changed by *runs*. A run begins, adds files and drops others, and is published: only
 * then, and at once, does what it did become what is seen. A run that ends otherwise leaves no
 * trace but rows that nobody sees, which are swept. Of several runs of one project the last that
 * began is the one that may go on; the others are refused (MH_ESTATE).
 *
 *     mh_store_index_begin → mh_store_index_sweep, until it finds nothing
 *     → mh_store_index_add, mh_store_index_drop, as often as need be → mh_store_index_publish
 *     → mh_store_index_sweep, until it finds nothing
 *
 * A file that has changed is dropped and added. Removing a project removes its index.
 *
 * Paths and texts are UTF-8; calls, strings and times as in store/store.h. */
#ifndef MH_INDEX_H
#define MH_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/uuid.h"
#include "store/store.h"

#define MH_INDEX_FILES_MAX 1000      /* in one call, and on one page */
#define MH_INDEX_PATH_MAX  8192      /* bytes */
#define MH_INDEX_BODY_MAX  (4 << 20) /* bytes of a text */
#define MH_INDEX_TOTALS    65536     /* bytes */
#define MH_HITS_MAX        1000      /* of one search */
#define MH_HITS_OF_FILE    3         /* lines of one text */
#define MH_HITS_LOOKED_AT  10000     /* symbols, see mh_store_index_search */

struct mh_index_symbol {
    const char *name;
    const char *kind; /* "function" */
    int line;
    const char *scope;     /* what it stands in; NULL: nothing */
    const char *signature; /* NULL: none */
    const char *path;      /* only in replies */
};

struct mh_index_import {
    const char *target; /* in the words of the file's language */
    int line;
    const char *resolved; /* the path of the file that it means; NULL: none that is known */
    const char *path;     /* only in replies */
};

struct mh_index_file {
    const char *path;
    const char *blob;     /* hash of the content; NULL: not known */
    const char *language; /* NULL: not known */
    int64_t size;
    int64_t mtime_us; /* 0: not known */
    int64_t lines, code, comments, blanks;
    const char *body; /* the text; NULL: it is none, or was not asked for */
    size_t body_len;
    const struct mh_index_symbol *symbols; /* these two are NULL in replies, where their counts
                                              say how many there are */
    const struct mh_index_import *imports;
    size_t symbol_count, import_count;
};

struct mh_index {
    int64_t number;     /* the store's for it */
    int64_t run;        /* that is seen; 0: none yet */
    const char *commit; /* NULL: none, or not known */
    const char *totals; /* JSON, as it was published; NULL: never */
    int64_t indexed_at; /* 0: never */
};

struct mh_index_run {
    int64_t number; /* of the index */
    int64_t run;
};

/* Begins a run, for a job that is processing, of a project of its tenant. Reply: `indexes`, one, as
 * it is seen, and `lease`, the number of the run. MH_ENOENT: there is no such project; MH_ESTATE:
 * the job does not run any more. */
int mh_store_index_begin(struct mh_store *store, const struct mh_uuid *job_id,
                         const struct mh_uuid *project_id, mh_reply_fn *done, void *arg,
                         struct mh_err *err) MH_MUST_CHECK;

/* Adds files. Reply: nothing. */
int mh_store_index_add(struct mh_store *store, const struct mh_index_run *run,
                       const struct mh_index_file *files, size_t count, mh_reply_fn *done,
                       void *arg, struct mh_err *err) MH_MUST_CHECK;

/* Drops the files at these paths that are seen now. Reply: `count`. */
int mh_store_index_drop(struct mh_store *store, const struct mh_index_run *run,
                        const char *const *paths, size_t count, mh_reply_fn *done, void *arg,
                        struct mh_err *err) MH_MUST_CHECK;

/* What the run did is seen from now on. `totals` is a JSON object. Reply: nothing. MH_ESTATE also
 * where an older run has left rows, which are to be swept before. */
int mh_store_index_publish(struct mh_store *store, const struct mh_index_run *run,
                           const char *commit, const char *totals, mh_reply_fn *done, void *arg,
                           struct mh_err *err) MH_MUST_CHECK;

/* Deletes up to `limit` files that nobody sees or ever will. Reply: `count`. */
int mh_store_index_sweep(struct mh_store *store, const struct mh_index_run *run, size_t limit,
                         mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

/* --- reading: of a project that is not there, or not the asker's, there is nothing */

struct mh_index_filter {
    const struct mh_uuid *tenant_id; /* NULL: any */
    struct mh_uuid project_id;
    const char *path;  /* this file, or all below this folder; NULL: all */
    const char *after; /* files: the page starts behind this path; NULL: at the first */
    int64_t cursor;    /* symbols, imports: 0 at first, then as the reply says */
    size_t limit;      /* files, or files whose symbols or imports are given */
    bool bodies;       /* texts too: the page ends early where they are large */
};

/* Reply: `indexes`, one or none. */
int mh_store_index_get(struct mh_store *store, const struct mh_index_filter *filter,
                       mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

/* By path, byte by byte. Reply: `files`, `count`, and `cursor`, which is not 0 where there may be
 * more. */
int mh_store_index_files(struct mh_store *store, const struct mh_index_filter *filter,
                         mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

/* File by file, in the order of the file's lines. Reply: `symbols` or `imports`, `count`, and
 * `cursor`: where the next page starts; 0: this was the last. */
int mh_store_index_symbols(struct mh_store *store, const struct mh_index_filter *filter,
                           mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;
int mh_store_index_imports(struct mh_store *store, const struct mh_index_filter *filter,
                           mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

enum mh_search_in { MH_SEARCH_SYMBOLS = 1, MH_SEARCH_TEXT = 2, MH_SEARCH_ALL = 3 };

struct mh_search {
    const struct mh_uuid *tenant_id; /* NULL: any */
    struct mh_uuid project_id;
    const char *query; /* words, see store/terms.h */
    int in;            /* a mask of enum mh_search_in */
    size_t limit;      /* of symbols, and of texts; 1 to MH_HITS_MAX */
};

struct mh_hit {
    const char *path;
    int line;
    const char *kind;      /* of a symbol; NULL: a line of a text */
    const char *text;      /* its name, or the line */
    const char *scope;     /* of a symbol, or NULL */
    const char *signature; /* of a symbol, or NULL */
};

/* First symbols: those of just this name, whatever its case, those that begin with it, the others;
 * each by path and line. Then lines of texts in which all words stand somewhere, by path. The same
 * on every store, where no more than MH_HITS_LOOKED_AT symbols are of each of these kinds; of more,
 * so many are looked at, which ones the store decides. Reply: `hits`, `count`. MH_EINVAL,
 * MH_ELIMIT: what is wrong with the query. */
int mh_store_index_search(struct mh_store *store, const struct mh_search *search, mh_reply_fn *done,
                          void *arg, struct mh_err *err) MH_MUST_CHECK;

#endif
