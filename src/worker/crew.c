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

static size_t room_of(const struct mh_handler *handler, size_t ahead)
{
    size_t room = handler->spec->kind->room(handler);
    if (room == SIZE_MAX) return room;
    room += ahead;
    return room > handler->waiting ? room - handler->waiting : 0;
}

size_t mh_crew_room(const struct mh_crew *crew, size_t ahead, size_t *ret_room)
{
    size_t count = 0, room = 0;
    for (size_t i = 0; i < crew->count; i++) {
        size_t more = room_of(&crew->handlers[i], ahead);
        if (more > 0) crew->types[count++] = crew->handlers[i].spec->conf.type;
        room = more > SIZE_MAX - room ? SIZE_MAX : room + more;
    }
    *ret_room = room;
    return count;
}

void mh_crew_shut(struct mh_crew *crew)
{
    for (size_t i = 0; i < crew->count; i++)
        crew->handlers[i].spec->kind->shut(&crew->handlers[i]);
}

size_t mh_crew_children(const struct mh_crew *crew)
{
    size_t count = 0;
    for (size_t i = 0; i < crew->count; i++)
        count += crew->handlers[i].spec->kind->children(&crew->handlers[i]);
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
