/* Times: PostgreSQL's binary form counts microseconds from the year 2000, ours milliseconds from
 * 1970. */
#ifndef MH_PG_TIMES_H
#define MH_PG_TIMES_H

#include <stdint.h>

#define MH_PG_EPOCH_MS INT64_C(946684800000)

static inline int64_t mh_pg_time(int64_t time_ms)
{
    return (time_ms - MH_PG_EPOCH_MS) * 1000;
}

/* The millisecond that it lies in. */
static inline int64_t mh_ms_of_pg_time(int64_t time_us)
{
    int64_t ms = time_us / 1000;
    if (time_us % 1000 < 0) ms--;
    return ms + MH_PG_EPOCH_MS;
}

#endif
