#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

/* ISO C knows no way from a pointer to data to one to a function; POSIX has dlsym give both. */
bool mh_library_find(void *library, const char *name, void *ret_function)
{
    void *address = dlsym(library, name);
    if (address == NULL) return false;
    memcpy(ret_function, &address, sizeof address);
    return true;
}
