/* What is behind the handles of millhand.h.
 *
 * Every public function that asks the store begins with mh_handle_enter and ends with
 * mh_handle_leave: in between the log of the calling thread goes to the handle's callback, and a
 * `struct mh_err` stands ready. One thread at a time. */
#ifndef MH_HANDLE_H
#define MH_HANDLE_H

#include <millhand.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/err.h"
#include "base/log.h"
#include "store/job.h"
#include "store/store.h"
#include "store/sync.h"

struct millhand {
    struct mh_sync sync;
    struct mh_log_sink sink;
    struct mh_store_options options; /* strings in `arena` */
    struct millhand_options given;   /* as far as a worker needs it: the log */
    struct mh_arena arena;
    int64_t worker; /* the number under which it claims by hand; 0: not joined */
};

/* One public call. */
struct mh_entry {
    const struct mh_log_sink *before;
    struct mh_err err;
};

struct mh_entry mh_handle_enter(const struct mh_log_sink *sink);

/* Returns `r` as a millhand_code, or as it is where it is no error; fills `err` unless NULL. */
int mh_handle_leave(const struct mh_entry *entry, int r, struct millhand_error *err);

/* The log of a handle's options. */
struct mh_log_sink mh_handle_sink(const struct millhand_options *options);

/* MH_EINVAL with `field` named where `text` is no UUID. */
int mh_handle_uuid(const char *field, const char *text, struct mh_uuid *ret_id,
                   struct mh_err *err) MH_MUST_CHECK;

/* MH_EINVAL with `field` named where `value` is outside its range. */
int mh_handle_range(const char *field, int64_t value, int64_t min, int64_t max,
                    struct mh_err *err) MH_MUST_CHECK;

#endif
