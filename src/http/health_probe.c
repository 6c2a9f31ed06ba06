#include "http/health.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/address.h"

#define ANSWER_BYTES 16384

struct probe {
    struct mh_address address;
    int64_t deadline_us;
    int fd;
    struct mh_buf answer;
    struct mh_err *err;
};

static int failed(const struct probe *probe, int errnum)
{
    return mh_err_sys(probe->err, errnum, "unable to ask the process at %s", probe->address.text);
}

static int strange(const struct probe *probe)
{
    return mh_err_set(probe->err, MH_EIO, "what listens at %s does not answer as millhand does",
                      probe->address.text);
}

static int await(const struct probe *probe, short events)
{
    struct pollfd ready = {.fd = probe->fd, .events = events};
    for (;;) {
        int64_t left_us = probe->deadline_us - mh_clock_mono_us();
        int r = left_us > 0 ? poll(&ready, 1, (int)(left_us / 1000) + 1) : 0;
        if (r > 0) return 0;
        if (r == 0)
            return mh_err_set(probe->err, MH_ETIMEOUT, "no answer in time from the process at %s",
                              probe->address.text);
        if (errno != EINTR) return failed(probe, errno);
    }
}

static int connect_to(struct probe *probe)
{
    int errnum = 0;
    socklen_t len = sizeof(errnum);
    probe->fd =
        socket(probe->address.sock.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (probe->fd < 0) return failed(probe, errno);
    if (connect(probe->fd, &probe->address.sock.any, probe->address.len) == 0) return 0;
    if (errno != EINPROGRESS) return failed(probe, errno);
    int r = await(probe, POLLOUT);
    if (r < 0) return r;
    if (getsockopt(probe->fd, SOL_SOCKET, SO_ERROR, &errnum, &len) < 0) errnum = errno;
    return errnum == 0 ? 0 : failed(probe, errnum);
}

static int ask(const struct probe *probe)
{
    char request[160];
    int len = snprintf(request, sizeof(request),
                       "GET /health HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
                       probe->address.text);
    /* A new connection takes so little whole. */
    ssize_t sent = send(probe->fd, request, (size_t)len, MSG_NOSIGNAL);
    if (sent < 0) return failed(probe, errno);
    return sent == len ? 0 : failed(probe, EPIPE);
}

static int read_answer(struct probe *probe)
{
    char bytes[1024];
    for (;;) {
        int r = await(probe, POLLIN);
        if (r < 0) return r;
        ssize_t got = recv(probe->fd, bytes, sizeof(bytes), 0);
        if (got == 0) return 0;
        if (got < 0 && errno != EAGAIN && errno != EINTR) return failed(probe, errno);
        if (got > 0) mh_buf_append(&probe->answer, bytes, (size_t)got);
        if (mh_buf_failed(&probe->answer)) return strange(probe);
    }
}

static int say_unhealthy(const struct probe *probe, const char *body)
{
    json_t *answer = json_loads(body, 0, NULL);
    const char *reason = json_string_value(json_object_get(answer, "reason"));
    int r = mh_err_set(probe->err, MH_ESTATE, "the process at %s is unhealthy: %s",
                       probe->address.text, reason ? reason : "it gives no reason");
    json_decref(answer);
    return r;
}

static int judge(const struct probe *probe)
{
    const char *text = mh_buf_text(&probe->answer), *body = strstr(text, "\r\n\r\n");
    bool ours = strncmp(text, "HTTP/1.1 ", 9) == 0 && body;
    if (ours && strncmp(text + 9, "200 ", 4) == 0) return 0;
    if (ours && strncmp(text + 9, "503 ", 4) == 0) return say_unhealthy(probe, body + 4);
    return strange(probe);
}

int mh_health_probe(const char *bind, int port, int64_t timeout_ms, struct mh_err *err)
{
    struct probe probe = {
        .fd = -1, .deadline_us = mh_clock_mono_us() + timeout_ms * 1000, .err = err};
    mh_buf_init(&probe.answer, ANSWER_BYTES);
    int r = mh_address_set(bind, port, &probe.address, err);
    if (r < 0) goto out;
    mh_address_to_loopback(&probe.address);
    r = connect_to(&probe);
    if (r == 0) r = ask(&probe);
    if (r == 0) r = read_answer(&probe);
    if (r == 0) r = judge(&probe);
out:
    if (probe.fd >= 0) close(probe.fd);
    mh_buf_release(&probe.answer);
    return r;
}
