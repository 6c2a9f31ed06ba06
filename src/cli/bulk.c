#include "cli/bulk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/ndjson.h"
#include "cli/progress.h"
#include "cli/say.h"

#define CHUNK       1000              /* jobs of one operation … */
#define CHUNK_BYTES ((size_t)8 << 20) /* … or so many bytes */
#define LINE_EXTRA  65536             /* bytes of a line beside its payload */
#define SAID_MAX    20                /* wrong lines that are named */

struct work {
    struct mh_cli *cli;
    const struct mh_bulk *bulk;
    struct mh_ndjson file;
    struct mh_progress progress;
    struct mh_err *err;
    int result; /* the first error, which ends the reading */
    int64_t line;
    int64_t jobs; /* found by the check */
    int64_t wrong;
    struct mh_err first; /* wrong line: where it stays the only one, it is all there is to say */
    struct mh_uuid *tenants; /* sorted; read when a line first names one */
    size_t tenant_count;
    struct mh_arena arena; /* of one line, or of a chunk */
    struct mh_dispatch *chunk;
    size_t chunk_count;
    int64_t dispatched;
    int64_t standing;
    struct mh_uuid *ids; /* with keep_max */
};

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct mh_uuid));
}

static void take_tenants(void *arg, const struct mh_reply *reply)
{
    struct work *work = arg;
    work->tenants = calloc(reply->count + 1, sizeof *work->tenants);
    if (work->tenants == NULL) return;
    for (size_t i = 0; i < reply->count; i++)
        work->tenants[i] = reply->tenants[i].id;
    work->tenant_count = reply->count;
    qsort(work->tenants, work->tenant_count, sizeof *work->tenants, compare_ids);
}

static int read_tenants(struct work *work)
{
    int r = mh_cli_store(work->cli, work->err);
    if (r < 0) return r;
    struct mh_call call = {.use = take_tenants, .arg = work};
    r = mh_store_tenant_list(work->cli->sync.store, mh_call_done, &call, work->err);
    r = mh_sync_await(&work->cli->sync, r, &call, work->err);
    if (r == 0 && work->tenants == NULL) r = mh_err_set(work->err, MH_ENOMEM, "out of memory");
    return r;
}

/* The default tenant is always there. */
static int check_tenant(struct work *work, const struct mh_uuid *id, struct mh_err *err)
{
    if (mh_uuid_equal(id, &mh_uuid_zero)) return 0;
    if (work->tenants == NULL) work->result = read_tenants(work);
    if (work->result < 0) return work->result;
    if (bsearch(id, work->tenants, work->tenant_count, sizeof *id, compare_ids) != NULL) return 0;
    return mh_err_set(err, MH_EINVAL, "tenant_id: no such tenant");
}

static bool is_blank(const char *line, size_t len)
{
    size_t i = 0;
    while (i < len && strchr(" \t\r", line[i]) != NULL && line[i] != '\0')
        i++;
    return i == len;
}

static void say_wrong(struct work *work, const char *text)
{
    struct mh_err said;
    work->wrong++;
    if (work->wrong > SAID_MAX) return;
    (void)mh_err_set(&said, MH_EINVAL, "%s%s%" PRId64 ": %s", work->file.name, work->file.behind,
                     work->line, text);
    mh_progress_hide(&work->progress);
    if (work->wrong == 1) {
        work->first = said;
        return;
    }
    if (work->wrong == 2) mh_say("%s", work->first.text);
    mh_say("%s", said.text);
}

static void check_line(void *arg, const char *line, size_t len, bool cut)
{
    struct work *work = arg;
    struct mh_dispatch job;
    struct mh_err err;
    work->line++;
    mh_progress_set(&work->progress, work->file.done);
    if (work->result < 0 || is_blank(line, len)) return;
    if (cut) {
        say_wrong(work, "the line is too long for a job");
        return;
    }
    int r = mh_spec_parse(line, len, &work->bulk->defaults, &work->arena, &job, &err);
    if (r == 0) r = check_tenant(work, &job.tenant_id, &err);
    mh_arena_release(&work->arena);
    work->jobs++;
    if (r < 0 && work->result == 0) say_wrong(work, err.text);
}

static void print_id(struct work *work, const struct mh_dispatched *job)
{
    struct mh_out *out = &work->cli->out;
    char id[MH_UUID_TEXT];
    mh_uuid_format(&job->id, id);
    if (!work->cli->json) {
        mh_buf_str(&out->line, id);
        mh_out_end(out);
        return;
    }
    mh_json_begin(&out->line, '{');
    mh_json_put_str(&out->line, "id", id);
    mh_json_put_bool(&out->line, "standing", job->standing);
    mh_json_end(&out->line, '}');
    mh_out_end_json(out);
}

static void take_dispatched(void *arg, const struct mh_reply *reply)
{
    struct work *work = arg;
    if (work->cli->out.terminal) mh_progress_hide(&work->progress);
    for (size_t i = 0; i < reply->count; i++) {
        work->standing += reply->dispatched[i].standing;
        if (work->ids != NULL) work->ids[work->dispatched] = reply->dispatched[i].id;
        if (work->ids == NULL || !work->cli->json) /* else the records come as they end */
            print_id(work, &reply->dispatched[i]);
        work->dispatched++;
    }
}

static int dispatch_chunk(struct work *work)
{
    if (work->chunk_count == 0) return 0;
    struct mh_sync *sync = &work->cli->sync;
    struct mh_call call = {.use = take_dispatched, .arg = work};
    int r = mh_store_dispatch(sync->store, work->chunk, work->chunk_count, mh_call_done, &call,
                              work->err);
    r = mh_sync_await(sync, r, &call, work->err);
    mh_arena_release(&work->arena);
    work->chunk_count = 0;
    if (r == 0) mh_progress_set(&work->progress, work->dispatched);
    return r;
}

/* What the check saw is what is read again, unless somebody writes to the file. */
static int file_changed(struct work *work)
{
    return mh_err_set(work->err, MH_EIO, "the file has changed since it was checked");
}

/* The line is copied: the job borrows its payload from it. */
static int add_line(struct work *work, const char *line, size_t len)
{
    char *copy = mh_arena_copy(&work->arena, line, len);
    if (copy == NULL) return mh_err_set(work->err, MH_ENOMEM, "out of memory");
    if (work->dispatched + (int64_t)work->chunk_count >= work->jobs) return file_changed(work);
    int r = mh_spec_parse(copy, len, &work->bulk->defaults, &work->arena,
                          &work->chunk[work->chunk_count], work->err);
    if (r < 0) return r;
    work->chunk_count++;
    if (work->chunk_count < CHUNK && work->arena.held < CHUNK_BYTES) return 0;
    return dispatch_chunk(work);
}

static void dispatch_line(void *arg, const char *line, size_t len, bool cut)
{
    struct work *work = arg;
    work->line++;
    if (work->result < 0 || is_blank(line, len)) return;
    work->result = add_line(work, line, len);
}

static int read_lines(struct work *work, mh_line_fn *fn)
{
    struct mh_lines lines;
    int64_t max = work->bulk->defaults.max_payload_bytes + LINE_EXTRA;
    mh_lines_init(&lines, (size_t)max, fn, work);
    work->line = 0;
    int r = mh_ndjson_read(&work->file, &lines, work->err);
    mh_lines_release(&lines);
    return work->result < 0 ? work->result : r;
}

static int check(struct work *work)
{
    mh_progress_begin(&work->progress, "checking", work->file.bytes);
    int r = read_lines(work, check_line);
    mh_progress_hide(&work->progress);
    if (r < 0) return r;
    if (work->wrong == 1)
        return mh_err_set(work->err, MH_EINVAL, "%s; nothing was dispatched", work->first.text);
    if (work->wrong > 1)
        return mh_err_set(work->err, MH_EINVAL,
                          "nothing was dispatched: %" PRId64 " of %" PRId64 " lines are wrong",
                          work->wrong, work->line);
    if (work->bulk->keep_max > 0 && work->jobs > (int64_t)work->bulk->keep_max)
        return mh_err_set(work->err, MH_EINVAL, "at most %zu jobs can be waited for, not %" PRId64,
                          work->bulk->keep_max, work->jobs);
    return 0;
}

static int dispatch(struct work *work)
{
    int r = mh_cli_store(work->cli, work->err);
    if (r < 0) return r;
    work->chunk = calloc(CHUNK, sizeof *work->chunk);
    if (work->bulk->keep_max > 0) work->ids = calloc((size_t)work->jobs + 1, sizeof *work->ids);
    if (work->chunk == NULL || (work->bulk->keep_max > 0 && work->ids == NULL))
        return mh_err_set(work->err, MH_ENOMEM, "out of memory");
    mh_progress_begin(&work->progress, "dispatching", work->jobs);
    r = read_lines(work, dispatch_line);
    if (r == 0) r = dispatch_chunk(work);
    if (r == 0 && work->dispatched < work->jobs) r = file_changed(work);
    mh_progress_hide(&work->progress);
    if (r < 0)
        return mh_err_prefix(work->err, MH_EIO, "%s: stopped after %" PRId64 " of %" PRId64 " jobs",
                             work->file.name, work->dispatched, work->jobs);
    if (work->standing > 0)
        mh_say("not dispatched, because their unique keys are taken: %" PRId64 " of %" PRId64
               " jobs",
               work->standing, work->dispatched);
    return 0;
}

int mh_bulk(struct mh_cli *cli, const struct mh_bulk *bulk, struct mh_uuid **ret_ids,
            size_t *ret_count, struct mh_err *err)
{
    struct work work = {.cli = cli, .bulk = bulk, .err = err};
    mh_arena_init(&work.arena, 2 * CHUNK_BYTES + 4 * (size_t)bulk->defaults.max_payload_bytes);
    int r = mh_ndjson_open(&work.file, bulk->file, err);
    if (r == 0) r = check(&work);
    if (r == 0) r = dispatch(&work);
    mh_ndjson_close(&work.file);
    mh_arena_release(&work.arena);
    free(work.chunk);
    free(work.tenants);
    if (r < 0) {
        free(work.ids);
        return r;
    }
    *ret_ids = work.ids;
    *ret_count = (size_t)work.dispatched;
    return 0;
}
