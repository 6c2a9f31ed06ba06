/* How long a failed attempt waits for the next: min(cap, base * 2^(attempt-1)) * (1 + jitter),
 * jitter in [0, 0.25). */
#ifndef MH_BACKOFF_H
#define MH_BACKOFF_H

#include <stdint.h>

#define MH_BACKOFF_BASE_MS 1000
#define MH_BACKOFF_CAP_MS  3600000

/* `attempt` counts from 1; `jitter` in [0, 1) is scaled to its range (give mh_random_unit()). */
int64_t mh_backoff_ms(int attempt, int64_t base_ms, int64_t cap_ms, double jitter);

#endif
