#include "store/postgres/pq.h"

#include <dlfcn.h>

#include "base/library.h"

#define LIBRARY "libpq.so.5"

int mh_pq_load(struct mh_pq *pq, struct mh_err *err)
{
    pq->library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
    if (pq->library == NULL)
        return mh_err_set(err, MH_ESTORE,
                          "unable to load PostgreSQL's client library: install libpq (Debian: "
                          "libpq5), version 14 or newer (%s)",
                          dlerror());
    const char *missing = NULL;
#define LOAD(name)                                                                                 \
    if (!mh_library_find(pq->library, "PQ" #name, &pq->name)) missing = "PQ" #name;
    MH_PQ_FUNCTIONS(LOAD)
#undef LOAD
    if (missing == NULL) return 0;
    mh_pq_unload(pq);
    return mh_err_set(err, MH_ESTORE,
                      "unable to use PostgreSQL's client library: it has no %s, version 14 or "
                      "newer is needed",
                      missing);
}

/* Left in memory: OpenSSL, which comes with it, runs code of its own when the program ends. */
void mh_pq_unload(struct mh_pq *pq)
{
    *pq = (struct mh_pq){0};
}
