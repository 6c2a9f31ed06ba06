/* The order in which the jobs of one dispatch go into a store.
 *
 * Neighbours of one type and priority share rows in both stores, and are claimed and ended together
 * at the cost of a few. So jobs of several types that come mixed are laid side by side by type,
 * within each thousand of them: none waits for more of other types than that. The answer is in the
 * order given all the same. Where some have unique keys all stay as they are, since of two jobs
 * with one key the first has it. */
#ifndef MH_STORE_ORDER_H
#define MH_STORE_ORDER_H

#include <stdbool.h>

#include "base/compiler.h"
#include "store/backend.h"

/* Of a request that has its own copies of the jobs, before it is submitted. False: out of memory.
 */
bool mh_order_jobs(struct mh_request *request) MH_MUST_CHECK;

/* Of one that is about to be answered. */
void mh_order_answer(struct mh_request *request);

#endif
