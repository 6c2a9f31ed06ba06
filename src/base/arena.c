#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A command or a run needs one small chunk, a claim of thousands of jobs few large ones. */
#define FIRST_CHUNK ((size_t)1024)
#define LAST_CHUNK  ((size_t)65536)

struct mh_arena_chunk {
    struct mh_arena_chunk *next;
    size_t used;
    size_t size; /* of bytes */
    _Alignas(max_align_t) char bytes[];
};

void mh_arena_init(struct mh_arena *arena, size_t max)
{
    *arena = (struct mh_arena){.max = max};
}

void mh_arena_release(struct mh_arena *arena)
{
    if (arena == NULL) return;
    while (arena->chunks != NULL) {
        struct mh_arena_chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        free(chunk);
    }
    arena->held = 0;
}

static size_t room(const struct mh_arena_chunk *chunk)
{
    return chunk->size - chunk->used;
}

/* Chunks double with what is held, as far as the maximum leaves it. */
static size_t chunk_total(const struct mh_arena *arena, size_t need)
{
    size_t total = arena->held > FIRST_CHUNK ? arena->held : FIRST_CHUNK;
    size_t left = arena->max - arena->held;
    if (total > LAST_CHUNK) total = LAST_CHUNK;
    if (total < need) total = need;
    return total < left ? total : left;
}

static struct mh_arena_chunk *add_chunk(struct mh_arena *arena, size_t size)
{
    size_t need = sizeof(struct mh_arena_chunk) + size;
    if (need > arena->max - arena->held) return NULL;
    size_t total = chunk_total(arena, need);
    struct mh_arena_chunk *chunk = malloc(total);
    if (chunk == NULL) return NULL;
    arena->held += total;
    chunk->used = 0;
    chunk->size = total - sizeof *chunk;
    /* Only the first chunk is allocated from, so the one with most room stays in front. */
    struct mh_arena_chunk *first = arena->chunks;
    if (first != NULL && room(first) > chunk->size - size) {
        chunk->next = first->next;
        first->next = chunk;
    } else {
        chunk->next = first;
        arena->chunks = chunk;
    }
    return chunk;
}

/* Not zeroed: most of a chunk is never used, or written at once. */
static void *reserve(struct mh_arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2) return NULL;
    size_t align = _Alignof(max_align_t);
    size = size > 0 ? (size + align - 1) / align * align : align;
    struct mh_arena_chunk *chunk = arena->chunks;
    if (chunk == NULL || room(chunk) < size) chunk = add_chunk(arena, size);
    if (chunk == NULL) return NULL;
    void *block = chunk->bytes + chunk->used;
    chunk->used += size;
    return block;
}

void *mh_arena_alloc(struct mh_arena *arena, size_t size)
{
    void *block = reserve(arena, size);
    return block != NULL ? memset(block, 0, size) : NULL;
}

void *mh_arena_array(struct mh_arena *arena, size_t count, size_t size)
{
    if (size > 0 && count > SIZE_MAX / size) return NULL;
    return mh_arena_alloc(arena, count * size);
}

char *mh_arena_copy(struct mh_arena *arena, const char *bytes, size_t len)
{
    if (bytes == NULL || len == SIZE_MAX) return NULL;
    char *copy = reserve(arena, len + 1);
    if (copy == NULL) return NULL;
    memcpy(copy, bytes, len);
    copy[len] = '\0';
    return copy;
}

char *mh_arena_str(struct mh_arena *arena, const char *text)
{
    return text != NULL ? mh_arena_copy(arena, text, strlen(text)) : NULL;
}
