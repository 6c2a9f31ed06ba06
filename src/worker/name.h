/* The name a worker has unless it is given one. */
#ifndef MH_NAME_H
#define MH_NAME_H

#include <stddef.h>

/* HOST-PID-STARTMS, cut to `size`. */
void mh_name_worker(char *ret_name, size_t size);

#endif
