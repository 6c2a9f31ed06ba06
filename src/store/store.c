#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "store/backend.h"
#include "store/check.h"
#include "store/order.h"
#include "store/request.h"

#define DEFAULT_ATTEMPTS 3

/* --- opening */

static void list_schemes(char *ret_text, size_t size)
{
    struct mh_buf names;
    mh_buf_init(&names, size - 1);
    for (size_t i = 0; mh_backend_at(i) != NULL; i++)
        mh_buf_printf(&names, "%s%s", i > 0 ? ", " : "", mh_backend_at(i)->scheme);
    memcpy(ret_text, mh_buf_text(&names), names.len + 1);
    mh_buf_release(&names);
}

static int find_backend(const char *url, const struct mh_backend **ret_backend, struct mh_err *err)
{
    if (url == NULL || *url == '\0') return mh_err_set(err, MH_EINVAL, "the store's URL is empty");
    size_t len = strcspn(url, ":/");
    if (url[len] != ':')
        return mh_err_set(err, MH_EINVAL,
                          "store \"%.200s\" has no scheme: for a file say sqlite:%s", url,
                          strlen(url) > 200 ? "FILE" : url);
    const struct mh_backend *backend = mh_backend_find(url, len);
    if (backend == NULL) {
        char known[200];
        list_schemes(known, sizeof known);
        return mh_err_set(err, MH_EINVAL, "unknown kind of store \"%.*s\": this program knows %s",
                          len > 40 ? 40 : (int)len, url, known);
    }
    *ret_backend = backend;
    return 0;
}

int mh_store_open(uv_loop_t *loop, const struct mh_store_options *options, mh_reply_fn *done,
                  void *arg, struct mh_store **ret_store, struct mh_err *err)
{
    const struct mh_backend *backend = NULL;
    int r = find_backend(options->url, &backend, err);
    if (r < 0) return r;
    struct mh_store *store = calloc(1, sizeof *store);
    struct mh_request *ready = mh_request_new(MH_OP__COUNT, done, arg);
    if (store == NULL || ready == NULL) {
        free(store);
        return mh_request_refuse(ready, err);
    }
    store->backend = backend;
    store->max_payload_bytes = options->max_payload_bytes;
    store->max_result_bytes = options->max_result_bytes;
    r = backend->open(loop, options, ready, &store->state, err);
    if (r < 0) {
        mh_request_free(ready);
        free(store);
        return r;
    }
    *ret_store = store;
    return 0;
}

int mh_store_examine(uv_loop_t *loop, const struct mh_store_options *options, int64_t long_ms,
                     mh_reply_fn *done, void *arg, struct mh_err *err)
{
    const struct mh_backend *backend = NULL;
    int r = find_backend(options->url, &backend, err);
    if (r == 0) r = mh_check_range("age of a transaction", long_ms, 1, MH_DELAY_MAX, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP__COUNT, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.examine.long_ms = long_ms;
    r = backend->examine(loop, options, request, err);
    if (r < 0) mh_request_free(request);
    return r;
}

void mh_store_close(struct mh_store *store)
{
    if (store == NULL) return;
    store->backend->close(store->state);
    free(store);
}

void mh_store_speak_for(struct mh_store *store, const struct mh_asker *asker)
{
    store->asker = asker;
}

const struct mh_store_info *mh_store_info(const struct mh_store *store)
{
    return store->backend->info(store->state);
}

int mh_store_watch(struct mh_store *store, int kinds, mh_news_fn *fn, void *arg, struct mh_err *err)
{
    if (kinds == 0 || (kinds & ~MH_NEWS_ALL) != 0)
        return mh_err_set(err, MH_EINVAL, "kinds of news: no such kind");
    return store->backend->watch(store->state, kinds, fn, arg, err);
}

/* --- dispatching */

static bool copy_dispatch(struct mh_arena *arena, struct mh_dispatch *job)
{
    if (job->max_attempts == 0) job->max_attempts = DEFAULT_ATTEMPTS;
    job->payload = mh_arena_copy(arena, job->payload, job->payload_len);
    return job->payload != NULL && mh_copy_str(arena, job->type, &job->type) &&
           mh_copy_str(arena, job->unique_key, &job->unique_key) &&
           mh_copy_str(arena, job->correlation_id, &job->correlation_id) &&
           mh_copy_str(arena, job->traceparent, &job->traceparent);
}

static int check_dispatches(const struct mh_store *store, const struct mh_dispatch *jobs,
                            size_t count, struct mh_err *err)
{
    int r = mh_check_count(count, err);
    for (size_t i = 0; r == 0 && i < count; i++) {
        r = mh_dispatch_check(&jobs[i], store->max_payload_bytes, err);
        if (r < 0 && count > 1) mh_err_prefix(err, r, "job %zu of %zu", i + 1, count);
    }
    return r;
}

int mh_store_dispatch(struct mh_store *store, const struct mh_dispatch *jobs, size_t count,
                      mh_reply_fn *done, void *arg, struct mh_err *err)
{
    int r = check_dispatches(store, jobs, count, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_DISPATCH, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    struct mh_dispatch *copy = mh_copy_array(&request->arena, jobs, count, sizeof *jobs);
    if (copy == NULL) return mh_request_refuse(request, err);
    for (size_t i = 0; i < count; i++)
        if (!copy_dispatch(&request->arena, &copy[i])) return mh_request_refuse(request, err);
    request->in.dispatch.jobs = copy;
    request->in.dispatch.count = count;
    if (!mh_order_jobs(request)) return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

/* --- working */

int mh_store_join(struct mh_store *store, const struct mh_join *join, mh_reply_fn *done, void *arg,
                  struct mh_err *err)
{
    int r = mh_check_key("worker id", join->worker_id, err);
    if (r == 0) r = mh_check_range("lease", join->lease_ms, 1, MH_DELAY_MAX, err);
    if (r == 0) r = mh_check_types(join->types, join->type_count, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_JOIN, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.join = *join;
    if (!mh_copy_str(&request->arena, join->worker_id, &request->in.join.worker_id) ||
        !mh_copy_strs(&request->arena, join->types, join->type_count, &request->in.join.types))
        return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

int mh_store_leave(struct mh_store *store, int64_t worker, mh_reply_fn *done, void *arg,
                   struct mh_err *err)
{
    struct mh_request *request = mh_request_new(MH_OP_LEAVE, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.leave.worker = worker;
    return mh_request_submit(store, request, err);
}

int mh_store_claim(struct mh_store *store, const struct mh_claim *claim, mh_reply_fn *done,
                   void *arg, struct mh_err *err)
{
    int r = mh_check_types(claim->types, claim->type_count, err);
    if (r == 0) r = mh_check_range("limit", (int64_t)claim->limit, 1, MH_COUNT_MAX, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_CLAIM, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.claim = *claim;
    if (!mh_copy_strs(&request->arena, claim->types, claim->type_count, &request->in.claim.types))
        return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

/* Of an error the beginning is kept, of a log the end: each is where the cause stands. Making text
 * of other bytes lengthens it, so the cut comes after. */
static bool clean_error(struct mh_arena *arena, struct mh_finish *finish)
{
    size_t len;
    char *error = mh_utf8_clean(arena, finish->error, strlen(finish->error), &len);
    if (error == NULL) return false;
    error[mh_utf8_cut(error, len, MH_ERROR_MAX)] = '\0';
    finish->error = error;
    return true;
}

static bool clean_log(struct mh_arena *arena, struct mh_finish *finish)
{
    size_t skipped = finish->log_len > MH_LOG_TAIL ? finish->log_len - MH_LOG_TAIL : 0, len;
    const char *log = mh_utf8_clean(arena, finish->log + skipped, finish->log_len - skipped, &len);
    if (log == NULL) return false;
    size_t start = len > MH_LOG_TAIL ? len - MH_LOG_TAIL : 0;
    while (start > 0 && start < len && mh_utf8_character(log + start, len - start) == 0)
        start++;
    finish->log = log + start;
    finish->log_len = len - start;
    return true;
}

static bool copy_finish(struct mh_arena *arena, struct mh_finish *finish)
{
    if (finish->result_len == 4 && memcmp(finish->result, "null", 4) == 0) finish->result = NULL;
    if (finish->result != NULL) {
        finish->result = mh_arena_copy(arena, finish->result, finish->result_len);
        if (finish->result == NULL) return false;
    }
    if (finish->error != NULL && !clean_error(arena, finish)) return false;
    return finish->log == NULL || clean_log(arena, finish);
}

static int check_finishes(const struct mh_store *store, const struct mh_finish *finishes,
                          size_t count, struct mh_err *err)
{
    int r = mh_check_count(count, err);
    for (size_t i = 0; r == 0 && i < count; i++)
        r = mh_check_finish(&finishes[i], store->max_result_bytes, err);
    return r;
}

int mh_store_finish(struct mh_store *store, const struct mh_finish *finishes, size_t count,
                    mh_reply_fn *done, void *arg, struct mh_err *err)
{
    int r = check_finishes(store, finishes, count, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_FINISH, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    struct mh_finish *copy = mh_copy_array(&request->arena, finishes, count, sizeof *finishes);
    if (copy == NULL) return mh_request_refuse(request, err);
    for (size_t i = 0; i < count; i++)
        if (!copy_finish(&request->arena, &copy[i])) return mh_request_refuse(request, err);
    request->in.finish.finishes = copy;
    request->in.finish.count = count;
    return mh_request_submit(store, request, err);
}

int mh_store_heartbeat(struct mh_store *store, int64_t worker, const struct mh_held *held,
                       size_t count, mh_reply_fn *done, void *arg, struct mh_err *err)
{
    int r = mh_check_count(count, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_HEARTBEAT, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.heartbeat.worker = worker;
    request->in.heartbeat.count = count;
    request->in.heartbeat.held = mh_copy_array(&request->arena, held, count, sizeof *held);
    if (request->in.heartbeat.held == NULL) return mh_request_refuse(request, err);
    return mh_request_submit(store, request, err);
}

/* --- chores */

int mh_store_reclaim(struct mh_store *store, size_t limit, mh_reply_fn *done, void *arg,
                     struct mh_err *err)
{
    int r = mh_check_range("limit", (int64_t)limit, 1, MH_COUNT_MAX, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_RECLAIM, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.reclaim.limit = limit;
    return mh_request_submit(store, request, err);
}

int mh_store_prune(struct mh_store *store, int64_t ended_ms, int64_t failed_ms, size_t limit,
                   mh_reply_fn *done, void *arg, struct mh_err *err)
{
    int r = mh_check_range("retention", ended_ms, 0, INT64_MAX, err);
    if (r == 0) r = mh_check_range("retention of failed jobs", failed_ms, 0, INT64_MAX, err);
    if (r == 0) r = mh_check_range("limit", (int64_t)limit, 1, MH_COUNT_MAX, err);
    if (r < 0) return r;
    struct mh_request *request = mh_request_new(MH_OP_PRUNE, done, arg);
    if (request == NULL) return mh_request_refuse(request, err);
    request->in.prune.ended_ms = ended_ms;
    request->in.prune.failed_ms = failed_ms;
    request->in.prune.limit = limit;
    return mh_request_submit(store, request, err);
}
