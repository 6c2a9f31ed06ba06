/* What holds where a kind leaves a member out. */
#include "worker/handler.h"

size_t mh_handler_room(const struct mh_handler *handler)
{
    const struct mh_handler_kind *kind = handler->spec->kind;
    return kind->room != NULL ? kind->room(handler) : SIZE_MAX;
}

bool mh_handler_ready(const struct mh_handler *handler)
{
    const struct mh_handler_kind *kind = handler->spec->kind;
    return kind->ready != NULL ? kind->ready(handler) : mh_handler_room(handler) > 0;
}

void mh_handler_shut(struct mh_handler *handler, int64_t grace_ms)
{
    const struct mh_handler_kind *kind = handler->spec->kind;
    if (kind->shut != NULL) kind->shut(handler, grace_ms);
}

size_t mh_handler_children(const struct mh_handler *handler)
{
    const struct mh_handler_kind *kind = handler->spec->kind;
    return kind->children != NULL ? kind->children(handler) : 0;
}
