/* millhand: a job queue on SQLite or PostgreSQL. The C library.
 *
 * A program dispatches jobs into a store, looks at them, waits for them, and runs them: by a worker
 * whose handlers are C functions, or by hand. What is dispatched here may be run by `millhand
 * worker` and the other way round: the store is the same. Delivery is at least once, with a fenced
 * finish: a worker that lost its lease can neither complete nor fail the job.
 *
 *     struct millhand *mh;
 *     struct millhand_error err;
 *     char id[MILLHAND_ID_SIZE];
 *     struct millhand_job_spec spec = {.type = "greet", .payload = "{\"name\":\"Ada\"}"};
 *
 *     if (millhand_open("sqlite:millhand.db", NULL, &mh, &err) < 0 ||
 *         millhand_dispatch(mh, &spec, id, &err) < 0)
 *         errx(1, "%s", err.message);
 *     puts(id);
 *     millhand_close(mh);
 *
 * Link with `cc program.c $(pkg-config --cflags --libs millhand)`.
 *
 * Calls. A function that can fail returns 0 (or a count) when it succeeds and a negative enum
 * millhand_code when it does not; it then fills `err`, which may be NULL. Outputs come last and are
 * written only on success. Every call blocks until its work is done; how long that takes is the
 * store's affair, except where a time-out is given.
 *
 * Ownership. What is passed in is borrowed for the time of the call, unless it says otherwise. What
 * is given out belongs to the caller, who frees it with the function named; the pointers inside
 * belong to it. The free and close functions accept NULL.
 *
 * Structs that the caller fills are to be zeroed first (`= {0}` or by naming members): a member
 * that is zero or NULL has the default that its comment says. Strings are UTF-8 and end in NUL.
 * Lengths of payloads and results may be given as 0: then strlen is taken.
 *
 * Units. Times are milliseconds since 1970-01-01T00:00:00Z, 0 for none, and durations are
 * milliseconds. Due times and leases go by the store's clock.
 *
 * Threads. There is no global state. A handle, and what was made from it, is used by one thread at
 * a time; different handles by different threads at once, on one store too. The exceptions are said
 * where they are. The library makes threads of its own: they have all signals blocked, and run no
 * code of the caller but the handlers of a worker. It installs no signal handler, writes to no
 * standard stream and leaves locale, umask and working directory alone.
 *
 * fork. A child may use no handle that was open before the fork, and must not close it; it may open
 * its own. A child that calls exec needs no care: every descriptor is closed on exec.
 *
 * SQLite. The file must not be opened in the same process by another copy of the SQLite library
 * (one linked in statically, say): the two would undo each other's locks.
 *
 * PostgreSQL. libpq is loaded when a postgres:// URL is opened. The schema is made by `millhand
 * migrate` and by nothing else. To dispatch inside a transaction of your own, call the SQL function
 * dispatch_job on your own connection: it does what millhand_dispatch does.
 *
 * Versions. Every function has a symbol version. A struct may grow at its end with a later release;
 * the functions that take it then get a new symbol version, so that a program goes on working as it
 * was linked. */
#ifndef MILLHAND_H
#define MILLHAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __GNUC__
#define MILLHAND_API                __attribute__((visibility("default")))
#define MILLHAND_PRINTF(text, args) __attribute__((format(printf, text, args)))
#else
#define MILLHAND_API
#define MILLHAND_PRINTF(text, args)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* --- errors --- */

enum millhand_code {
    MILLHAND_OK = 0,
    MILLHAND_ENOMEM = -1, /* out of memory */
    MILLHAND_EINVAL = -2, /* wrong input; the message names the field */
    MILLHAND_ENOENT = -3, /* no such job or tenant */
    MILLHAND_EEXIST = -4, /* the unique key is taken */
    MILLHAND_ESTATE = -5, /* not in the status the job has now */
    MILLHAND_ELIMIT = -6, /* larger or more than a limit */
    MILLHAND_ECONN = -7,  /* the store is out of reach; the same call may succeed later. Where the
                             connection broke during a call, it may have been done all the same:
                             a dispatch that must not happen twice has a unique_key */
    MILLHAND_EIO = -8,    /* a system call failed */
    MILLHAND_ESTORE = -9, /* the store answered with an error, or is not a store of millhand */
    MILLHAND_ETIMEOUT = -10, /* the time allowed is over */
    MILLHAND_ELEASE = -12    /* the job is no longer in the caller's lease; nothing was written */
};

struct millhand_error {
    int code; /* an enum millhand_code */
    char
        message[512]; /* one line: what failed, on what, why; never a payload, result or password */
};

/* --- opening a store --- */

enum millhand_log_level { /* pino's numbers */
                          MILLHAND_LOG_TRACE = 10,
                          MILLHAND_LOG_DEBUG = 20,
                          MILLHAND_LOG_INFO = 30,
                          MILLHAND_LOG_WARN = 40,
                          MILLHAND_LOG_ERROR = 50,
                          MILLHAND_LOG_FATAL = 60
};

/* A line of the log. `message` is a short text such as "job completed", `fields` a JSON
 * object such as {"jobId":"…","durationMs":12}. Called on the thread that is inside a call of the
 * library; it must not call the library with the same handle. */
typedef void millhand_log_fn(void *arg, int level, const char *message, const char *fields);

struct millhand_options {
    const char *schema;        /* PostgreSQL: NULL is "millhand" */
    int64_t max_payload_bytes; /* at most 64 MiB; 0: 1 MiB */
    int64_t max_result_bytes;  /* at most 64 MiB; 0: 1 MiB */
    bool synchronous_full;     /* SQLite: survive a power cut with every commit, at a price */
    millhand_log_fn *log;      /* NULL: nothing is logged */
    void *log_arg;
    int log_level; /* lines from this level up; 0: MILLHAND_LOG_INFO */
};

struct millhand; /* a store, opened */

/* Opens the store that `url` names: "sqlite:FILE", which comes into being where it does not exist,
 * or "postgres://…". `options` may be NULL. Close it with millhand_close.
 * MILLHAND_EINVAL: no such URL; MILLHAND_ESTATE, MILLHAND_ENOENT: a PostgreSQL schema that
 * `millhand migrate` has to upgrade or make; MILLHAND_ESTORE: not a store, or one of a newer
 * release. */
MILLHAND_API int millhand_open(const char *url, const struct millhand_options *options,
                               struct millhand **mh, struct millhand_error *err);

/* Closes it. Jobs claimed by hand and not finished are handed back, uncounted. */
MILLHAND_API void millhand_close(struct millhand *mh);

/* The release of the library in use, such as "0.1.0". From any thread. */
MILLHAND_API const char *millhand_version(void);

/* --- dispatching --- */

#define MILLHAND_ID_SIZE         37   /* a UUID as text and its NUL */
#define MILLHAND_PRIORITY_LOWEST (-1) /* priority 0, whatever the tenant's plan */

struct millhand_job_spec {
    const char *type;           /* [A-Za-z0-9_.:-]{1,100} */
    const char *payload;        /* a JSON object; NULL: {} */
    size_t payload_len;         /* 0: strlen */
    const char *tenant_id;      /* a UUID; NULL: the default tenant */
    int priority;               /* 1 to 100, higher first; 0: from the tenant's plan */
    int max_attempts;           /* 0: 3 */
    int64_t delay_ms;           /* due so long from now … */
    int64_t run_at;             /* … or at this time; not both */
    const char *unique_key;     /* at most one unfinished job per tenant has it; NULL: none */
    const char *correlation_id; /* NULL: the id */
    const char *traceparent;    /* of W3C Trace Context; NULL: none */
};

/* Dispatches a job and gives its id. Returns 0; or 1 where an unfinished job has the unique key:
 * nothing is dispatched then, and the id is that job's. `id` may be NULL. */
MILLHAND_API int millhand_dispatch(struct millhand *mh, const struct millhand_job_spec *spec,
                                   char id[MILLHAND_ID_SIZE], struct millhand_error *err);

/* Dispatches `count` jobs, at most 100,000, in one transaction: all or none. This is many times as
 * fast as one by one. `ids`, in the order of the specs, may be NULL. Returns how many unique keys
 * were taken. */
MILLHAND_API int millhand_dispatch_many(struct millhand *mh, const struct millhand_job_spec *specs,
                                        size_t count, char (*ids)[MILLHAND_ID_SIZE],
                                        struct millhand_error *err);

/* --- looking --- */

enum millhand_status {
    MILLHAND_STATUS_NONE = 0, /* in a filter: any; after a heartbeat: the lease is lost */
    MILLHAND_STATUS_PENDING,
    MILLHAND_STATUS_PROCESSING,
    MILLHAND_STATUS_COMPLETED,
    MILLHAND_STATUS_FAILED, /* for good: a dead letter */
    MILLHAND_STATUS_CANCELLED
};

/* A job's record. Only the library makes one. */
struct millhand_job {
    const char *id;
    const char *tenant_id;
    const char *type;
    enum millhand_status status;
    int priority;
    const char *payload; /* NULL: not asked for */
    size_t payload_len;
    const char *result; /* any JSON value; NULL: null, or not asked for */
    size_t result_len;
    const char *error;     /* the last attempt's, or NULL */
    double progress;       /* 0 to 1; negative: none was reported */
    const char *worker_id; /* or NULL */
    int attempts;
    int max_attempts;
    int64_t run_at;
    int64_t next_retry_at;
    const char *unique_key; /* or NULL */
    const char *correlation_id;
    int64_t created_at;
    int64_t started_at;
    int64_t completed_at;
    int64_t lease;           /* of a job claimed by hand, else 0 */
    const char *traceparent; /* of W3C Trace Context, or NULL */
};

struct millhand_jobs {
    size_t count;
    struct millhand_job *jobs;
    int64_t cursor; /* of a list: where the next page starts; 0: this was the last */
};

/* Gives a job with its payload and result; free it with millhand_job_free. MILLHAND_ENOENT: there
 * is none, or no longer: what has ended is deleted after its time of retention. */
MILLHAND_API int millhand_get(struct millhand *mh, const char *id, struct millhand_job **job,
                              struct millhand_error *err);
MILLHAND_API void millhand_job_free(struct millhand_job *job);

struct millhand_filter {
    enum millhand_status status; /* MILLHAND_STATUS_NONE: any */
    const char *type;            /* NULL: any */
    const char *tenant_id;       /* NULL: any */
    size_t limit;                /* 1 to 1,000; 0: 100 */
    int64_t cursor;              /* of the page before; 0: from the newest */
    bool bodies;                 /* payload and result too */
};

/* Gives a page of jobs, newest first; free it with millhand_jobs_free. `filter` may be NULL. A page
 * may be shorter than its limit, or empty, and have another behind it: go by the cursor. */
MILLHAND_API int millhand_list(struct millhand *mh, const struct millhand_filter *filter,
                               struct millhand_jobs **jobs, struct millhand_error *err);
MILLHAND_API void millhand_jobs_free(struct millhand_jobs *jobs);

/* Waits until a job has ended, for `timeout_ms` at most (negative: for ever), and gives it as
 * millhand_get does; `job` may be NULL. Look at its status: also one that failed or was cancelled
 * has ended. MILLHAND_ETIMEOUT: it has not. */
MILLHAND_API int millhand_wait(struct millhand *mh, const char *id, int64_t timeout_ms,
                               struct millhand_job **job, struct millhand_error *err);

struct millhand_stats {
    int64_t pending, processing, completed, failed, cancelled; /* jobs still kept */
    int64_t oldest_pending_ms; /* age of the oldest job that is due; -1: none is */
    int64_t workers;           /* live ones */
};

/* Counts the jobs of one tenant, or (NULL) all. */
MILLHAND_API int millhand_stats(struct millhand *mh, const char *tenant_id,
                                struct millhand_stats *stats, struct millhand_error *err);

/* --- acting on a job --- */

/* Cancels a job that is pending or processing; one that runs is told, and where it is a process
 * killed. MILLHAND_ENOENT; MILLHAND_ESTATE: it has ended. */
MILLHAND_API int millhand_cancel(struct millhand *mh, const char *id, struct millhand_error *err);

/* Makes a failed or cancelled job pending again, attempts from 0. MILLHAND_ENOENT; MILLHAND_ESTATE:
 * it is neither; MILLHAND_EEXIST: its unique key is taken by now. */
MILLHAND_API int millhand_retry(struct millhand *mh, const char *id, struct millhand_error *err);

/* Deletes a job that is not processing. MILLHAND_ENOENT; MILLHAND_ESTATE: it is. */
MILLHAND_API int millhand_delete(struct millhand *mh, const char *id, struct millhand_error *err);

/* --- running jobs: what becomes of an attempt --- */

/* The numbers of success, failure for good and later are the exit statuses of one-shot handlers. */
enum millhand_verdict {
    MILLHAND_RUN_DONE = 0,      /* the job is completed */
    MILLHAND_RUN_RETRY = 1,     /* the attempt failed; tried again while an attempt is left */
    MILLHAND_RUN_FAIL = 65,     /* failed for good */
    MILLHAND_RUN_LATER = 75,    /* put off; the attempt does not count */
    MILLHAND_RUN_HAND_BACK = 76 /* at once for another worker; the attempt does not count */
};

/* --- running jobs by a worker --- */

struct millhand_run; /* one attempt of a job, while its handler runs */

/* Runs a job: a C function on a thread of the worker. It returns an enum millhand_verdict, best by
 * one of the functions below:
 *
 *     int greet(struct millhand_run *run, void *arg)
 *     {
 *         const struct millhand_job *job = millhand_run_job(run);
 *         if (!connected(arg)) return millhand_run_later(run, 5000);
 *         return millhand_run_result(run, "{\"greeting\":\"Hello\"}", 0);
 *     }
 *
 * Any other number is a failed attempt. Several threads may be in one handler at a time, unless its
 * `concurrency` says 1. It must not throw a C++ exception, longjmp out or end its thread. It may
 * use the library, with handles of its own. `run` is valid until it returns, and on its thread
 * only. */
typedef int millhand_handler_fn(struct millhand_run *run, void *arg);

struct millhand_handler {
    const char *type;
    millhand_handler_fn *fn;
    void *arg;
    int concurrency;         /* at once, of this type; 0: as many as the worker has threads */
    int max_attempts;        /* no job of the type is tried more often; 0: what each job says */
    int64_t timeout_ms;      /* 0: one hour */
    int64_t backoff_base_ms; /* before the second attempt; doubles each time; 0: 1,000 */
    int64_t backoff_cap_ms;  /* 0: one hour */
};

struct millhand_worker_options {
    const struct millhand_handler *handlers; /* one per type; copied */
    size_t handler_count;
    int concurrency;       /* threads: jobs at once, at most 1,000; 0: 1 */
    const char *worker_id; /* NULL: HOST-PID-STARTMS */
    int64_t lease_ms; /* a worker silent for so long has lost its jobs: 1,000 to a day; 0: 30,000 */
    int64_t poll_interval_ms;    /* 10 to a day; 0: 10,000 with notifications, else 1,000 */
    int64_t shutdown_timeout_ms; /* from the stop to the end: 100 to a day; 0: 30,000 */
    int retention_days;          /* of completed and cancelled jobs; 0: 7; -1: for ever */
    int failed_retention_days;   /* of failed ones; 0: 30; -1: for ever */
    bool drain;                  /* stop when nothing is due or running */
};

struct millhand_worker;

/* Makes a worker for the store of `mh`, with the options of that handle and a connection of its
 * own: `mh` stays free for other calls, and may be closed first. Free it with millhand_worker_free.
 */
MILLHAND_API int millhand_worker_new(struct millhand *mh,
                                     const struct millhand_worker_options *options,
                                     struct millhand_worker **worker, struct millhand_error *err);

/* Works, on the caller's thread and the worker's own, until it is stopped, or with `drain` until
 * nothing is left. Returns 0 when every job was finished or handed back. While the store is out of
 * reach it waits and tries again; the log says so. Once per worker.
 * MILLHAND_ETIMEOUT: handlers still run, or results could not be written, when the time of
 * shutdown_timeout_ms was over; the leases of those jobs run out, and others then run them. */
MILLHAND_API int millhand_worker_run(struct millhand_worker *worker, struct millhand_error *err);

/* Tells it to stop, from any thread and from a signal handler; also before it runs. It claims
 * nothing more, hands back what has not started, and lets handlers finish. Towards the end of
 * shutdown_timeout_ms those that still run are told so by millhand_run_cancelled, and their jobs
 * are handed back. A second call does that at once and allows one more second. */
MILLHAND_API void millhand_worker_stop(struct millhand_worker *worker);

/* Frees a worker that does not run. A thread cannot be killed: where handlers still run this waits
 * until they have returned. */
MILLHAND_API void millhand_worker_free(struct millhand_worker *worker);

/* --- inside a handler --- */

/* The job: payload, id, attempts (this one included) and so on. Valid as long as the run. */
MILLHAND_API const struct millhand_job *millhand_run_job(const struct millhand_run *run);

/* True when the handler should return soon, whatever it returns: the job was cancelled, its
 * time-out is over, its lease is lost, or the worker is stopping. Ask it now and then: the worker
 * waits for a handler that does not, and holds the lease of its job meanwhile. */
MILLHAND_API bool millhand_run_cancelled(const struct millhand_run *run);

/* The share that is done, 0 to 1. The latest is written, at most five times a second. */
MILLHAND_API void millhand_run_progress(struct millhand_run *run, double share);

/* A line of the job's log. The last 64 KiB are kept with an attempt that did not succeed. */
MILLHAND_API void millhand_run_log(struct millhand_run *run, const char *line);

/* Sets the result, any JSON value (copied), and returns MILLHAND_RUN_DONE; where it is not JSON or
 * too large, MILLHAND_RUN_RETRY with that as the error. `len` 0: strlen. */
MILLHAND_API int millhand_run_result(struct millhand_run *run, const char *json, size_t len);

/* Sets the error, and returns MILLHAND_RUN_RETRY or MILLHAND_RUN_FAIL. */
MILLHAND_API int millhand_run_retry(struct millhand_run *run, const char *format, ...)
    MILLHAND_PRINTF(2, 3);
MILLHAND_API int millhand_run_fail(struct millhand_run *run, const char *format, ...)
    MILLHAND_PRINTF(2, 3);

/* Puts the job off by `delay_ms`, at most a year, and returns MILLHAND_RUN_LATER. Where a handler
 * returns that without having called it: by a minute. */
MILLHAND_API int millhand_run_later(struct millhand_run *run, int64_t delay_ms);

/* --- running jobs by hand: claim, heartbeat, finish ---
 *
 * For programs that have a loop of their own. The handle is then a worker of the store: it must
 * heartbeat within each lease, or others get its jobs. */

struct millhand_claim {
    const char *const *types; /* NULL: every type */
    size_t type_count;
    size_t limit;          /* 1 to 1,000; 0: 1 */
    int64_t lease_ms;      /* 1,000 to a day; 0: 30,000; the first claim decides for the handle */
    const char *worker_id; /* NULL: HOST-PID-STARTMS; the first claim decides */
};

/* Claims due jobs, highest priority first; a page without jobs when none is due. Does not wait.
 * Free it with millhand_jobs_free, which hands nothing back. */
MILLHAND_API int millhand_claim(struct millhand *mh, const struct millhand_claim *claim,
                                struct millhand_jobs **jobs, struct millhand_error *err);

/* Prolongs every lease of the handle, and sets the status of each of `jobs` (may be NULL) to what
 * it is now: MILLHAND_STATUS_PROCESSING while it is held, MILLHAND_STATUS_CANCELLED where a person
 * cancelled it, MILLHAND_STATUS_NONE where the lease is lost or the job is finished. Returns how
 * many are held. MILLHAND_ELEASE: the handle was silent for too long and all its leases are lost.
 */
MILLHAND_API int millhand_heartbeat(struct millhand *mh, struct millhand_jobs *jobs,
                                    struct millhand_error *err);

struct millhand_finish {
    enum millhand_verdict verdict;
    const char *result; /* MILLHAND_RUN_DONE: any JSON value; NULL: null */
    size_t result_len;  /* 0: strlen */
    const char *error;  /* MILLHAND_RUN_RETRY, MILLHAND_RUN_FAIL */
    const char *log;    /* the same: what is kept with the attempt, its last 64 KiB */
    int64_t
        delay_ms; /* MILLHAND_RUN_RETRY, 0: the usual backoff; MILLHAND_RUN_LATER, 0: a minute */
};

/* Writes what became of a job claimed by this handle. `finish` may be NULL: it is done, with no
 * result. MILLHAND_ELEASE: the job was cancelled, finished, or is in another's hands by now. */
MILLHAND_API int millhand_finish(struct millhand *mh, const struct millhand_job *job,
                                 const struct millhand_finish *finish, struct millhand_error *err);

#ifdef __cplusplus
}
#endif

#endif
