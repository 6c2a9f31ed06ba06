/* The connections of a server, and how many of them one address may take.
 *
 * As long as there is room, any number: behind a proxy all come from its address. Of the last
 * eighth an address that has an eighth already gets none, so that nobody can take all: then
 * first those that are idle are hung up on, of whoever has most and for longest, and what else is
 * to come from that address is refused. An IPv6 address counts by its first 64 bits, which one
 * machine may have all of. For server.c alone; one thread. */
#ifndef MH_CLIENTS_H
#define MH_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct mh_http_request;
struct mh_peer;

/* A connection. */
struct mh_client {
    int fd;
    int64_t since_us;                /* when what it does now began; 0: we are the slow ones */
    struct mh_http_request *request; /* in hand; NULL: it is idle */
    bool refused;                    /* its first request is to be answered so */
    bool hung_up;
    struct mh_peer *peer;
    struct mh_client *next, **link;
};

struct mh_clients {
    size_t most; /* there may be */
    size_t count;
    struct mh_client *first;
    struct mh_peer *peers;
};

/* A new connection; others may be hung up on for it. NULL: out of memory. */
struct mh_client *mh_clients_add(struct mh_clients *clients, int fd, const struct sockaddr *from,
                                 int64_t now_us);

/* Once it is closed. */
void mh_clients_remove(struct mh_clients *clients, struct mh_client *client);

/* The library then finds it closed. */
void mh_client_hang_up(struct mh_client *client);

#endif
