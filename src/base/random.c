#include "base/random.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* The state of the seeded generator, 0 while the kernel's is used. */
static _Atomic uint64_t seeded;

/* splitmix64: a step is one addition, so threads may share the state. */
static uint64_t next_seeded(void)
{
    uint64_t step = UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = atomic_fetch_add(&seeded, step) + step;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void seeded_bytes(char *at, size_t len)
{
    while (len > 0) {
        uint64_t word = next_seeded();
        size_t part = len < sizeof word ? len : sizeof word;
        memcpy(at, &word, part);
        at += part;
        len -= part;
    }
}

static void kernel_bytes(char *at, size_t len)
{
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            abort(); /* no kernel that runs us lacks it, and ids must not be made without */
        at += got;
        len -= (size_t)got;
    }
}

void mh_random_bytes(void *bytes, size_t len)
{
    if (atomic_load(&seeded) != 0)
        seeded_bytes(bytes, len);
    else
        kernel_bytes(bytes, len);
}

double mh_random_unit(void)
{
    uint64_t word;
    mh_random_bytes(&word, sizeof word);
    return (double)(word >> 11) * 0x1p-53;
}

void mh_random_seed(uint64_t seed)
{
    atomic_store(&seeded, seed);
}
