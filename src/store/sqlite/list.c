/* Looking at jobs: pages of records, newest first, and the history of one. */
#include <stdlib.h>

#include "base/arena.h"
#include "mh_sqlite_sql.h"
#include "store/sqlite/record.h"
#include "store/sqlite/walk.h"
#include "store/sqlite/work.h"

static int no_memory(struct mh_err *err)
{
    return mh_err_set(err, MH_ENOMEM, "unable to list: out of memory");
}

/* A filter with its type and tenant looked up. */
struct page {
    const struct mh_filter *filter;
    int64_t type;   /* negative: any */
    int64_t tenant; /* negative: any */
    int64_t before; /* seqs below this */
};

static void bind_or_any(struct mh_sql *sql, int64_t value)
{
    if (value < 0)
        mh_sql_null(sql);
    else
        mh_sql_int(sql, value);
}

/* ?1 to ?5 of the page statements. */
static void bind_page(struct mh_sql *sql, const struct page *page, size_t limit)
{
    mh_sql_int(sql, page->before);
    mh_sql_int(sql, (int64_t)limit);
    bind_or_any(sql, page->filter->status);
    bind_or_any(sql, page->type);
    bind_or_any(sql, page->tenant);
}

static int newest_first(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x > y ? -1 : x < y;
}

/* An id that is given twice is one job. */
static void sort_newest_first(struct mh_numbers *seqs)
{
    if (seqs->count == 0) return;
    qsort(seqs->items, seqs->count, sizeof *seqs->items, newest_first);
    size_t kept = 1;
    for (size_t i = 1; i < seqs->count; i++)
        if (seqs->items[i] != seqs->items[kept - 1]) seqs->items[kept++] = seqs->items[i];
    seqs->count = kept;
}

/* Those of the ids that pass the filter. */
static int find_ids(struct mh_work *work, const struct page *page, struct mh_arena *arena,
                    struct mh_numbers *ret_seqs, struct mh_err *err)
{
    size_t count = page->filter->id_count;
    struct mh_numbers seqs = {.items = mh_arena_array(arena, count, sizeof *seqs.items)};
    if (seqs.items == NULL) return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_page_id);
        bind_page(&sql, page, 1);
        mh_sql_uuid(&sql, &page->filter->ids[i]);
        int r = mh_sql_number(&sql, &seqs.items[seqs.count], err);
        if (r < 0) return r;
        if (r > 0) seqs.count++;
    }
    sort_newest_first(&seqs);
    *ret_seqs = seqs;
    return 0;
}

/* --- ways to a page */

/* The lanes of the filter's type, or all there are. */
static int read_lanes(struct mh_work *work, const struct page *page, struct mh_arena *arena,
                      struct mh_numbers *ret_lanes, struct mh_err *err)
{
    const char *type = page->filter->type;
    struct mh_sql sql =
        mh_sql(work->db, type != NULL ? mh_sqlite_sql_lanes_of_type : mh_sqlite_sql_lanes_all);
    if (type != NULL) mh_sql_text(&sql, type);
    return mh_sql_numbers(&sql, arena, ret_lanes, err);
}

struct way {
    const struct page *page;
    struct mh_numbers lanes;
    struct mh_part *parts;
    size_t count;
};

/* One part for each lane. */
static void add_lanes(struct way *way, const char *text, int64_t status)
{
    for (size_t i = 0; i < way->lanes.count; i++)
        way->parts[way->count++] =
            (struct mh_part){text, status, way->lanes.items[i], way->page->tenant};
}

/* By what the jobs are. */
static void go_by_status(struct way *way)
{
    int64_t status = way->page->filter->status;
    way->count = 0;
    if (status < 0 || status == MH_STATUS_PROCESSING)
        way->parts[way->count++] =
            (struct mh_part){mh_sqlite_sql_page_processing, MH_STATUS_PROCESSING, way->page->type,
                             way->page->tenant};
    for (int64_t each = 0; each < MH_STATUS__COUNT; each++) {
        if (status >= 0 && status != each) continue;
        if (each <= MH_STATUS_COMPLETED) add_lanes(way, mh_sqlite_sql_page_span, each);
        if (each != MH_STATUS_PROCESSING) add_lanes(way, mh_sqlite_sql_page_status, each);
    }
}

/* By whose they are. */
static void go_by_tenant(struct way *way)
{
    int64_t status = way->page->filter->status;
    way->count = 0;
    way->parts[way->count++] =
        (struct mh_part){mh_sqlite_sql_page_newest, status, way->page->type, way->page->tenant};
    add_lanes(way, mh_sqlite_sql_page_tenant, status);
}

/* At most: each status that a span may have, and each but that which is one part for all lanes. */
#define PARTS_OF_LANE (MH_STATUS_COMPLETED + 1 + MH_STATUS__COUNT - 1)

typedef void way_fn(struct way *way);

/* One way or two: each leads to all jobs of the page, and passes others. First the one that, as a
 * rule, passes fewer. Returns how many. */
static size_t choose_ways(const struct page *page, way_fn *ret_ways[2])
{
    enum mh_status status = page->filter->status;
    bool is_rare = status == MH_STATUS_FAILED || status == MH_STATUS_CANCELLED;
    if (page->tenant < 0 || status == MH_STATUS_PROCESSING) {
        ret_ways[0] = go_by_status;
        return 1;
    }
    ret_ways[is_rare ? 1 : 0] = go_by_tenant;
    ret_ways[is_rare ? 0 : 1] = go_by_status;
    return status == MH_STATUS_NONE ? 1 : 2;
}

/* Goes the ways until one has led to a whole page; else what the one found that led farther. */
static int go(struct mh_work *work, const struct page *page, size_t limit, struct mh_arena *arena,
              struct mh_found *ret_found, struct mh_err *err)
{
    way_fn *ways[2];
    struct mh_found best = {.stop = INT64_MAX};
    struct way way = {.page = page};
    int r = read_lanes(work, page, arena, &way.lanes, err);
    if (r < 0) return r;
    way.parts = mh_arena_array(arena, PARTS_OF_LANE * way.lanes.count + 1, sizeof *way.parts);
    if (way.parts == NULL) return no_memory(err);
    size_t count = choose_ways(page, ways);
    for (size_t i = 0; i < count && best.stop != 0 && best.seqs.count < limit; i++) {
        struct mh_found found;
        ways[i](&way);
        const struct mh_walk walk = {way.parts, way.count, page->before, limit,
                                     page->filter->looks};
        r = mh_walk(work, &walk, arena, &found, err);
        if (r < 0) return r;
        if (found.seqs.count == limit || found.stop < best.stop) best = found;
    }
    *ret_found = best;
    return 0;
}

/* One seq more than the page holds tells that there is a next page. */
static int find_seqs(struct mh_work *work, const struct page *page, struct mh_arena *arena,
                     struct mh_found *ret_found, struct mh_err *err)
{
    const struct mh_filter *filter = page->filter;
    size_t limit = filter->limit + 1;
    if (filter->ids != NULL) return find_ids(work, page, arena, &ret_found->seqs, err);
    if (page->tenant >= 0 || page->type >= 0 || filter->status != MH_STATUS_NONE)
        return go(work, page, limit, arena, ret_found, err);
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_page_all);
    mh_sql_int(&sql, page->before);
    mh_sql_int(&sql, (int64_t)limit);
    return mh_sql_numbers(&sql, arena, &ret_found->seqs, err);
}

/* --- the page */

static int read_bodies(struct mh_work *work, int64_t seq, struct mh_arena *arena,
                       struct mh_job *job, struct mh_err *err)
{
    int r = mh_record_read_payload(work, seq, arena, job, err);
    return r < 0 ? r : mh_record_read_result(work, seq, arena, job, err);
}

/* Ends the page early where its bodies are large; the cursor leads on. */
static int read_page(struct mh_work *work, const struct mh_filter *filter,
                     const struct mh_found *found, struct mh_request *request)
{
    struct mh_err *err = &request->reply.err;
    const struct mh_numbers *seqs = &found->seqs;
    size_t want = seqs->count < filter->limit ? seqs->count : filter->limit;
    struct mh_job *jobs = mh_arena_array(&request->arena, want, sizeof *jobs);
    if (jobs == NULL) return no_memory(err);
    size_t count = 0, bytes = 0;
    for (; count < want && bytes < MH_BODIES_MAX; count++) {
        struct mh_job *job = &jobs[count];
        int r = mh_record_read(work, seqs->items[count], &request->arena, job, err);
        if (r >= 0 && filter->bodies)
            r = read_bodies(work, seqs->items[count], &request->arena, job, err);
        if (r < 0) return r;
        bytes += job->payload_len + job->result_len;
    }
    request->reply.jobs = jobs;
    request->reply.count = count;
    request->reply.cursor = count < seqs->count ? seqs->items[count - 1] : found->stop;
    return 0;
}

/* 1, or 0 where the filter names a type or a tenant that is not there: it lets nothing pass. */
static int make_page(struct mh_work *work, const struct mh_filter *filter, struct page *ret_page,
                     struct mh_err *err)
{
    *ret_page = (struct page){.filter = filter, .type = -1, .tenant = -1, .before = INT64_MAX};
    if (filter->cursor != 0) ret_page->before = filter->cursor;
    if (filter->type != NULL) {
        struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_type_find);
        mh_sql_text(&sql, filter->type);
        int r = mh_sql_number(&sql, &ret_page->type, err);
        if (r <= 0) return r;
    }
    if (filter->tenant_id != NULL) {
        struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_tenant_find);
        mh_sql_uuid(&sql, filter->tenant_id);
        int r = mh_sql_number(&sql, &ret_page->tenant, err);
        if (r <= 0) return r;
    }
    return 1;
}

int mh_sqlite_list(struct mh_work *work, struct mh_request *request)
{
    const struct mh_filter *filter = &request->in.list;
    struct mh_err *err = &request->reply.err;
    struct page page;
    int r = make_page(work, filter, &page, err);
    if (r <= 0) return r;
    struct mh_found found = {0};
    r = find_seqs(work, &page, &request->arena, &found, err);
    return r < 0 ? r : read_page(work, filter, &found, request);
}

/* --- the history of one job */

static int read_attempt(const struct mh_sql *sql, struct mh_arena *arena, void *ret_item,
                        struct mh_err *err)
{
    struct mh_attempt *attempt = ret_item;
    *attempt = (struct mh_attempt){
        .number = (int)mh_sql_get_int(sql, 0),
        .started_at = mh_sql_get_int(sql, 2),
        .ended_at = mh_sql_get_int(sql, 3),
    };
    int r = mh_sql_get_text(sql, 1, arena, &attempt->worker_id, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, 4, arena, &attempt->outcome, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, 5, arena, &attempt->error, NULL, err);
    if (r == 0) r = mh_sql_get_text(sql, 6, arena, &attempt->log, NULL, err);
    return r;
}

int mh_sqlite_attempts(struct mh_work *work, struct mh_request *request)
{
    struct mh_sql sql = mh_sql(work->db, mh_sqlite_sql_attempts_read);
    mh_sql_uuid(&sql, &request->in.attempts.id);
    mh_sql_int(&sql, MH_ATTEMPTS_MAX);
    bind_or_any(&sql, work->tenant);
    return mh_sql_collect(&sql, &request->arena, sizeof(struct mh_attempt), read_attempt,
                          &request->reply.attempts, &request->reply.count, &request->reply.err);
}
