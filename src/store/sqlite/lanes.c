#include "store/sqlite/lanes.h"

#include <stdlib.h>

#include "mh_sqlite_sql.h"
#include "store/grow.h"
#include "store/sqlite/gate.h"

/* The most heads of one lane read at a time, when there is no other lane to merge it with. */
#define CHUNK_MAX 1024

struct mh_lane {
    int64_t id;
    const char *type;
    int priority;
    int64_t gate; /* its type, where that has limits, else 0 */
    bool paused;
    struct mh_head *heads; /* room for twice the chunk of its priority */
    size_t next, count;
    bool more;           /* there may be more than the heads that were read */
    int64_t span_seq;    /* the last that was given out of those in spans … */
    struct mh_head last; /* … and of the others */
};

static int no_memory(struct mh_err *err)
{
    return mh_err_set(err, MH_ENOMEM, "unable to look for work: out of memory");
}

/* --- finding the lanes */

/* Adds the rows of a statement with the columns of lanes_all.sql. */
static int add_lanes(struct mh_lanes *lanes, struct mh_sql *sql, size_t *room, struct mh_err *err)
{
    int r;
    while ((r = mh_sql_step(sql, err)) > 0) {
        struct mh_lane *grown =
            mh_grow(lanes->arena, lanes->lanes, lanes->count, room, sizeof *grown);
        if (grown == NULL) {
            r = no_memory(err);
            break;
        }
        lanes->lanes = grown;
        struct mh_lane *lane = &grown[lanes->count++];
        *lane = (struct mh_lane){.id = mh_sql_get_int(sql, 0),
                                 .priority = (int)mh_sql_get_int(sql, 1),
                                 .paused = mh_sql_get_int(sql, 2) != 0,
                                 .gate = mh_sql_get_int(sql, 3)};
        r = mh_sql_get_text(sql, 4, lanes->arena, &lane->type, NULL, err);
        if (r < 0) break;
    }
    mh_sql_end(sql);
    return r;
}

static int by_priority(const void *a, const void *b)
{
    const struct mh_lane *x = a, *y = b;
    if (x->priority != y->priority) return x->priority > y->priority ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* A type that is named twice has its lanes twice. */
static void sort_lanes(struct mh_lanes *lanes)
{
    if (lanes->count == 0) return;
    qsort(lanes->lanes, lanes->count, sizeof *lanes->lanes, by_priority);
    size_t kept = 1;
    for (size_t i = 1; i < lanes->count; i++)
        if (lanes->lanes[i].id != lanes->lanes[kept - 1].id) lanes->lanes[kept++] = lanes->lanes[i];
    lanes->count = kept;
}

/* One statement for each type: a list of them in JSON costs five times as much to read. */
int mh_lanes_find(struct mh_lanes *lanes, struct mh_work *work, const struct mh_claim *claim,
                  struct mh_arena *arena, struct mh_err *err)
{
    *lanes = (struct mh_lanes){.work = work, .arena = arena};
    size_t room = 0;
    int r = 0;
    if (claim->types == NULL) {
        struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_lanes_all);
        r = add_lanes(lanes, &sql, &room, err);
    }
    for (size_t i = 0; r == 0 && i < claim->type_count && claim->types != NULL; i++) {
        struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_lanes_of_type);
        mh_sql_text(&sql, claim->types[i]);
        r = add_lanes(lanes, &sql, &room, err);
    }
    if (r == 0) sort_lanes(lanes);
    return r;
}

/* --- walking them */

static bool before(const struct mh_head *a, const struct mh_head *b)
{
    return a->due_at != b->due_at ? a->due_at < b->due_at : a->seq < b->seq;
}

static int by_due(const void *a, const void *b)
{
    return before(a, b) ? -1 : before(b, a);
}

/* Jobs in spans come first, then others: mostly there are none. */
static int read_heads(struct mh_lanes *lanes, struct mh_lane *lane, struct mh_err *err)
{
    struct mh_sql sql = mh_sql(lanes->work->db, mh_sqlite_sql_lane_due);
    mh_sql_int(&sql, lane->id);
    mh_sql_int(&sql, lanes->work->now);
    mh_sql_int(&sql, (int64_t)lanes->chunk);
    mh_sql_int(&sql, lane->span_seq);
    mh_sql_int(&sql, lane->last.due_at);
    mh_sql_int(&sql, lane->last.seq);
    lane->next = lane->count = 0;
    bool sorted = true;
    int r;
    while ((r = mh_sql_step(&sql, err)) > 0) {
        struct mh_head *head = &lane->heads[lane->count++];
        *head = (struct mh_head){.seq = mh_sql_get_int(&sql, 0),
                                 .due_at = mh_sql_get_int(&sql, 1),
                                 .in_span = mh_sql_get_int(&sql, 2) != 0};
        if (lane->count > 1 && before(head, head - 1)) sorted = false;
    }
    mh_sql_end(&sql);
    if (!sorted) qsort(lane->heads, lane->count, sizeof *lane->heads, by_due);
    lane->more = lane->count >= lanes->chunk;
    if (lane->more) lane->count = lanes->chunk;
    return r;
}

static int first_heads(struct mh_lanes *lanes, struct mh_lane *lane, struct mh_err *err)
{
    lane->heads = mh_arena_array(lanes->arena, 2 * lanes->chunk, sizeof *lane->heads);
    if (lane->heads == NULL) return no_memory(err);
    return read_heads(lanes, lane, err);
}

/* All at once: which of the others may follow depends on what is taken. */
static int pass_gate(struct mh_lanes *lanes, struct mh_lane *lane, size_t want, struct mh_err *err)
{
    const struct mh_gate gate = {.lane = lane->id, .type = lane->gate, .want = want};
    return mh_gate_open(&gate, lanes->work, lanes->arena, &lane->heads, &lane->count, err);
}

/* Goes on to the lanes of the next lower priority, of which `want` jobs are wanted. */
static int open_priority(struct mh_lanes *lanes, size_t want, struct mh_err *err)
{
    lanes->first = lanes->end;
    while (lanes->end < lanes->count &&
           lanes->lanes[lanes->end].priority == lanes->lanes[lanes->first].priority)
        lanes->end++;
    size_t width = lanes->end - lanes->first;
    lanes->chunk = width > 1 ? want / width + 2 : want;
    if (lanes->chunk > CHUNK_MAX) lanes->chunk = CHUNK_MAX;
    for (size_t i = lanes->first; i < lanes->end; i++) {
        struct mh_lane *lane = &lanes->lanes[i];
        if (lane->paused) continue;
        int r = lane->gate != 0 ? pass_gate(lanes, lane, want, err) : first_heads(lanes, lane, err);
        if (r < 0) return r;
    }
    return 0;
}

static bool leads(const struct mh_lane *lane, const struct mh_lane *other)
{
    if (lane == NULL || lane->next == lane->count) return false;
    return other == NULL || before(&lane->heads[lane->next], &other->heads[other->next]);
}

/* Finds the lane of this priority whose head comes first, NULL where nothing is due in any, and the
 * one that follows, until whose turn it goes on. */
static void choose_lane(struct mh_lanes *lanes)
{
    lanes->now = lanes->rival = NULL;
    for (size_t i = lanes->first; i < lanes->end; i++) {
        struct mh_lane *lane = &lanes->lanes[i];
        if (leads(lane, lanes->now)) {
            lanes->rival = lanes->now;
            lanes->now = lane;
        } else if (leads(lane, lanes->rival)) {
            lanes->rival = lane;
        }
    }
}

static bool needs_refill(const struct mh_lane *lane)
{
    return lane->next == lane->count && lane->more;
}

static int refill(struct mh_lanes *lanes, struct mh_err *err)
{
    for (size_t i = lanes->first; i < lanes->end; i++) {
        struct mh_lane *lane = &lanes->lanes[i];
        if (!needs_refill(lane)) continue;
        int r = read_heads(lanes, lane, err);
        if (r < 0) return r;
    }
    return 0;
}

/* To the lane whose turn it is, where need be of a lower priority. */
static int go_on(struct mh_lanes *lanes, size_t want, struct mh_err *err)
{
    int r = refill(lanes, err);
    choose_lane(lanes);
    while (r == 0 && lanes->now == NULL && lanes->end < lanes->count) {
        r = open_priority(lanes, want, err);
        choose_lane(lanes);
    }
    return r;
}

int mh_lanes_next(struct mh_lanes *lanes, size_t want, struct mh_due *ret_due, struct mh_err *err)
{
    int r = leads(lanes->now, lanes->rival) ? 0 : go_on(lanes, want, err);
    struct mh_lane *lane = lanes->now;
    if (r < 0 || lane == NULL) return r;
    const struct mh_head *head = &lane->heads[lane->next++];
    if (head->in_span)
        lane->span_seq = head->seq;
    else
        lane->last = *head;
    *ret_due = (struct mh_due){head->seq, lane->type, lane->priority, head->in_span};
    return 1;
}

bool mh_lanes_ends_next(const struct mh_lanes *lanes)
{
    if (leads(lanes->now, lanes->rival)) return false;
    for (size_t i = lanes->first; i < lanes->end; i++)
        if (leads(&lanes->lanes[i], NULL)) return false;
    return true;
}

/* --- what is left */

int mh_lanes_next_due(const struct mh_lanes *lanes, int64_t *ret_ms, struct mh_err *err)
{
    int64_t next = -1;
    for (size_t i = 0; i < lanes->count; i++) {
        const struct mh_lane *lane = &lanes->lanes[i];
        if (lane->paused) continue;
        struct mh_sql sql = mh_sql(lanes->work->db, mh_sqlite_sql_lane_next_due);
        mh_sql_int(&sql, lane->id);
        mh_sql_int(&sql, lane->gate != 0 ? lanes->work->now : -1); /* what is due is held back */
        int64_t due_at = 0;
        int r = mh_sql_number(&sql, &due_at, err);
        if (r < 0) return r;
        if (r > 0 && (next < 0 || due_at < next)) next = due_at;
    }
    *ret_ms = next < 0 ? -1 : next > lanes->work->now ? next - lanes->work->now : 0;
    return 0;
}

static bool has_lane(const struct mh_lanes *lanes, int64_t id)
{
    for (size_t i = 0; i < lanes->count; i++)
        if (lanes->lanes[i].id == id) return true;
    return false;
}

int mh_lanes_running(const struct mh_lanes *lanes, int64_t *ret_count, struct mh_err *err)
{
    int64_t count = 0;
    struct mh_sql sql = mh_sql(lanes->work->db, mh_sqlite_sql_running_by_lane);
    int r;
    while ((r = mh_sql_step(&sql, err)) > 0)
        if (has_lane(lanes, mh_sql_get_int(&sql, 0))) count += mh_sql_get_int(&sql, 1);
    mh_sql_end(&sql);
    if (r == 0) *ret_count = count;
    return r;
}
