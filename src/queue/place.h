/* Where an event stands, and its text form: the id that a follower goes on from.
 *
 * "17.3" is what comes after the event with index 3 of row 17, "17" what comes after all of that
 * row. Ids are compared only with those of the same store. */
#ifndef MH_PLACE_H
#define MH_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"

#define MH_PLACE_TEXT 32

struct mh_place {
    int64_t pos;
    int index; /* INT_MAX: all of the row */
};

/* True for what mh_place_format writes. */
bool mh_place_parse(const char *text, struct mh_place *ret_place) MH_MUST_CHECK;
void mh_place_format(const struct mh_place *place, char ret_text[MH_PLACE_TEXT]);

/* Negative, 0 or positive, as a stands before, at or after b. */
int mh_place_compare(const struct mh_place *a, const struct mh_place *b);

#endif
