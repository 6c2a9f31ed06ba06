#include "http/mhd.h"

#include <dlfcn.h>

#include "base/library.h"

#define LIBRARY "libmicrohttpd.so.12"

int mh_mhd_load(struct mh_mhd *mhd, struct mh_err *err)
{
    mhd->library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
    if (mhd->library == NULL)
        return mh_err_set(err, MH_EIO,
                          "unable to load libmicrohttpd, which listening over HTTP needs: install "
                          "it (Debian: libmicrohttpd12), version 0.9.75 or newer (%s)",
                          dlerror());
    const char *missing = NULL;
#define LOAD(name)                                                                                 \
    if (!mh_library_find(mhd->library, "MHD_" #name, &mhd->name)) missing = "MHD_" #name;
    MH_MHD_FUNCTIONS(LOAD)
#undef LOAD
    if (missing == NULL) return 0;
    return mh_err_set(err, MH_EIO,
                      "unable to use libmicrohttpd: it has no %s, version 0.9.75 or newer is "
                      "needed",
                      missing);
}
