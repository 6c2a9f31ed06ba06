/* A job and what goes with it, as every store gives it back.
 *
 * The fields are the contract's, in its order. Strings are NUL-terminated and belong to whoever
 * gave the record (for a store's reply: valid during the callback only); NULL stands for SQL's
 * null. Times are milliseconds, 0 for none. */
#ifndef MH_JOB_H
#define MH_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/uuid.h"

#define MH_TYPE_MAX        100  /* bytes of a job type */
#define MH_TYPES_MAX       1000 /* different types in a store */
#define MH_PRIORITY_MAX    100
#define MH_ATTEMPTS_MAX    1000    /* the largest max_attempts */
#define MH_LIMIT_MAX       1000000 /* the largest limit on how many jobs of a type run at once */
#define MH_KEY_MAX         200     /* bytes of unique_key, correlation_id and worker ids */
#define MH_TRACEPARENT     55      /* characters of a traceparent of version 00 */
#define MH_TRACEPARENT_MAX 512     /* of a later version */
#define MH_ERROR_MAX       4096    /* bytes of an error kept; longer ones are cut */
#define MH_LOG_TAIL        65536   /* bytes of a failed attempt's log kept */

enum mh_status {
    MH_STATUS_PENDING,
    MH_STATUS_PROCESSING,
    MH_STATUS_COMPLETED,
    MH_STATUS_FAILED,
    MH_STATUS_CANCELLED,
    MH_STATUS__COUNT,
    MH_STATUS_NONE = -1, /* no such job, or (finish) not accepted; as a filter: any */
};

struct mh_job {
    struct mh_uuid id;
    struct mh_uuid tenant_id;
    const char *type;
    enum mh_status status;
    int priority;
    const char *payload; /* JSON text */
    size_t payload_len;
    const char *result; /* JSON text or NULL */
    size_t result_len;
    const char *error;
    double progress; /* negative: null */
    const char *worker_id;
    int attempts;
    int max_attempts;
    int64_t run_at;
    int64_t next_retry_at;
    const char *unique_key;
    const char *correlation_id; /* never NULL: the id's text where none was given */
    int64_t created_at;
    int64_t started_at;
    int64_t completed_at;
    const char *traceparent; /* of the caller's trace, or NULL */
};

/* One attempt that did not succeed. */
struct mh_attempt {
    int number;
    const char *worker_id;
    int64_t started_at;
    int64_t ended_at;
    const char *outcome; /* "failed", "lease expired", "cancelled" */
    const char *error;   /* or NULL */
    const char
        *log; /* the last MH_LOG_TAIL bytes of what the handler wrote to standard error, or NULL */
};

enum mh_plan { MH_PLAN_FREE, MH_PLAN_STARTER, MH_PLAN_PRO, MH_PLAN_ENTERPRISE, MH_PLAN__COUNT };

struct mh_tenant {
    struct mh_uuid id;
    const char *name;
    enum mh_plan plan;
    int64_t created_at;
};

/* How many jobs of a type run at once over all workers; 0: no such limit. */
struct mh_limits {
    int64_t max;
    int64_t per_tenant; /* of each tenant */
    int64_t per_key;    /* of each tenant with one value of the payload's member `key` */
    const char *key;    /* NULL where per_key is 0 */
};

struct mh_type {
    const char *name;
    bool paused;
    struct mh_limits limits;
    int64_t pending; /* due or not */
    int64_t processing;
    int workers; /* live workers that serve it */
};

struct mh_worker_row {
    const char *id;
    int64_t started_at;
    int64_t beat_at;
    int64_t silent_ms; /* since then, by the store's clock */
    int64_t lease_ms;
    int64_t processing;
    const char *types; /* JSON array of what it serves; NULL: everything */
};

struct mh_stats {
    int64_t count[MH_STATUS__COUNT];
    int64_t
        oldest_pending_ms; /* age of the oldest pending job that is due, by created_at; -1: none */
    int64_t workers;       /* live ones */
};

const char *mh_status_name(enum mh_status status); /* "pending" … */
enum mh_status mh_status_parse(const char *name);  /* MH_STATUS_NONE: no such status */
const char *mh_plan_name(enum mh_plan plan);
int mh_plan_parse(const char *name, enum mh_plan *ret_plan) MH_MUST_CHECK; /* 0 or MH_EINVAL */
int mh_plan_priority(enum mh_plan plan); /* what a job of such a tenant gets unless it says so */

/* True for [A-Za-z0-9_.:-]{1,100}. */
bool mh_type_valid(const char *type);

/* True for a traceparent of W3C Trace Context: "00-<32 hex digits>-<16>-<2>", neither of the first
 * two all zeros, or of a later version, which may say more behind a further dash. */
bool mh_traceparent_valid(const char *text);

#endif
