/* The file itself: made, recognised, and brought to the schema this program knows. Called on the
 * thread that is going to own the connection; may wait for other processes that do the same. */
#ifndef MH_SQLITE_SCHEMA_H
#define MH_SQLITE_SCHEMA_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/err.h"
#include "store/sqlite/db.h"
#include "store/store.h"

struct mh_schema_options {
    bool keep; /* do not create, do not migrate */
    bool synchronous_full;
};

/* The newest version there is a migration for. */
int mh_schema_latest(void);

/* The names of the migrations past this version, as mh_store_info.applied. */
void mh_schema_applied(int before, const char *ret_names[MH_APPLIED_MAX + 1]);

/* Opens `path` for writing, creating it where it may, checks that it is ours and migrates. Returns
 * the schema's version, in *ret_before what it was (0: there was none); MH_EIO where the file
 * cannot be had, MH_ESTORE where it is not ours or of a newer version than this program's. With
 * `keep`, MH_ENOENT where there is none and MH_ESTATE where its version is older. */
int mh_schema_open(struct mh_db *db, const char *path, const struct mh_schema_options *options,
                   int *ret_before, struct mh_err *err) MH_MUST_CHECK;

/* Opens `path`, which mh_schema_open has opened before, for reading. */
int mh_schema_open_reader(struct mh_db *db, const char *path, struct mh_err *err) MH_MUST_CHECK;

#endif
