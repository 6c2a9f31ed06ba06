#include "http/stream.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/loop.h"
#include "http/connection.h"

/* What the kernel keeps for a client that does not read; by itself it would be megabytes. */
#define SEND_BYTES (128 << 10)

#define BLOCK_BYTES ((size_t)8192) /* at most half of what the library keeps for a connection */

/* Whoever says that there is nothing must have gone to sleep before, or is asked again at once. */
static ssize_t fill(void *arg, uint64_t pos, char *bytes, size_t max)
{
    struct mh_http_request *request = arg;
    (void)pos;
    if (request->cut) return MHD_CONTENT_READER_END_WITH_ERROR;
    if (mh_http_is_ending(request->http)) return MHD_CONTENT_READER_END_OF_STREAM;
    ssize_t len = request->stream.fill(request->stream.arg, bytes, max);
    if (request->cut) return MHD_CONTENT_READER_END_WITH_ERROR;
    if (len < 0) return MHD_CONTENT_READER_END_OF_STREAM;
    if (len > 0) return len;
    request->mhd->suspend_connection(request->connection);
    request->suspended = true;
    return 0;
}

static int client_of(const struct mh_http_request *request)
{
    return request->mhd->get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD)
        ->connect_fd;
}

/* The library does not look at a connection that sleeps. */
static void on_readable(void *arg, int events)
{
    struct mh_http_request *request = arg;
    char byte;
    (void)events;
    ssize_t n = recv(client_of(request), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n > 0)
        mh_watch_set(request->watch, 0); /* another request, which waits: its end is not seen */
    else if (n == 0 || errno != EAGAIN)
        mh_http_stream_cut(request);
}

void mh_http_stream(struct mh_http_request *request, const struct mh_stream *stream)
{
    static const int send_bytes = SEND_BYTES;
    request->stream = *stream;
    (void)setsockopt(client_of(request), SOL_SOCKET, SO_SNDBUF, &send_bytes,
                     sizeof send_bytes); /* at worst more is kept */
    if (mh_watch_new(mh_http_loop(request->http), client_of(request), UV_READABLE, on_readable,
                     request, &request->watch, NULL) < 0)
        request->watch = NULL; /* its client's end is found once there is something to tell */
    mh_http_give(request, &(struct mh_answer){.status = 200, .type = stream->type, .close = true},
                 request->mhd->create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, fill,
                                                             request, NULL));
}

void mh_http_stream_wake(struct mh_http_request *request)
{
    mh_http_resume(request);
}

/* The library finds the socket closed, also where it waits for the client to read. */
void mh_http_stream_cut(struct mh_http_request *request)
{
    mh_watch_drop(request->watch);
    request->watch = NULL;
    request->cut = true;
    (void)shutdown(client_of(request), SHUT_RDWR); /* fails where it is closed already */
    mh_http_resume(request);
}
