#include "store/sqlite/walk.h"

#include <stdlib.h>

/* How many jobs a part gives at a time: few at first, for of many parts each has few on a page, and
 * twice as many whenever those have been passed. */
#define BATCH_MIN 6
#define BATCH_MAX 64

struct stream {
    const struct mh_part *part;
    struct mh_numbers batch;
    size_t at;
    int64_t below; /* what follows the batch; 0: nothing does */
    size_t next;   /* how many of these come next */
};

static int64_t head(const struct stream *stream)
{
    return llabs(stream->batch.items[stream->at]);
}

static void bind_or_null(struct mh_sql *sql, int64_t value)
{
    if (value < 0)
        mh_sql_null(sql);
    else
        mh_sql_int(sql, value);
}

static int read_batch(struct mh_work *work, struct stream *stream, struct mh_arena *arena,
                      struct mh_err *err)
{
    size_t limit = stream->next;
    struct mh_sql sql = mh_sql(work->db, stream->part->text);
    mh_sql_int(&sql, stream->below);
    mh_sql_int(&sql, (int64_t)limit);
    bind_or_null(&sql, stream->part->status);
    bind_or_null(&sql, stream->part->place);
    bind_or_null(&sql, stream->part->tenant);
    int r = mh_sql_numbers(&sql, arena, &stream->batch, err);
    size_t count = stream->batch.count;
    stream->at = 0;
    stream->next = 2 * limit < BATCH_MAX ? 2 * limit : BATCH_MAX;
    stream->below = r == 0 && count == limit ? llabs(stream->batch.items[count - 1]) : 0;
    return r;
}

/* Restores the heap, whose first is the newest, from `at` downwards. */
static void sink(struct stream *heap, size_t count, size_t at)
{
    for (;;) {
        size_t newest = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++)
            if (head(&heap[child]) > head(&heap[newest])) newest = child;
        if (newest == at) return;
        struct stream moved = heap[at];
        heap[at] = heap[newest];
        heap[newest] = moved;
        at = newest;
    }
}

/* Parts that have no job are left out. */
static int open_parts(struct mh_work *work, const struct mh_walk *walk, struct mh_arena *arena,
                      struct stream *heap, size_t *ret_count, struct mh_err *err)
{
    size_t count = 0, share = walk->part_count > 0 ? walk->limit / walk->part_count : 0;
    if (share < BATCH_MIN) share = BATCH_MIN;
    if (share > BATCH_MAX) share = BATCH_MAX;
    for (size_t i = 0; i < walk->part_count; i++) {
        heap[count] =
            (struct stream){.part = &walk->parts[i], .below = walk->before, .next = share};
        int r = read_batch(work, &heap[count], arena, err);
        if (r < 0) return r;
        if (heap[count].batch.count > 0) count++;
    }
    for (size_t i = count / 2; i-- > 0;)
        sink(heap, count, i);
    *ret_count = count;
    return 0;
}

int mh_walk(struct mh_work *work, const struct mh_walk *walk, struct mh_arena *arena,
            struct mh_found *ret_found, struct mh_err *err)
{
    struct stream *heap = mh_arena_array(arena, walk->part_count, sizeof *heap);
    struct mh_found found = {.seqs.items = mh_arena_array(arena, walk->limit, sizeof(int64_t))};
    if (heap == NULL || found.seqs.items == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to list: out of memory");
    size_t count = 0;
    int r = open_parts(work, walk, arena, heap, &count, err);
    for (size_t looks = 0; r == 0 && count > 0 && found.seqs.count < walk->limit; looks++) {
        if (looks == walk->looks) break;
        struct stream *newest = &heap[0];
        int64_t seq = newest->batch.items[newest->at++];
        if (seq > 0) found.seqs.items[found.seqs.count++] = seq;
        found.stop = llabs(seq);
        if (newest->at == newest->batch.count) {
            newest->batch.count = 0;
            if (newest->below != 0) r = read_batch(work, newest, arena, err);
            if (newest->batch.count == 0) heap[0] = heap[--count];
        }
        sink(heap, count, 0);
    }
    if (count == 0) found.stop = 0;
    if (r == 0) *ret_found = found;
    return r;
}
