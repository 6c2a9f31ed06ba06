#include "jobs/githost.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/netaddr.h"

#define TEXT_MAX 2048 /* of what is told to git */
#define SSH_PORT 22

static int no_memory(struct mh_err *err)
{
    return mh_err_set(err, MH_ENOMEM, "unable to look up the host of url: out of memory");
}

static int split(const struct mh_giturl *url, struct mh_arena *arena, struct mh_githost *host,
                 struct mh_err *err)
{
    const char *colon = strchr(url->host, ':');
    size_t len = colon != NULL ? (size_t)(colon - url->host) : strlen(url->host);
    host->name = mh_arena_copy(arena, url->host, len);
    host->port = colon != NULL ? mh_arena_str(arena, colon + 1) : NULL;
    return host->name == NULL || (colon != NULL && host->port == NULL) ? no_memory(err) : 0;
}

static int add(const struct sockaddr *address, struct mh_arena *arena, struct mh_githost *host,
               struct mh_err *err)
{
    char text[MH_NETADDR_TEXT];
    mh_netaddr_text(address, text);
    if (!mh_netaddr_public(address))
        return mh_err_set(err, MH_EPERM,
                          "the host of url has the private address %s: set "
                          "ALLOW_PRIVATE_PROJECTS=1 if that is meant",
                          text);
    if (host->count == MH_GITHOST_ADDRESSES) return 0;
    host->addresses[host->count] = mh_arena_str(arena, text);
    return host->addresses[host->count++] != NULL ? 0 : no_memory(err);
}

int mh_githost_find(const struct mh_giturl *url, struct mh_arena *arena,
                    struct mh_githost *ret_host, struct mh_err *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    struct mh_githost host = {0};
    int r = split(url, arena, &host, err);
    if (r < 0) return r;
    int failed = getaddrinfo(host.name, NULL, &hints, &found);
    if (failed != 0)
        return mh_err_set(err, MH_EIO, "unable to look up the host of url: %s",
                          gai_strerror(failed));
    for (const struct addrinfo *at = found; r == 0 && at != NULL; at = at->ai_next)
        r = add(at->ai_addr, arena, &host, err);
    freeaddrinfo(found);
    if (r == 0) *ret_host = host;
    return r;
}

static const char *finish(struct mh_buf *text, struct mh_arena *arena)
{
    const char *copy = mh_buf_failed(text) ? NULL : mh_arena_str(arena, mh_buf_text(text));
    mh_buf_release(text);
    return copy;
}

const char *mh_githost_resolve(const struct mh_githost *host, struct mh_arena *arena)
{
    struct mh_buf text;
    mh_buf_init(&text, TEXT_MAX);
    mh_buf_printf(&text, "http.curloptResolve=%s:%s:", host->name,
                  host->port != NULL ? host->port : "443");
    for (size_t i = 0; i < host->count; i++)
        mh_buf_printf(&text, strchr(host->addresses[i], ':') != NULL ? "%s[%s]" : "%s%s",
                      i > 0 ? "," : "", host->addresses[i]);
    return finish(&text, arena);
}

/* The host's key is looked for under its name still, and as ssh-keyscan writes that: with the port
 * where it is not the usual one. */
const char *mh_githost_ssh(const struct mh_githost *host, struct mh_arena *arena)
{
    struct mh_buf text;
    mh_buf_init(&text, TEXT_MAX);
    mh_buf_printf(&text, " -o HostName=%s -o CheckHostIP=no -o 'HostKeyAlias=",
                  host->count > 0 ? host->addresses[0] : host->name);
    if (host->port == NULL || strtol(host->port, NULL, 10) == SSH_PORT)
        mh_buf_printf(&text, "%s'", host->name);
    else
        mh_buf_printf(&text, "[%s]:%s'", host->name, host->port);
    return finish(&text, arena);
}
