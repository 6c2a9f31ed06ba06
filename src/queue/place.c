#include "queue/place.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POS_DIGITS   18
#define INDEX_DIGITS 9

/* The digits at `*at`, which goes behind them; false where they are no number as we write one. */
static bool read_digits(const char **at, size_t most, int64_t *ret_number)
{
    size_t len = strspn(*at, "0123456789");
    if (len == 0 || len > most || (len > 1 && **at == '0')) return false;
    *ret_number = strtoll(*at, NULL, 10);
    *at += len;
    return true;
}

bool mh_place_parse(const char *text, struct mh_place *ret_place)
{
    int64_t pos, index = INT_MAX;
    if (!read_digits(&text, POS_DIGITS, &pos)) return false;
    if (*text == '.') {
        text++;
        if (!read_digits(&text, INDEX_DIGITS, &index)) return false;
    }
    if (*text != '\0') return false;
    *ret_place = (struct mh_place){.pos = pos, .index = (int)index};
    return true;
}

void mh_place_format(const struct mh_place *place, char ret_text[MH_PLACE_TEXT])
{
    if (place->index == INT_MAX)
        (void)snprintf(ret_text, MH_PLACE_TEXT, "%" PRId64, place->pos);
    else
        (void)snprintf(ret_text, MH_PLACE_TEXT, "%" PRId64 ".%d", place->pos, place->index);
}

int mh_place_compare(const struct mh_place *a, const struct mh_place *b)
{
    if (a->pos != b->pos) return a->pos < b->pos ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}
