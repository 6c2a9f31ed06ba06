#include "cli/bench/bench.h"

#define ONE                                                                                        \
    {                                                                                              \
        "", NULL                                                                                   \
    }

const struct mh_bench_workload mh_bench_workloads[] = {
    {"W1", "bulk dispatch, 1,000 a transaction", MH_BENCH_RATE, ONE, 1, 1000, mh_bench_bulk,
     mh_bench_ceiling_bulk},
    {"W2", "single dispatch, one at a time", MH_BENCH_RATE, ONE, 10, 100, mh_bench_single,
     mh_bench_ceiling_single},
    {"W2", "single dispatch, 4 under way", MH_BENCH_RATE, ONE, 10, 100, mh_bench_flight,
     mh_bench_ceiling_single},
    {"W3", "drain, C functions", MH_BENCH_RATE, ONE, 1, 1000, mh_bench_drain,
     mh_bench_ceiling_take},
    {"W3", "drain, C functions, 2 workers", MH_BENCH_RATE, ONE, 1, 1000, mh_bench_drain_two,
     mh_bench_ceiling_take},
    {"W3", "drain, a persistent child", MH_BENCH_RATE, ONE, 2, 1000, mh_bench_persistent,
     mh_bench_ceiling_take},
    {"W4",
     "pick-up, idle",
     MH_BENCH_MS,
     {"p50", "p95", "p99", NULL},
     250,
     20,
     mh_bench_pickup,
     mh_bench_ceiling_pickup},
    {"W5", "one-shot /bin/true, 4 at once", MH_BENCH_RATE, ONE, 50, 40, mh_bench_oneshot,
     mh_bench_ceiling_spawn},
    {NULL},
};
