/* beanstalkd by its protocol, over a Unix socket. A worker sends the deletion of a job and its next
 * reservation together. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "drive.h"

#define PUT "put 0 0 60 %zu\r\n" PAYLOAD "\r\n"

struct session {
    FILE *in;
    int fd;
    char put[256], *puts;
    size_t put_len;
    int reserved; /* a reservation was asked for */
};

const int peer_workers = 4;

struct session *peer_open(const char *place)
{
    struct session *session = calloc(1, sizeof *session);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", place);
    session->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(session->fd, (struct sockaddr *)&address, sizeof address) < 0)
        die("connect", strerror(errno));
    session->in = fdopen(session->fd, "re");
    session->put_len = (size_t)snprintf(session->put, sizeof session->put, PUT, sizeof PAYLOAD - 1);
    session->puts = malloc(CHUNK * session->put_len);
    if (session->puts == NULL || session->in == NULL) die("connect", "no memory");
    for (size_t i = 0; i < CHUNK; i++)
        memcpy(session->puts + i * session->put_len, session->put, session->put_len);
    return session;
}

static void send_all(struct session *session, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = write(session->fd, bytes, len);
        if (sent <= 0) die("send", strerror(errno));
        bytes += sent;
        len -= (size_t)sent;
    }
}

static void read_line(struct session *session, const char *word, char *line, int size)
{
    if (fgets(line, size, session->in) == NULL) die("receive", "the connection has ended");
    if (strncmp(line, word, strlen(word)) != 0) die("understand", line);
}

void peer_many(struct session *session, size_t count)
{
    char line[128];
    send_all(session, session->puts, count * session->put_len);
    while (count-- > 0)
        read_line(session, "INSERTED", line, sizeof line);
}

void peer_one(struct session *session)
{
    peer_many(session, 1);
}

size_t peer_work(struct session *session, size_t most, void (*run)(void))
{
    char line[512], ask[128];
    (void)most;
    if (!session->reserved) send_all(session, "reserve\r\n", 9);
    session->reserved = 1;
    read_line(session, "RESERVED ", line, sizeof line);
    unsigned long long id = strtoull(line + sizeof "RESERVED", NULL, 10);
    if (fgets(line, sizeof line, session->in) == NULL) die("receive", "the connection has ended");
    run();
    int len = snprintf(ask, sizeof ask, "delete %llu\r\nreserve\r\n", id);
    send_all(session, ask, (size_t)len);
    read_line(session, "DELETED", line, sizeof line);
    return 1;
}
