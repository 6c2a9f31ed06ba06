#include "http/clients.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_PART    8 /* of all there may be: for addresses that have less than so much */
#define PREFIX_BYTES 8 /* of an IPv6 address */

/* Whoever is at an address. */
struct mh_peer {
    unsigned char address[PREFIX_BYTES];
    sa_family_t family;
    size_t count; /* of its connections */
    struct mh_peer *next, **link;
};

static struct mh_peer peer_at(const struct sockaddr *from)
{
    struct mh_peer peer = {.family = from->sa_family};
    if (from->sa_family == AF_INET)
        memcpy(peer.address, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
    if (from->sa_family != AF_INET6) return peer;
    const struct in6_addr *six = &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr;
    memcpy(peer.address, six->s6_addr, PREFIX_BYTES);
    if (!IN6_IS_ADDR_V4MAPPED(six)) return peer;
    peer.family = AF_INET;
    memcpy(peer.address, six->s6_addr + 12, 4);
    return peer;
}

/* NULL: out of memory. */
static struct mh_peer *take_peer(struct mh_clients *clients, const struct sockaddr *from)
{
    struct mh_peer wanted = peer_at(from);
    struct mh_peer *peer = clients->peers;
    while (peer != NULL && (peer->family != wanted.family ||
                            memcmp(peer->address, wanted.address, PREFIX_BYTES) != 0))
        peer = peer->next;
    if (peer == NULL) {
        peer = malloc(sizeof *peer);
        if (peer == NULL) return NULL;
        *peer = wanted;
        peer->next = clients->peers;
        peer->link = &clients->peers;
        if (peer->next != NULL) peer->next->link = &peer->next;
        clients->peers = peer;
    }
    peer->count++;
    return peer;
}

static void leave_peer(struct mh_peer *peer)
{
    if (--peer->count > 0) return;
    *peer->link = peer->next;
    if (peer->next != NULL) peer->next->link = peer->link;
    free(peer);
}

/* --- making room */

/* NULL: all have a request in hand. */
static struct mh_client *find_idle(const struct mh_clients *clients, const struct mh_client *but)
{
    struct mh_client *found = NULL;
    for (struct mh_client *one = clients->first; one != NULL; one = one->next) {
        if (one == but || one->request != NULL || one->hung_up) continue;
        if (found == NULL || one->peer->count > found->peer->count ||
            (one->peer->count == found->peer->count && one->since_us < found->since_us))
            found = one;
    }
    return found;
}

static void make_room(struct mh_clients *clients, struct mh_client *client)
{
    size_t kept = clients->most / KEPT_PART;
    if (clients->count <= clients->most - kept) return;
    struct mh_client *idle = find_idle(clients, client);
    if (idle != NULL)
        mh_client_hang_up(idle);
    else
        client->refused = client->peer->count > kept;
}

/* --- what there is */

struct mh_client *mh_clients_add(struct mh_clients *clients, int fd, const struct sockaddr *from,
                                 int64_t now_us)
{
    struct mh_client *client = calloc(1, sizeof *client);
    if (client == NULL) return NULL;
    *client = (struct mh_client){.fd = fd, .since_us = now_us, .peer = take_peer(clients, from)};
    if (client->peer == NULL) {
        free(client);
        return NULL;
    }
    client->next = clients->first;
    client->link = &clients->first;
    if (client->next != NULL) client->next->link = &client->next;
    clients->first = client;
    clients->count++;
    make_room(clients, client);
    return client;
}

void mh_clients_remove(struct mh_clients *clients, struct mh_client *client)
{
    *client->link = client->next;
    if (client->next != NULL) client->next->link = client->link;
    clients->count--;
    leave_peer(client->peer);
    free(client);
}

void mh_client_hang_up(struct mh_client *client)
{
    client->hung_up = true;
    (void)shutdown(client->fd, SHUT_RDWR); /* fails where it is closed already */
}
