/* The crew: the handlers of a worker, open, one per type it serves.
 *
 * One thread: the loop's. Calling order: mh_crew_open; mh_crew_shut when no new run will come, then
 * wait until mh_crew_children is 0; mh_crew_close. */
#ifndef MH_CREW_H
#define MH_CREW_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/compiler.h"
#include "base/settings.h"
#include "worker/handler.h"
#include "worker/registry.h"

struct mh_crew {
    struct mh_handler *handlers; /* in the registry's order: by type */
    size_t count;
    const char **types; /* room for a list of all types */
};

/* Opens a handler for each spec; `changed` is called when one may have more room. Close it also
 * after a failure. */
int mh_crew_open(struct mh_crew *crew, const struct mh_registry *registry,
                 const struct mh_settings *settings, uv_loop_t *loop, void (*changed)(void *arg),
                 void *arg, struct mh_err *err) MH_MUST_CHECK;

/* NULL: no handler for the type. */
struct mh_handler *mh_crew_find(const struct mh_crew *crew, const char *type);

struct mh_crew_room {
    size_t type_count; /* in crew->types: the types of which more jobs are of use */
    size_t limit;      /* so many at most in one claim, lest one type gets more than it can run */
    size_t ahead;   /* jobs that may wait beyond what runs, at the recent speed of all handlers */
    size_t blocked; /* jobs that wait for a handler that is full or pausing: they need no slot */
};

/* What more would be of use now. A handler may have jobs waiting that it will end within `ahead_s`
 * seconds at its own recent speed; a slow one none. */
struct mh_crew_room mh_crew_room(const struct mh_crew *crew, double ahead_s);

/* Lists every type in crew->types. */
size_t mh_crew_types(const struct mh_crew *crew);

/* As shut of a handler kind, for all. */
void mh_crew_shut(struct mh_crew *crew, int64_t grace_ms);
size_t mh_crew_children(const struct mh_crew *crew);
void mh_crew_close(struct mh_crew *crew);

#endif
