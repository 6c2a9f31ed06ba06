/* What a handler gave as text, made into the result of its run.
 *
 * JSON is kept as it is, without white space at its end; other UTF-8 text becomes a JSON string;
 * nothing is null. What is neither, or larger than the limit, is a failed attempt. */
#ifndef MH_RESULT_H
#define MH_RESULT_H

#include <stddef.h>

#include "base/buf.h"
#include "worker/run.h"

/* Why a text is not whole: MH_ELIMIT or MH_ENOMEM; 0: it is. */
int mh_result_why(const struct mh_buf *text);

/* Ends the run with a text that is whole; `max` is MAX_RESULT_BYTES. */
void mh_result_end(struct mh_run *run, const struct mh_buf *text, size_t max);

/* Ends a run whose result was not kept, for the reason mh_result_why gave. */
void mh_result_end_spoilt(struct mh_run *run, int why, size_t max);

#endif
