/* The programs of this machine, told from the web pages that its browsers show.
 *
 * What listens on loopback alone is open to the former. A page of a stranger gets there as well: by
 * asking for another origin's answers, or with a name that was bent to this machine. Browsers say
 * so, in Host, Origin and Sec-Fetch-Site. Thread-safe. */
#ifndef MH_LOCAL_H
#define MH_LOCAL_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/err.h"

/* True for an IPv4 or IPv6 literal of loopback. */
bool mh_local_address(const char *address);

/* The headers of a request, NULL where there is none. 0, or MH_EPERM: a stranger's page. */
int mh_local_check(const char *host, const char *origin, const char *site,
                   struct mh_err *err) MH_MUST_CHECK;

#endif
