/* Which addresses belong to everybody: what a handler over HTTP may reach without allow_private=,
 * and git without ALLOW_PRIVATE_PROJECTS=1.
 *
 * It is asked about the address that a connection is made to, after names were looked up, so that a
 * name that leads inside is caught too. Thread-safe. */
#ifndef MH_NETADDR_H
#define MH_NETADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define MH_NETADDR_TEXT 64

/* True for global unicast. False for what leads to this machine, its network or a range of special
 * use (RFC 6890), also where IPv6 carries such an IPv4 address, and for every other family. */
bool mh_netaddr_public(const struct sockaddr *address);

/* As numbers, for an error; "?" for another family. */
void mh_netaddr_text(const struct sockaddr *address, char ret_text[MH_NETADDR_TEXT]);

#endif
