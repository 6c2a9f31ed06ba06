/* A schedule: what dispatches jobs again and again, as every store gives it back.
 *
 * A *slot* is a moment at which its expression comes true; each has at most one job, whatever the
 * number of workers. `next_at` is the first slot that nobody has handled. When it comes is worked
 * out above the store (queue/schedule.h), which compares and keeps.
 *
 * Strings and times as in store/job.h. */
#ifndef MH_SCHEDULE_H
#define MH_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/uuid.h"

#define MH_SCHEDULES_MAX    10000 /* in a store */
#define MH_SCHEDULE_EXPR    200   /* bytes of an expression */
#define MH_SCHEDULE_ZONE    64    /* bytes of a time zone's name */
#define MH_SCHEDULE_AT_ONCE 1000  /* the most jobs of one firing */

/* What becomes of slots that came while no worker was there. */
enum mh_missed {
    MH_MISSED_ONE,  /* one job for all of them */
    MH_MISSED_SKIP, /* none */
    MH_MISSED_ALL,  /* a job for each */
    MH_MISSED__COUNT,
};

struct mh_schedule {
    int64_t id;       /* the store's number for it, never used again */
    int64_t revision; /* another one after every change and every firing */
    struct mh_uuid tenant_id;
    const char *name; /* the tenant's word for it, made as a type's */
    const char *type;
    const char *cron;
    const char *tz;
    const char *payload; /* JSON text, or NULL where it was not asked for */
    size_t payload_len;
    int priority; /* -1: from the tenant's plan */
    int max_attempts;
    enum mh_missed missed;
    bool overlap; /* a slot has its job also while that of an earlier one is unfinished */
    bool paused;
    int64_t next_at; /* 0: it is paused, or never comes true again */
    int64_t last_at; /* the last slot that was handled; 0: none yet */
    int64_t created_at;
    int64_t updated_at; /* by a person */
};

/* The words for both. The parsers return 0 or MH_EINVAL. */
const char *mh_missed_name(enum mh_missed missed); /* "one" … */
int mh_missed_parse(const char *name, enum mh_missed *ret_missed) MH_MUST_CHECK;
const char *mh_overlap_name(bool overlap); /* "allow", "skip" */
int mh_overlap_parse(const char *name, bool *ret_overlap) MH_MUST_CHECK;

#endif
