/* The workloads of `millhand bench`, each beside the ceiling of the same store.
 *
 * To add one: a function that measures it once, one for its ceiling where there is one, and a row
 * in workloads.c. Both are given a place of their own: an empty folder, and the URL of a store in
 * it that is not there yet. They leave nothing running. */
#ifndef MH_BENCH_H
#define MH_BENCH_H

#include <limits.h>
#include <millhand.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

#define MH_BENCH_FIGURES 3 /* the most that one workload has */

/* Jobs dispatched, or taken, in one transaction where that is the caller's to say. */
#define MH_BENCH_BULK 1000
#define MH_BENCH_TAKE 100

#define MH_BENCH_TYPE "bench"
#define MH_BENCH_PAYLOAD                                                                           \
    "{\"to\":\"ada@example.org\",\"subject\":\"an ordinary payload\",\"n\":12345}"

/* What one measurement is given. */
struct mh_bench {
    const char *url;    /* of a store that is not there yet */
    const char *folder; /* that it lies in, for files of the measurement's own */
    bool synchronous_full;
    int64_t jobs;
};

struct mh_bench_sample {
    double values[MH_BENCH_FIGURES];
};

typedef int mh_bench_fn(const struct mh_bench *bench, struct mh_bench_sample *ret_sample,
                        struct mh_err *err);

enum mh_bench_unit { MH_BENCH_RATE, MH_BENCH_MS }; /* jobs a second; milliseconds, less is better */

struct mh_bench_workload {
    const char *name;  /* "W1"; NULL ends the table */
    const char *title; /* at most 40 columns */
    enum mh_bench_unit unit;
    const char *figures[MH_BENCH_FIGURES + 1]; /* "p50" …, "" for the only one; then NULL */
    int64_t share;                             /* of the jobs asked for: one in so many … */
    int64_t least;                             /* … but at least these */
    mh_bench_fn *run;
    mh_bench_fn *ceiling; /* or NULL */
};

extern const struct mh_bench_workload mh_bench_workloads[];

/* --- the measurements */

mh_bench_fn mh_bench_bulk, mh_bench_single, mh_bench_flight;
mh_bench_fn mh_bench_drain, mh_bench_drain_two, mh_bench_persistent;
mh_bench_fn mh_bench_pickup, mh_bench_oneshot;
mh_bench_fn mh_bench_ceiling_bulk, mh_bench_ceiling_single, mh_bench_ceiling_take;
mh_bench_fn mh_bench_ceiling_pickup, mh_bench_ceiling_spawn;

/* --- what they share */

/* Opens the store as a program would. */
int mh_bench_open(const struct mh_bench *bench, struct millhand **ret_mh,
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

/* A persistent handler that answers every job on standard input with null, until its end. */
int mh_bench_answer(struct mh_err *err) MH_MUST_CHECK;

/* --- the place */

/* A private folder beside the file of `url`, or MH_EINVAL where that is no SQLite store. */
int mh_bench_place_new(const char *url, char ret_folder[PATH_MAX],
                       struct mh_err *err) MH_MUST_CHECK;

/* Removes a folder and what is in it. */
void mh_bench_place_remove(const char *folder);

#endif
