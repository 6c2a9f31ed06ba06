#include "store/postgres/rows.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/postgres/times.h"

/* Of an array in binary: dimensions, a flag, what it is of; length and lower bound of the one
 * dimension; then each item behind its length. */
#define ARRAY_HEAD   20
#define ARRAY_LENGTH 12
#define ITEM_SIZE    6 /* a smallint behind its length */

struct mh_rows mh_rows(const struct mh_pq *pq, const PGresult *result)
{
    return (struct mh_rows){.pq = pq, .result = result, .count = pq->ntuples(result)};
}

static const char *bytes(const struct mh_rows *rows, int row, int column, size_t *ret_len)
{
    *ret_len = (size_t)rows->pq->getlength(rows->result, row, column);
    return rows->pq->getvalue(rows->result, row, column);
}

static uint32_t get4(const char *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return be32toh(value);
}

static int get2(const char *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return (int16_t)be16toh(value);
}

static int64_t get8(const char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return (int64_t)be64toh(value);
}

bool mh_row_is_null(const struct mh_rows *rows, int row, int column)
{
    return rows->pq->getisnull(rows->result, row, column) != 0;
}

bool mh_row_bool(const struct mh_rows *rows, int row, int column)
{
    size_t len;
    const char *at = bytes(rows, row, column, &len);
    return len == 1 && *at != 0;
}

int64_t mh_row_int(const struct mh_rows *rows, int row, int column, int64_t if_null)
{
    size_t len;
    const char *at = bytes(rows, row, column, &len);
    switch (len) {
    case 2:
        return get2(at);
    case 4:
        return (int32_t)get4(at);
    case 8:
        return get8(at);
    default:
        return if_null;
    }
}

/* What was meant: 0.1 is given to the database and comes back as 0.100000001490116. */
static double shortest(float real)
{
    char text[32];
    for (int digits = 6; digits <= 9; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, (double)real); /* has room */
        if (strtof(text, NULL) == real) break;
    }
    return strtod(text, NULL);
}

double mh_row_real(const struct mh_rows *rows, int row, int column, double if_null)
{
    size_t len;
    const char *at = bytes(rows, row, column, &len);
    if (len != sizeof(float)) return if_null;
    uint32_t bits = get4(at);
    float real;
    memcpy(&real, &bits, sizeof real);
    return shortest(real);
}

int64_t mh_row_time(const struct mh_rows *rows, int row, int column)
{
    size_t len;
    const char *at = bytes(rows, row, column, &len);
    return len == 8 ? mh_ms_of_pg_time(get8(at)) : 0;
}

struct mh_uuid mh_row_uuid(const struct mh_rows *rows, int row, int column)
{
    struct mh_uuid id = mh_uuid_zero;
    size_t len;
    const char *at = bytes(rows, row, column, &len);
    if (len == sizeof id.b) memcpy(id.b, at, sizeof id.b);
    return id;
}

const char *mh_row_text(const struct mh_rows *rows, int row, int column, size_t *ret_len)
{
    size_t len;
    const char *at = bytes(rows, row, column, &len);
    bool null = mh_row_is_null(rows, row, column);
    if (ret_len != NULL) *ret_len = null ? 0 : len;
    return null ? NULL : at;
}

/* The text of a jsonb stands behind its version. */
const char *mh_row_json(const struct mh_rows *rows, int row, int column, size_t *ret_len)
{
    const char *text = mh_row_text(rows, row, column, ret_len);
    if (text == NULL || *ret_len == 0) return NULL;
    --*ret_len;
    return text + 1;
}

size_t mh_row_items(const struct mh_rows *rows, int row, int column)
{
    size_t len;
    const char *at = bytes(rows, row, column, &len);
    if (len < ARRAY_HEAD) return 0;
    size_t items = get4(at + ARRAY_LENGTH);
    return len == ARRAY_HEAD + items * ITEM_SIZE ? items : 0;
}

int mh_row_item(const struct mh_rows *rows, int row, int column, size_t item)
{
    size_t len;
    const char *at = bytes(rows, row, column, &len);
    return get2(at + ARRAY_HEAD + item * ITEM_SIZE + 4);
}
