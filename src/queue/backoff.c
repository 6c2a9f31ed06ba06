#include "queue/backoff.h"

#define JITTER 0.25

int64_t mh_backoff_ms(int attempt, int64_t base_ms, int64_t cap_ms, double jitter)
{
    int64_t wait = base_ms < cap_ms ? base_ms : cap_ms;
    for (int i = 1; i < attempt && wait < cap_ms; i++)
        wait = wait > cap_ms / 2 ? cap_ms : wait * 2;
    return wait + (int64_t)((double)wait * JITTER * jitter);
}
