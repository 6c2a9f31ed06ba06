/* libcurl, loaded when the first request is to be made and not before, as libpq is for PostgreSQL.
 *
 *     curl->easy_init()      stands for      curl_easy_init()
 *
 * To use another function of libcurl: its row in MH_CURL_FUNCTIONS. Options are checked by nobody
 * on this way: a number is given as long, or as curl_off_t where the manual says so. */
#ifndef MH_CURL_H
#define MH_CURL_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/compiler.h"
#include "base/err.h"

#define MH_CURL_FUNCTIONS(X)                                                                       \
    X(easy_cleanup)                                                                                \
    X(easy_getinfo)                                                                                \
    X(easy_header)                                                                                 \
    X(easy_init)                                                                                   \
    X(easy_setopt)                                                                                 \
    X(easy_strerror)                                                                               \
    X(free)                                                                                        \
    X(global_init)                                                                                 \
    X(multi_add_handle)                                                                            \
    X(multi_assign)                                                                                \
    X(multi_cleanup)                                                                               \
    X(multi_info_read)                                                                             \
    X(multi_init)                                                                                  \
    X(multi_perform)                                                                               \
    X(multi_poll)                                                                                  \
    X(multi_remove_handle)                                                                         \
    X(multi_setopt)                                                                                \
    X(multi_socket_action)                                                                         \
    X(slist_append)                                                                                \
    X(slist_free_all)                                                                              \
    X(url)                                                                                         \
    X(url_cleanup)                                                                                 \
    X(url_get)                                                                                     \
    X(url_set)                                                                                     \
    X(version_info)

struct mh_curl {
    void *library;
#define MEMBER(name) MH_TYPEOF(curl_##name) * name;
    MH_CURL_FUNCTIONS(MEMBER)
#undef MEMBER
};

/* MH_EIO where libcurl is not installed, is too old, or would look up names on the caller's thread.
 * It stays in memory to the end, as OpenSSL, which comes with it, must. */
int mh_curl_load(struct mh_curl *curl, struct mh_err *err) MH_MUST_CHECK;

/* What all our requests have: POST over http or https, certificates checked, no redirection
 * followed, and no proxy of the environment, past which an address that was checked means nothing.
 * False: out of memory. */
bool mh_curl_set_post(const struct mh_curl *curl, CURL *easy) MH_MUST_CHECK;

#endif
