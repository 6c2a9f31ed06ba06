/* Tells a service manager how the process is: the notification protocol of sd_notify(3), which is
 * one datagram of text to the socket named by NOTIFY_SOCKET. Where that is not set, every call does
 * nothing and costs nothing.
 *
 * Calling order: mh_service_open at start; mh_service_ready and mh_service_stopping once each;
 * mh_service_alive each mh_service_watchdog_ms once it is ready, where that is not 0;
 * mh_service_close. Nothing blocks, and what the manager misses is not repeated. One thread. */
#ifndef MH_SERVICE_H
#define MH_SERVICE_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"

struct mh_service {
    int fd; /* -1: nobody asked to be told */
    int64_t watchdog_ms;
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. MH_EINVAL where NOTIFY_SOCKET is no path of
 * a socket, MH_EIO where that is not listening; then nobody is told, and the process may go on. */
int mh_service_open(struct mh_service *service, struct mh_err *err) MH_MUST_CHECK;

/* How often the manager wants to hear of the process before it kills it, with half of the time to
 * spare; 0: it does not. */
int64_t mh_service_watchdog_ms(const struct mh_service *service);

/* It has started and takes jobs; it is stopping; its loop turns. */
void mh_service_ready(const struct mh_service *service);
void mh_service_stopping(const struct mh_service *service);
void mh_service_alive(const struct mh_service *service);

/* Closes a service that was opened, whatever came of that. */
void mh_service_close(struct mh_service *service);

#endif
