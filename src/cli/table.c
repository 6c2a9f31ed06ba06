#include "cli/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/text.h"

#define ROWS     1000
#define GAP      2
#define ELLIPSIS "\xe2\x80\xa6"
#define TEXT_MAX 65536 /* bytes of a cell that are looked at */

struct mh_cell {
    const char *text;
    size_t len;
    size_t columns;
    enum mh_colour colour;
};

void mh_colour_put(struct mh_out *out, enum mh_colour colour)
{
    static const char *const codes[] = {
        [MH_COLOUR_NONE] = "\x1b[0m",   [MH_COLOUR_BOLD] = "\x1b[1m",
        [MH_COLOUR_DIM] = "\x1b[2m",    [MH_COLOUR_RED] = "\x1b[31m",
        [MH_COLOUR_GREEN] = "\x1b[32m", [MH_COLOUR_YELLOW] = "\x1b[33m",
    };
    if (out->colour) mh_buf_str(&out->line, codes[colour]);
}

/* What is left of a page's width goes to no column; what is missing is taken from those that may
 * shrink, the last first. */
static void fit_terminal(struct mh_table *table)
{
    if (table->out->columns == 0) return;
    size_t total = GAP * (table->column_count - 1), room = (size_t)table->out->columns;
    for (size_t i = 0; i < table->column_count; i++)
        total += table->width[i];
    for (size_t i = table->column_count; i-- > 0 && total > room;) {
        size_t least = table->columns[i].shrink;
        if (least == 0 || table->width[i] <= least) continue;
        size_t spare = table->width[i] - least;
        if (spare > total - room) spare = total - room;
        table->width[i] -= spare;
        total -= spare;
    }
}

static void put_spaces(struct mh_buf *line, size_t count)
{
    while (count-- > 0)
        mh_buf_char(line, ' ');
}

static void print_cell(struct mh_table *table, size_t column, const struct mh_cell *cell)
{
    struct mh_buf *line = &table->out->line;
    size_t width = table->width[column], len = cell->len, columns = cell->columns;
    bool cut = columns > width;
    if (cut) {
        len = mh_text_fit(cell->text, len, width - 1);
        columns = mh_text_columns(cell->text, len) + 1;
    }
    if (table->columns[column].align == MH_ALIGN_RIGHT) put_spaces(line, width - columns);
    bool coloured = cell->colour != MH_COLOUR_NONE && len > 0;
    if (coloured) mh_colour_put(table->out, cell->colour);
    mh_buf_append(line, cell->text, len);
    if (cut) mh_buf_str(line, ELLIPSIS);
    if (coloured) mh_colour_put(table->out, MH_COLOUR_NONE);
    bool last = column + 1 == table->column_count;
    if (table->columns[column].align == MH_ALIGN_LEFT && !last) put_spaces(line, width - columns);
    if (!last) put_spaces(line, GAP);
}

static void end_row(struct mh_out *out)
{
    struct mh_buf *line = &out->line;
    while (line->len > 0 && line->data[line->len - 1] == ' ')
        line->data[--line->len] = '\0';
    mh_out_end(out);
}

static void print_head(struct mh_table *table)
{
    for (size_t i = 0; i < table->column_count; i++) {
        const char *title = table->columns[i].title;
        struct mh_cell cell = {title, strlen(title), strlen(title), MH_COLOUR_BOLD};
        print_cell(table, i, &cell);
    }
    end_row(table->out);
    table->headed = true;
}

static void print_page(struct mh_table *table)
{
    fit_terminal(table);
    if (!table->headed) print_head(table);
    for (size_t i = 0; i < table->cell_count; i++) {
        size_t column = i % table->column_count;
        print_cell(table, column, &table->cells[i]);
        if (column + 1 == table->column_count) end_row(table->out);
    }
    mh_arena_release(&table->arena);
    table->cells = NULL;
    table->cell_count = 0;
}

void mh_table_begin(struct mh_table *table, const struct mh_column *columns, size_t count,
                    struct mh_out *out)
{
    *table = (struct mh_table){.columns = columns, .column_count = count, .out = out};
    mh_arena_init(&table->arena, (size_t)256 << 20);
    for (size_t i = 0; i < count; i++)
        table->width[i] = strlen(columns[i].title);
}

/* Cleaned, and no longer than the column allows. */
static struct mh_cell make_cell(struct mh_table *table, const struct mh_column *column,
                                const char *text)
{
    struct mh_cell cell = {.text = ""};
    struct mh_buf clean;
    mh_buf_init(&clean, 4 * TEXT_MAX);
    mh_text_line(&clean, text, strnlen(text, TEXT_MAX));
    size_t len = clean.len;
    /* More than the maximum is kept, so that printing sees that it must cut; a character takes at
     * most two columns. */
    if (column->max > 0) len = mh_text_fit(mh_buf_text(&clean), len, column->max + 2);
    const char *copy = mh_arena_copy(&table->arena, mh_buf_text(&clean), len);
    if (copy != NULL && !mh_buf_failed(&clean))
        cell = (struct mh_cell){.text = copy, .len = len, .columns = mh_text_columns(copy, len)};
    else
        table->out->line.failed = true; /* said at the end, as any failure of the output */
    mh_buf_release(&clean);
    return cell;
}

void mh_table_coloured(struct mh_table *table, const char *text, enum mh_colour colour)
{
    if (table->cell_count == ROWS * table->column_count) print_page(table);
    if (table->cells == NULL)
        table->cells =
            mh_arena_array(&table->arena, ROWS * table->column_count, sizeof *table->cells);
    if (table->cells == NULL) {
        table->out->line.failed = true;
        return;
    }
    size_t at = table->cell_count % table->column_count;
    const struct mh_column *column = &table->columns[at];
    struct mh_cell cell = make_cell(table, column, text != NULL ? text : "");
    cell.colour = colour;
    size_t width = column->max > 0 && cell.columns > column->max ? column->max : cell.columns;
    if (width > table->width[at]) table->width[at] = width;
    table->cells[table->cell_count++] = cell;
}

void mh_table_cell(struct mh_table *table, const char *text)
{
    mh_table_coloured(table, text, MH_COLOUR_NONE);
}

void mh_table_int(struct mh_table *table, int64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRId64, value);
    mh_table_cell(table, text);
}

void mh_table_end(struct mh_table *table)
{
    if (table->cell_count > 0) print_page(table);
    mh_arena_release(&table->arena);
}
