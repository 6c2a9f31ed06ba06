#include "base/service.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool number_in(const char *name, int64_t *ret_value)
{
    const char *text = getenv(name);
    char *end;
    if (text == NULL || *text < '0' || *text > '9') return false;
    errno = 0;
    intmax_t value = strtoimax(text, &end, 10);
    if (errno != 0 || *end != '\0') return false;
    *ret_value = value;
    return true;
}

/* WATCHDOG_PID is there so that a child that inherited the rest does not answer for its parent. */
static int64_t watchdog_of_environment(void)
{
    int64_t pid, microseconds;
    if (number_in("WATCHDOG_PID", &pid) && pid != getpid()) return 0;
    if (!number_in("WATCHDOG_USEC", &microseconds)) return 0;
    return microseconds < 2000 ? 1 : microseconds / 2000;
}

/* A path, or with @ in front a name in the abstract name space. */
static int address_of(const char *name, struct sockaddr_un *ret_address, socklen_t *ret_len,
                      struct mh_err *err)
{
    size_t len = strlen(name);
    if ((*name != '/' && *name != '@') || len < 2 || len >= sizeof ret_address->sun_path)
        return mh_err_set(err, MH_EINVAL, "NOTIFY_SOCKET: expected the path of a socket");
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(ret_address->sun_path, name, len);
    if (*name == '@') ret_address->sun_path[0] = '\0';
    *ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    return 0;
}

int mh_service_open(struct mh_service *service, struct mh_err *err)
{
    struct sockaddr_un address;
    socklen_t len = 0;
    *service = (struct mh_service){.fd = -1};
    const char *name = getenv("NOTIFY_SOCKET");
    if (name == NULL || *name == '\0') return 0;
    int r = address_of(name, &address, &len, err);
    if (r < 0) return r;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, len) < 0) {
        r = mh_err_set(err, MH_EIO, "unable to reach NOTIFY_SOCKET: %s", strerror(errno));
        if (fd >= 0) (void)close(fd); /* nothing was written to it */
        return r;
    }
    *service = (struct mh_service){.fd = fd, .watchdog_ms = watchdog_of_environment()};
    return 0;
}

int64_t mh_service_watchdog_ms(const struct mh_service *service)
{
    return service->watchdog_ms;
}

/* A manager that is gone or slow is no reason to do anything else. */
static void say(const struct mh_service *service, const char *what)
{
    if (service->fd >= 0) (void)send(service->fd, what, strlen(what), MSG_NOSIGNAL);
}

void mh_service_ready(const struct mh_service *service)
{
    say(service, "READY=1");
}

void mh_service_stopping(const struct mh_service *service)
{
    say(service, "STOPPING=1");
}

void mh_service_alive(const struct mh_service *service)
{
    say(service, "WATCHDOG=1");
}

void mh_service_close(struct mh_service *service)
{
    if (service->fd >= 0) (void)close(service->fd); /* nothing was buffered */
    service->fd = -1;
}
