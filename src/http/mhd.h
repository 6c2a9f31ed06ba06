/* libmicrohttpd, loaded when something is to be listened at and not before, as libpq is for
 * PostgreSQL: it brings GnuTLS and seven libraries more, which took a quarter of the start of every
 * command.
 *
 *     mhd->run(daemon)      stands for      MHD_run(daemon)
 *
 * To use another function of it: its row in MH_MHD_FUNCTIONS. */
#ifndef MH_MHD_H
#define MH_MHD_H

#include <microhttpd.h>

#include "base/compiler.h"
#include "base/err.h"

#define MH_MHD_FUNCTIONS(X)                                                                        \
    X(add_response_header)                                                                         \
    X(create_response_from_buffer)                                                                 \
    X(create_response_from_callback)                                                               \
    X(destroy_response)                                                                            \
    X(get_connection_info)                                                                         \
    X(get_connection_values)                                                                       \
    X(get_connection_values_n)                                                                     \
    X(get_daemon_info)                                                                             \
    X(get_timeout)                                                                                 \
    X(http_unescape)                                                                               \
    X(lookup_connection_value)                                                                     \
    X(queue_response)                                                                              \
    X(quiesce_daemon)                                                                              \
    X(resume_connection)                                                                           \
    X(run)                                                                                         \
    X(start_daemon)                                                                                \
    X(stop_daemon)                                                                                 \
    X(suspend_connection)

struct mh_mhd {
    void *library;
#define MEMBER(name) MH_TYPEOF(MHD_##name) * name;
    MH_MHD_FUNCTIONS(MEMBER)
#undef MEMBER
};

/* MH_EIO where libmicrohttpd is not installed or lacks a function. It stays in memory to the end,
 * as GnuTLS, which comes with it, must. */
int mh_mhd_load(struct mh_mhd *mhd, struct mh_err *err) MH_MUST_CHECK;

#endif
