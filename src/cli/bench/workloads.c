#include "cli/bench/bench.h"

#define RATE                                                                                       \
    {                                                                                              \
        {                                                                                          \
            "", MH_BENCH_RATE                                                                      \
        }                                                                                          \
    }
#define TENTHS                                                                                     \
    {                                                                                              \
        {"first tenth", MH_BENCH_RATE},                                                            \
        {                                                                                          \
            "last tenth", MH_BENCH_RATE                                                            \
        }                                                                                          \
    }
#define COSTS                                                                                      \
    {                                                                                              \
        {"worker's memory, idle", MH_BENCH_MB}, {"server's memory, idle", MH_BENCH_MB},            \
            {"worker's time, idle", MH_BENCH_MS_A_MIN},                                            \
            {"server's time, idle", MH_BENCH_MS_A_MIN}, {"worker's memory, loaded", MH_BENCH_MB},  \
            {"server's memory, loaded", MH_BENCH_MB},                                              \
            {"worker's time, loaded", MH_BENCH_US_A_JOB},                                          \
        {                                                                                          \
            "server's time, loaded", MH_BENCH_US_A_JOB                                             \
        }                                                                                          \
    }
#define BOTH                                                                                       \
    {                                                                                              \
        {"dispatch", MH_BENCH_RATE},                                                               \
        {                                                                                          \
            "drain", MH_BENCH_RATE                                                                 \
        }                                                                                          \
    }
#define SHARES                                                                                     \
    {                                                                                              \
        {"p50", MH_BENCH_MS}, {"p95", MH_BENCH_MS},                                                \
        {                                                                                          \
            "p99", MH_BENCH_MS                                                                     \
        }                                                                                          \
    }

const struct mh_bench_workload mh_bench_workloads[] = {
    {"W1", "bulk dispatch, 1,000 a transaction", RATE, 1, 1000, mh_bench_bulk,
     mh_bench_ceiling_bulk},
    {"W2", "single dispatch, one at a time", RATE, 10, 100, mh_bench_single,
     mh_bench_ceiling_single},
    {"W2", "single dispatch, 4 under way", RATE, 10, 100, mh_bench_flight, mh_bench_ceiling_flight},
    {"W3", "drain, C functions", RATE, 1, 1000, mh_bench_drain, mh_bench_ceiling_take},
    {"W3", "drain, C functions, 2 workers", RATE, 1, 1000, mh_bench_drain_two,
     mh_bench_ceiling_take},
    {"W3", "drain, a persistent child", RATE, 2, 1000, mh_bench_persistent, mh_bench_ceiling_take},
    {"W4", "pick-up, idle", SHARES, 50, 20, mh_bench_pickup, mh_bench_ceiling_pickup},
    {"W4", "pick-up, half load", SHARES, 50, 20, mh_bench_pickup_half, NULL},
    {"W5", "one-shot /bin/true, 4 at once", RATE, 50, 40, mh_bench_oneshot, mh_bench_ceiling_spawn},
    {"W6", "flow, held snapshot", TENTHS, 1, 1000, mh_bench_held, mh_bench_free, true},
    {"W7", "cost", COSTS, 5, 1000, mh_bench_weight, NULL},
    {"W8", "start to first claim", {{"", MH_BENCH_MS}}, 10000, 3, mh_bench_start, NULL},
    {"W9", "behind a backlog", BOTH, 5, 1000, mh_bench_backlog, mh_bench_empty, true},
    {NULL},
};
