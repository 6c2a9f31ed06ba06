/* Memory of one scope (a store request, a command, a running job): allocate freely, free once.
 *
 * Blocks are aligned for any type and zeroed. The arena holds at most `max` bytes; past it, as out
 * of memory, allocation returns NULL and the arena stays usable. Zeroed memory with a max set by
 * init; release accepts a zeroed arena. Not thread-safe, but may be handed from one thread to
 * another. */
#ifndef MH_ARENA_H
#define MH_ARENA_H

#include <stddef.h>

struct mh_arena_chunk;

struct mh_arena {
    struct mh_arena_chunk *chunks;
    size_t held; /* bytes taken from malloc */
    size_t max;
};

void mh_arena_init(struct mh_arena *arena, size_t max);
void mh_arena_release(struct mh_arena *arena);

/* NULL when out of memory. A size of 0 gives a valid pointer. */
void *mh_arena_alloc(struct mh_arena *arena, size_t size);

/* count * size, checked for overflow. */
void *mh_arena_array(struct mh_arena *arena, size_t count, size_t size);

/* Copies with a NUL behind; `text` NULL gives NULL without it being an error, so check only what
 * must not be NULL. */
char *mh_arena_copy(struct mh_arena *arena, const char *bytes, size_t len);
char *mh_arena_str(struct mh_arena *arena, const char *text);

#endif
