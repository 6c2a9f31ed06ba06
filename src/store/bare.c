#include "store/bare.h"

#include <string.h>

#include "store/postgres/bare.h"
#include "store/sqlite/bare.h"

static const struct mh_bare_kind *const kinds[] = {
    &mh_sqlite_bare,
    &mh_pg_bare,
    &mh_pg_bare_alias,
};

int mh_bare_open(const struct mh_bare_place *place, struct mh_bare **ret_bare, struct mh_err *err)
{
    size_t len = strcspn(place->url, ":");
    for (size_t i = 0; i < MH_LEN(kinds); i++) {
        if (strlen(kinds[i]->scheme) != len || strncmp(place->url, kinds[i]->scheme, len) != 0)
            continue;
        int r = kinds[i]->open(place, ret_bare, err);
        if (r == 0) (*ret_bare)->kind = kinds[i];
        return r;
    }
    return mh_err_set(err, MH_EINVAL,
                      "unable to measure such a store: say --db sqlite:FILE or postgres://…");
}

int mh_bare_make(struct mh_bare *bare, struct mh_err *err)
{
    return bare->kind->make(bare, err);
}

int mh_bare_add(struct mh_bare *bare, const char *payload, size_t count, struct mh_err *err)
{
    return bare->kind->add(bare, payload, count, err);
}

int mh_bare_take(struct mh_bare *bare, size_t count, struct mh_err *err)
{
    return bare->kind->take(bare, count, err);
}

int mh_bare_hold(struct mh_bare *bare, struct mh_err *err)
{
    return bare->kind->hold(bare, err);
}

int mh_bare_servers(struct mh_bare *bare, const char *name, pid_t *ret_pids, size_t max,
                    struct mh_err *err)
{
    return bare->kind->servers(bare, name, ret_pids, max, err);
}

int mh_bare_clear(struct mh_bare *bare, struct mh_err *err)
{
    return bare->kind->clear(bare, err);
}

void mh_bare_close(struct mh_bare *bare)
{
    if (bare != NULL) bare->kind->close(bare);
}

bool mh_bare_one_writer(const struct mh_bare *bare)
{
    return bare->kind->one_writer;
}
