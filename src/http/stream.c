#include "http/stream.h"

#include <sys/socket.h>

#include "http/connection.h"

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
    MHD_suspend_connection(request->connection);
    request->suspended = true;
    return 0;
}

void mh_http_stream(struct mh_http_request *request, const struct mh_stream *stream)
{
    request->stream = *stream;
    mh_http_give(
        request, &(struct mh_answer){.status = 200, .type = stream->type, .close = true},
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, fill, request, NULL));
}

void mh_http_stream_wake(struct mh_http_request *request)
{
    mh_http_resume(request);
}

/* The library finds the socket closed, also where it waits for the client to read. */
void mh_http_stream_cut(struct mh_http_request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    request->cut = true;
    (void)shutdown(info->connect_fd, SHUT_RDWR); /* fails where it is closed already */
    mh_http_resume(request);
}
