/* What happened to a job before somebody followed it, told from its record and its attempts. */
#ifndef MH_PAST_H
#define MH_PAST_H

#include <stddef.h>

#include "base/buf.h"
#include "http/hub.h"
#include "queue/place.h"
#include "store/job.h"

/* Appends the job's story as events that have no id but the last, `id`: who is cut off before hears
 * it again. `attempts` are the oldest first; of many, the last are told. `ret_told` is for whoever
 * goes on with what happened after `id`, a place from before the record was read. */
void mh_past_tell(struct mh_buf *out, const struct mh_place *id, const struct mh_job *job,
                  const struct mh_attempt *attempts, size_t count, struct mh_told *ret_told);

#endif
