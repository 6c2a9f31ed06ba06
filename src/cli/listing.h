/* What a command lists: the rows of a table for people, with --json a record a line.
 *
 *     static const struct mh_listing tenants = {columns, MH_LEN(columns), put_record, put_row};
 *     struct mh_listed listed = {cli, &tenants};
 *     struct mh_call call = {.use = mh_listing_print, .arg = &listed};
 */
#ifndef MH_LISTING_H
#define MH_LISTING_H

#include <stddef.h>

#include "base/buf.h"
#include "cli/command.h"
#include "cli/table.h"
#include "store/store.h"

struct mh_listing {
    const struct mh_column *columns;
    size_t column_count;
    void (*record)(struct mh_buf *line, const struct mh_reply *reply, size_t i); /* the i-th … */
    void (*row)(struct mh_table *table, const struct mh_reply *reply, size_t i);
};

struct mh_listed {
    struct mh_cli *cli;
    const struct mh_listing *listing;
};

/* `arg` is a struct mh_listed. */
void mh_listing_print(void *arg, const struct mh_reply *reply);

#endif
