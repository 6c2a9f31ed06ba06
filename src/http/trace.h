/* The id that ties a request to what came of it: its log line, its jobs, the caller's own trace.
 *
 * Where work is traced (W3C Trace Context), a job is handed the traceparent that it came with, also
 * one of a version yet to come, as it stands: we add no span of our own, and the specification lets
 * whoever adds none pass a header on unmodified (it wants version 00 only of who makes a new one).
 * Of later versions it bounds nothing, so we do: MH_TRACEPARENT_MAX. tracestate, which means
 * nothing without the vendor that wrote it, is not kept. */
#ifndef MH_TRACE_H
#define MH_TRACE_H

#include <stdbool.h>

#include "store/job.h"

struct mh_trace {
    char id[MH_KEY_MAX + 1];
    bool given;         /* by the caller, else made here */
    const char *parent; /* a traceparent (W3C Trace Context) that holds; else NULL */
};

/* From X-Correlation-ID (1 to 200 printable ASCII characters without blanks) and traceparent, each
 * of which may be NULL; of the second the trace id counts where there is no first. A traceparent
 * that is none is ignored, as its specification wants. False: the first is not one. */
bool mh_trace_read(const char *correlation_id, const char *traceparent, struct mh_trace *ret_trace);

#endif
