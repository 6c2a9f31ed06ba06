/* /health and /metrics of a process, and the question after them.
 *
 * On loopback no web page of a stranger sees the metrics (http/local.h). The owner says through
 * callbacks how it is; they run on the loop's thread, one request at a time, and should only read.
 */
#ifndef MH_HEALTH_H
#define MH_HEALTH_H

#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "base/err.h"

struct mh_health;

struct mh_health_options {
    const char *bind;         /* IPv4 or IPv6 literal */
    int port;                 /* 0: any that is free, see mh_health_port */
    const char *port_setting; /* the variable that an error about the port names */

    const char *(*unhealthy)(void *arg); /* NULL, or the reason, valid until the next call */
    void (*metrics)(void *arg, struct mh_buf *out);
    void *arg;
};

/* Listens at once; MH_EIO where it cannot. */
int mh_health_open(uv_loop_t *loop, const struct mh_health_options *options,
                   struct mh_health **ret_health, struct mh_err *err) MH_MUST_CHECK;

/* Accepts NULL. Not from a callback. */
void mh_health_close(struct mh_health *health);

int mh_health_port(const struct mh_health *health);

/* Asks /health of the process at bind and port, and waits for the answer. 0: healthy. MH_ESTATE
 * with its reason where it says that it is not; MH_EIO, MH_ETIMEOUT where there is no such answer.
 */
int mh_health_probe(const char *bind, int port, int64_t timeout_ms,
                    struct mh_err *err) MH_MUST_CHECK;

#endif
