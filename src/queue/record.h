/* A job record as JSON, the same on every surface: --json, HTTP, what a persistent handler is
 * given.
 *
 * All fields of the contract's section 2 in its order, null where there is none. Payload and result
 * are spliced in as the bytes that were stored, only that line breaks between their tokens become
 * spaces: a record is always one line. Also the smaller records that commands print. Errors are the
 * buffer's. */
#ifndef MH_RECORD_H
#define MH_RECORD_H

#include "base/buf.h"
#include "store/blueprint.h"
#include "store/event.h"
#include "store/index.h"
#include "store/job.h"
#include "store/project.h"
#include "store/schedule.h"

void mh_record_job(struct mh_buf *out, const struct mh_job *job);

/* The same with one more member at the end, "history": the attempts that did not succeed. */
void mh_record_history(struct mh_buf *out, const struct mh_job *job,
                       const struct mh_attempt *attempts, size_t count);

/* Only the members that apply to it. */
void mh_record_event(struct mh_buf *out, const struct mh_event *event);

void mh_record_attempt(struct mh_buf *out, const struct mh_attempt *attempt);
void mh_record_tenant(struct mh_buf *out, const struct mh_tenant *tenant);
void mh_record_type(struct mh_buf *out, const struct mh_type *type);
void mh_record_worker(struct mh_buf *out, const struct mh_worker_row *worker);
void mh_record_project(struct mh_buf *out, const struct mh_project *project);
void mh_record_blueprint(struct mh_buf *out, const struct mh_blueprint *blueprint); /* no texts */
void mh_record_hit(struct mh_buf *out, const struct mh_hit *hit);
void mh_record_index_file(struct mh_buf *out, const struct mh_index_file *file);
void mh_record_index_symbol(struct mh_buf *out, const struct mh_index_symbol *symbol);
void mh_record_credential(struct mh_buf *out,
                          const struct mh_credential *credential); /* no secret */
void mh_record_schedule(struct mh_buf *out, const struct mh_schedule *schedule);

/* The same with one more member at the end, "upcoming": slots to come. */
void mh_record_upcoming(struct mh_buf *out, const struct mh_schedule *schedule,
                        const int64_t *slots, size_t count);
void mh_record_stats(struct mh_buf *out, const struct mh_stats *stats);

#endif
