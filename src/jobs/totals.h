/* What an index comes to, language by language. One thread. */
#ifndef MH_TOTALS_H
#define MH_TOTALS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define MH_TOTALS_LANGUAGES 128

struct mh_totals {
    struct mh_language_totals {
        const char *name; /* borrowed; that of the table of languages, or of a store's reply */
        int64_t files, lines, code, comments, blanks;
    } languages[MH_TOTALS_LANGUAGES];
    size_t count;
    int64_t files, lines, symbols;
};

struct mh_index_file;

void mh_totals_add(struct mh_totals *totals, const struct mh_index_file *file);

/* The members `files`, `lines`, `symbols` and `languages` of an object that has been begun; the
 * language with the most lines of code comes first. */
void mh_totals_write(struct mh_totals *totals, struct mh_buf *json);

#endif
