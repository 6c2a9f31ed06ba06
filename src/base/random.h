/* Randomness from the kernel, for ids, jitter and tokens; here and nowhere else, so that a test can
 * seed it. Thread-safe. */
#ifndef MH_RANDOM_H
#define MH_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fills `bytes`. The kernel's generator does not fail once the machine has started. */
void mh_random_bytes(void *bytes, size_t len);

/* Evenly spread in [0, 1). */
double mh_random_unit(void);

/* From here on the numbers follow from `seed`, not from the kernel; 0 goes back. Tests only. */
void mh_random_seed(uint64_t seed);

#endif
