#include <string.h>
#include <strings.h>

#include "base/compiler.h"
#include "store/backend.h"
#include "store/postgres/postgres.h"
#include "store/sqlite/sqlite.h"

/* To add a store: its record here. */
static const struct mh_backend *const backends[] = {
    &mh_sqlite_backend,
    &mh_pg_backend,
    &mh_pg_alias,
};

const struct mh_backend *mh_backend_find(const char *scheme, size_t len)
{
    for (size_t i = 0; i < MH_LEN(backends); i++) {
        const char *known = backends[i]->scheme;
        if (strlen(known) == len && strncasecmp(known, scheme, len) == 0) return backends[i];
    }
    return NULL;
}

const struct mh_backend *mh_backend_at(size_t index)
{
    return index < MH_LEN(backends) ? backends[index] : NULL;
}
