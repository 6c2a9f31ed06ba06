#include "http/address.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void set_text(struct mh_address *address)
{
    char ip[INET6_ADDRSTRLEN];
    /* Fails only for families other than the two. */
    if (address->sock.any.sa_family == AF_INET) {
        (void)inet_ntop(AF_INET, &address->sock.v4.sin_addr, ip, sizeof(ip));
        (void)snprintf(address->text, sizeof(address->text), "%s:%d", ip,
                       ntohs(address->sock.v4.sin_port));
    } else {
        (void)inet_ntop(AF_INET6, &address->sock.v6.sin6_addr, ip, sizeof(ip));
        (void)snprintf(address->text, sizeof(address->text), "[%s]:%d", ip,
                       ntohs(address->sock.v6.sin6_port));
    }
}

int mh_address_set(const char *ip, int port, struct mh_address *ret_address, struct mh_err *err)
{
    struct mh_address address = {0};
    if (inet_pton(AF_INET, ip, &address.sock.v4.sin_addr) == 1) {
        address.sock.v4.sin_family = AF_INET;
        address.sock.v4.sin_port = htons((uint16_t)port);
        address.len = sizeof(address.sock.v4);
    } else if (inet_pton(AF_INET6, ip, &address.sock.v6.sin6_addr) == 1) {
        address.sock.v6.sin6_family = AF_INET6;
        address.sock.v6.sin6_port = htons((uint16_t)port);
        address.len = sizeof(address.sock.v6);
    } else {
        return mh_err_set(err, MH_EINVAL, "\"%.80s\" is not an IPv4 or IPv6 address", ip);
    }
    set_text(&address);
    *ret_address = address;
    return 0;
}

void mh_address_to_loopback(struct mh_address *address)
{
    if (address->sock.any.sa_family == AF_INET) {
        if (address->sock.v4.sin_addr.s_addr == htonl(INADDR_ANY))
            address->sock.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else if (IN6_IS_ADDR_UNSPECIFIED(&address->sock.v6.sin6_addr)) {
        address->sock.v6.sin6_addr = in6addr_loopback;
    }
    set_text(address);
}
