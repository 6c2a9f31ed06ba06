#include "store/postgres/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mh_pg_migration.h"
#include "mh_pg_optional.h"
#include "mh_pg_sql.h"
#include "store/postgres/fault.h"
#include "store/postgres/text.h"

#define CHECKSUM_TEXT 17

struct mh_schema_job;

/* Looks at the answer to one statement and asks the next. */
typedef void step_fn(struct mh_schema_job *job, const PGresult *result);

struct mh_schema_job {
    struct mh_schema_task task;
    struct mh_link *link;
    mh_schema_fn *fn;
    void *arg;
    step_fn *next;    /* after the statement under way */
    const char *what; /* it is about, where it changes something */
    int version;      /* found; 0: there is no schema */
    int applied;      /* migrations, by us */
    bool has_roles;   /* made by an earlier --roles */
    bool hopes;       /* that there is a schema: where the answer is an error, look for it */
    bool locked;      /* a transaction is open and keeps other migrations out */
    int extras;       /* done of what follows the migrations */
};

/* --- migrations */

/* FNV-1a, as for SQLite: tells an altered migration from the one that was applied. */
static void checksum(const char *text, char ret_hex[CHECKSUM_TEXT])
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    (void)snprintf(ret_hex, CHECKSUM_TEXT, "%016" PRIx64, hash); /* always 16 digits */
}

static int version_of(const struct mh_pg_migration_file *file)
{
    return (int)strtol(file->name, NULL, 10);
}

int mh_pg_schema_latest(void)
{
    int latest = 0;
    for (const struct mh_pg_migration_file *file = mh_pg_migration_files; file->name != NULL;
         file++)
        if (version_of(file) > latest) latest = version_of(file);
    return latest;
}

void mh_pg_schema_checksums(struct mh_buf *out)
{
    char sum[CHECKSUM_TEXT];
    const struct mh_pg_migration_file *file = mh_pg_migration_files;
    mh_buf_char(out, '{');
    for (; file->name != NULL; file++) {
        checksum(file->text, sum);
        mh_buf_printf(out, "%s%s", file == mh_pg_migration_files ? "" : ",", sum);
    }
    mh_buf_char(out, '}');
}

static const struct mh_pg_migration_file *find(int version)
{
    const struct mh_pg_migration_file *file = mh_pg_migration_files;
    while (file->name != NULL && version_of(file) != version)
        file++;
    return file->name != NULL ? file : NULL;
}

/* The one to apply after this version, which is not the latest. */
static const struct mh_pg_migration_file *following(int version)
{
    const struct mh_pg_migration_file *file = mh_pg_migration_files;
    while (version_of(file) <= version)
        file++;
    return file;
}

/* --- the end */

void mh_pg_schema_drop(struct mh_schema_job *job)
{
    free(job);
}

static void end(struct mh_schema_job *job, int version, const struct mh_err *err)
{
    mh_schema_fn *fn = job->fn;
    void *arg = job->arg;
    mh_pg_schema_drop(job);
    fn(arg, version, err);
}

static void fail(struct mh_schema_job *job, const PGresult *result)
{
    struct mh_err err;
    int r = mh_fault(job->task.pq, result, NULL, &err);
    if (job->what != NULL)
        r = mh_err_prefix(&err, r, "unable to migrate %s: %s", job->task.location, job->what);
    else
        r = mh_err_prefix(&err, r, "unable to use %s", job->task.location);
    end(job, r, &err);
}

/* --- steps */

static void look(struct mh_schema_job *job);

static void on_answer(void *arg, PGresult *result)
{
    struct mh_schema_job *job = arg;
    const struct mh_pq *pq = job->task.pq;
    ExecStatusType status = pq->resultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        job->next(job, result);
    else if (job->hopes)
        look(job);
    else
        fail(job, result);
    pq->clear(result);
}

/* Migrations, and waiting for somebody else's, take as long as they take. */
static void ask(struct mh_schema_job *job, const char *text, const char *const *params,
                int param_count, step_fn *next)
{
    char *filled = mh_pg_text(text, job->task.quoted);
    struct mh_err err;
    if (filled == NULL) {
        end(job, mh_err_set(&err, MH_ENOMEM, "unable to look at the schema: out of memory"), &err);
        return;
    }
    job->next = next;
    mh_link_ask(job->link,
                &(struct mh_ask){.text = filled,
                                 .params = params,
                                 .param_count = param_count,
                                 .within_ms = job->locked ? 0 : MH_LINK_PATIENCE_MS},
                on_answer, job);
    free(filled);
}

/* The steps go round: a migration that is done is followed by another look. */
static void lock(struct mh_schema_job *job);

/* --- migrating */

static void on_committed(struct mh_schema_job *job, const PGresult *result)
{
    job->locked = false;
    if (job->applied < MH_APPLIED_MAX) job->task.ret_applied[job->applied++] = job->what;
    lock(job);
}

static void on_recorded(struct mh_schema_job *job, const PGresult *result)
{
    ask(job, mh_pg_sql_migrate_commit, NULL, 0, on_committed);
}

static void on_applied(struct mh_schema_job *job, const PGresult *result)
{
    const struct mh_pg_migration_file *file = following(job->version);
    char version[16], sum[CHECKSUM_TEXT];
    (void)snprintf(version, sizeof version, "%d", version_of(file)); /* fits any int */
    checksum(file->text, sum);
    const char *const params[] = {version, file->name, sum};
    ask(job, mh_pg_sql_migrate_record, params, 3, on_recorded);
}

static void apply_next(struct mh_schema_job *job)
{
    const struct mh_pg_migration_file *file = following(job->version);
    job->what = file->name;
    ask(job, file->text, NULL, 0, on_applied);
}

/* --- what is asked for besides, in the transaction that found the schema up to date */

enum { EXTRA_ROLES, EXTRA_TENANTS, EXTRA_LIMITS, EXTRA_COMMIT };

static void next_extra(struct mh_schema_job *job, const PGresult *result);

static void set_limits(struct mh_schema_job *job)
{
    char payload[24], outcome[24];
    const struct mh_store_options *options = job->task.options;
    (void)snprintf(payload, sizeof payload, "%" PRId64, options->max_payload_bytes); /* fits */
    (void)snprintf(outcome, sizeof outcome, "%" PRId64, options->max_result_bytes);
    const char *const params[] = {payload, outcome};
    job->what = "limits";
    ask(job, mh_pg_sql_migrate_limits, params, 2, next_extra);
}

static void on_all_done(struct mh_schema_job *job, const PGresult *result)
{
    end(job, job->version, NULL);
}

static void next_extra(struct mh_schema_job *job, const PGresult *result)
{
    const struct mh_store_migrate *wanted = job->task.options->migrate;
    int extra = job->extras++;
    /* Roles that are there need rights to what is new. */
    if (extra == EXTRA_ROLES && (wanted->roles || (job->has_roles && job->applied > 0))) {
        job->what = "roles";
        ask(job, mh_pg_optional_roles, NULL, 0, next_extra);
    } else if (extra == EXTRA_TENANTS && wanted->tenants != NULL) {
        job->what = "tenants";
        ask(job, mh_pg_sql_migrate_tenants, &wanted->tenants, 1, next_extra);
    } else if (extra == EXTRA_LIMITS) {
        set_limits(job);
    } else if (extra == EXTRA_COMMIT) {
        ask(job, mh_pg_sql_migrate_commit, NULL, 0, on_all_done);
    } else {
        next_extra(job, NULL);
    }
}

/* --- looking */

static void say_missing(struct mh_schema_job *job)
{
    struct mh_err err;
    int r = 0;
    if (job->version == 0)
        r = mh_err_set(&err, MH_ENOENT, "there is no schema \"%s\" at %s yet: run millhand migrate",
                       job->task.name, job->task.location);
    else
        r = mh_err_set(&err, MH_ESTATE,
                       "%s has schema %d, this program needs %d: run millhand migrate",
                       job->task.location, job->version, mh_pg_schema_latest());
    end(job, r, &err);
}

static int refuse_newer(const struct mh_schema_job *job, int version, struct mh_err *err)
{
    return mh_err_set(err, MH_ESTORE,
                      "%s has schema %d, this program knows %d: use a newer millhand",
                      job->task.location, version, mh_pg_schema_latest());
}

static void decide(struct mh_schema_job *job)
{
    bool current = job->version == mh_pg_schema_latest();
    struct mh_err err;
    if (job->version > mh_pg_schema_latest())
        end(job, refuse_newer(job, job->version, &err), &err);
    else if (job->task.options->migrate == NULL && !current)
        say_missing(job);
    else if (job->task.options->migrate == NULL)
        end(job, job->version, NULL);
    else if (!job->locked)
        lock(job);
    else if (current)
        next_extra(job, NULL);
    else
        apply_next(job);
}

/* What was applied must be what this program would have applied. */
static int check_row(struct mh_schema_job *job, const PGresult *result, int row, struct mh_err *err)
{
    const struct mh_pq *pq = job->task.pq;
    int version = (int)strtol(pq->getvalue(result, row, 0), NULL, 10);
    const struct mh_pg_migration_file *file = find(version);
    char sum[CHECKSUM_TEXT];
    if (file == NULL) return refuse_newer(job, version, err);
    checksum(file->text, sum);
    if (strcmp(pq->getvalue(result, row, 1), sum) != 0)
        return mh_err_set(err, MH_ESTORE,
                          "%s was made by another migration %s than this program's: use the "
                          "millhand that made it",
                          job->task.location, file->name);
    if (version > job->version) job->version = version;
    return 0;
}

static void on_listed(struct mh_schema_job *job, const PGresult *result)
{
    struct mh_err err;
    int rows = job->task.pq->ntuples(result);
    int r = 0;
    for (int row = 0; r == 0 && row < rows; row++)
        r = check_row(job, result, row, &err);
    if (r < 0)
        end(job, r, &err);
    else
        decide(job);
}

static void on_version(struct mh_schema_job *job, const PGresult *result)
{
    job->version = (int)strtol(job->task.pq->getvalue(result, 0, 0), NULL, 10);
    decide(job);
}

/* Workers may ask for the version and for no more; who migrates owns it all. */
static void on_looked(struct mh_schema_job *job, const PGresult *result)
{
    job->version = 0;
    job->has_roles = *job->task.pq->getvalue(result, 0, 1) == 't';
    if (*job->task.pq->getvalue(result, 0, 0) != 't')
        decide(job);
    else if (job->task.options->migrate != NULL)
        ask(job, mh_pg_sql_migrations, NULL, 0, on_listed);
    else
        ask(job, mh_pg_sql_schema_version, NULL, 0, on_version);
}

static void look(struct mh_schema_job *job)
{
    const char *const params[] = {job->task.name};
    job->hopes = false;
    ask(job, mh_pg_sql_schema_there, params, 1, on_looked);
}

static void on_locked(struct mh_schema_job *job, const PGresult *result)
{
    look(job);
}

/* Of several that find an old schema one migrates, the others wait for it and look again. */
static void lock(struct mh_schema_job *job)
{
    job->locked = true;
    job->what = "waiting for other migrations";
    ask(job, mh_pg_sql_migrate_lock, NULL, 0, on_locked);
}

int mh_pg_schema_open(const struct mh_schema_task *task, struct mh_link *link, mh_schema_fn *fn,
                      void *arg, struct mh_schema_job **ret_job, struct mh_err *err)
{
    struct mh_schema_job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to look at the schema: out of memory");
    job->task = *task;
    job->link = link;
    job->fn = fn;
    job->arg = arg;
    *ret_job = job;
    job->hopes = task->options->migrate == NULL; /* a round trip less for every program */
    if (job->hopes)
        ask(job, mh_pg_sql_schema_version, NULL, 0, on_version);
    else
        look(job);
    return 0;
}
