/* Where git is sent: a project's URL may be a stranger's, and name a host that only this machine
 * can reach. So its name is looked up once, an address that is not everybody's is refused as a
 * handler over HTTP refuses it (base/netaddr.h), and git and ssh are given what was found, so that
 * they look up nothing themselves and follow no server elsewhere. One thread; blocks. */
#ifndef MH_GITHOST_H
#define MH_GITHOST_H

#include "base/arena.h"
#include "base/compiler.h"
#include "base/err.h"
#include "queue/giturl.h"

#define MH_GITHOST_ADDRESSES 8

struct mh_githost {
    const char *name;                            /* without the port */
    const char *port;                            /* NULL: the usual one */
    const char *addresses[MH_GITHOST_ADDRESSES]; /* as numbers */
    size_t count;
};

/* Looks the URL's host up; strings in `arena`. MH_EPERM: an address is a private one; MH_EIO: there
 * is no such host, or it cannot be told now. */
int mh_githost_find(const struct mh_giturl *url, struct mh_arena *arena,
                    struct mh_githost *ret_host, struct mh_err *err) MH_MUST_CHECK;

/* The value of git's http.curloptResolve, and of GIT_SSH_COMMAND behind its options, that keep to
 * what was found. NULL: out of memory. */
const char *mh_githost_resolve(const struct mh_githost *host, struct mh_arena *arena);
const char *mh_githost_ssh(const struct mh_githost *host, struct mh_arena *arena);

#endif
