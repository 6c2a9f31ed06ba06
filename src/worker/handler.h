/* Handlers: what runs a type of job. The kinds (one-shot, persistent, HTTP, thread) stand behind
 * one interface.
 *
 * To add a kind write handler_NAME.c that ends in a `const struct mh_handler_kind` and list it in
 * handlers.c, where millhand.conf may name it. A handler never blocks the loop and never calls back
 * into a run before the function that took it has returned. */
#ifndef MH_HANDLER_H
#define MH_HANDLER_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/compiler.h"
#include "base/err.h"
#include "worker/handler_conf.h"
#include "worker/rate.h"
#include "worker/run.h"

/* The error of a result over the limit; printf with the limit. */
#define MH_HANDLER_TOO_LARGE "the result is larger than MAX_RESULT_BYTES (%zu)"

struct mh_thread_call;
struct mh_webhook_keys;

/* What is known of a type's handler before it is opened. */
struct mh_handler_spec {
    struct mh_handler_conf conf;
    const char *const *argv;            /* NULL: no child */
    const char *const *env;             /* the clean environment of its children, NULL-terminated */
    const struct mh_webhook_keys *keys; /* what requests are signed with; NULL: they are not */
    const struct mh_handler_kind *kind;
    const struct mh_thread_call *call; /* thread: the function; else NULL */
};

enum mh_handler_stop {
    MH_HANDLER_ASK,  /* end this run soon: it was cancelled, is overdue, or its lease is lost */
    MH_HANDLER_TERM, /* the same, and the worker is stopping: nothing else will run here either */
    MH_HANDLER_KILL, /* end it now */
};

struct mh_handler {
    const struct mh_handler_spec *spec; /* borrowed */
    uv_loop_t *loop;
    size_t max_payload;
    size_t max_result;
    size_t slots; /* jobs the worker runs at once */
    size_t running;
    size_t waiting;             /* claimed, not started */
    int64_t restarts;           /* of children that ended unasked */
    struct mh_rate ends;        /* runs that ended */
    void (*changed)(void *arg); /* called when room may have grown */
    void *arg;
    void *state; /* the kind's */
};

struct mh_handler_kind {
    const char *mode; /* as millhand.conf names it */

    int (*open)(struct mh_handler *handler, struct mh_err *err);

    /* How many more runs it could have begun, NULL: there is no bound; and whether one could begin
     * this moment, NULL: where there is room. */
    size_t (*room)(const struct mh_handler *handler);
    bool (*ready)(const struct mh_handler *handler);

    /* Takes the run when it returns 0 and ends it later with mh_run_end. An error is the attempt's
     * error. */
    int (*start)(struct mh_handler *handler, struct mh_run *run, struct mh_err *err);
    void (*stop)(struct mh_handler *handler, struct mh_run *run, enum mh_handler_stop how);

    /* No run will come any more: ends the children that are idle, TERM now and KILL after
     * `grace_ms`, the others once they are. With 0 all are killed. Calls `changed` as they go;
     * `children` counts the rest. NULL, both: no child outlives its run. */
    void (*shut)(struct mh_handler *handler, int64_t grace_ms);
    size_t (*children)(const struct mh_handler *handler);

    /* Kills what is left and frees. Accepts a handler whose open failed. */
    void (*close)(struct mh_handler *handler);
};

/* Of the kind's members that may be NULL. mh_handler_room: SIZE_MAX for no bound. */
size_t mh_handler_room(const struct mh_handler *handler);
bool mh_handler_ready(const struct mh_handler *handler);
void mh_handler_shut(struct mh_handler *handler, int64_t grace_ms);
size_t mh_handler_children(const struct mh_handler *handler);

/* By the word in millhand.conf; NULL: no such kind. */
const struct mh_handler_kind *mh_handler_kind_find(const char *mode);

#endif
