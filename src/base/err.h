/* Errors: what failed, on what, why, and the mend where there is one, in one line.
 *
 * A function that can fail returns 0 (or a count) on success and a negative MH_E… on failure, and
 * takes a `struct mh_err *err` as its last argument where the cause is worth a sentence. The lowest
 * function that knows the cause fills it in the form "unable to <verb> <object>: <cause>"; callers
 * may prefix it and never replace it. `err` may be NULL: the code alone is then what the caller
 * wants. Nothing is allocated, so running out of memory is reported like the rest. */
#ifndef MH_ERR_H
#define MH_ERR_H

#include <stddef.h>

#include "base/compiler.h"

enum mh_code {
    MH_OK = 0,
    MH_ENOMEM = -1, /* out of memory, or past the maximum of a buffer that grows */
    MH_EINVAL = -2, /* wrong input: the caller's mistake, said in the user's words */
    MH_ENOENT = -3, /* no such job, tenant, type, file */
    MH_EEXIST = -4, /* a unique name or key is taken */
    MH_ESTATE = -5, /* not allowed in the state it is in, e.g. deleting a job that is processing */
    MH_ELIMIT = -6, /* larger or more than a documented limit */
    MH_ECONN = -7,  /* the store is out of reach; the same call may succeed later */
    MH_EIO = -8,    /* a system call failed */
    MH_ESTORE = -9, /* the store answered with an error, or is not a store of ours */
    MH_ETIMEOUT = -10,  /* the time allowed is over */
    MH_ECANCELED = -11, /* given up because the owner is closing */
    MH_EPERM = -12,     /* the store does not allow it to this role */
};

struct mh_err {
    int code;       /* an enum mh_code */
    char text[512]; /* one line, no newline at its end, never a payload, result, token or key */
};

/* Fills `err` (may be NULL) and returns `code`, so that `return mh_err_set(…)` is the whole error
 * path. Control characters in the text become spaces: it stays one line whatever came from outside.
 */
int mh_err_set(struct mh_err *err, int code, const char *format, ...) MH_PRINTF(3, 4);

/* The same with ": <strerror(errnum)>" behind the text; code MH_EIO, or MH_ENOMEM where errnum is
 * ENOMEM, or MH_ELIMIT where there are too many files or processes just now. */
int mh_err_sys(struct mh_err *err, int errnum, const char *format, ...) MH_PRINTF(3, 4);

/* Puts "<prefix>: " before the text that is there and returns `code`, which it leaves as it is:
 * also where `err` is NULL `return mh_err_prefix(err, r, …)` passes the error on. */
int mh_err_prefix(struct mh_err *err, int code, const char *format, ...) MH_PRINTF(3, 4);

/* A word for a code, such as "MH_EINVAL"; never NULL. For tests and debug lines. */
const char *mh_code_name(int code);

#endif
