/* The HTTP API beside a worker, in one process: for small places and for trying out.
 *
 * It has a connection to the store of its own, so that what clients ask for is asked in their name
 * and keeps no heartbeat waiting. Its /health and /metrics are those of a `serve`; the worker's are
 * on the worker's port. */
#ifndef MH_BESIDE_H
#define MH_BESIDE_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/err.h"

struct mh_beside;
struct mh_cli;

struct mh_beside_options {
    struct mh_cli *cli;                     /* its loop runs */
    void (*stopped)(void *arg, bool clean); /* after mh_beside_stop; once */
    void *arg;
};

/* Listens at once. */
int mh_beside_open(const struct mh_beside_options *options, struct mh_beside **ret_beside,
                   struct mh_err *err) MH_MUST_CHECK;

/* Lets requests in hand be answered, within SHUTDOWN_TIMEOUT_MS; a second call does not wait. */
void mh_beside_stop(struct mh_beside *beside);

bool mh_beside_is_stopping(const struct mh_beside *beside);

/* Before the loop goes. Accepts NULL. */
void mh_beside_close(struct mh_beside *beside);

#endif
