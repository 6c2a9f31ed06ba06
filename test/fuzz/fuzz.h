/* What the fuzz targets and the replay of their corpora share.
 *
 * A target checks promises of a parser, not merely that it survives: it calls `require` with what
 * must hold for every input. */
#ifndef MH_FUZZ_H
#define MH_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* An assert that no build leaves out; the sanitizers and libFuzzer tell where it was. */
static inline void require(bool holds)
{
    if (!holds) abort();
}

/* libFuzzer's entry; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
