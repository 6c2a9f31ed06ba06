#include "store/sqlite/sqlite.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "mh_sqlite_sql.h"
#include "store/sqlite/commit.h"
#include "store/sqlite/door.h"
#include "store/sqlite/examine.h"
#include "store/sqlite/schema.h"
#include "store/sqlite/thread.h"
#include "store/sqlite/wake.h"

/* How far back a look for what others did goes beyond the last look: their time of an act is taken
 * before its commit. */
#define LOOK_BACK_MS 2000

struct mh_sqlite {
    uv_loop_t *loop;
    struct mh_schema_options options;
    char *path; /* as given, absolute */
    struct mh_store_info info;
    struct mh_door *door;
    struct mh_thread *writer, *reader, *looker;
    struct mh_request *opening; /* until it is answered */
    bool is_ready;
    bool waited_for; /* the caller waits for every answer, so one connection does */

    int kinds; /* of news that are watched for; 0: none */
    mh_news_fn *news_fn;
    void *news_arg;
    struct mh_listener *listener;

    /* The writer's, set before the store is ready. */
    char *real_path; /* without symbolic links: what all processes agree on */
    struct mh_sender *sender;
    int64_t data_version;
    int64_t looked_at;
};

/* --- on the writer's thread */

static int open_writer(void *arg, struct mh_db *db, struct mh_err *err)
{
    struct mh_sqlite *state = arg;
    int before = 0;
    int version = mh_schema_open(db, state->path, &state->options, &before, err);
    if (version < 0) return version;
    state->real_path = realpath(state->path, NULL);
    if (state->real_path != NULL) state->sender = mh_sender_new(state->real_path);
    if (state->sender == NULL) {
        mh_db_close(db);
        return mh_err_set(err, MH_ENOMEM, "unable to open %s: out of memory", state->path);
    }
    state->info.location = state->real_path;
    state->info.schema_version = version;
    mh_schema_applied(before, state->info.applied);
    return 0;
}

static void write_batch(void *arg, struct mh_db *db, struct mh_request *requests)
{
    struct mh_sqlite *state = arg;
    mh_sender_send(state->sender, mh_commit(db, requests));
}

/* True when another connection has committed since the last call. */
static bool others_committed(struct mh_sqlite *state, struct mh_db *db)
{
    int64_t version = 0;
    int64_t before = state->data_version;
    struct mh_sql sql = mh_sql(db, mh_sqlite_sql_data_version);
    if (mh_sql_number(&sql, &version, NULL) <= 0) return false;
    state->data_version = version;
    return before != 0 && version != before;
}

/* The net below the sockets of wake.c: finds what was done by a foreign program, or by one that
 * could not reach our socket. It looks for what there is instead of taking every commit for news:
 * busy workers that answer each other's heartbeats with heartbeats would never come to rest. */
static void look_around(void *arg, struct mh_db *db)
{
    struct mh_sqlite *state = arg;
    int64_t since = state->looked_at - LOOK_BACK_MS;
    int64_t news = 0;
    state->looked_at = mh_clock_now_ms();
    if (!others_committed(state, db)) return;
    struct mh_sql sql = mh_sql(db, mh_sqlite_sql_news);
    mh_sql_int(&sql, since);
    if (mh_sql_number(&sql, &news, NULL) > 0 && news != 0) mh_door_news(state->door, (int)news);
}

static const struct mh_thread_role writer = {
    .open = open_writer,
    .work = write_batch,
    .tick = look_around,
};

/* --- on the reader's and the looker's thread */

static int open_reader(void *arg, struct mh_db *db, struct mh_err *err)
{
    struct mh_sqlite *state = arg;
    return mh_schema_open_reader(db, state->real_path, err);
}

static void read_batch(void *arg, struct mh_db *db, struct mh_request *requests)
{
    (void)mh_commit(db, requests); /* nothing is news */
}

static const struct mh_thread_role reader = {
    .open = open_reader,
    .work = read_batch,
};

/* --- on the loop's thread */

static void pass_on(void *arg, int kinds)
{
    struct mh_sqlite *state = arg;
    if ((kinds & state->kinds) != 0) state->news_fn(state->news_arg, kinds & state->kinds);
}

/* A file system without sockets leaves the look around, once a second. */
static void start_watching(struct mh_sqlite *state)
{
    if (state->kinds == 0 || !state->is_ready) return;
    state->info.notifies = mh_listener_open(state->loop, state->real_path, state->kinds, pass_on,
                                            state, &state->listener, NULL) == 0;
    mh_thread_tick(state->writer, true);
}

static void answer(void *arg, struct mh_request *request)
{
    struct mh_sqlite *state = arg;
    if (request == state->opening) {
        state->opening = NULL;
        state->is_ready = request->reply.code == 0;
        start_watching(state);
    }
    mh_request_answer(request);
}

static void work_here(void *arg)
{
    struct mh_sqlite *state = arg;
    mh_thread_work(state->writer);
}

static const struct mh_door_events events = {.work = work_here, .answer = answer, .news = pass_on};

/* --- the backend */

static void close_store(void *arg)
{
    struct mh_sqlite *state = arg;
    mh_thread_stop(state->looker, MH_THREAD_DROP);
    mh_thread_stop(state->reader, MH_THREAD_DROP);
    mh_thread_stop(state->writer, MH_THREAD_DRAIN);
    mh_listener_close(state->listener);
    mh_door_close(state->door);
    mh_sender_free(state->sender);
    free(state->real_path);
    free(state->path);
    free(state);
}

int mh_sqlite_path(const char *url, const char **ret_path, struct mh_err *err)
{
    const char *path = strchr(url, ':') + 1;
    if (*path == '\0')
        return mh_err_set(err, MH_EINVAL, "store \"%s\" names no file: say sqlite:FILE", url);
    if (strncmp(path, "//", 2) == 0 && path[2] != '/')
        return mh_err_set(err, MH_EINVAL, "store \"%.200s\" names a host: say sqlite:FILE", url);
    *ret_path = path;
    return 0;
}

static int open_store(uv_loop_t *loop, const struct mh_store_options *options,
                      struct mh_request *ready, void **ret_state, struct mh_err *err)
{
    const char *path = NULL;
    int r = mh_sqlite_path(options->url, &path, err);
    if (r < 0) return r;
    struct mh_sqlite *state = calloc(1, sizeof *state);
    if (state == NULL) return mh_err_set(err, MH_ENOMEM, "unable to open a store: out of memory");
    state->loop = loop;
    state->opening = ready;
    state->options.keep = options->keep_schema;
    state->options.synchronous_full = options->synchronous_full;
    state->waited_for = options->waits;
    state->path = mh_path_absolute(path);
    r = state->path != NULL ? mh_door_new(loop, &events, state, &state->door, err)
                            : mh_err_set(err, MH_ENOMEM, "unable to open a store: out of memory");
    state->info = (struct mh_store_info){
        .backend = mh_sqlite_backend.scheme,
        .location = state->path,
        .schema_latest = mh_schema_latest(),
        .notifies = true,
    };
    mh_thread_start_fn *start = options->waits ? mh_thread_stay : mh_thread_start;
    if (r == 0) r = start(&writer, state, state->door, ready, &state->writer, err);
    if (r < 0) {
        close_store(state);
        return r;
    }
    *ret_state = state;
    return 0;
}

/* Until the store is ready, and where no other thread is to be had, the writer reads too. */
static struct mh_thread *choose_thread(struct mh_sqlite *state, const struct mh_request *request)
{
    struct mh_thread **at = mh_request_is_look(request) ? &state->looker : &state->reader;
    if (!state->is_ready || state->waited_for || mh_commit_writes(request->op))
        return state->writer;
    if (*at == NULL && mh_thread_start(&reader, state, state->door, NULL, at, NULL) < 0) *at = NULL;
    return *at != NULL ? *at : state->writer;
}

static void submit(void *arg, struct mh_request *request)
{
    struct mh_sqlite *state = arg;
    mh_thread_submit(choose_thread(state, request), request);
}

static const struct mh_store_info *info(const void *arg)
{
    const struct mh_sqlite *state = arg;
    return &state->info;
}

static int watch(void *arg, int kinds, mh_news_fn *fn, void *news_arg, struct mh_err *err)
{
    struct mh_sqlite *state = arg;
    if (state->kinds != 0) return mh_err_set(err, MH_ESTATE, "the store is watched already");
    int r = mh_thread_part(state->writer, err);
    if (r < 0) return r;
    state->kinds = kinds;
    state->news_fn = fn;
    state->news_arg = news_arg;
    start_watching(state);
    return 0;
}

const struct mh_backend mh_sqlite_backend = {
    .scheme = "sqlite",
    .open = open_store,
    .examine = mh_sqlite_examine,
    .close = close_store,
    .submit = submit,
    .info = info,
    .watch = watch,
};
