#include "http/ring.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "http/sse.h"

#define ENTRY_BYTES ((size_t)1 << 20)

static struct mh_entry **slot(struct mh_ring *ring, uint64_t number)
{
    return &ring->slots[number % MH_RING_EVENTS];
}

static void drop_first(struct mh_ring *ring)
{
    struct mh_entry *entry = *slot(ring, ring->first);
    *slot(ring, ring->first++) = NULL;
    ring->bytes -= entry->len;
    if (mh_place_compare(&entry->place, &ring->floor) > 0) ring->floor = entry->place;
    free(entry);
}

void mh_ring_init(struct mh_ring *ring, const struct mh_place *floor)
{
    memset(ring, 0, sizeof *ring);
    ring->floor = *floor;
}

void mh_ring_release(struct mh_ring *ring)
{
    while (ring->first < ring->end)
        drop_first(ring);
}

static struct mh_entry *new_entry(const struct mh_event *event, const struct mh_buf *text)
{
    size_t type_len = strlen(event->type);
    struct mh_entry *entry = malloc(sizeof *entry + text->len + type_len + 1);
    if (entry == NULL) return NULL;
    entry->place = (struct mh_place){event->pos, event->index};
    entry->kind = event->kind;
    entry->attempts = event->attempts;
    entry->job_id = event->job_id;
    entry->len = text->len;
    entry->type = entry->text + text->len;
    memcpy(entry->text, mh_buf_text(text), text->len);
    memcpy(entry->type, event->type, type_len + 1);
    return entry;
}

bool mh_ring_add(struct mh_ring *ring, const struct mh_event *event, const struct mh_place *id)
{
    struct mh_buf text;
    mh_buf_init(&text, ENTRY_BYTES);
    mh_sse_event(&text, id, event);
    struct mh_entry *entry = mh_buf_failed(&text) ? NULL : new_entry(event, &text);
    mh_buf_release(&text);
    if (entry == NULL) {
        mh_ring_release(ring);
        ring->floor = (struct mh_place){event->pos, event->index};
        return false;
    }
    while (ring->first < ring->end &&
           (ring->end - ring->first == MH_RING_EVENTS || ring->bytes + entry->len > MH_RING_BYTES))
        drop_first(ring);
    *slot(ring, ring->end++) = entry;
    ring->bytes += entry->len;
    return true;
}

const struct mh_entry *mh_ring_get(const struct mh_ring *ring, uint64_t number)
{
    return number < ring->first || number >= ring->end ? NULL
                                                       : ring->slots[number % MH_RING_EVENTS];
}
