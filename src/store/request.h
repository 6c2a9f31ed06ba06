/* Requests and the copies they hold: shared by store.c and people.c, the two halves of the
 * dispatcher.
 *
 * A function of store.h checks its arguments, makes a request, copies the input into the request's
 * arena and hands it to the backend, which takes it:
 *
 *     struct mh_request *request = mh_request_new(MH_OP_LEAVE, done, arg);
 *     if (request == NULL) return mh_request_refuse(request, err);
 *     request->in.leave.worker = worker;
 *     return mh_request_submit(store, request, err);
 */
#ifndef MH_STORE_REQUEST_H
#define MH_STORE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "store/backend.h"

/* The most jobs in one call. */
#define MH_COUNT_MAX 100000

struct mh_store {
    const struct mh_backend *backend;
    void *state;
    int64_t max_payload_bytes;
    int64_t max_result_bytes;
    const struct mh_asker *asker; /* of what is asked for now; NULL: the program itself */
};

/* NULL: out of memory. */
struct mh_request *mh_request_new(enum mh_op op, mh_reply_fn *done, void *arg);

/* Hands the request to the backend and returns 0, or frees it where the asker may not ask this. */
int mh_request_submit(struct mh_store *store, struct mh_request *request,
                      struct mh_err *err) MH_MUST_CHECK;

/* Frees the request, which may be NULL, and returns MH_ENOMEM. */
int mh_request_refuse(struct mh_request *request, struct mh_err *err);

int mh_check_count(size_t count, struct mh_err *err) MH_MUST_CHECK;

/* Copies an array of plain values; an empty one gives a valid pointer. NULL: out of memory. */
void *mh_copy_array(struct mh_arena *arena, const void *items, size_t count, size_t size);

/* Copies a string that may be NULL, or an array of strings that may be; false: out of memory. */
bool mh_copy_str(struct mh_arena *arena, const char *text, const char **ret_copy) MH_MUST_CHECK;
bool mh_copy_strs(struct mh_arena *arena, const char *const *texts, size_t count,
                  const char *const **ret_copy) MH_MUST_CHECK;

#endif
