/* /v1/events, /v1/jobs/{id}/events */
#include <limits.h>
#include <string.h>

#include "http/api.h"
#include "http/past.h"
#include "http/sse.h"
#include "http/stream.h"

#define OPENING_BYTES ((size_t)4 << 20)
#define LOOKS_MAX     20 /* for events of a job that has ended */

/* So many positions back a job under way may have said something. */
#define SAID_BEFORE 5000

/* --- what is asked for */

static bool is_head(const struct mh_ask *ask)
{
    return strcmp(mh_http_method(ask->request), "HEAD") == 0;
}

static void wrong_query(struct mh_ask *ask, const char *message)
{
    mh_http_error(ask->request, 400, "INVALID_QUERY", message);
}

static bool read_kind(const char *name, size_t len, unsigned *kinds)
{
    for (int kind = 0; kind < MH_EVENT__COUNT; kind++) {
        const char *known = mh_event_name((enum mh_event_kind)kind);
        if (strlen(known) != len || memcmp(known, name, len) != 0) continue;
        *kinds |= 1u << kind;
        return true;
    }
    return false;
}

static bool read_kinds(const char *names, unsigned *ret_kinds)
{
    unsigned kinds = 0;
    for (;;) {
        size_t len = strcspn(names, ",");
        if (!read_kind(names, len, &kinds)) return false;
        if (names[len] == '\0') break;
        names += len + 1;
    }
    *ret_kinds = kinds;
    return true;
}

/* The header is what a browser sends when it comes again, though the address stays the same. False:
 * it has been answered. */
static bool read_id(struct mh_ask *ask, struct mh_follow *follow)
{
    const char *id = mh_http_header(ask->request, "Last-Event-ID");
    if (id == NULL) id = mh_http_query(ask->request, "last_event_id");
    follow->resumes = id != NULL;
    if (id == NULL || mh_place_parse(id, &follow->after)) return true;
    mh_http_error(ask->request, 400, "INVALID_EVENT_ID", "the last event id is not one of ours");
    return false;
}

/* False: it has been answered. */
static bool read_tenant(struct mh_ask *ask, struct mh_follow *follow)
{
    const struct mh_identity *identity = &ask->identity;
    const char *text = mh_http_query(ask->request, "tenant");
    if (!identity->is_admin) follow->tenant_id = &identity->asker.tenant_id;
    if (text == NULL) return true;
    if (mh_uuid_parse(text, &ask->id) < 0) {
        wrong_query(ask, "tenant must be the id of one");
        return false;
    }
    if (!identity->is_admin && !mh_uuid_equal(&ask->id, &identity->asker.tenant_id)) {
        mh_http_error(ask->request, 403, "FORBIDDEN", "not a tenant of yours");
        return false;
    }
    follow->tenant_id = &ask->id;
    return true;
}

/* False: it has been answered. */
static bool read_follow(struct mh_ask *ask, struct mh_follow *follow)
{
    const char *kinds = mh_http_query(ask->request, "event");
    follow->until = ask->identity.until;
    follow->type = mh_http_query(ask->request, "type");
    if (follow->type != NULL && !mh_type_valid(follow->type))
        wrong_query(ask, "type is not a job type");
    else if (kinds != NULL && !read_kinds(kinds, &follow->kinds))
        wrong_query(ask, "event must be names of events, separated by commas");
    else
        return read_id(ask, follow);
    return false;
}

static ssize_t fill_nothing(void *arg, char *bytes, size_t max)
{
    (void)arg;
    (void)bytes;
    (void)max;
    return -1;
}

static void answer_head(struct mh_ask *ask)
{
    mh_http_stream(ask->request, &(struct mh_stream){.type = MH_SSE_TYPE, .fill = fill_nothing});
}

void mh_api_events(void *api, struct mh_http_request *request)
{
    struct mh_ask *ask = mh_ask_of(request);
    struct mh_follow follow = {0};
    struct mh_buf opening;
    (void)api;
    if (!read_follow(ask, &follow) || !read_tenant(ask, &follow)) return;
    if (is_head(ask)) {
        answer_head(ask);
        return;
    }
    mh_buf_init(&opening, OPENING_BYTES);
    mh_hub_follow(mh_ask_hub(ask), request, &follow, &opening);
}

/* --- of one job */

/* On the way to its answer. */
struct tale {
    struct mh_ask *ask;
    struct mh_follow follow;
    struct mh_place now; /* from before the record was read */
    struct mh_job job;   /* its texts are copies */
    int looks;
};

static bool has_ended(const struct mh_job *job)
{
    return job->status != MH_STATUS_PENDING && job->status != MH_STATUS_PROCESSING;
}

static void follow_on(struct tale *tale, struct mh_buf *opening)
{
    mh_hub_follow(mh_ask_hub(tale->ask), tale->ask->request, &tale->follow, opening);
}

/* An ended job has a story with an end. */
static void answer_whole(struct tale *tale, const struct mh_buf *past)
{
    struct mh_buf *body = &tale->ask->body;
    mh_sse_begin(body);
    mh_buf_append(body, mh_buf_text(past), past->len);
    if (mh_buf_failed(body) || mh_buf_failed(past))
        mh_http_error(tale->ask->request, 503, "OUT_OF_MEMORY", "out of memory");
    else
        mh_http_answer(tale->ask->request, &(struct mh_answer){.status = 200,
                                                               .type = MH_SSE_TYPE,
                                                               .body = mh_buf_text(body),
                                                               .len = body->len});
}

/* What its attempt has said so far is in no record yet. */
static void look_back(struct tale *tale)
{
    int64_t now = tale->now.pos;
    if (tale->job.status != MH_STATUS_PROCESSING) return;
    tale->follow.told.upto = now;
    tale->follow.after = (struct mh_place){now > SAID_BEFORE ? now - SAID_BEFORE : 0, 0};
}

static void on_attempts(void *arg, const struct mh_reply *reply)
{
    struct tale *tale = arg;
    struct mh_buf past;
    if (reply->code < 0) {
        mh_ask_fail(tale->ask, &reply->err);
        return;
    }
    mh_buf_init(&past, OPENING_BYTES);
    mh_past_tell(&past, &tale->now, &tale->job, reply->attempts, reply->count, &tale->follow.told);
    tale->follow.resumes = true;
    tale->follow.after = tale->now;
    look_back(tale);
    if (has_ended(&tale->job)) {
        answer_whole(tale, &past);
        mh_buf_release(&past);
    } else {
        follow_on(tale, &past);
    }
}

static void tell_past(struct tale *tale)
{
    struct mh_ask *ask = tale->ask;
    struct mh_err err;
    if (mh_store_attempts(mh_ask_store(ask), &ask->id, on_attempts, tale, &err) < 0)
        mh_ask_fail(ask, &err);
}

/* Of an ended job: what of its story the client does not know yet, or that it knows all, which ends
 * a browser's coming again. */
static void on_rest(void *arg, const struct mh_reply *reply);

static void look_for_rest(struct tale *tale)
{
    struct mh_ask *ask = tale->ask;
    const struct mh_event_filter filter = {.after_pos = tale->follow.after.pos,
                                           .after_index = tale->follow.after.index,
                                           .job_id = &ask->id,
                                           .limit = 1};
    struct mh_err err;
    if (mh_store_events(mh_ask_store(ask), &filter, on_rest, tale, &err) < 0)
        mh_ask_fail(ask, &err);
}

static void on_rest(void *arg, const struct mh_reply *reply)
{
    struct tale *tale = arg;
    struct mh_place *after = &tale->follow.after;
    struct mh_buf none = {0};
    if (reply->code < 0) {
        mh_ask_fail(tale->ask, &reply->err);
    } else if (reply->gap || reply->cursor < after->pos) {
        tell_past(tale);
    } else if (reply->count > 0) {
        follow_on(tale, &none);
    } else if (reply->cursor > after->pos && ++tale->looks < LOOKS_MAX) {
        *after = (struct mh_place){reply->cursor, INT_MAX};
        look_for_rest(tale);
    } else {
        mh_http_answer(tale->ask->request, &(struct mh_answer){.status = 204});
    }
}

/* False: out of memory. */
static bool keep_job(struct tale *tale, const struct mh_job *job)
{
    struct mh_arena *arena = mh_http_arena(tale->ask->request);
    tale->job = *job;
    tale->job.type = mh_arena_str(arena, job->type);
    tale->job.worker_id = mh_arena_str(arena, job->worker_id);
    tale->job.error = mh_arena_str(arena, job->error);
    return tale->job.type != NULL && (job->worker_id == NULL) == (tale->job.worker_id == NULL) &&
           (job->error == NULL) == (tale->job.error == NULL);
}

static void on_job(void *arg, const struct mh_reply *reply)
{
    struct tale *tale = arg;
    struct mh_ask *ask = tale->ask;
    struct mh_buf none = {0};
    if (reply->code < 0)
        mh_ask_fail(ask, &reply->err);
    else if (reply->count == 0)
        mh_http_error(ask->request, 404, "JOB_NOT_FOUND", "there is no such job");
    else if (is_head(ask))
        answer_head(ask);
    else if (!keep_job(tale, &reply->jobs[0]))
        mh_http_error(ask->request, 503, "OUT_OF_MEMORY", "out of memory");
    else if (!tale->follow.resumes)
        tell_past(tale);
    else if (has_ended(&tale->job))
        look_for_rest(tale);
    else
        follow_on(tale, &none);
}

/* First the place, then the record: so what happens between is told twice rather than not at all,
 * and the hub knows what was told. */
static void on_now(void *arg, const struct mh_reply *reply)
{
    struct tale *tale = arg;
    struct mh_ask *ask = tale->ask;
    const struct mh_filter filter = {
        .status = MH_STATUS_NONE, .ids = &ask->id, .id_count = 1, .limit = 1};
    struct mh_err err;
    if (reply->code < 0) {
        mh_ask_fail(ask, &reply->err);
        return;
    }
    tale->now = (struct mh_place){reply->cursor, INT_MAX};
    if (mh_store_list(mh_ask_store(ask), &filter, on_job, tale, &err) < 0) mh_ask_fail(ask, &err);
}

void mh_api_job_events(void *api, struct mh_http_request *request)
{
    static const struct mh_event_filter now = {.after_pos = -1, .limit = 1};
    struct mh_ask *ask = mh_ask_of(request);
    struct tale *tale = mh_arena_alloc(mh_http_arena(request), sizeof *tale);
    struct mh_err err;
    (void)api;
    if (tale == NULL) {
        mh_http_error(request, 503, "OUT_OF_MEMORY", "out of memory");
        return;
    }
    tale->ask = ask;
    if (mh_uuid_parse(mh_http_word(request), &ask->id) < 0) {
        mh_http_error(request, 404, "JOB_NOT_FOUND", "there is no such job");
        return;
    }
    if (!read_follow(ask, &tale->follow)) return;
    tale->follow.job_id = &ask->id;
    if (!ask->identity.is_admin) tale->follow.tenant_id = &ask->identity.asker.tenant_id;
    if (mh_store_events(mh_ask_store(ask), &now, on_now, tale, &err) < 0) mh_ask_fail(ask, &err);
}
