/* The workloads of `millhand bench`, each beside the ceiling of the same store.
 *
 * To add one: a function that measures it once, one for its ceiling where there is one, and a row
 * in workloads.c. Both are given a place of their own: an empty folder, and an empty store (the
 * function) or where one could be (its ceiling). They leave nothing running. */
#ifndef MH_BENCH_H
#define MH_BENCH_H

#include <limits.h>
#include <millhand.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "store/bare.h"

struct mh_store_options;

#define MH_BENCH_FIGURES 8    /* the most that one workload has */
#define MH_BENCH_NONE    (-1) /* a value that could not be had */

/* Jobs dispatched, or taken, in one transaction where that is the caller's to say. */
#define MH_BENCH_BULK 1000
#define MH_BENCH_TAKE 100

#define MH_BENCH_AT_ONCE 16

#define MH_BENCH_CHILD_MAX 800 /* bytes of the command of a child */
#define MH_BENCH_CONF      1000

#define MH_BENCH_TYPE "bench"
#define MH_BENCH_PAYLOAD                                                                           \
    "{\"to\":\"ada@example.org\",\"subject\":\"an ordinary payload\",\"n\":12345}"

/* What one measurement is given. */
struct mh_bench {
    const char *url;
    const char *schema; /* PostgreSQL's */
    const char *folder; /* for files of the measurement's own */
    bool synchronous_full;
    int64_t jobs;
    int64_t backlog;   /* jobs that stand before these, where there is to be a crowd */
    const char *child; /* the command of a persistent child */
};

struct mh_bench_sample {
    double values[MH_BENCH_FIGURES]; /* MH_BENCH_NONE unless set */
};

typedef int mh_bench_fn(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                        struct mh_err *err);

enum mh_bench_unit {
    MH_BENCH_RATE,     /* jobs a second */
    MH_BENCH_MS,       /* of all that follow less is better */
    MH_BENCH_MB,       /* 1024 × 1024 bytes */
    MH_BENCH_MS_A_MIN, /* of processor time, while nothing is to be done */
    MH_BENCH_US_A_JOB, /* of processor time */
};

struct mh_bench_figure {
    const char *name; /* "p50" …; "": the only one; NULL: there is none */
    enum mh_bench_unit unit;
};

struct mh_bench_workload {
    const char *name;  /* "W1"; NULL ends the table */
    const char *title; /* at most 40 columns */
    struct mh_bench_figure figures[MH_BENCH_FIGURES + 1];
    int64_t share; /* of the jobs asked for: one in so many … */
    int64_t least; /* … but at least these */
    mh_bench_fn *run;
    mh_bench_fn *ceiling; /* or NULL */
    bool beside_ours;     /* the ceiling is of our own store, where nothing is in its way */
};

extern const struct mh_bench_workload mh_bench_workloads[];

/* --- the measurements */

mh_bench_fn mh_bench_bulk, mh_bench_single, mh_bench_flight;
mh_bench_fn mh_bench_drain, mh_bench_drain_two, mh_bench_persistent;
mh_bench_fn mh_bench_pickup, mh_bench_pickup_half, mh_bench_oneshot;
mh_bench_fn mh_bench_held, mh_bench_weight, mh_bench_start, mh_bench_backlog;
mh_bench_fn mh_bench_ceiling_bulk, mh_bench_ceiling_single, mh_bench_ceiling_flight;
mh_bench_fn mh_bench_ceiling_take;
mh_bench_fn mh_bench_ceiling_pickup, mh_bench_ceiling_spawn;
mh_bench_fn mh_bench_free, mh_bench_empty; /* what held and backlog stand beside */

/* --- what they share */

/* Opens the store as a program would. */
int mh_bench_open(const struct mh_bench *bench, struct millhand **ret_mh,
                  struct mh_err *err) MH_MUST_CHECK;

/* What it is opened with by those that use it without the library. */
struct mh_store_options mh_bench_options(const struct mh_bench *bench);

/* The bare database in an empty place, with its table. */
int mh_bench_bare(const struct mh_bench *bench, struct mh_bare **ret_bare,
                  struct mh_err *err) MH_MUST_CHECK;

/* Puts rows of all jobs into that table. */
int mh_bench_bare_fill(struct mh_bare *bare, int64_t jobs, size_t batch,
                       struct mh_err *err) MH_MUST_CHECK;

/* Passes on what the library said; `r` as it is. */
int mh_bench_check(int r, const struct millhand_error *said, struct mh_err *err) MH_MUST_CHECK;

/* Dispatches all jobs in bulk. */
int mh_bench_fill(struct millhand *mh, int64_t jobs, struct mh_err *err) MH_MUST_CHECK;

/* MH_ESTATE where not all jobs of the store were completed: a figure of failures is none. */
int mh_bench_check_done(struct millhand *mh, int64_t jobs, struct mh_err *err) MH_MUST_CHECK;

/* `count` in the time since `since_us` (monotonic), per second. */
double mh_bench_rate(int64_t count, int64_t since_us);

/* The value that this share of them does not exceed; 0.5: the median. Sorts them. */
double mh_bench_quantile(double *values, size_t count, double share);

/* Runs this store's due jobs to their end by a worker with one handler, given as lines of a
 * millhand.conf behind [handler.bench]. Ret: the time it took. */
int mh_bench_work(const struct mh_bench *bench, const char *conf, int concurrency,
                  int64_t *ret_took_us, struct mh_err *err) MH_MUST_CHECK;

/* Such lines for a persistent child with MH_BENCH_AT_ONCE jobs at a time. */
void mh_bench_persistent_conf(const struct mh_bench *bench, char ret_conf[MH_BENCH_CONF]);

/* A worker in this process, on a thread of its own. */
struct mh_bench_aside {
    struct millhand_worker *worker;
    pthread_t thread;
    int code;
    struct millhand_error said;
};

int mh_bench_aside_start(struct millhand *mh, const struct millhand_worker_options *options,
                         struct mh_bench_aside *aside, struct mh_err *err) MH_MUST_CHECK;

/* Stops and frees it. What it has not started is left to others. */
int mh_bench_aside_stop(struct mh_bench_aside *aside, struct mh_err *err) MH_MUST_CHECK;

/* Lets less than a second go by. */
void mh_bench_nap(int64_t us);

/* Waits until so many are done, or until the signal. MH_ETIMEOUT where none has been for long. */
int mh_bench_wait(const atomic_llong *done, int64_t count, struct mh_err *err) MH_MUST_CHECK;

/* A persistent handler that answers every job on standard input with null, until its end. */
int mh_bench_answer(struct mh_err *err) MH_MUST_CHECK;

/* --- the signals */

/* From here on the first SIGINT or SIGTERM is only noted, the second ends the program. */
void mh_bench_catch_signals(void);

/* The number of the signal that came, or 0. What takes long looks from time to time. */
int mh_bench_interrupted(void);

/* --- the place */

/* Where measurements are made, one after the other, each in a store of its own. */
struct mh_bench_place {
    const char *url;       /* of the user's store, borrowed */
    const char *backend;   /* "sqlite", "postgres" */
    char folder[PATH_MAX]; /* private; beside the file of a SQLite store */
    struct mh_bench bench; /* the measurement under way, whose texts are these */
    char now[PATH_MAX + 16], now_url[PATH_MAX + 48], schema[64];
};

int mh_bench_place_new(const char *url, struct mh_bench_place *ret_place,
                       struct mh_err *err) MH_MUST_CHECK;

/* Makes an empty folder; and an empty store with `store`. End it also after an error. */
int mh_bench_place_begin(struct mh_bench_place *place, bool store,
                         struct mh_err *err) MH_MUST_CHECK;
int mh_bench_place_end(struct mh_bench_place *place, struct mh_err *err) MH_MUST_CHECK;

/* Removes the folder. */
void mh_bench_place_remove(const struct mh_bench_place *place);

#endif
