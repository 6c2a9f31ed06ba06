/* Aligned tables for people.
 *
 * Cells are cleaned and, where they are long, cut with an ellipsis; on a terminal the columns that
 * may shrink are cut until a row fits. Rows are printed 1,000 at a time: columns may grow wider
 * from one such page to the next, never narrower.
 *
 *     mh_table_begin(&table, columns, MH_LEN(columns), &cli->out);
 *     mh_table_cell(&table, "…"); once per column, row by row
 *     mh_table_end(&table);
 */
#ifndef MH_TABLE_H
#define MH_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "cli/out.h"

#define MH_COLUMNS_MAX 8

enum mh_align { MH_ALIGN_LEFT, MH_ALIGN_RIGHT };

enum mh_colour {
    MH_COLOUR_NONE,
    MH_COLOUR_BOLD,
    MH_COLOUR_DIM,
    MH_COLOUR_RED,
    MH_COLOUR_GREEN,
    MH_COLOUR_YELLOW,
};

struct mh_column {
    const char *title;
    enum mh_align align;
    size_t max;    /* cut past so many columns; 0: never */
    size_t shrink; /* may be cut down to this on a narrow terminal; 0: never */
};

struct mh_cell;

struct mh_table {
    const struct mh_column *columns;
    size_t column_count;
    struct mh_out *out;
    struct mh_arena arena; /* texts of the rows that wait */
    struct mh_cell *cells;
    size_t cell_count;
    size_t width[MH_COLUMNS_MAX];
    bool headed;
};

void mh_table_begin(struct mh_table *table, const struct mh_column *columns, size_t count,
                    struct mh_out *out);
void mh_table_cell(struct mh_table *table, const char *text); /* NULL: empty */
void mh_table_coloured(struct mh_table *table, const char *text, enum mh_colour colour);
void mh_table_int(struct mh_table *table, int64_t value);

/* Prints what waits and releases the table. A table without rows prints nothing. */
void mh_table_end(struct mh_table *table);

/* Appends what switches to `colour`, or with MH_COLOUR_NONE back, where colours are wanted. */
void mh_colour_put(struct mh_out *out, enum mh_colour colour);

#endif
