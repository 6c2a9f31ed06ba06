/* What the fuzz targets and the replay of their corpora share.
 *
 * A target checks promises of a parser, not merely that it survives: it calls `require` with what
 * must hold for every input. */
#ifndef MH_FUZZ_H
#define MH_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* An assert that no build leaves out and that says where it stands. */
#define require(holds) ((holds) ? (void)0 : mh_require_failed(#holds, __FILE__, __LINE__))

static inline _Noreturn void mh_require_failed(const char *what, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

/* libFuzzer's entry; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
