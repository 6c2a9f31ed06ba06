#include "client/handle.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA    "millhand"
#define BODY_MAX  INT64_C(1048576)
#define BODY_MOST INT64_C(67108864)
#define ARENA_MAX ((size_t)1 << 16)

/* A caller's number is ours: the tables below break the build where they part. */
_Static_assert((int)MILLHAND_ENOMEM == (int)MH_ENOMEM, "codes");
_Static_assert((int)MILLHAND_EINVAL == (int)MH_EINVAL, "codes");
_Static_assert((int)MILLHAND_ENOENT == (int)MH_ENOENT, "codes");
_Static_assert((int)MILLHAND_EEXIST == (int)MH_EEXIST, "codes");
_Static_assert((int)MILLHAND_ESTATE == (int)MH_ESTATE, "codes");
_Static_assert((int)MILLHAND_ELIMIT == (int)MH_ELIMIT, "codes");
_Static_assert((int)MILLHAND_ECONN == (int)MH_ECONN, "codes");
_Static_assert((int)MILLHAND_EIO == (int)MH_EIO, "codes");
_Static_assert((int)MILLHAND_ESTORE == (int)MH_ESTORE, "codes");
_Static_assert((int)MILLHAND_ETIMEOUT == (int)MH_ETIMEOUT, "codes");
_Static_assert((int)MILLHAND_LOG_INFO == (int)MH_LOG_INFO, "levels");
_Static_assert(MILLHAND_ID_SIZE == MH_UUID_TEXT, "ids");
_Static_assert(sizeof((struct millhand_error){0}.message) == sizeof((struct mh_err){0}.text), "");

struct mh_entry mh_handle_enter(const struct mh_log_sink *sink)
{
    return (struct mh_entry){.before = mh_log_divert(sink)};
}

int mh_handle_leave(const struct mh_entry *entry, int r, struct millhand_error *err)
{
    (void)mh_log_divert(entry->before);
    if (r >= 0 || err == NULL) return r;
    err->code = r;
    memcpy(err->message, entry->err.text, sizeof err->message);
    return r;
}

static void pass_on_line(void *arg, enum mh_log_level level, const char *message,
                         const char *fields)
{
    const struct millhand_options *options = arg;
    options->log(options->log_arg, (int)level, message, fields);
}

struct mh_log_sink mh_handle_sink(const struct millhand_options *options)
{
    int level = options->log_level != 0 ? options->log_level : MILLHAND_LOG_INFO;
    return (struct mh_log_sink){
        .level = (enum mh_log_level)level,
        .fn = options->log != NULL ? pass_on_line : NULL,
        .arg = (void *)(uintptr_t)options, /* read only */
    };
}

int mh_handle_uuid(const char *field, const char *text, struct mh_uuid *ret_id, struct mh_err *err)
{
    if (text != NULL && mh_uuid_parse(text, ret_id) == 0) return 0;
    return mh_err_set(err, MH_EINVAL, "%s: expected a UUID", field);
}

int mh_handle_range(const char *field, int64_t value, int64_t min, int64_t max, struct mh_err *err)
{
    if (value >= min && value <= max) return 0;
    return mh_err_set(err, MH_EINVAL, "%s: expected %" PRId64 " to %" PRId64 ", not %" PRId64,
                      field, min, max, value);
}

/* --- opening */

static int read_options(struct millhand *mh, const char *url, const struct millhand_options *given,
                        struct mh_err *err)
{
    int r = mh_handle_range("max_payload_bytes", given->max_payload_bytes, 0, BODY_MOST, err);
    if (r == 0) r = mh_handle_range("max_result_bytes", given->max_result_bytes, 0, BODY_MOST, err);
    if (r < 0) return r;
    mh->options = (struct mh_store_options){
        .url = mh_arena_str(&mh->arena, url),
        .schema = mh_arena_str(&mh->arena, given->schema != NULL ? given->schema : SCHEMA),
        .max_payload_bytes = given->max_payload_bytes > 0 ? given->max_payload_bytes : BODY_MAX,
        .max_result_bytes = given->max_result_bytes > 0 ? given->max_result_bytes : BODY_MAX,
        .synchronous_full = given->synchronous_full,
    };
    if (url != NULL && (mh->options.url == NULL || mh->options.schema == NULL))
        return mh_err_set(err, MH_ENOMEM, "unable to open a store: out of memory");
    return 0;
}

static struct millhand *new_handle(const struct millhand_options *options)
{
    struct millhand *mh = calloc(1, sizeof *mh);
    if (mh == NULL) return NULL;
    mh_arena_init(&mh->arena, ARENA_MAX);
    if (options != NULL) mh->given = *options;
    mh->sink = mh_handle_sink(&mh->given);
    return mh;
}

/* Not for a worker that is made of it: its loop waits for nothing. */
static int open_store(struct millhand *mh, struct mh_err *err)
{
    struct mh_store_options options = mh->options;
    options.waits = true;
    return mh_sync_open(&mh->sync, &options, err);
}

int millhand_open(const char *url, const struct millhand_options *options, struct millhand **ret_mh,
                  struct millhand_error *err)
{
    const struct mh_log_sink silent = {0};
    struct millhand *mh = new_handle(options);
    struct mh_entry entry = mh_handle_enter(mh != NULL ? &mh->sink : &silent);
    int r = mh != NULL ? read_options(mh, url, &mh->given, &entry.err)
                       : mh_err_set(&entry.err, MH_ENOMEM, "unable to open a store: out of memory");
    if (r == 0) r = open_store(mh, &entry.err);
    r = mh_handle_leave(&entry, r, err);
    if (r < 0)
        millhand_close(mh);
    else
        *ret_mh = mh;
    return r;
}

/* What it may still hold is given back. A store out of reach takes it back by itself. */
static void leave(struct millhand *mh)
{
    struct mh_err err;
    struct mh_call call = {0};
    int r = mh_store_leave(mh->sync.store, mh->worker, mh_call_done, &call, &err);
    r = mh_sync_await(&mh->sync, r, &call, &err);
    (void)r;
}

void millhand_close(struct millhand *mh)
{
    if (mh == NULL) return;
    struct mh_entry entry = mh_handle_enter(&mh->sink);
    if (mh->worker != 0) leave(mh);
    mh_sync_close(&mh->sync);
    (void)mh_handle_leave(&entry, 0, NULL);
    mh_arena_release(&mh->arena);
    free(mh);
}

const char *millhand_version(void)
{
    return MILLHAND_VERSION;
}
