/* An IP address with a port, as text and as the kernel wants it. Names are not resolved. */
#ifndef MH_ADDRESS_H
#define MH_ADDRESS_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/compiler.h"
#include "base/err.h"

struct mh_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } sock;
    socklen_t len;
    char text[64]; /* "127.0.0.1:8080", "[::1]:8080" */
};

/* `ip` is an IPv4 or IPv6 literal, or MH_EINVAL. */
int mh_address_set(const char *ip, int port, struct mh_address *ret_address,
                   struct mh_err *err) MH_MUST_CHECK;

/* What listens on every address of the machine is asked on loopback. */
void mh_address_to_loopback(struct mh_address *address);

#endif
