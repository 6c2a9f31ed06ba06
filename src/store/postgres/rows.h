/* What a statement answered, in PostgreSQL's binary form.
 *
 * Columns are counted from 0. Text is borrowed from the result, which lives until the reply that is
 * made of it has been given. */
#ifndef MH_PG_ROWS_H
#define MH_PG_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "store/postgres/pq.h"

struct mh_rows {
    const struct mh_pq *pq;
    const PGresult *result;
    int count;
};

struct mh_rows mh_rows(const struct mh_pq *pq, const PGresult *result);

bool mh_row_is_null(const struct mh_rows *rows, int row, int column);
bool mh_row_bool(const struct mh_rows *rows, int row, int column); /* null is false */
/* smallint, int or bigint */
int64_t mh_row_int(const struct mh_rows *rows, int row, int column, int64_t if_null);
double mh_row_real(const struct mh_rows *rows, int row, int column, double if_null);
int64_t mh_row_time(const struct mh_rows *rows, int row, int column); /* null is 0 */
struct mh_uuid mh_row_uuid(const struct mh_rows *rows, int row, int column);

/* Null is NULL; the length in *ret_len unless that is NULL. */
const char *mh_row_text(const struct mh_rows *rows, int row, int column, size_t *ret_len);
const char *mh_row_json(const struct mh_rows *rows, int row, int column, size_t *ret_len);

/* How many items a smallint[] has, and one of them; no array has none. */
size_t mh_row_items(const struct mh_rows *rows, int row, int column);
int mh_row_item(const struct mh_rows *rows, int row, int column, size_t item);

#endif
