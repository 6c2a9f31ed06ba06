#include "store/grow.h"

#include <string.h>

#define FIRST_ROOM 8

void *mh_grow(struct mh_arena *arena, void *items, size_t count, size_t *room, size_t size)
{
    if (count < *room) return items;
    size_t more = *room > 0 ? 2 * *room : FIRST_ROOM;
    void *bigger = mh_arena_array(arena, more, size);
    if (bigger == NULL) return NULL;
    if (count > 0) memcpy(bigger, items, count * size);
    *room = more;
    return bigger;
}
