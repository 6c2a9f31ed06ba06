#include "base/netaddr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"

/* --- IPv4 ---- */

struct range4 {
    uint8_t first[4];
    int bits;
};

static const struct range4 special4[] = {
    {{0, 0, 0, 0}, 8},       /* this network: 0.0.0.0 is this machine */
    {{10, 0, 0, 0}, 8},      /* private */
    {{100, 64, 0, 0}, 10},   /* shared, behind a provider's NAT */
    {{127, 0, 0, 0}, 8},     /* loopback */
    {{169, 254, 0, 0}, 16},  /* link-local: also the metadata of clouds */
    {{172, 16, 0, 0}, 12},   /* private */
    {{192, 0, 0, 0}, 24},    /* protocol assignments */
    {{192, 0, 2, 0}, 24},    /* documentation */
    {{192, 168, 0, 0}, 16},  /* private */
    {{198, 18, 0, 0}, 15},   /* benchmarks */
    {{198, 51, 100, 0}, 24}, /* documentation */
    {{203, 0, 113, 0}, 24},  /* documentation */
    {{224, 0, 0, 0}, 3},     /* multicast, reserved, broadcast */
};

static bool begins_with(const uint8_t *bytes, const uint8_t *first, int bits)
{
    size_t whole = (size_t)bits / 8;
    int rest = bits % 8;
    if (memcmp(bytes, first, whole) != 0) return false;
    return rest == 0 || (bytes[whole] ^ first[whole]) >> (8 - rest) == 0;
}

static bool public4(const uint8_t bytes[4])
{
    for (size_t i = 0; i < MH_LEN(special4); i++)
        if (begins_with(bytes, special4[i].first, special4[i].bits)) return false;
    return true;
}

/* --- IPv6 ---- */

#define NOT_INSIDE (-1)

struct range6 {
    uint8_t first[16];
    int bits;
    int inside; /* where an IPv4 address begins that decides; NOT_INSIDE: the range is refused */
};

/* The first that fits decides. */
static const struct range6 ranges6[] = {
    {{[10] = 0xff, [11] = 0xff}, 96, 12},       /* IPv4 as a socket of IPv6 shows it */
    {{0x00, 0x64, 0xff, 0x9b}, 96, 12},         /* NAT64 */
    {{0x20, 0x02}, 16, 2},                      /* 6to4 */
    {{0x20, 0x01, 0x00}, 23, NOT_INSIDE},       /* protocol assignments: Teredo, ORCHID */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, NOT_INSIDE}, /* documentation */
    {{0x3f, 0xff, 0x00}, 20, NOT_INSIDE},       /* documentation */
};

/* Of the rest 2000::/3 alone is given out: loopback, link-local, local, multicast are not in it. */
static bool public6(const uint8_t bytes[16])
{
    for (size_t i = 0; i < MH_LEN(ranges6); i++) {
        const struct range6 *range = &ranges6[i];
        if (!begins_with(bytes, range->first, range->bits)) continue;
        return range->inside != NOT_INSIDE && public4(bytes + range->inside);
    }
    return bytes[0] >> 5 == 1;
}

/* --- public ---- */

bool mh_netaddr_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return public4((const uint8_t *)&in.sin_addr);
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return public6(in6.sin6_addr.s6_addr);
    }
    return false;
}

void mh_netaddr_text(const struct sockaddr *address, char ret_text[MH_NETADDR_TEXT])
{
    size_t offset = address->sa_family == AF_INET6 ? offsetof(struct sockaddr_in6, sin6_addr)
                                                   : offsetof(struct sockaddr_in, sin_addr);
    if (inet_ntop(address->sa_family, (const char *)address + offset, ret_text, MH_NETADDR_TEXT) ==
        NULL)
        (void)snprintf(ret_text, MH_NETADDR_TEXT, "?");
}
