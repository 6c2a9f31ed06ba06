/* A worker's run as its C function sees it. */
#ifndef MH_CLIENT_RUN_H
#define MH_CLIENT_RUN_H

#include <millhand.h>

#include "worker/handler_thread.h"

/* The mh_thread_fn of every handler; its `arg` is the struct millhand_handler. */
enum mh_verdict_kind mh_client_run(struct mh_thread_run *thread, void *arg);

#endif
