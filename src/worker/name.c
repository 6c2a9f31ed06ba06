#include "worker/name.h"

#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

void mh_name_worker(char *ret_name, size_t size)
{
    char host[128];
    if (gethostname(host, sizeof host) < 0) host[0] = '\0';
    host[sizeof host - 1] = '\0';
    (void)snprintf(ret_name, size, "%s-%d-%lld", host, (int)getpid(),
                   (long long)mh_clock_now_ms()); /* cut is fine */
}
