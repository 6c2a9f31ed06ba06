/* The store: where jobs live. What everybody above calls, on SQLite and PostgreSQL alike.
 *
 * Every operation is asked for with one call and answered by one callback, which never runs before
 * the call has returned and always runs on the loop's thread. Inputs are copied: they may go when
 * the call returns. A reply and all it points to are valid during the callback only. The call
 * itself returns 0 when the callback will come, or a negative code for what is refused at once
 * (wrong input, no memory; `err` says what) and then the callback will not come. An operation is
 * one transaction: it happens whole or not at all; operations asked for one after the other may
 * share a commit.
 *
 * They are carried out in the order asked for, with one exception: once a worker has joined through
 * a store or it is watched, what may take long (all but dispatching and working) may be overtaken
 * by what may not, and the other way round. Who needs the one behind the other waits for the
 * answer.
 *
 * All due and lease times are the store's clock: callers give delays. Ids are made by the caller
 * (mh_uuid_new). There is no door for SQL of the caller's own: what is needed becomes an operation
 * here, in store.c and in each backend.
 *
 * Threads: one loop, one thread; several stores may be open. Errors in a reply: MH_ECONN where the
 * store is out of reach (nothing was done; ask again later), MH_EPERM where it does not allow this
 * to the role that asks, MH_ESTORE for what else the database says, and those each operation names.
 */
#ifndef MH_STORE_H
#define MH_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/uuid.h"
#include "store/event.h"
#include "store/job.h"
#include "store/project.h"
#include "store/schedule.h"

struct mh_store;

/* What an operation answers. Only the members its comment names are set; everything else is zero.
 */
struct mh_reply {
    int code; /* 0, or negative: then nothing but `err` is set */
    struct mh_err err;
    size_t
        count; /* length of the array that is set; or a plain number where the operation says so */
    const struct mh_dispatched *dispatched;
    const struct mh_job *jobs;
    const enum mh_status *statuses;
    const struct mh_acted *acts;
    const struct mh_attempt *attempts;
    const struct mh_tenant *tenants;
    const struct mh_type *types;
    const struct mh_worker_row *workers;
    const struct mh_stats *stats;
    const struct mh_finding *findings;
    const struct mh_schedule *schedules;
    const struct mh_credential *credentials;
    const struct mh_project *projects;
    const struct mh_event *events;
    const struct mh_index *indexes; /* these five are of store/index.h */
    const struct mh_index_file *files;
    const struct mh_index_symbol *symbols;
    const struct mh_index_import *imports;
    const struct mh_hit *hits;
    const struct mh_blueprint *blueprints; /* of store/blueprint.h */
    const struct mh_uuid *ids;             /* these three are of store/move.h */
    const struct mh_leaving *leaving;
    const struct mh_hold *holds;
    int64_t lease;       /* claim: the number of the lease; join: the number of the worker */
    int64_t next_due_ms; /* claim: until the next job of these types becomes due; 0: there may be
                            more that is due; -1: none is scheduled */
    int64_t running; /* claim that found nothing: jobs of these types that any worker runs now */
    int64_t cursor;  /* list: where the next page starts; 0: this was the last; events: up to where
                        everything is settled */
    int64_t now_ms;  /* schedules: the store's clock */
    bool gap;        /* events: some after the place asked from are not kept any more */
    bool followed;   /* note: somebody follows events */
};

typedef void mh_reply_fn(void *arg, const struct mh_reply *reply);

/* --- opening --- */

/* What `migrate` asks of a PostgreSQL store, which changes its schema for nobody else. */
struct mh_store_migrate {
    bool roles;          /* make the roles too, or grant what is new to those there are */
    const char *tenants; /* the application's own table of tenants, or NULL */
};

struct mh_store_options {
    const char *url;    /* "sqlite:FILE" or "postgres://…"; the scheme names the backend */
    const char *schema; /* PostgreSQL's, ignored elsewhere */
    int64_t max_payload_bytes;
    int64_t max_result_bytes;
    bool waits;            /* for every answer before it asks again, so that nothing else is kept
                              waiting: SQLite then works on the caller's own thread */
    bool synchronous_full; /* SQLite: survive a power cut with every commit, at a price */
    bool apart;            /* PostgreSQL: what may take long has a connection of its own */
    bool keep_schema; /* never make or migrate a store, also where it needs no asking: one that is
                         not there or has an old schema is then an error */
    const struct mh_store_migrate *migrate; /* create or upgrade a PostgreSQL schema; NULL: do not.
                                               Borrowed until the store is ready */
};

#define MH_APPLIED_MAX 63

struct mh_store_info {
    const char *backend; /* "sqlite", "postgres" */
    const char
        *location; /* for people and the log: an absolute path, or a URL without its password */
    int schema_version; /* now, after migrating */
    int schema_latest;  /* what this program knows */
    bool notifies;      /* wake-ups come by themselves; false: poll */

    /* The names of the migrations that opening has applied, up to the first NULL. */
    const char *applied[MH_APPLIED_MAX + 1];
};

/* Opens the store; `done` runs once it is ready or has failed (then close it all the same).
 * Operations may be asked for at once: they wait. Errors: MH_EINVAL for a URL that is none; in the
 * reply MH_ESTORE for what is not a millhand store or has a newer schema; MH_ESTATE for an older
 * one that only `migrate` may change, MH_ENOENT where it would have to be made first; MH_EIO for
 * files. */
int mh_store_open(uv_loop_t *loop, const struct mh_store_options *options, mh_reply_fn *done,
                  void *arg, struct mh_store **ret_store, struct mh_err *err) MH_MUST_CHECK;

enum mh_finding_status {
    MH_FINDING_OK,
    MH_FINDING_WARN,
    MH_FINDING_BAD,
    MH_FINDING_SKIPPED, /* this role may not look, or it would take too long */
    MH_FINDING__COUNT,
};

struct mh_finding {
    const char *name; /* what was looked at: "row-level security" */
    enum mh_finding_status status;
    const char *found;
    const char *mend; /* a command or a statement to type; NULL where there is nothing to mend */
};

/* Looks over what a store stands on, changing nothing: its server or file, rights, settings,
 * whoever is in its way. Also one that mh_store_open refuses; where it is out of reach that is the
 * one finding, and it is bad. A transaction is in the way once it has been open for `long_ms`.
 * Reply: `findings`, `count`. `options` is borrowed until then. */
int mh_store_examine(uv_loop_t *loop, const struct mh_store_options *options, int64_t long_ms,
                     mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

/* Carries out what was asked for and closes. No callback runs any more. Accepts NULL. */
void mh_store_close(struct mh_store *store);

/* Somebody else for whom this program asks. */
struct mh_asker {
    struct mh_uuid tenant_id;
    bool sees_all;      /* all tenants, as a super admin; tenant_id then means nothing */
    const char *claims; /* JSON object with the same in it, as PostgREST and Supabase have it:
                           tenant_id or app_metadata.tenant_id, app_metadata.role = "super_admin" */
};

/* What is asked for from now on is asked for by `asker` (borrowed until the next call), NULL: by
 * the program itself, as at first. A tenant dispatches, lists, acts and counts its own: a job of
 * another is not found, and what is not one tenant's is refused with MH_EPERM. PostgreSQL is given
 * the claims with each request, under the role millhand_api where that may be used, and isolates by
 * itself. */
void mh_store_speak_for(struct mh_store *store, const struct mh_asker *asker);

/* Valid once it is ready. */
const struct mh_store_info *mh_store_info(const struct mh_store *store);

/* --- dispatching --- */

struct mh_dispatch {
    struct mh_uuid id;
    struct mh_uuid tenant_id;
    const char *type;
    const char *payload; /* JSON object */
    size_t payload_len;
    int priority;               /* -1: from the tenant's plan */
    int max_attempts;           /* 0: the default, 3 */
    int64_t delay_ms;           /* due so long from now … */
    int64_t run_at;             /* … or at this time; 0: by delay_ms */
    const char *unique_key;     /* or NULL */
    const char *correlation_id; /* or NULL: the id */
    const char *traceparent;    /* or NULL */
};

struct mh_dispatched {
    struct mh_uuid id; /* the new job's, or the standing job's that holds the unique key */
    bool standing;
};

/* Checks one job as mh_store_dispatch does: type, payload, ranges. MH_EINVAL or MH_ELIMIT with the
 * field named. */
int mh_dispatch_check(const struct mh_dispatch *job, int64_t max_payload_bytes,
                      struct mh_err *err) MH_MUST_CHECK;

/* Dispatches `count` jobs, all or none; how jobs of several types are placed is in store/order.h.
 * Reply: `dispatched`, `count`, in the order given.
 * MH_ENOENT: no such tenant; MH_ELIMIT: too large, or one type too many; MH_EEXIST: an id is in
 * use. */
int mh_store_dispatch(struct mh_store *store, const struct mh_dispatch *jobs, size_t count,
                      mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

/* --- working --- */

struct mh_join {
    const char *worker_id;
    int64_t lease_ms;         /* a worker silent for so long has lost its jobs */
    const char *const *types; /* what it serves; NULL: everything */
    size_t type_count;
};

/* Registers a worker. Reply: `lease`, its number, which names it from here on: a worker that starts
 * again under the same id is another one, and the leases of the first still end. */
int mh_store_join(struct mh_store *store, const struct mh_join *join, mh_reply_fn *done, void *arg,
                  struct mh_err *err) MH_MUST_CHECK;

/* The worker is gone: what it may still hold is given back uncounted. */
int mh_store_leave(struct mh_store *store, int64_t worker, mh_reply_fn *done, void *arg,
                   struct mh_err *err) MH_MUST_CHECK;

struct mh_claim {
    int64_t worker;
    const char *const *types; /* NULL: every type */
    size_t type_count;
    size_t limit;
};

/* Claims up to `limit` due jobs of types that are not paused, highest priority first, then in the
 * order of becoming due, past those that a limit of their type holds back, raising attempts by one;
 * fewer where their payloads are large. Reply: `jobs`, `count`, `lease`, `next_due_ms`, and
 * `running` when count is 0. MH_ENOENT: the worker's number is not known (any more): join again.
 */
int mh_store_claim(struct mh_store *store, const struct mh_claim *claim, mh_reply_fn *done,
                   void *arg, struct mh_err *err) MH_MUST_CHECK;

enum mh_outcome {
    MH_OUTCOME_COMPLETED, /* result */
    MH_OUTCOME_RETRY,  /* error, log, delay_ms; a job without an attempt left becomes failed all the
                          same */
    MH_OUTCOME_FAILED, /* error, log: for good */
    MH_OUTCOME_RELEASED, /* handed back at once, the attempt does not count */
    MH_OUTCOME_LATER,    /* put off by delay_ms, the attempt does not count */
};

struct mh_finish {
    int64_t lease;
    struct mh_uuid id;
    enum mh_outcome outcome;
    const char *result; /* JSON, or NULL for null */
    size_t result_len;
    const char *error;
    const char *log;
    size_t log_len;
    int64_t delay_ms;
};

/* Writes what became of running jobs. Reply: `statuses`, `count`, in the order given: the status
 * each job has now, or MH_STATUS_NONE where it is no longer in that lease, in which case nothing
 * was written for it. */
int mh_store_finish(struct mh_store *store, const struct mh_finish *finishes, size_t count,
                    mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

struct mh_held {
    int64_t lease;
    struct mh_uuid id;
};

/* Prolongs the worker's leases and asks after jobs it believes to hold. Reply: `statuses`, `count`,
 * in the order given: PROCESSING while it holds the job, CANCELLED where a person cancelled it,
 * NONE where the lease was lost. MH_ENOENT as for claim. */
int mh_store_heartbeat(struct mh_store *store, int64_t worker, const struct mh_held *held,
                       size_t count, mh_reply_fn *done, void *arg,
                       struct mh_err *err) MH_MUST_CHECK;

struct mh_note {
    int64_t lease;
    struct mh_uuid id;
    double progress;     /* 0 to 1; negative: none */
    const char *message; /* to go with progress, or NULL */
    const char *log;     /* whole lines, each ended by a newline but perhaps the last; or NULL */
    size_t log_len;
};

/* How far running jobs have come, and what they wrote; ignored for those no longer in their lease.
 * Messages and lines are for those who follow events, and kept only while somebody does: bytes that
 * are not text are replaced, and what is too long is cut (store/event.h). Reply: `count` accepted,
 * `followed`. */
int mh_store_note(struct mh_store *store, const struct mh_note *notes, size_t count,
                  mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

/* --- chores --- */

/* Ends the leases of silent workers: their attempts count as failed with "lease expired", without
 * backoff. At most `limit` jobs. Reply: `count` jobs taken back. */
int mh_store_reclaim(struct mh_store *store, size_t limit, mh_reply_fn *done, void *arg,
                     struct mh_err *err) MH_MUST_CHECK;

/* Deletes up to `limit` jobs that ended longer ago than these ages (0: kept for ever). Reply:
 * `count`. */
int mh_store_prune(struct mh_store *store, int64_t ended_ms, int64_t failed_ms, size_t limit,
                   mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

/* --- people --- */

enum mh_act { MH_ACT_CANCEL, MH_ACT_RETRY, MH_ACT_REMOVE };

struct mh_acted {
    enum { MH_ACTED, MH_ACTED_NOT_FOUND, MH_ACTED_REFUSED, MH_ACTED_KEY_TAKEN } what;
    enum mh_status was; /* the status before the act, also where it was refused */
};

/* Cancels, retries or removes jobs. Reply: `acts`, `count`, in the order given. Refused is:
 * removing what is processing, cancelling what has ended, retrying what is neither failed nor
 * cancelled, or whose unique key is taken. */
int mh_store_act(struct mh_store *store, enum mh_act act, const struct mh_uuid *ids, size_t count,
                 mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

struct mh_filter {
    enum mh_status status;           /* MH_STATUS_NONE: any */
    const char *type;                /* NULL: any */
    const struct mh_uuid *tenant_id; /* NULL: any */
    const struct mh_uuid *ids;       /* NULL: any; at most 1,000 */
    size_t id_count;
    int64_t cursor; /* 0: from the newest */
    size_t limit;   /* 1 to 1,000 */
    size_t looks;   /* at so many jobs before it gives up filling the page; 0: MH_LOOKS_DEFAULT */
    bool bodies;    /* payload and result too */
};

#define MH_LOOKS_DEFAULT 3000

/* Newest first. Reply: `jobs`, `count`, `cursor`. What a page costs does not grow with the store:
 * it ends early where its bodies are large, and where it has looked at many jobs that no index
 * tells from those that are wanted. Then it has fewer than `limit`, perhaps none, and a cursor that
 * leads on. */
int mh_store_list(struct mh_store *store, const struct mh_filter *filter, mh_reply_fn *done,
                  void *arg, struct mh_err *err) MH_MUST_CHECK;

/* Reply: `attempts`, `count`, oldest first; of a job that succeeded at once or does not exist:
 * none. */
int mh_store_attempts(struct mh_store *store, const struct mh_uuid *id, mh_reply_fn *done,
                      void *arg, struct mh_err *err) MH_MUST_CHECK;

/* Reply: `stats`, of one tenant or (NULL) all. */
int mh_store_stats(struct mh_store *store, const struct mh_uuid *tenant_id, mh_reply_fn *done,
                   void *arg, struct mh_err *err) MH_MUST_CHECK;

/* Reply: `workers`, `count`: the live ones. */
int mh_store_workers(struct mh_store *store, mh_reply_fn *done, void *arg,
                     struct mh_err *err) MH_MUST_CHECK;

/* --- types and tenants
 * ------------------------------------------------------------------------------------------ */

/* Reply: `types`, `count`, by name. */
int mh_store_type_list(struct mh_store *store, mh_reply_fn *done, void *arg,
                       struct mh_err *err) MH_MUST_CHECK;

/* Pauses or resumes a type, known or not yet. Reply: nothing. */
int mh_store_type_pause(struct mh_store *store, const char *type, bool paused, mh_reply_fn *done,
                        void *arg, struct mh_err *err) MH_MUST_CHECK;

/* Sets limits of a type, known or not yet: of those that are given, -1 leaves one as it is and 0
 * takes it away; `key` goes with per_key. They hold at once for every claim: what runs beyond them
 * runs on. Reply: nothing. */
int mh_store_type_limit(struct mh_store *store, const char *type, const struct mh_limits *limits,
                        mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

/* Adds a tenant; `created_at` is ignored. Reply: `tenants`, the new row. MH_EEXIST: id or name is
 * taken. */
int mh_store_tenant_add(struct mh_store *store, const struct mh_tenant *tenant, mh_reply_fn *done,
                        void *arg, struct mh_err *err) MH_MUST_CHECK;

/* Reply: `tenants`, `count`, by name. */
int mh_store_tenant_list(struct mh_store *store, mh_reply_fn *done, void *arg,
                         struct mh_err *err) MH_MUST_CHECK;

/* Removes a tenant and all its jobs. Reply: `count` jobs removed with it. MH_ENOENT: no such
 * tenant; MH_ESTATE: the default tenant, which stays. */
int mh_store_tenant_remove(struct mh_store *store, const struct mh_uuid *id, mh_reply_fn *done,
                           void *arg, struct mh_err *err) MH_MUST_CHECK;

/* --- schedules --- */

struct mh_schedule_filter {
    const struct mh_uuid *tenant_id; /* NULL: any */
    const char *name;                /* NULL: any */
    bool bodies;                     /* payloads too */
};

/* Reply: `schedules`, `count`, by name, and `now_ms`. */
int mh_store_schedule_list(struct mh_store *store, const struct mh_schedule_filter *filter,
                           mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

/* Checks one as the two below do. MH_EINVAL or MH_ELIMIT with the field named. */
int mh_schedule_check(const struct mh_schedule *schedule, int64_t max_payload_bytes,
                      struct mh_err *err) MH_MUST_CHECK;

/* Adds a schedule; id, revision, last_at and the times of its making are ignored. Expression, zone
 * and `next_at` are the caller's (mh_schedule_prepare). Reply: nothing. MH_EEXIST: the tenant has
 * one of this name; MH_ENOENT: no such tenant; MH_ELIMIT: one too many. */
int mh_store_schedule_add(struct mh_store *store, const struct mh_schedule *schedule,
                          mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

/* Makes the schedule with this id as it is given, but for its tenant and name, if its revision is
 * still the one given. Reply: `count` is 1; 0: it was changed, fired or removed meanwhile, look
 * again. */
int mh_store_schedule_change(struct mh_store *store, const struct mh_schedule *schedule,
                             mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

/* Reply: `count` is 1; 0: there was none. Its jobs stay. */
int mh_store_schedule_remove(struct mh_store *store, const struct mh_uuid *tenant_id,
                             const char *name, mh_reply_fn *done, void *arg,
                             struct mh_err *err) MH_MUST_CHECK;

/* At most `limit` schedules whose next slot has come, the oldest slot first, without the first
 * `passed` of them. Reply: `schedules` without payloads, `count`, `now_ms`, and `next_due_ms`:
 * until the next slot of those that are not due; -1: there is none. */
int mh_store_schedule_due(struct mh_store *store, size_t passed, size_t limit, mh_reply_fn *done,
                          void *arg, struct mh_err *err) MH_MUST_CHECK;

struct mh_firing_job {
    struct mh_uuid id;
    int64_t slot;               /* its run_at */
    const char *correlation_id; /* or NULL: the id */
};

struct mh_firing {
    int64_t id, revision; /* of the schedule */
    int64_t slot;         /* its next_at, as it was read */
    int64_t last_at;      /* the last slot handled by this … */
    int64_t next_at;      /* … and the first after it; 0: none */
    const struct mh_firing_job *jobs;
    size_t count;           /* at most MH_SCHEDULE_AT_ONCE; 0: the slots are let go by */
    const char *unique_key; /* of every job; or NULL */
};

/* Dispatches the jobs of slots that have come and moves the schedule on, in one transaction, unless
 * it is no longer at that slot: of several that fire one slot, one does. Reply: `dispatched`,
 * `count`, one for each job; `dispatched` NULL: it was no longer at that slot, nothing was done. */
int mh_store_schedule_fire(struct mh_store *store, const struct mh_firing *firing,
                           mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

/* --- events --- */

/* Says that somebody follows: from now on, and for a day, events are written. Ask again every few
 * minutes. Reply: nothing. */
int mh_store_follow(struct mh_store *store, mh_reply_fn *done, void *arg,
                    struct mh_err *err) MH_MUST_CHECK;

/* Events in their order. Reply: `events`, `count`, `gap`, and `cursor`, a position up to which
 * everything is settled: no event at or below it can appear any more, and what it should have given
 * of those it has given, unless `limit` cut it short. Events above it, of transactions beside which
 * others are still under way, are given too, and again by the next call, which goes on
 *
 * - after the last event given, where `limit` of them came and the last is not above the cursor;
 * - else after {cursor, INT_MAX}.
 *
 * So the caller remembers which places above the cursor it has seen. One call looks at so many
 * events only; where most are not the asker's, or not of the job, it may give none though there are
 * more behind its cursor. */
int mh_store_events(struct mh_store *store, const struct mh_event_filter *filter, mh_reply_fn *done,
                    void *arg, struct mh_err *err) MH_MUST_CHECK;

/* --- projects --- */

struct mh_credential_filter {
    const struct mh_uuid *tenant_id; /* NULL: any */
    const char *name;                /* NULL: any */
    bool sealed;                     /* the sealed bytes too: not for everybody (MH_EPERM) */
};

/* Reply: `credentials`, `count`, by name. */
int mh_store_credential_list(struct mh_store *store, const struct mh_credential_filter *filter,
                             mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

/* Adds a credential; id, revision and times are ignored. Reply: nothing. MH_EEXIST: the tenant has
 * one of this name; MH_ENOENT: no such tenant; MH_ELIMIT: one too many. */
int mh_store_credential_add(struct mh_store *store, const struct mh_credential *credential,
                            mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

/* Makes the credential with this id as it is given, but for its tenant and name, if its revision is
 * still the one given. Reply: `count` is 1; 0: it was changed or removed meanwhile. */
int mh_store_credential_change(struct mh_store *store, const struct mh_credential *credential,
                               mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

/* Reply: `count` is 1; 0: there was none. Projects may go on naming it. */
int mh_store_credential_remove(struct mh_store *store, const struct mh_uuid *tenant_id,
                               const char *name, mh_reply_fn *done, void *arg,
                               struct mh_err *err) MH_MUST_CHECK;

/* For a job that is processing: the credential of its tenant with this name, sealed bytes and all,
 * which is noted as used. Reply: `credentials`, one. MH_ENOENT: there is none; MH_ESTATE: the job
 * does not run any more. */
int mh_store_credential_use(struct mh_store *store, const struct mh_uuid *job_id, const char *name,
                            mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

struct mh_project_filter {
    const struct mh_uuid *tenant_id; /* NULL: any */
    const char *name;                /* NULL: any */
    const struct mh_uuid *id;        /* NULL: any */
};

/* Reply: `projects`, `count`, by name. */
int mh_store_project_list(struct mh_store *store, const struct mh_project_filter *filter,
                          mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

/* Adds a project, whose URL and ref are the caller's to check (queue/giturl.h): of what is
 * given id, tenant, name, url, ref and credential count. A tenant that is spoken for (unless it
 * sees all) has only https, and a credential only at the host that this is for. Reply: nothing.
 * MH_EEXIST: the tenant has one of this name; MH_ENOENT: no such tenant or credential; MH_ELIMIT:
 * one too many; MH_EPERM. */
int mh_store_project_add(struct mh_store *store, const struct mh_project *project,
                         mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

/* Reply: `count` is 1; 0: there was none. What was found in it goes with it. */
int mh_store_project_remove(struct mh_store *store, const struct mh_uuid *tenant_id,
                            const struct mh_uuid *id, mh_reply_fn *done, void *arg,
                            struct mh_err *err) MH_MUST_CHECK;

/* Says how far a job is with a project of its tenant. Reply: `count` is 1; 0: there is no such
 * project any more, the job does not run any more, or another that runs has it. */
int mh_store_project_mark(struct mh_store *store, const struct mh_project_mark *mark,
                          mh_reply_fn *done, void *arg, struct mh_err *err) MH_MUST_CHECK;

/* Projects that are being indexed by a job that does not run any more have failed, and have no
 * clone. Reply: `count`, how many. */
int mh_store_project_sweep(struct mh_store *store, mh_reply_fn *done, void *arg,
                           struct mh_err *err) MH_MUST_CHECK;

/* --- news --- */

enum mh_news {
    MH_NEWS_DUE = 1,       /* work may have become due, or may have begun to be claimable */
    MH_NEWS_CANCELLED = 2, /* a running job was cancelled: send a heartbeat to see which */
    MH_NEWS_ENDED = 4,     /* a job ended */
    MH_NEWS_SCHEDULE = 8,  /* a schedule was added or changed: its next slot may be near */
    MH_NEWS_ALL = 15,
};

/* `news` is a mask; hints only: one may come for nothing, and polling finds what one missed. */
typedef void mh_news_fn(void *arg, int news);

/* Calls `fn` for the kinds in `kinds` from now on; once per store, before or after it is ready. */
int mh_store_watch(struct mh_store *store, int kinds, mh_news_fn *fn, void *arg,
                   struct mh_err *err) MH_MUST_CHECK;

#endif
