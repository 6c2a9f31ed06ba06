/* The schema in the database: found, checked, and by `millhand migrate` made and brought to the
 * version this program knows. Asks one thing after the other over a link that is up. */
#ifndef MH_PG_SCHEMA_H
#define MH_PG_SCHEMA_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"
#include "store/postgres/link.h"
#include "store/store.h"

#define MH_PG_SCHEMA_DEFAULT "millhand"

struct mh_schema_job;

/* The newest version there is a migration for. */
int mh_pg_schema_latest(void);

/* Appends the checksums of all migrations in their order, as an array of PostgreSQL: "{a,b}". */
void mh_pg_schema_checksums(struct mh_buf *out);

/* `version`: what the schema has now; negative: an error, `err` says why. A link that is lost ends
 * it without this: then drop it. */
typedef void mh_schema_fn(void *arg, int version, const struct mh_err *err);

struct mh_schema_task {
    const struct mh_pq *pq;
    const char *name;     /* of the schema */
    const char *quoted;   /* as an identifier */
    const char *location; /* for errors */
    const struct mh_store_options *options;
    const char **ret_applied; /* as mh_store_info.applied, zeroed before */
};

/* Everything in `task` is borrowed until `fn` or the drop. */
int mh_pg_schema_open(const struct mh_schema_task *task, struct mh_link *link, mh_schema_fn *fn,
                      void *arg, struct mh_schema_job **ret_job, struct mh_err *err) MH_MUST_CHECK;

/* Within `fn` it is gone already. Accepts NULL. */
void mh_pg_schema_drop(struct mh_schema_job *job);

#endif
