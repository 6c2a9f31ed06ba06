#include "store/postgres/pq.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#define LIBRARY "libpq.so.5"

/* ISO C knows no way from a pointer to data to one to a function; POSIX has dlsym give both. */
static bool find(void *library, const char *name, void *ret_function)
{
    void *address = dlsym(library, name);
    if (address == NULL) return false;
    memcpy(ret_function, &address, sizeof address);
    return true;
}

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
    if (!find(pq->library, "PQ" #name, &pq->name)) missing = "PQ" #name;
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
