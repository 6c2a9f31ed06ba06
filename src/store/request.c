#include "store/request.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/asker.h"
#include "store/order.h"

/* The most that one request holds, its reply included. */
#define REQUEST_MAX ((size_t)1 << 30)

#define LOOK_MAX 10 /* jobs */

struct mh_request *mh_request_new(enum mh_op op, mh_reply_fn *done, void *arg)
{
    assert(done != NULL);
    struct mh_request *request = calloc(1, sizeof *request);
    if (request == NULL) return NULL;
    request->op = op;
    request->done = done;
    request->arg = arg;
    mh_arena_init(&request->arena, REQUEST_MAX);
    return request;
}

void mh_request_free(struct mh_request *request)
{
    if (request == NULL) return;
    mh_arena_release(&request->arena);
    free(request);
}

bool mh_request_is_look(const struct mh_request *request)
{
    const struct mh_filter *list = &request->in.list;
    if (request->op == MH_OP_LIST) return list->ids != NULL && list->id_count <= LOOK_MAX;
    return request->op == MH_OP_ATTEMPTS;
}

void mh_request_answer(struct mh_request *request)
{
    struct mh_reply *reply = &request->reply;
    if (reply->code < 0) *reply = (struct mh_reply){.code = reply->code, .err = reply->err};
    mh_order_answer(request);
    request->done(request->arg, reply);
    mh_request_free(request);
}

int mh_request_submit(struct mh_store *store, struct mh_request *request, struct mh_err *err)
{
    int r = store->asker != NULL ? mh_asker_admit(store->asker, request, err) : 0;
    if (r < 0) {
        mh_request_free(request);
        return r;
    }
    store->backend->submit(store->state, request);
    return 0;
}

int mh_request_refuse(struct mh_request *request, struct mh_err *err)
{
    mh_request_free(request);
    return mh_err_set(err, MH_ENOMEM, "unable to ask the store: out of memory");
}

int mh_check_count(size_t count, struct mh_err *err)
{
    if (count <= MH_COUNT_MAX) return 0;
    return mh_err_set(err, MH_ELIMIT, "at most %d jobs in one call, not %zu", MH_COUNT_MAX, count);
}

void *mh_copy_array(struct mh_arena *arena, const void *items, size_t count, size_t size)
{
    void *copy = mh_arena_array(arena, count, size);
    if (copy != NULL && count > 0) memcpy(copy, items, count * size);
    return copy;
}

bool mh_copy_str(struct mh_arena *arena, const char *text, const char **ret_copy)
{
    const char *copy = mh_arena_str(arena, text);
    if (copy == NULL && text != NULL) return false;
    *ret_copy = copy;
    return true;
}

bool mh_copy_strs(struct mh_arena *arena, const char *const *texts, size_t count,
                  const char *const **ret_copy)
{
    const char **copy = NULL;
    if (texts != NULL) {
        copy = mh_arena_array(arena, count, sizeof *copy);
        if (copy == NULL) return false;
        for (size_t i = 0; i < count; i++)
            if (!mh_copy_str(arena, texts[i], &copy[i])) return false;
    }
    *ret_copy = copy;
    return true;
}
