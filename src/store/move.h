/* Moving jobs from one store to another while both take traffic: the steps of doc/move.md.
 *
 * The source decides: a job is held at the target, where it cannot run; erased at the source, if it
 * is still as it was when it was copied, and noted there as gone; released at the target; the note
 * forgotten. Whatever is held and not noted was not moved and is dropped.
 *
 *     mh_store_move_identify(both)              who they are
 *     mh_store_move_begin(both, &move)          from here on this run alone moves between them
 *     mh_store_move_export(source)              what may leave
 *     mh_store_list, mh_store_attempts(source)  the records
 *     mh_store_move_hold(target)
 *     mh_store_move_erase(source)
 *     mh_store_move_erased(source), release(target), forget(source), until none is left
 *     mh_store_move_drop(target), until none is left
 *
 * Called like everything in store.h. Whatever takes a `move` fails with MH_ESTATE once another run
 * has begun between the two stores. */
#ifndef MH_STORE_MOVE_H
#define MH_STORE_MOVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/uuid.h"
#include "store/store.h"

struct mh_move {
    struct mh_uuid peer; /* the other store's id */
    struct mh_uuid run;  /* this run's, new for each */
};

struct mh_export {
    bool ended;                      /* those that ended, or those that have not */
    const struct mh_uuid *tenant_id; /* NULL: of any */
    int64_t cursor;                  /* 0: from the oldest */
    size_t limit;
};

struct mh_leaving {
    struct mh_uuid id;
    const char *stamp; /* what the job was like; opaque. NULL: it is processing and may not leave */
    bool has_history;  /* there are attempts */
};

struct mh_parcel {
    const struct mh_job *job; /* not processing */
    const struct mh_attempt *attempts;
    size_t attempt_count;
};

struct mh_hold {
    enum {
        MH_HOLD_HELD,
        MH_HOLD_ID_TAKEN,  /* by a job that is there for good, or was moved from a third store */
        MH_HOLD_KEY_TAKEN, /* by the unfinished job `holder` */
        MH_HOLD_NO_TENANT,
    } what;
    struct mh_uuid holder;
};

/* Reply: `ids`, the one id of the store; a copy of its file or database has the same. */
int mh_store_move_identify(struct mh_store *store, mh_reply_fn *done, void *arg,
                           struct mh_err *err) MH_MUST_CHECK;

/* Takes over from any other run between this store and the peer, in either direction. Reply:
 * nothing. */
int mh_store_move_begin(struct mh_store *store, const struct mh_move *move, mh_reply_fn *done,
                        void *arg, struct mh_err *err) MH_MUST_CHECK;

/* The oldest jobs behind the cursor, also those that are processing. Reply: `leaving`, `count`,
 * `cursor`: where to go on, 0: these were the last. */
int mh_store_move_export(struct mh_store *store, const struct mh_export *export, mh_reply_fn *done,
                         void *arg, struct mh_err *err) MH_MUST_CHECK;

/* Writes jobs that nobody can claim, finish or reclaim; they are `processing`, of no worker, and
 * hold their unique keys. A person may cancel them. Reply: `holds`, `count`, in the order given.
 * MH_ELIMIT: one type too many. */
int mh_store_move_hold(struct mh_store *store, const struct mh_move *move,
                       const struct mh_parcel *parcels, size_t count, mh_reply_fn *done, void *arg,
                       struct mh_err *err) MH_MUST_CHECK;

/* Removes the jobs that still have their stamp and notes that they are gone to the peer. Reply:
 * `count` erased. */
int mh_store_move_erase(struct mh_store *store, const struct mh_move *move,
                        const struct mh_leaving *leaving, size_t count, mh_reply_fn *done,
                        void *arg, struct mh_err *err) MH_MUST_CHECK;

/* Up to `limit` of those noted as gone to the peer. Reply: `ids`, `count`. */
int mh_store_move_erased(struct mh_store *store, const struct mh_move *move, size_t limit,
                         mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

/* Those of the jobs that are held for the peer become what they were where they came from. Reply:
 * `count` released. */
int mh_store_move_release(struct mh_store *store, const struct mh_move *move,
                          const struct mh_uuid *ids, size_t count, mh_reply_fn *done, void *arg,
                          struct mh_err *err) MH_MUST_CHECK;

/* Drops the notes. Reply: nothing. */
int mh_store_move_forget(struct mh_store *store, const struct mh_move *move,
                         const struct mh_uuid *ids, size_t count, mh_reply_fn *done, void *arg,
                         struct mh_err *err) MH_MUST_CHECK;

/* Removes up to `limit` jobs that are held for the peer. Only when none is noted as gone there any
 * more. Reply: `count`, 0: none was left. */
int mh_store_move_drop(struct mh_store *store, const struct mh_move *move, size_t limit,
                       mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

#endif
