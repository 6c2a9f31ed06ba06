/* Arrays of unknown length in an arena: what is outgrown stays there until the arena goes. */
#ifndef MH_STORE_GROW_H
#define MH_STORE_GROW_H

#include <stddef.h>

#include "base/arena.h"

/* The array with room for one more item than `count`: `items`, or a copy of it twice the size, and
 * *room is then set. Begin with NULL and a room of 0. NULL: out of memory. */
void *mh_grow(struct mh_arena *arena, void *items, size_t count, size_t *room, size_t size);

#endif
