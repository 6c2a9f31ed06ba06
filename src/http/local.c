#include "http/local.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 255

bool mh_local_address(const char *address)
{
    struct in6_addr six;
    struct in_addr four;
    if (inet_pton(AF_INET, address, &four) == 1) return ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, address, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

/* "localhost:8090", "127.0.0.1", "[::1]:8090" */
static bool is_own_host(const char *host)
{
    char name[HOST_MAX + 1];
    bool bracketed = *host == '[';
    size_t len = strcspn(host + bracketed, bracketed ? "]" : ":");
    if (len > HOST_MAX || (bracketed && host[1 + len] != ']')) return false;
    memcpy(name, host + bracketed, len);
    name[len] = '\0';
    const char *rest = host + len + 2 * bracketed;
    if (*rest == ':') rest += 1 + strspn(rest + 1, "0123456789");
    return *rest == '\0' && (mh_local_address(name) || strcasecmp(name, "localhost") == 0);
}

static bool is_own_origin(const char *origin, const char *host)
{
    static const char scheme[] = "http://";
    return strncmp(origin, scheme, strlen(scheme)) == 0 &&
           strcasecmp(origin + strlen(scheme), host) == 0;
}

int mh_local_check(const char *host, const char *origin, const char *site, struct mh_err *err)
{
    if (host != NULL && !is_own_host(host))
        return mh_err_set(err, MH_EPERM,
                          "the Host is not this machine: without a token only its "
                          "own programs may ask");
    if (origin != NULL && (host == NULL || !is_own_origin(origin, host)))
        return mh_err_set(err, MH_EPERM, "a page of another origin may not ask");
    if (site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
        return mh_err_set(err, MH_EPERM, "a page of another site may not ask");
    return 0;
}
