/* How many things happen in a second, of late. One thread. */
#ifndef MH_RATE_H
#define MH_RATE_H

#include <stdint.h>

struct mh_rate {
    double smoothed;
    int64_t since_us; /* when the count below began; 0: nothing was counted yet */
    int64_t count;
};

/* One more happened. */
void mh_rate_count(struct mh_rate *rate);

/* In a second; 0 before there is enough to tell. */
double mh_rate_get(struct mh_rate *rate);

#endif
