#include "worker/crew.h"

#include <stdlib.h>
#include <string.h>

int mh_crew_open(struct mh_crew *crew, const struct mh_registry *registry,
                 const struct mh_settings *settings, uv_loop_t *loop, void (*changed)(void *arg),
                 void *arg, struct mh_err *err)
{
    crew->count = 0;
    crew->handlers = calloc(registry->count + 1, sizeof *crew->handlers);
    crew->types = calloc(registry->count + 1, sizeof *crew->types);
    if (crew->handlers == NULL || crew->types == NULL)
        return mh_err_set(err, MH_ENOMEM, "unable to open the handlers: out of memory");
    for (size_t i = 0; i < registry->count; i++) {
        struct mh_handler *handler = &crew->handlers[crew->count++];
        *handler = (struct mh_handler){
            .spec = &registry->specs[i],
            .loop = loop,
            .max_payload = (size_t)settings->max_payload_bytes,
            .max_result = (size_t)settings->max_result_bytes,
            .slots = (size_t)settings->max_concurrent_jobs,
            .changed = changed,
            .arg = arg,
        };
        int r = handler->spec->kind->open(handler, err);
        if (r < 0) return r;
    }
    return 0;
}

struct mh_handler *mh_crew_find(const struct mh_crew *crew, const char *type)
{
    size_t low = 0, high = crew->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(type, crew->handlers[middle].spec->conf.type);
        if (order == 0) return &crew->handlers[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* Past this a larger claim gains nothing. */
#define AHEAD_MAX 1024

static double ahead_of(struct mh_handler *handler, double ahead_s)
{
    double jobs = mh_rate_get(&handler->ends) * ahead_s;
    return jobs > AHEAD_MAX ? AHEAD_MAX : jobs;
}

static size_t room_of(const struct mh_handler *handler, size_t ahead)
{
    size_t room = mh_handler_room(handler);
    if (room == SIZE_MAX) return room;
    room += ahead;
    return room > handler->waiting ? room - handler->waiting : 0;
}

struct mh_crew_room mh_crew_room(const struct mh_crew *crew, double ahead_s)
{
    struct mh_crew_room all = {.limit = SIZE_MAX};
    double sum = 0; /* many types that end half a job each are many jobs */
    for (size_t i = 0; i < crew->count; i++) {
        struct mh_handler *handler = &crew->handlers[i];
        double ahead = ahead_of(handler, ahead_s);
        size_t room = room_of(handler, (size_t)ahead);
        sum += ahead;
        if (!mh_handler_ready(handler)) all.blocked += handler->waiting;
        if (room == 0) continue;
        crew->types[all.type_count++] = handler->spec->conf.type;
        if (room < all.limit) all.limit = room;
    }
    all.ahead = sum > AHEAD_MAX ? AHEAD_MAX : (size_t)sum;
    return all;
}

size_t mh_crew_types(const struct mh_crew *crew)
{
    for (size_t i = 0; i < crew->count; i++)
        crew->types[i] = crew->handlers[i].spec->conf.type;
    return crew->count;
}

void mh_crew_shut(struct mh_crew *crew, int64_t grace_ms)
{
    for (size_t i = 0; i < crew->count; i++)
        mh_handler_shut(&crew->handlers[i], grace_ms);
}

size_t mh_crew_children(const struct mh_crew *crew)
{
    size_t count = 0;
    for (size_t i = 0; i < crew->count; i++)
        count += mh_handler_children(&crew->handlers[i]);
    return count;
}

void mh_crew_close(struct mh_crew *crew)
{
    for (size_t i = 0; i < crew->count; i++)
        crew->handlers[i].spec->kind->close(&crew->handlers[i]);
    free(crew->handlers);
    free(crew->types);
    *crew = (struct mh_crew){0};
}
