#include "worker/rate.h"

#include "base/clock.h"

/* Long enough to hold more than one flush, short enough to follow a change. */
#define WINDOW_US 50000

/* Of the first window so much will do, for until then nothing is claimed ahead. */
#define GLANCE_US 5000

void mh_rate_count(struct mh_rate *rate)
{
    if (rate->since_us == 0) rate->since_us = mh_clock_mono_us();
    rate->count++;
}

double mh_rate_get(struct mh_rate *rate)
{
    if (rate->since_us == 0) return 0;
    int64_t passed_us = mh_clock_mono_us() - rate->since_us;
    if (passed_us < GLANCE_US) return rate->smoothed;
    double now = (double)rate->count * 1e6 / (double)passed_us;
    if (passed_us < WINDOW_US) return rate->smoothed == 0 ? now : rate->smoothed;
    rate->smoothed = rate->smoothed == 0 ? now : 0.5 * rate->smoothed + 0.5 * now;
    rate->since_us += passed_us;
    rate->count = 0;
    return rate->smoothed;
}
