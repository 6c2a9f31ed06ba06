#include "store/postgres/postgres.h"

#include <stdlib.h>
#include <string.h>

#include "store/postgres/address.h"
#include "store/postgres/examine.h"
#include "store/postgres/link.h"
#include "store/postgres/news.h"
#include "store/postgres/pq.h"
#include "store/postgres/schema.h"
#include "store/postgres/text.h"
#include "store/postgres/wire.h"
#include "store/postgres/work.h"

/* How long a worker's second connection waits for its first claim, from which it would take the
 * processor; longer only where there is nothing to claim for yet. */
#define FIRST_CLAIM_MS 250

/* A connection and what goes over it. */
struct line {
    struct mh_link *link;
    struct mh_wire *wire;
};

struct mh_postgres {
    uv_loop_t *loop;
    struct mh_pq pq;
    struct mh_address *address;
    struct mh_store_info info;
    struct mh_store_options options;
    char *schema, *quoted; /* its name, as it is and as an identifier */
    struct line front;     /* works; no link once opening has failed */
    struct line back;      /* listens, looks and keeps up; not there while nobody needs it */
    struct mh_schema_job *looking;
    struct mh_request *opening; /* until it is answered */
    bool is_ready;
    bool has_joined; /* a worker; or what may take long is to stay apart all the same */
    bool has_claimed;
    bool closing;
    bool *gone; /* set when the store is closed within a callback */

    int kinds; /* of news that are watched for; 0: none */
    mh_news_fn *news_fn;
    void *news_arg;
    struct mh_ear *ear;
};

/* --- news */

static void pass_on(void *arg, int kinds)
{
    struct mh_postgres *state = arg;
    state->news_fn(state->news_arg, kinds);
}

static void note_hearing(void *arg, bool notified)
{
    struct mh_postgres *state = arg;
    state->info.notifies = notified;
}

static const struct mh_ear_events ear_events = {.news = pass_on, .hears = note_hearing};

/* --- the connection at the back */

static void on_back_up(void *arg)
{
    struct mh_postgres *state = arg;
    mh_wire_up(state->back.wire, state->back.link);
    if (state->ear != NULL) mh_ear_up(state->ear, state->back.link);
}

/* libpq finds notifications while it reads answers. */
static void on_back_input(void *arg)
{
    struct mh_postgres *state = arg;
    bool gone = false;
    state->gone = &gone;
    mh_wire_input(state->back.wire);
    if (gone) return;
    state->gone = NULL;
    if (state->ear != NULL) mh_ear_input(state->ear);
}

static void on_back_down(void *arg, const struct mh_err *err)
{
    struct mh_postgres *state = arg;
    if (state->ear != NULL) mh_ear_down(state->ear);
    mh_wire_down(state->back.wire, err);
}

static void on_back_idle(void *arg)
{
    struct mh_postgres *state = arg;
    if (state->ear != NULL) mh_ear_idle(state->ear);
}

static const struct mh_link_events back_link_events = {
    .up = on_back_up,
    .input = on_back_input,
    .down = on_back_down,
};
static const struct mh_wire_events back_wire_events = {.idle = on_back_idle};

static void close_line(struct line *line)
{
    mh_wire_close(line->wire);
    mh_link_close(line->link);
    *line = (struct line){0};
}

static int open_back(struct mh_postgres *state, struct mh_err *err)
{
    if (state->back.wire != NULL) return 0;
    bool waits = (state->kinds & MH_NEWS_DUE) != 0 && !state->has_claimed;
    int r = mh_wire_new(state->loop, &state->pq, state->quoted, &back_wire_events, state,
                        &state->back.wire, err);
    if (r == 0)
        r = mh_link_open(state->loop, &state->pq, state->address, waits ? FIRST_CLAIM_MS : 0,
                         &back_link_events, state, &state->back.link, err);
    if (r < 0) close_line(&state->back);
    return r;
}

static int start_watching(struct mh_postgres *state, struct mh_err *err)
{
    if (state->kinds == 0 || !state->is_ready) return 0;
    int r = open_back(state, err);
    if (r == 0)
        r = mh_ear_open(state->loop, &state->pq, state->kinds, state->back.wire, &ear_events, state,
                        &state->ear, err);
    if (r == 0 && mh_link_conn(state->back.link) != NULL) mh_ear_up(state->ear, state->back.link);
    return r;
}

/* Where no lease hangs on the one connection there is, another would be wasted. */
static bool goes_back(struct mh_postgres *state, const struct mh_request *request)
{
    if (!mh_pg_is_back(request) || !state->is_ready) return false;
    return state->back.wire != NULL || (state->has_joined && open_back(state, NULL) == 0);
}

/* --- the connection in front */

static void on_claimed(void *arg, bool short_of_limit)
{
    struct mh_postgres *state = arg;
    if (!state->has_claimed && state->back.link != NULL) mh_link_hurry(state->back.link);
    state->has_claimed = true;
    if (state->ear != NULL) mh_ear_claimed(state->ear, short_of_limit);
}

static const struct mh_wire_events front_wire_events = {.claimed = on_claimed};

/* --- opening */

static void answer_opening(struct mh_postgres *state, int code, const struct mh_err *err)
{
    struct mh_request *request = state->opening;
    bool gone = false;
    state->opening = NULL;
    request->reply.code = code;
    if (code < 0) request->reply.err = *err;
    state->gone = &gone;
    mh_request_answer(request);
    if (gone) return;
    state->gone = NULL;
    if (code < 0) mh_wire_refuse(state->front.wire, err);
}

static void fail_opening(struct mh_postgres *state, const struct mh_err *err)
{
    struct mh_err copy = *err;
    mh_pg_schema_drop(state->looking);
    state->looking = NULL;
    mh_link_close(state->front.link);
    state->front.link = NULL;
    answer_opening(state, copy.code, &copy);
}

static void on_schema(void *arg, int version, const struct mh_err *why)
{
    struct mh_postgres *state = arg;
    struct mh_err err;
    state->looking = NULL;
    if (version < 0) {
        fail_opening(state, why);
        return;
    }
    state->is_ready = true;
    state->info.schema_version = version;
    state->info.notifies = !mh_link_pooled(state->front.link);
    if (start_watching(state, &err) < 0) {
        fail_opening(state, &err);
        return;
    }
    mh_wire_up(state->front.wire, state->front.link);
    answer_opening(state, 0, NULL);
}

static void look_at_schema(struct mh_postgres *state)
{
    const struct mh_schema_task task = {
        .pq = &state->pq,
        .name = state->schema,
        .quoted = state->quoted,
        .location = mh_address_location(state->address),
        .options = &state->options,
        .ret_applied = state->info.applied,
    };
    struct mh_err err;
    if (mh_pg_schema_open(&task, state->front.link, on_schema, state, &state->looking, &err) < 0)
        fail_opening(state, &err);
}

/* --- */

static void on_up(void *arg)
{
    struct mh_postgres *state = arg;
    if (state->opening != NULL)
        look_at_schema(state);
    else
        mh_wire_up(state->front.wire, state->front.link);
}

static void on_input(void *arg)
{
    struct mh_postgres *state = arg;
    if (state->is_ready) mh_wire_input(state->front.wire);
}

static void on_down(void *arg, const struct mh_err *err)
{
    struct mh_postgres *state = arg;
    if (state->opening != NULL && !state->closing) {
        struct mh_err copy = *err;
        if (state->looking != NULL && state->options.migrate != NULL &&
            mh_link_pooled(state->front.link))
            (void)mh_err_prefix(&copy, copy.code,
                                "unable to migrate through this pooler, name the server itself");
        fail_opening(state, &copy);
        return;
    }
    if (state->ear != NULL && !state->closing) mh_ear_doubt(state->ear);
    mh_wire_down(state->front.wire, err);
}

static const struct mh_link_events front_link_events = {
    .up = on_up,
    .input = on_input,
    .down = on_down,
};

/* --- the backend */

static void close_store(void *arg)
{
    struct mh_postgres *state = arg;
    state->closing = true;
    if (state->gone != NULL) *state->gone = true;
    mh_pg_schema_drop(state->looking);
    close_line(&state->front);
    close_line(&state->back);
    mh_ear_close(state->ear);
    mh_request_free(state->opening);
    mh_address_free(state->address);
    mh_pq_unload(&state->pq);
    free(state->schema);
    free(state->quoted);
    free(state);
}

static int name_schema(struct mh_postgres *state, const char *name, struct mh_err *err)
{
    state->schema = strdup(name != NULL ? name : MH_PG_SCHEMA_DEFAULT);
    state->quoted = state->schema != NULL ? mh_pg_quote(state->schema) : NULL;
    if (state->quoted != NULL) return 0;
    return mh_err_set(err, MH_ENOMEM, "unable to open a store: out of memory");
}

static int start(struct mh_postgres *state, const struct mh_store_options *options,
                 struct mh_err *err)
{
    int r = name_schema(state, options->schema, err);
    if (r == 0) r = mh_pq_load(&state->pq, err);
    if (r == 0) r = mh_address_new(&state->pq, options->url, &state->address, err);
    if (r == 0)
        r = mh_wire_new(state->loop, &state->pq, state->quoted, &front_wire_events, state,
                        &state->front.wire, err);
    if (r == 0)
        r = mh_link_open(state->loop, &state->pq, state->address, 0, &front_link_events, state,
                         &state->front.link, err);
    return r;
}

static int open_store(uv_loop_t *loop, const struct mh_store_options *options,
                      struct mh_request *ready, void **ret_state, struct mh_err *err)
{
    struct mh_postgres *state = calloc(1, sizeof *state);
    if (state == NULL) return mh_err_set(err, MH_ENOMEM, "unable to open a store: out of memory");
    state->loop = loop;
    state->options = *options;
    state->has_joined = options->apart;
    if (options->keep_schema) state->options.migrate = NULL;
    int r = start(state, options, err);
    if (r < 0) {
        close_store(state);
        return r;
    }
    state->info = (struct mh_store_info){
        .backend = "postgres",
        .location = mh_address_location(state->address),
        .schema_latest = mh_pg_schema_latest(),
    };
    state->opening = ready;
    *ret_state = state;
    return 0;
}

static void submit(void *arg, struct mh_request *request)
{
    struct mh_postgres *state = arg;
    if (request->op == MH_OP_JOIN) state->has_joined = true;
    if (!goes_back(state, request)) {
        mh_wire_submit(state->front.wire, request);
        return;
    }
    if (state->ear != NULL) mh_ear_busy(state->ear);
    if (mh_pg_is_urgent(request))
        mh_wire_submit_urgent(state->back.wire, request);
    else
        mh_wire_submit(state->back.wire, request);
}

static const struct mh_store_info *info(const void *arg)
{
    const struct mh_postgres *state = arg;
    return &state->info;
}

static int watch(void *arg, int kinds, mh_news_fn *fn, void *news_arg, struct mh_err *err)
{
    struct mh_postgres *state = arg;
    if (state->kinds != 0) return mh_err_set(err, MH_ESTATE, "the store is watched already");
    state->kinds = kinds;
    state->news_fn = fn;
    state->news_arg = news_arg;
    return start_watching(state, err);
}

#define BACKEND(name)                                                                              \
    {                                                                                              \
        .scheme = name, .open = open_store, .examine = mh_pg_examine, .close = close_store,        \
        .submit = submit, .info = info, .watch = watch,                                            \
    }

const struct mh_backend mh_pg_backend = BACKEND("postgres");
const struct mh_backend mh_pg_alias = BACKEND("postgresql");
