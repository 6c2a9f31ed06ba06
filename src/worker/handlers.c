#include <string.h>

#include "worker/handler.h"

extern const struct mh_handler_kind mh_handler_http;
extern const struct mh_handler_kind mh_handler_oneshot;
extern const struct mh_handler_kind mh_handler_persistent;

static const struct mh_handler_kind *const kinds[] = {&mh_handler_oneshot, &mh_handler_persistent,
                                                      &mh_handler_http};

const struct mh_handler_kind *mh_handler_kind_find(const char *mode)
{
    for (size_t i = 0; i < MH_LEN(kinds); i++)
        if (strcmp(kinds[i]->mode, mode) == 0) return kinds[i];
    return NULL;
}
