#include "store/postgres/pairs.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define ROOM_FIRST 64

void mh_pairs_release(struct mh_pairs *pairs)
{
    free(pairs->places);
    *pairs = (struct mh_pairs){0};
}

/* The end of a UUID is its random part, also of version 7. */
static size_t home(const struct mh_pairs *pairs, int64_t lease, const struct mh_uuid *id)
{
    uint64_t hash;
    memcpy(&hash, id->b + 8, sizeof hash);
    hash = (hash ^ (uint64_t)lease) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(hash >> 32) & (pairs->room - 1);
}

static bool is_at(const struct mh_pair *place, int64_t lease, const struct mh_uuid *id)
{
    return place->lease == lease && mh_uuid_equal(&place->id, id);
}

/* Where the pair is, or the free place where it would be. */
static size_t find(const struct mh_pairs *pairs, int64_t lease, const struct mh_uuid *id)
{
    size_t i = home(pairs, lease, id);
    while (pairs->places[i].lease != 0 && !is_at(&pairs->places[i], lease, id))
        i = (i + 1) & (pairs->room - 1);
    return i;
}

static int grow(struct mh_pairs *pairs)
{
    struct mh_pairs bigger = {.room = pairs->room > 0 ? 2 * pairs->room : ROOM_FIRST};
    bigger.places = calloc(bigger.room, sizeof *bigger.places);
    if (bigger.places == NULL) return MH_ENOMEM;
    bigger.count = pairs->count;
    for (size_t i = 0; i < pairs->room; i++) {
        const struct mh_pair *pair = &pairs->places[i];
        if (pair->lease != 0) bigger.places[find(&bigger, pair->lease, &pair->id)] = *pair;
    }
    free(pairs->places);
    *pairs = bigger;
    return 0;
}

int mh_pairs_add(struct mh_pairs *pairs, const struct mh_pair *pair)
{
    if (2 * (pairs->count + 1) > pairs->room && grow(pairs) < 0) return MH_ENOMEM;
    struct mh_pair *place = &pairs->places[find(pairs, pair->lease, &pair->id)];
    if (place->lease == 0) pairs->count++;
    *place = *pair;
    return 0;
}

int64_t mh_pairs_find(const struct mh_pairs *pairs, int64_t lease, const struct mh_uuid *id)
{
    if (pairs->count == 0 || lease == 0) return MH_SEQ_NONE;
    const struct mh_pair *place = &pairs->places[find(pairs, lease, id)];
    return place->lease != 0 ? place->seq : MH_SEQ_NONE;
}

/* Whatever stands behind the gap and could not be where it belongs moves up. */
static void close_gap(struct mh_pairs *pairs, size_t gap)
{
    size_t mask = pairs->room - 1;
    for (size_t i = (gap + 1) & mask; pairs->places[i].lease != 0; i = (i + 1) & mask) {
        size_t wanted = home(pairs, pairs->places[i].lease, &pairs->places[i].id);
        if (((i - wanted) & mask) < ((i - gap) & mask)) continue;
        pairs->places[gap] = pairs->places[i];
        gap = i;
    }
    pairs->places[gap] = (struct mh_pair){0};
}

void mh_pairs_forget(struct mh_pairs *pairs, int64_t lease, const struct mh_uuid *id)
{
    if (pairs->count == 0 || lease == 0) return;
    size_t i = find(pairs, lease, id);
    if (pairs->places[i].lease == 0) return;
    pairs->count--;
    close_gap(pairs, i);
}

static bool is_among(const int64_t *leases, size_t count, int64_t lease)
{
    for (size_t i = 0; i < count; i++)
        if (leases[i] == lease) return true;
    return false;
}

/* Where one goes another may move up into its place. */
void mh_pairs_keep(struct mh_pairs *pairs, int64_t worker, const int64_t *leases, size_t count)
{
    for (size_t i = 0; i < pairs->room;) {
        const struct mh_pair *pair = &pairs->places[i];
        bool goes = pair->lease != 0 && pair->worker == worker;
        if (!goes || is_among(leases, count, pair->lease)) {
            i++;
            continue;
        }
        pairs->count--;
        close_gap(pairs, i);
    }
}

void mh_pairs_forget_worker(struct mh_pairs *pairs, int64_t worker)
{
    mh_pairs_keep(pairs, worker, NULL, 0);
}

const struct mh_pair *mh_pairs_next(const struct mh_pairs *pairs, int64_t worker, size_t *at)
{
    while (*at < pairs->room) {
        const struct mh_pair *pair = &pairs->places[(*at)++];
        if (pair->lease != 0 && pair->worker == worker) return pair;
    }
    return NULL;
}
