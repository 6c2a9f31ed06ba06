/* The events that a feed told last, written once for all of its followers.
 *
 * Each has a number, one more than the event before it; the oldest go where there are too many, or
 * too long ones. One thread. */
#ifndef MH_RING_H
#define MH_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "queue/place.h"
#include "store/event.h"

#define MH_RING_EVENTS 1024                /* a power of two */
#define MH_RING_BYTES  ((size_t)256 << 10) /* of text, unless one event alone is longer */

struct mh_entry {
    struct mh_place place;
    enum mh_event_kind kind;
    int attempts;
    struct mh_uuid job_id;
    char *type; /* behind the text */
    size_t len;
    char text[]; /* as it goes to followers */
};

struct mh_ring {
    struct mh_entry *slots[MH_RING_EVENTS];
    uint64_t first, end; /* the numbers there are: first … end - 1 */
    size_t bytes;
    struct mh_place floor; /* what came after this is here */
};

/* Empty: all at or below `floor` is over. */
void mh_ring_init(struct mh_ring *ring, const struct mh_place *floor);
void mh_ring_release(struct mh_ring *ring); /* accepts a zeroed one */

/* Adds the event, whose id for those who go on is `id`. False: out of memory; all are gone. */
bool mh_ring_add(struct mh_ring *ring, const struct mh_event *event, const struct mh_place *id);

/* NULL: it is gone, or not there yet. Valid until the next is added. */
const struct mh_entry *mh_ring_get(const struct mh_ring *ring, uint64_t number);

#endif
