/* Ids of events: whatever is read as one is written as it came. */
#include <string.h>

#include "fuzz.h"
#include "queue/place.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    char again[MH_PLACE_TEXT];
    struct mh_place place;
    require(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    if (mh_place_parse(text, &place)) {
        require(place.pos >= 0 && place.index >= 0);
        require(mh_place_compare(&place, &place) == 0);
        mh_place_format(&place, again);
        require(strcmp(text, again) == 0);
    }
    free(text);
    return 0;
}
