/* Functions of libraries that are loaded by need, with dlopen. Thread-safe. */
#ifndef MH_LIBRARY_H
#define MH_LIBRARY_H

#include <stdbool.h>

#include "base/compiler.h"

/* Puts the address of the function `name` into the function pointer that `ret_function` points to.
 * False: `library` has none of that name. */
bool mh_library_find(void *library, const char *name, void *ret_function) MH_MUST_CHECK;

#endif
